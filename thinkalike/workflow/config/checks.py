"""What a schema cannot say of a configuration: checks of several keys together."""

from collections.abc import Callable, Iterable

from thinkalike.errors import InputError
from thinkalike.images.contents import Contents, contents
from thinkalike.workflow.config import image_checks, method_checks, model_checks
from thinkalike.workflow.config.settings import Config

STRUCTURE: dict[str, Callable[[Config], Iterable[str]]] = {
    "dataset": image_checks.dataset,
    "catalogue": model_checks.catalogue,
}
"""Section → check of it alone; where it finds a fault, no check looks at the section again."""

USED = "models catalogue weights training methods settings variants segments figures neon spectral"

CHECKS: tuple[tuple[str, Callable[[Config], Iterable[str]]], ...] = (
    ("study", image_checks.study),
    ("images subsets models neon", image_checks.counts),
    ("images segments", image_checks.segments),
    ("images ceilings", image_checks.moved_pixels),
    ("images subsampling", image_checks.subsampling),
    ("images methods settings variants segments subsampling", image_checks.smallest_subsample),
    ("images methods settings variants segments similarity", image_checks.chance),
    ("models catalogue", model_checks.names),
    ("models catalogue images", model_checks.image_size),
    ("models catalogue replicas weights training", model_checks.replicas),
    ("models borders settings", model_checks.selections),
    ("models catalogue", model_checks.noise),
    ("models catalogue weights", model_checks.heads),
    ("models catalogue weights", model_checks.weights),
    ("grounded", model_checks.grounded),
    ("dataset models catalogue training", image_checks.training_split),
    ("variants", method_checks.variants),
    ("spectral figures", method_checks.maps),
    ("methods metrics variants", method_checks.metrics),
    (USED, method_checks.depths),
    (USED, method_checks.evaluations),
    (f"{USED} images similarity", method_checks.pools),
    (f"{USED} explanation", method_checks.lrp),
    (f"{USED} explanation", method_checks.embedding),
    (f"{USED} explanation", method_checks.captum),
    (USED, method_checks.files),
    ("catalogue settings variants", method_checks.composites),
    (
        "models catalogue weights training methods settings segments variants spectral images",
        method_checks.spectral,
    ),
)
"""Sections that must be sound, and the check of what is between them."""

CONTENT_CHECKS: tuple[tuple[str, Callable[[Config, Contents], Iterable[str]]], ...] = (
    ("images", image_checks.count),
    ("models catalogue weights", model_checks.classes),
    ("models catalogue weights", image_checks.single_class),
    ("models catalogue weights training spectral", image_checks.mapped_class),
)
"""Sections that must be sound, and the check of them and what the data set holds."""


def problems(config: Config, sound: Iterable[str]) -> list[str]:
    """Lines about everything that is wrong between keys.

    Args:
        config: of a study.
        sound: sections that fit the schema; a check that needs another one is left out.
    """
    known = set(sound)
    lines: list[str] = []
    for section, check in STRUCTURE.items():
        if section in known and (faults := list(check(config))):
            lines += faults
            known.remove(section)
    for sections, check in CHECKS:
        if known.issuperset(sections.split()):
            lines += check(config)
    if "dataset" in known:
        try:
            held = contents(config["dataset"])
        except InputError as error:
            return [*lines, f"dataset.path: {error}"]
        for sections, check_contents in CONTENT_CHECKS:
            if held and known.issuperset(sections.split()):
                lines += check_contents(config, held)
    return lines
