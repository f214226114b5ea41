"""Sentences on one method: which one follows from which numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from thinkalike.compare.scales import NATIVE, scale_of
from thinkalike.statistics.corrections import LEVEL
from thinkalike.statistics.resolution import NEAR_CHANCE
from thinkalike.statistics.statements import (
    Evidence,
    Statement,
    StudyFacts,
    listed,
    statement,
)

MOSTLY_CHANCE = 0.5
"""Share of a similarity from which it is mostly that of different images."""


def sentences(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    """All that can be said of one method.

    Args:
        facts: of the study.
        evidence: of the method.
    """
    for rule in RULES:
        yield from rule(facts, evidence)


def _similarity(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    pairs = facts.strangers(evidence.pairs).dropna(subset=["rho"])
    if pairs.empty:
        return
    source = f"dissimilarity/{evidence.place}/all_pairs.parquet"
    mean, chance = pairs["mean"].median(), pairs["chance"].median()
    numbers: dict[str, Any] = {
        "rho": pairs["rho"].median(),
        "low": pairs["rho"].min(),
        "high": pairs["rho"].max(),
    }
    spread = " (median; {low:.2f} to {high:.2f})" if len(pairs) > 1 else ""
    if chance > MOSTLY_CHANCE * mean > 0:
        raw = "Similarities of {mean_low:.2f} to {mean_high:.2f} look"
        yield statement(
            evidence.title,
            "mostly_chance",
            f"{raw if spread else 'A similarity of {mean_low:.2f} looks'} high, but maps of different "
            f"images share {{chance:.2f}}; what is left above chance is {{rho:.2f}}{spread}.",
            source,
            mean_low=pairs["mean"].min(),
            mean_high=pairs["mean"].max(),
            chance=chance,
            **numbers,
        )
    else:
        yield statement(
            evidence.title,
            "above_chance",
            f"Above chance two trained networks share {{rho:.2f}}{spread}.",
            source,
            **numbers,
        )
    parts = pairs[["constant", "class", "image"]].median()
    # answers to coalitions of different images cannot be compared: no chance, and no parts
    if np.isfinite(parts).all() and parts[["constant", "class"]].any():
        yield statement(
            evidence.title,
            "parts",
            "Of a similarity {constant:.2f} is common to maps of all images, where a shortcut at a fixed "
            "place would be, {of_class:.2f} more to those of one class, and {image:.2f} more to those of "
            "one image (medians).",
            source,
            constant=parts["constant"],
            of_class=parts["class"],
            image=parts["image"],
        )
    first: dict[str, Any] = pairs.nlargest(1, "rho").to_dict("records")[0]  # type: ignore[assignment]
    yield statement(
        evidence.title,
        "closest",
        "{count:.0f} of {pairs:.0f} pairs are surely above chance; the closest are {a} and {b} "
        "({rho:.2f}, 95 % interval {low:.2f} to {high:.2f}).",
        source,
        {"a": facts.names[first["model_a"]], "b": facts.names[first["model_b"]]},
        count=(pairs["low"] > 0).sum(),
        pairs=len(pairs),
        rho=first["rho"],
        low=first["low"],
        high=first["high"],
    )


def _control(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    rho = evidence.resolution.get("control_rho", np.nan)
    if not np.isfinite(rho):
        return
    if abs(rho) <= NEAR_CHANCE:
        rule, text = "control_at_chance", "An untrained network is at chance ({rho:.2f})."
    elif rho < 0:
        rule = "control_opposed"
        text = "An untrained network is opposed to the trained ones ({rho:.2f}), not unrelated."
    else:
        rule = "control_alike"
        text = (
            "An untrained network shares {rho:.2f} with the trained ones: so much has nothing to do "
            "with what they have learned."
        )
    yield statement(evidence.title, rule, text, "statistics/resolution.csv", rho=rho)


def _seeds(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    source = f"dissimilarity/{evidence.place}/all_seeds.csv"
    strangers = facts.strangers(evidence.pairs)
    told, mute = [], []
    numbers: dict[str, Any] = {}
    for architecture, rows in evidence.seeds.dropna(subset=["rho"]).groupby(
        "architecture", sort=False
    ):
        own = strangers[(strangers[["model_a", "model_b"]] == architecture).any(axis=1)]["rho"]
        name, key = facts.names[str(architecture)], f"seeds_{architecture}"
        numbers[key] = rows["rho"].mean()
        spread = ""
        if len(rows) > 2:
            numbers[f"{key}_sd"] = rows["rho"].std(ddof=1)
            spread = f" ± {{{key}_sd:.2f}}"
        told.append(f"{name} {{{key}:.2f}}{spread}")
        if rows["low"].mean() <= max(own.median(), NEAR_CHANCE):
            mute.append(name)
    if told:
        template = f"Two seeds of one network share: {', '.join(told)}."
        closer = evidence.resolution.get("closer_than_own", np.nan)
        if np.isfinite(closer):
            template += (
                " {closer:.0f} of {pairs:.0f} pairs of different networks are closer than two seeds of "
                "one of them."
            )
            numbers |= {"closer": closer, "pairs": evidence.resolution["pairs"]}
        yield statement(evidence.title, "seeds", template, source, **numbers)
    if mute:
        yield statement(
            evidence.title,
            "seeds_as_strangers",
            "{who}: another seed is not surely closer than a stranger; little may be said about it.",
            source,
            {"who": listed(mute)},
        )


def _scale(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    if evidence.scales is None or not evidence.pool:
        return
    trained = facts.roles.trained(facts.models)
    of_trained = evidence.scales[evidence.scales["model_a"].isin([*trained, *facts.names])]
    table = of_trained[~of_trained["model_a"].isin(facts.roles.untrained)]
    medians = table.groupby(["kind", "scale"])["rho"].median()
    numbers: dict[str, Any] = {}
    pooled = scale_of(evidence.pool)
    told: dict[int, list[str]] = {NATIVE: [], pooled: []}
    for kind in ("seeds", "moved"):
        for scale, words in told.items():
            value = medians.get((kind, scale), np.nan)
            if np.isfinite(value):
                key = f"{kind}_{'native' if scale == NATIVE else 'pooled'}"
                numbers[key] = value
                what = (
                    "two seeds of one network share"
                    if kind == "seeds"
                    else f"a picture moved by {facts.moved_pixels} pixel leaves"
                )
                words.append(f"{what} {{{key}:.2f}}")
    if not all(told.values()):
        return
    side = evidence.pool
    where = f"{side} × {side} cells" if pooled > 0 else "the segments of each image"
    yield statement(
        evidence.title,
        "scale",
        f"Compared pixel by pixel, {' and '.join(told[NATIVE])}; on {where}, as here, "
        f"{' and '.join(told[pooled])} (medians).",
        f"scales/{evidence.place.split('/')[0]}.parquet",
        **numbers,
    )


def _families(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    row = evidence.family
    p, difference = row.get("permanova_p", np.nan), row.get("within_minus_between", np.nan)
    if not np.isfinite(p):
        return
    numbers: dict[str, Any] = {
        "p": p,
        "holm": row["permanova_p_holm"],
        "least": row["smallest_p"],
    }
    shows = row["permanova_p_holm"] < LEVEL
    spread = row["permdisp_p"] < LEVEL
    one_by_one = p < LEVEL and not shows
    text = "Families are compared"
    if np.isfinite(difference):  # not where one image says nothing of chance
        text = "Models of one family share {difference:+.2f} more than models of two"
        numbers["difference"] = difference
    text += " (PERMANOVA p = {p:.2g}; {holm:.2g} with all methods tested)"
    if shows or one_by_one:
        text += (
            ", but their spread differs, too (PERMDISP p = {spread:.2g})"
            if spread
            else ", with no sign that their spread differs (PERMDISP p = {spread:.2g})"
        )
        numbers["spread"] = row["permdisp_p"]
        text += ": evidence for these networks, not for families at large."
    else:
        text += ": no difference of families is shown."
    if row["smallest_p"] >= LEVEL / 2:
        text += " No p can be under {least:.2g} with so few models."
    yield statement(evidence.title, "families", text, "statistics/families.csv", **numbers)


def _branches(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    tree = evidence.branches
    tree = (
        tree[(tree["tree"] == "trained") & (tree["linkage"] == tree["linkage"].iloc[0])]
        if len(tree)
        else tree
    )
    if tree.empty:
        return
    source = f"statistics/{evidence.place}/support.csv"
    factor = float(tree["one_factor_p"].iloc[0])
    found = tree[tree["finding"]]
    if len(found):
        groups = [
            f"{listed([facts.names[m] for m in row['models'].split()])} ({{support_{n}:.2f}})"
            for n, (_, row) in enumerate(found.iterrows())
        ]
        numbers: dict[str, Any] = {
            f"support_{n}": value for n, value in enumerate(found["support"])
        }
        yield statement(
            evidence.title,
            "branches",
            f"Branches of the tree that hold in other images: {'; '.join(groups)}.",
            source,
            **numbers,
        )
    elif np.isfinite(factor):
        why = (
            "more than one factor is there (p = {p:.2g}), but no branch of different networks is sure"
            if factor < LEVEL
            else "one common factor explains the matrix (p = {p:.2g})"
        )
        yield statement(
            evidence.title,
            "no_branches",
            f"There are no clusters to speak of: {why}.",
            source,
            p=factor,
        )


def _image_count(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    row = evidence.image_count
    needed, images, target = (row.get(key, np.nan) for key in ("needed", "images", "target"))
    if not np.isfinite(images) or np.isnan(needed):
        return
    source = f"statistics/{evidence.place}/image_count.csv"
    numbers: dict[str, Any] = {"needed": needed, "images": images, "target": target}
    if np.isinf(needed):
        text = "Pairs differ no more than images do: none of {images:.0f} images orders them."
        yield statement(evidence.title, "no_order", text, source, images=images)
        return
    text = (
        "{images:.0f} images are enough to order the pairs"
        if needed <= images
        else "{images:.0f} images do not order the pairs yet"
    )
    yield statement(
        evidence.title,
        "image_count",
        f"{text}: it takes about {{needed:.0f}} (Kendall's τ of {{target:.1f}}).",
        source,
        **numbers,
    )


def _mute(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    if evidence.mute:
        yield statement(
            evidence.title,
            "mute",
            "It is mute for {who}: the region that their map rates highest matters no more to them than "
            "that of another image's map.",
            "statistics/deletion.csv",
            {"who": listed([facts.names[model] for model in evidence.mute])},
        )


def _unconverged(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    maps, missing = evidence.images, evidence.not_converged
    if not any(missing.values()):
        return
    worst = max(missing, key=lambda model: missing[model])
    count = sum(missing.values())
    share = "all" if missing[worst] == count else "{most:.0f}"
    yield statement(
        evidence.title,
        "unconverged",
        f"{{count:.0f}} of {{maps:.0f}} maps did not converge, {share} of them of {{who}}: they are "
        "farther from what they should sum to, or from their limit, than the tolerance, and are compared "
        "like the others.",
        "statistics/completeness.csv",
        {"who": facts.names[worst]},
        count=count,
        maps=maps * len(missing),
        most=missing[worst],
    )


RULES = (
    _similarity,
    _control,
    _seeds,
    _scale,
    _families,
    _branches,
    _image_count,
    _mute,
    _unconverged,
)
"""Rules in the order of their sentences."""
