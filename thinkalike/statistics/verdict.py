"""The verdict of a study: sentences made from numbers by rules, and what cannot be said.

Every sentence is a template with the numbers it is made of, which stand beside it in `verdict.json`
with the file they come from. No sentence says more than its rule allows; where the numbers of models,
seeds or images allow nothing, that is a sentence, too.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np

from thinkalike.statistics.corrections import LEVEL
from thinkalike.statistics.limits import limits
from thinkalike.statistics.sentences import sentences
from thinkalike.statistics.statements import (
    IN_SHORT,
    LIMITS,
    Evidence,
    Statement,
    StudyFacts,
    listed,
    statement,
)
from thinkalike.stores.atomic import atomic

HIGH_AGREEMENT = 0.9
"""Share of images with the same prediction from which predictions do not tell networks apart."""


def verdict(facts: StudyFacts, methods: Sequence[Evidence]) -> list[Statement]:
    """All that can be said of a study, and what cannot.

    Args:
        facts: of the study.
        methods: evidence of each method.
    """
    found = [each for evidence in methods for each in sentences(facts, evidence)]
    return [*_predictions(facts), *_in_short(methods, found), *found, *limits(facts, methods)]


def markdown(statements: Sequence[Statement], study: str) -> str:
    """The verdict as one page of Markdown."""
    lines = [f"# Verdict: {study}", ""]
    for topic in dict.fromkeys(each.topic for each in statements):
        mine = [each.text for each in statements if each.topic == topic]
        lines += [f"## {topic}", ""]
        lines += [f"- {text}" for text in mine] if topic == LIMITS else [" ".join(mine)]
        lines += [""]
    return "\n".join(lines)


def write_verdict(statements: Sequence[Statement], study: str, page: str, numbers: str) -> None:
    """Write the verdict as a page of Markdown, and as JSON with the numbers of each sentence."""
    with atomic(page) as temporary:
        temporary.write_text(markdown(statements, study), encoding="utf-8")
    rows = [{**asdict(each), "numbers": dict(each.numbers)} for each in statements]
    with atomic(numbers) as temporary:
        text = json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def _predictions(facts: StudyFacts) -> Iterator[Statement]:
    pairs = facts.strangers(facts.agreement)
    if pairs.empty:
        return
    same, images = pairs["same"], int(pairs[["same", "different"]].iloc[0].sum())
    alike = same.min() / images >= HIGH_AGREEMENT
    count = "{low:.0f}" if same.min() == same.max() else "{low:.0f} to {high:.0f}"
    ending = "predictions cannot tell them apart" if alike else "predictions tell them apart, too"
    yield statement(
        IN_SHORT,
        "predictions",
        f"Two trained networks predict the same class on {count} of {{images:.0f}} images: {ending}.",
        "predictions/agreement_pairs.parquet",
        low=same.min(),
        high=same.max(),
        images=images,
    )


def _in_short(methods: Sequence[Evidence], found: Sequence[Statement]) -> Iterator[Statement]:
    """What the sentences on all methods come to."""
    by_rule: dict[str, list[str]] = {}
    for each in found:
        by_rule.setdefault(each.rule, []).append(each.topic)
    if chance := by_rule.get("mostly_chance"):
        text = "{who}: most of its similarity is that of maps of different images."
        yield statement(IN_SHORT, "short_chance", text, "", {"who": listed(chance)})
    p = {each.title: each.family.get("permanova_p", np.nan) for each in methods}
    apart = [title for title, value in p.items() if value < LEVEL]
    together = [title for title, value in p.items() if value >= LEVEL]
    if apart or together:
        parts = [f"set apart by {listed(apart)}" if apart else "set apart by no method"]
        parts += [f"not shown to differ by {listed(together)}"] if apart and together else []
        text = f"Taken one by one, families are {' and '.join(parts)}"
        if apart:
            holm = {
                each.title: each.family["permanova_p_holm"]
                for each in methods
                if each.title in apart
            }
            still = [title for title, value in holm.items() if value < LEVEL]
            text += f"; tested all together, by {listed(still) if still else 'none'}"
        source = "statistics/families.csv"
        yield statement(IN_SHORT, "short_families", f"{text}.", source)
    sure = [each.title for each in methods if _orders(each) is True]
    unsure = [each for each in methods if _orders(each) is False]
    if sure or unsure:
        words = [f"{listed(sure)} order the pairs in the images at hand"] if sure else []
        wanted = [f"{each.title} about {{needed_{n}:.0f}}" for n, each in enumerate(unsure)]
        words += [f"more are wanted by {listed(wanted)}"] if wanted else []
        numbers = {f"needed_{n}": each.image_count["needed"] for n, each in enumerate(unsure)}
        text = "; ".join(words)
        text = text[0].upper() + text[1:] + "."
        source = "statistics/<method>/<metric>/image_count.csv"
        yield statement(IN_SHORT, "short_images", text, source, {}, **numbers)


def _orders(evidence: Evidence) -> bool | None:
    """Whether the images at hand order the pairs; None where that is not known or no number does."""
    needed, images = (evidence.image_count.get(key, np.nan) for key in ("needed", "images"))
    return bool(needed <= images) if np.isfinite(needed) and np.isfinite(images) else None
