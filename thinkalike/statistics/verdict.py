"""The verdict of a study: sentences made from numbers by rules, and what cannot be said.

Every sentence is a template with the numbers it is made of, which stand beside it in `verdict.json`
with the file they come from. No sentence says more than its rule allows; where the numbers of models,
seeds or images allow nothing, that is a sentence, too.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.statistics.roles import Roles
from thinkalike.statistics.scales import NATIVE
from thinkalike.stores.atomic import atomic

HIGH_AGREEMENT = 0.9
"""Share of images with the same prediction from which predictions do not tell networks apart."""
MOSTLY_CHANCE = 0.5
"""Share of a similarity from which it is mostly that of different images."""
NEAR_CHANCE = 0.1
"""Similarity above chance under which models are as alike as chance."""
LEVEL = 0.05
MANY_MISSING = 0.5
"""Share of the images under which a model's comparisons are about other images than the study."""

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
        pool: cells a side of the maps that are compared; None: as they were computed.
        pairs: rows of the table of pairs.
        seeds: rows of the table of seeds.
        family, resolution: row of the table of families, and of what methods tell apart.
        image_count: row of the number of images.
        branches: of the trees, with `finding`.
        scales: similarity at several scales, for methods with maps.
        mute: models that the method says nothing about.
    """

    title: str
    place: str
    pool: int | None
    pairs: pd.DataFrame
    seeds: pd.DataFrame
    family: Mapping[str, Any]
    resolution: Mapping[str, Any]
    image_count: Mapping[str, Any]
    branches: pd.DataFrame
    scales: pd.DataFrame | None = None
    mute: Sequence[str] = ()


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
    """

    study: str
    models: Sequence[str]
    names: Mapping[str, str]
    roles: Roles
    moved_pixels: int
    agreement: pd.DataFrame
    corrected: bool = True
    independent: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "independent", self.roles.independent(self.models))

    def strangers(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Rows of trained models of two architectures."""
        trained = self.roles.trained(self.models)
        kinds = [pairs[side].map(self.roles.architecture) for side in ("model_a", "model_b")]
        both = pairs["model_a"].isin(trained) & pairs["model_b"].isin(trained)
        return pairs[both & (kinds[0] != kinds[1])]


def verdict(facts: StudyFacts, methods: Sequence[Evidence]) -> list[Statement]:
    """All that can be said of a study, and what cannot.

    Args:
        facts: of the study.
        methods: evidence of each method.
    """
    rules: tuple[Callable[[StudyFacts, Evidence], Iterator[Statement]], ...] = (
        _similarity,
        _control,
        _seeds,
        _scale,
        _families,
        _branches,
        _image_count,
        _mute,
    )
    found = [each for evidence in methods for rule in rules for each in rule(facts, evidence)]
    return [*_predictions(facts), *_in_short(methods, found), *found, *_limits(facts, methods)]


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


def _statement(
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


def _predictions(facts: StudyFacts) -> Iterator[Statement]:
    pairs = facts.strangers(facts.agreement)
    if pairs.empty:
        return
    same, images = pairs["same"], int(pairs[["same", "different"]].iloc[0].sum())
    alike = same.min() / images >= HIGH_AGREEMENT
    count = "{low:.0f}" if same.min() == same.max() else "{low:.0f} to {high:.0f}"
    ending = "predictions cannot tell them apart" if alike else "predictions tell them apart, too"
    yield _statement(
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
        yield _statement(IN_SHORT, "short_chance", text, "", {"who": _listed(chance)})
    p = {each.title: each.family.get("permanova_p", np.nan) for each in methods}
    apart = [title for title, value in p.items() if value < LEVEL]
    together = [title for title, value in p.items() if value >= LEVEL]
    if apart or together:
        parts = [f"set apart by {_listed(apart)}" if apart else "set apart by no method"]
        parts += [f"not shown to differ by {_listed(together)}"] if apart and together else []
        text = f"Taken one by one, families are {' and '.join(parts)}"
        if apart:
            holm = {
                each.title: each.family["permanova_p_holm"]
                for each in methods
                if each.title in apart
            }
            still = [title for title, value in holm.items() if value < LEVEL]
            text += f"; tested all together, by {_listed(still) if still else 'none'}"
        source = "statistics/families.csv"
        yield _statement(IN_SHORT, "short_families", f"{text}.", source)
    sure = [each.title for each in methods if _orders(each) is True]
    unsure = [each for each in methods if _orders(each) is False]
    if sure or unsure:
        words = [f"{_listed(sure)} order the pairs in the images at hand"] if sure else []
        wanted = [f"{each.title} about {{needed_{n}:.0f}}" for n, each in enumerate(unsure)]
        words += [f"more are wanted by {_listed(wanted)}"] if wanted else []
        numbers = {f"needed_{n}": each.image_count["needed"] for n, each in enumerate(unsure)}
        text = "; ".join(words)
        text = text[0].upper() + text[1:] + "."
        source = "statistics/<method>/<metric>/image_count.csv"
        yield _statement(IN_SHORT, "short_images", text, source, {}, **numbers)


def _orders(evidence: Evidence) -> bool | None:
    """Whether the images at hand order the pairs; None where that is not known or no number does."""
    needed, images = (evidence.image_count.get(key, np.nan) for key in ("needed", "images"))
    return bool(needed <= images) if np.isfinite(needed) and np.isfinite(images) else None


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
        yield _statement(
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
        yield _statement(
            evidence.title,
            "above_chance",
            f"Above chance two trained networks share {{rho:.2f}}{spread}.",
            source,
            **numbers,
        )
    parts = pairs[["constant", "class", "image"]].median()
    # answers to coalitions of different images cannot be compared: no chance, and no parts
    if np.isfinite(parts).all() and parts[["constant", "class"]].any():
        yield _statement(
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
    yield _statement(
        evidence.title,
        "closest",
        "{count:.0f} of {pairs:.0f} pairs are surely above it; the closest are {a} and {b} "
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
    yield _statement(evidence.title, rule, text, "statistics/resolution.csv", rho=rho)


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
        yield _statement(evidence.title, "seeds", template, source, **numbers)
    if mute:
        yield _statement(
            evidence.title,
            "seeds_as_strangers",
            "{who}: another seed is not surely closer than a stranger; little may be said about it.",
            source,
            {"who": _listed(mute)},
        )


def _scale(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    if evidence.scales is None or not evidence.pool:
        return
    trained = facts.roles.trained(facts.models)
    of_trained = evidence.scales[evidence.scales["model_a"].isin([*trained, *facts.names])]
    table = of_trained[~of_trained["model_a"].isin(facts.roles.untrained)]
    medians = table.groupby(["kind", "scale"])["rho"].median()
    numbers: dict[str, Any] = {}
    told: dict[int, list[str]] = {NATIVE: [], evidence.pool: []}
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
    yield _statement(
        evidence.title,
        "scale",
        f"Compared pixel by pixel, {' and '.join(told[NATIVE])}; on {evidence.pool} × {evidence.pool} "
        f"cells, as here, {' and '.join(told[evidence.pool])} (medians).",
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
    yield _statement(evidence.title, "families", text, "statistics/families.csv", **numbers)


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
            f"{_listed([facts.names[m] for m in row['models'].split()])} ({{support_{n}:.2f}})"
            for n, (_, row) in enumerate(found.iterrows())
        ]
        numbers: dict[str, Any] = {
            f"support_{n}": value for n, value in enumerate(found["support"])
        }
        yield _statement(
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
        yield _statement(
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
        yield _statement(evidence.title, "no_order", text, source, images=images)
        return
    text = (
        "{images:.0f} images are enough to order the pairs"
        if needed <= images
        else "{images:.0f} images do not order the pairs yet"
    )
    yield _statement(
        evidence.title,
        "image_count",
        f"{text}: it takes about {{needed:.0f}} (Kendall's τ of {{target:.1f}}).",
        source,
        **numbers,
    )


def _mute(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    if evidence.mute:
        yield _statement(
            evidence.title,
            "mute",
            "It is mute for {who}: the region that their map rates highest matters no more to them than "
            "that of another image's map.",
            "statistics/deletion.csv",
            {"who": _listed([facts.names[model] for model in evidence.mute])},
        )


def _limits(facts: StudyFacts, methods: Sequence[Evidence]) -> Iterator[Statement]:
    deviations = [facts.strangers(each.pairs)["seed_std"].median() for each in methods]
    known = [value for value in deviations if np.isfinite(value)]
    if known:
        yield _statement(
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
        yield _statement(
            LIMITS,
            "no_seeds",
            "No network has a second seed here: how alike one is to itself, which is the ceiling of every "
            "similarity, is not known.",
            "dissimilarity/<method>/<metric>/all_seeds.csv",
        )
    if not facts.roles.untrained:
        text = (
            "There is no untrained control: what has nothing to do with learning is not told apart."
        )
        yield _statement(LIMITS, "no_control", text, "")
    families = {facts.roles.family(model) for model in facts.independent}
    tested = [each for each in methods if np.isfinite(each.family.get("permanova_p", np.nan))]
    if not tested:
        count = len(facts.independent)
        yield _statement(
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
        yield _statement(LIMITS, "raw", text, "")


def _limits_of(facts: StudyFacts, evidence: Evidence) -> Iterator[Statement]:
    source = f"dissimilarity/{evidence.place}/all_pairs.parquet"
    missing = evidence.pairs["rho"].isna().sum()
    if missing:
        yield _statement(
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
        yield _statement(
            LIMITS,
            "few_images",
            "{title}: {who} blank on most images; what is said of them is about {count:.0f} of "
            "{images:.0f} images at most.",
            source,
            {
                "title": evidence.title,
                "who": f"maps of {_listed([facts.names[m] for m in few])} are",
            },
            count=most[few].max(),
            images=images,
        )
    reason = evidence.image_count.get("reason")
    if (
        isinstance(reason, str)
        and reason
        and not np.isfinite(evidence.image_count.get("images", np.nan))
    ):
        yield _statement(
            LIMITS,
            "no_image_count",
            f"{evidence.title}: how many images it takes cannot be told ({reason}).",
            f"statistics/{evidence.place}/image_count.csv",
        )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
