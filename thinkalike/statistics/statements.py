"""Sentences of a verdict, and what they are made from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from thinkalike.compare.scales import Pool
from thinkalike.statistics.roles import Roles

IN_SHORT = "In short"
LIMITS = "What cannot be said"
NEGATIVE_ZERO = re.compile(r"-(0\.0+)(?!\d)")
"""A number that is 0 where it is cut, and has no sign."""


@dataclass(frozen=True)
class Statement:
    """A sentence of the verdict.

    Attributes:
        topic: heading that it stands under: in short, a method, or the limits.
        rule: name of the rule that made it.
        text: the sentence.
        numbers: name → number that the sentence has, unrounded.
        source: files of the study that they come from, within its results.
    """

    topic: str
    rule: str
    text: str
    numbers: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Evidence:
    """What the verdict on one method is made from, by the first metric and over all images.

    Attributes:
        title: of the method.
        place: folder of the method and metric, as in `lrp/cosine`.
        pool: cells a side of the maps that are compared, or `segments`; None: as they were computed.
        pairs: rows of the table of pairs.
        seeds: rows of the table of seeds.
        family, resolution: row of the table of families, and of what methods tell apart.
        image_count: row of the number of images.
        branches: of the trees, with `finding`.
        scales: similarity at several scales, for methods with maps.
        mute: models that the method says nothing about.
        input_share: model → median share of the score that its maps have, of a method that books the
            rest on biases.
        images: that each model explains, where it is known which maps converged.
        not_converged: model → number of its maps that did not.
    """

    title: str
    place: str
    pool: Pool
    pairs: pd.DataFrame
    seeds: pd.DataFrame
    family: Mapping[str, Any]
    resolution: Mapping[str, Any]
    image_count: Mapping[str, Any]
    branches: pd.DataFrame
    scales: pd.DataFrame | None = None
    mute: Sequence[str] = ()
    input_share: Mapping[str, float] = field(default_factory=dict)
    images: int = 0
    not_converged: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyFacts:
    """What the verdict knows of a study.

    Attributes:
        study: its name.
        models: keys.
        names: model or further seed → display name.
        roles: of the models.
        moved_pixels: of the moved images.
        agreement: model_a, model_b, same, different: predictions.
        corrected: whether dissimilarities are of similarity above chance.
        images: paths of the images.
        of_imagenet: models that have seen ImageNet's training images.
    """

    study: str
    models: Sequence[str]
    names: Mapping[str, str]
    roles: Roles
    moved_pixels: int
    agreement: pd.DataFrame
    corrected: bool = True
    images: Sequence[str] = ()
    of_imagenet: Sequence[str] = ()
    independent: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "independent", self.roles.independent(self.models))

    def strangers(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Rows of trained models of two architectures."""
        trained = self.roles.trained(self.models)
        kinds = [pairs[side].map(self.roles.architecture) for side in ("model_a", "model_b")]
        both = pairs["model_a"].isin(trained) & pairs["model_b"].isin(trained)
        return pairs[both & (kinds[0] != kinds[1])]


def statement(
    topic: str,
    rule: str,
    template: str,
    source: str,
    words: Mapping[str, str] = MappingProxyType({}),
    **numbers: float,
) -> Statement:
    """Sentence of a template whose fields are the numbers, formatted there, and words."""
    exact = {name: float(number) for name, number in numbers.items()}
    text = NEGATIVE_ZERO.sub(r"\1", template.format(**numbers, **words))
    return Statement(topic, rule, text, exact, source)


def listed(words: Sequence[str]) -> str:
    """Words in a row, with `and` before the last."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
