"""Seconds of jobs that run no network, by a law for each rule: a start, and so much for what there is."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from thinkalike.compare.scales import SEGMENTS
from thinkalike.workflow.comparisons import group_size
from thinkalike.workflow.forecast.facts import Facts
from thinkalike.workflow.forecast.plan import Job

MEASURED = Path(__file__).with_name("laws.toml")

PANELS = "plot_panels"

BLOCK = 512
"""Images whose pairs are compared at once, at most (`measure_chance`)."""


@dataclass(frozen=True)
class Law:
    """Seconds of the CPU that jobs of a rule take.

    start + Σ coefficient · Π numbers of the term.

    Attributes:
        start: seconds of a job that has next to nothing to do: importing, and one drawing of a figure.
        terms: names of numbers (`numbers`) → seconds for each unit of their product.
    """

    start: float
    terms: Mapping[tuple[str, ...], float]

    def seconds(self, numbers: Mapping[str, float]) -> float:
        """Seconds of a job with these numbers, on the machine where the law was measured."""
        return self.start + sum(
            coefficient * math.prod(numbers[name] for name in names)
            for names, coefficient in self.terms.items()
        )


@cache
def measured_laws() -> dict[str, Law]:
    """Rule → law, of all rules that run no network (`laws.toml`)."""
    rows = tomllib.loads(MEASURED.read_text(encoding="utf-8"))
    return {
        rule: Law(row.pop("start"), {tuple(term.split()): each for term, each in row.items()})
        for rule, row in rows.items()
    }


def law_of(rule: str) -> Law:
    """Law of a rule; the rules of all sets of panels have one.

    Raises:
        KeyError: the rule runs networks, or is not measured.
    """
    return measured_laws()[PANELS if rule.startswith(f"{PANELS}_") else rule]


def numbers(facts: Facts, job: Job) -> dict[str, float]:
    """How much there is to do for a job, in the words of `laws.toml`.

    Returns:
        `models`, in matrices, and `compared`, with replicas; `pairs`, cells of the matrix that the job
        makes; `images` that it is about, and `others`, those that each is compared with at once; of the
        maps of its method `stored` numbers, `parts` that are compared within an image, and `common` ones
        that are compared between images; `pixels` of an image; `classes`; `methods` with maps; `cases`,
        methods and metrics; `all_images` of the data set; `megabytes` of the weights of its model;
        `points`, maps that are clustered, with `bootstraps` samples of them, and `draws` of clouds of
        `nulled` maps; `neon`, models whose clusters are explained; and `drawn`, maps of a set of panels.
    """
    study, wildcards = facts.study, job.wildcards
    method, model = wildcards.get("method"), wildcards.get("model")
    images = study.image_count(method) if method else facts.images
    rows, columns = (group_size(study, wildcards.get(name)) for name in ("row", "column"))
    case, spectral = wildcards.get("case"), study["spectral"]
    points = facts.class_images * len(study.spectral_models(case)) if case else 0
    return {
        "models": len(study.models),
        "compared": len(study.compared),
        "pairs": rows * columns,
        "images": images,
        "others": min(images, BLOCK),
        **(_map_numbers(facts, method) if method else {}),
        "pixels": study["images"]["size"] ** 2,
        "classes": len(facts.data.classes),
        "methods": len(study.with_maps),
        "cases": len(study.files("{method}/{metric}")),
        "all_images": facts.data.train + facts.data.val,
        "megabytes": facts.costs[model].megabytes if model else 0.0,
        "points": points,
        "bootstraps": spectral["bootstraps"],
        "draws": spectral["nulls"]["draws"],
        "nulled": min(points, spectral["nulls"]["maps"]),
        "neon": len(study["neon"]["models"]),
        "drawn": _drawn_maps(facts, job.rule.removeprefix(f"{PANELS}_")),
    }


def _map_numbers(facts: Facts, method: str) -> dict[str, float]:
    """Numbers of a map of a method, mean over models: stored, compared within and between images."""
    study, row = facts.study, facts.study.method(method)
    size, segments = study["images"]["size"], study["segments"]["count"]
    settings = study["settings"][method]
    stored = float(
        np.mean(
            [
                row.numbers(settings, size, segments, facts.costs[model].cells)
                for model in study.models
            ]
        )
    )
    pool = settings.get("pool")
    if row.segments or pool == SEGMENTS:  # every image has segments of its own
        return {"stored": stored, "parts": segments, "common": size**2}
    parts = min(pool**2, stored) if pool else stored
    return {"stored": stored, "parts": parts, "common": parts}


def _drawn_maps(facts: Facts, panels: str) -> int:
    """Number of maps that a set of panels shows; 0 if there is no such set."""
    drawn = facts.study["figures"]["panels"].get(panels)
    return drawn["count"] * len(drawn["models"]) * len(drawn["methods"]) if drawn else 0
