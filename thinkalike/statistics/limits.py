"""What a study cannot tell, in words."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from thinkalike.images.imagenet import bears_training_name
from thinkalike.statistics.statements import (
    LIMITS,
    Evidence,
    Statement,
    StudyFacts,
    listed,
    statement,
)

MANY_MISSING = 0.5
"""Share of the images under which a model's comparisons are about other images than the study."""


def limits(facts: StudyFacts, methods: Sequence[Evidence]) -> Iterator[Statement]:
    """All that a study cannot tell: for want of seeds, controls, models, images, or maps.

    Args:
        facts: of the study.
        methods: evidence of each method.
    """
    deviations = [facts.strangers(each.pairs)["seed_std"].median() for each in methods]
    known = [value for value in deviations if np.isfinite(value)]
    if known:
        yield statement(
            LIMITS,
            "seed_std",
            "Every number holds for one seed of each network: another seed would change a similarity by "
            "± {low:.2f} to {high:.2f} (standard deviation, medians of the methods), which is beside the "
            "interval over images.",
            "dissimilarity/<method>/<metric>/all_pairs.parquet",
            low=min(known),
            high=max(known),
        )
    else:
        yield statement(
            LIMITS,
            "no_seeds",
            "No network has a second seed here: how alike one is to itself, which is the ceiling of every "
            "similarity, is not known.",
            "dissimilarity/<method>/<metric>/all_seeds.csv",
        )
    yield from _seen(facts)
    if not facts.roles.untrained:
        text = (
            "There is no untrained control: what has nothing to do with learning is not told apart."
        )
        yield statement(LIMITS, "no_control", text, "")
    families = {facts.roles.family(model) for model in facts.independent}
    tested = [each for each in methods if np.isfinite(each.family.get("permanova_p", np.nan))]
    if not tested:
        count = len(facts.independent)
        yield statement(
            LIMITS,
            "no_families",
            "Families cannot be tested: there are {models:.0f} trained networks of {families:.0f} "
            f"{'family' if len(families) == 1 else 'families'}, and a test takes two families of two.",
            "statistics/families.csv",
            models=count,
            families=len(families),
        )
    for each in methods:
        yield from _limits_of(facts, each)
    if not facts.corrected:
        text = "Matrices and trees are of raw similarities (correction: none), chance included."
        yield statement(LIMITS, "raw", text, "")


def _seen(facts: StudyFacts) -> Iterator[Statement]:
    """How many images pretrained models were trained on, as the names of the files say."""
    seen = sum(map(bears_training_name, facts.images))
    if seen and facts.of_imagenet:
        yield statement(
            LIMITS,
            "seen",
            "{seen:.0f} of {images:.0f} images bear names of ImageNet's training images, which pretrained "
            "networks have seen: there {who} explain what they were trained on.",
            "images.parquet",
            {"who": listed([facts.names[model] for model in facts.of_imagenet])},
            seen=seen,
            images=len(facts.images),
        )


def _limits_of(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    source = f"dissimilarity/{evidence.place}/all_pairs.parquet"
    missing = evidence.pairs["rho"].isna().sum()
    if missing:
        yield statement(
            LIMITS,
            "missing",
            "{title}: {missing:.0f} of {pairs:.0f} pairs have no similarity above chance, for want of "
            "images in common or because maps do not depend on the image.",
            source,
            {"title": evidence.title},
            missing=missing,
            pairs=len(evidence.pairs),
        )
    most = evidence.pairs.groupby("model_a")["n"].max()
    most = pd.concat([most, evidence.pairs.groupby("model_b")["n"].max()]).groupby(level=0).max()
    images = float(evidence.pairs["n"].max())
    few = [model for model in most.index if most[model] < MANY_MISSING * images]
    if few:
        yield statement(
            LIMITS,
            "few_images",
            "{title}: {who} blank on most images; what is said of them is about {count:.0f} of "
            "{images:.0f} images at most.",
            source,
            {
                "title": evidence.title,
                "who": f"maps of {listed([facts.names[m] for m in few])} are",
            },
            count=most[few].max(),
            images=images,
        )
    trained = facts.roles.trained(facts.models)
    shares = [evidence.input_share[model] for model in trained if model in evidence.input_share]
    if shares:
        yield statement(
            LIMITS,
            "input_share",
            "{title}: of the score of an image its map has {low:.2g} to {high:.2g} (medians of the trained "
            "networks); biases have the rest, which no map shows.",
            "statistics/completeness.csv",
            {"title": evidence.title},
            low=min(shares),
            high=max(shares),
        )
    reason = evidence.image_count.get("reason")
    if (
        isinstance(reason, str)
        and reason
        and not np.isfinite(evidence.image_count.get("images", np.nan))
    ):
        yield statement(
            LIMITS,
            "no_image_count",
            f"{evidence.title}: how many images it takes cannot be told ({reason}).",
            f"statistics/{evidence.place}/image_count.csv",
        )
