"""Load and check a study, and say everything that is wrong with it at once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from thinkalike.errors import InputError
from thinkalike.images import region_settings
from thinkalike.workflow.config import settings
from thinkalike.workflow.config.checks import problems
from thinkalike.workflow.config.runs import expanded
from thinkalike.workflow.config.schema import validator
from thinkalike.workflow.config.sentences import infinities, sentence
from thinkalike.workflow.config.timm_names import with_timm_models

PATHS = (
    ("dataset", "path"),
    ("dataset", "mirror"),
    ("pretrained", "folder"),
    ("segments", "path"),
    ("replication", "folder"),
    ("settings", "file", "file"),
    ("variants", "*", "file"),
    ("catalogue", "*", "file"),
    ("catalogue", "*", "weights"),
    ("catalogue", "*", "checkpoint"),
    ("catalogue", "*", "classes"),
)
"""Keys whose values may begin with `~`, the user's home; `*` stands for any key."""

NAMED = {"catalogue": 1, "variants": 1, "settings": 1, "replicas": 1, "figures": 2}
"""Section → levels of keys that users name, and whose order is theirs."""

HARMLESS = ("uniqueItems", "minItems")
"""Faults of a list that stop no further check of its section."""


def resolve(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check a study's configuration and complete it.

    Args:
        config: as read from config.yaml and its overlays.

    Returns:
        The configuration, with `catalogue` holding the selected models and replicas alone, each
        complete: `like` followed, timm's table looked up, `training` and `weights` filled up from the
        study's, an entry for each checkpoint (`runs.expanded`); `replicas` as
        replica → model; `settings` holding those of the
        variants, too, each with its `method`; every set of panels complete; numbers in
        `subsampling.sizes`; and a value for whatever follows from other keys.

    Raises:
        InputError: a line for every problem, with the fix.
    """
    study = expanded(with_timm_models(with_home(config)))
    infinite = dict(infinities(study))
    errors = [
        error
        for error in validator(study).iter_errors(study)
        if tuple(error.absolute_path) not in infinite
    ]
    damaged = {
        str(error.absolute_path[0])
        for error in errors
        if error.absolute_path and error.validator not in HARMLESS
    } | {str(place[0]) for place in infinite}
    lines = {*map(sentence, errors), *problems(study, study.keys() - damaged)}
    lines.update(infinite.values())
    if lines:
        raise InputError("\n".join(sorted(lines)))
    return completed(study)


def with_home(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a configuration whose paths have the user's home in the place of `~`."""
    study = deepcopy(dict(config))
    for *sections, key in PATHS:
        for values in _at(study, sections):
            if isinstance(values.get(key), str):
                # an address stays as it is
                values[key] = os.path.expanduser(values[key])  # noqa: PTH111
    return study


def _at(node: Any, sections: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The mappings at a place below a node, where `*` stands for any key."""
    if not isinstance(node, dict):
        return
    if not sections:
        yield node
        return
    first, *others = sections
    for key, child in node.items():
        if first in ("*", key):
            yield from _at(child, others)


def completed(study: Mapping[str, Any]) -> dict[str, Any]:
    """A sound configuration with everything that follows from its keys."""
    changes = {
        "dataset": {"name": study["dataset"]["name"] or study["dataset"]["kind"]},
        "segments": region_settings.completed(study["segments"], study["images"]["size"]),
        "finetuning": settings.completed_training(study, study["finetuning"]),
        "similarity": {"scales": settings.scales(study)},
        "subsampling": {"sizes": settings.subsampling_sizes(study)},
        "neon": {"models": settings.clustered_models(study)},
        "spectral": {
            "models": settings.mapped_models(study),
            "method": settings.mapped_method(study),
            "pool": settings.mapped_pool(study),
            "class": settings.mapped_class_of(study),
        },
        "figures": {"panels": settings.completed_panels(study)},
    }
    complete = {
        **study,
        **{section: {**study[section], **values} for section, values in changes.items()},
        "catalogue": settings.completed_entries(study),
        "replicas": settings.replicas_of(study),
        "settings": settings.all_settings(study),
    }
    return {name: _in_order(section, NAMED.get(name, 0)) for name, section in complete.items()}


def _in_order(value: Any, named: int) -> Any:
    """A copy whose mappings have their keys in order, below some levels that keep theirs.

    Snakemake tells parameters apart by their text: the order of an overlay must not make a job run again.
    """
    if not isinstance(value, dict):
        return value
    keys = value if named else sorted(value, key=str)
    return {key: _in_order(value[key], max(named - 1, 0)) for key in keys}
