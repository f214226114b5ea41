"""Every figure of the house for any number of models, with names as long as they come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.spatial.distance import pdist, squareform

from thinkalike.clustering.models import Clusters, Settings, cluster_models
from thinkalike.clustering.spectral.cut import ALL
from thinkalike.compare.pairs import pair_categories
from thinkalike.compare.scales import NATIVE, SEGMENTED
from thinkalike.plotting import (
    accuracy,
    borders,
    budgets,
    ceilings,
    clusters,
    deletion,
    distributions,
    embeddings,
    galleries,
    grounded,
    heat_maps,
    image_pairs,
    map_clusters,
    matrices,
    neon,
    nested,
    pairs,
    panels,
    predictions,
    scales,
    spectral,
    spectral_choices,
    spreads,
    subsampling,
)
from thinkalike.statistics.grounded import CASE

METHODS = ("integrated_gradients_of_many_steps_and_of_a_blurred_image", "gradcam_25", "kernelshap")
CLASSES = ("German short-haired pointer", "n02102040", "black-and-tan coonhound, a very long name")
SIDE = 8


@dataclass(frozen=True)
class World:
    """Models of a study and what figures know of them.

    Attributes:
        count: of models.
        classes: of the images.
    """

    count: int
    classes: int = 3

    @property
    def models(self) -> list[str]:
        """Keys."""
        return [f"m{number:02d}" for number in range(self.count)]

    @property
    def names(self) -> dict[str, str]:
        """Long names; some have underscores instead of spaces."""
        forms = (
            "EfficientNet-Lite{} (ImageNet, randomised)",
            "EfficientNetV2_Small_21k_distilled_{}",
        )
        return {model: forms[i % 2].format(i) for i, model in enumerate(self.models)}

    @property
    def families(self) -> dict[str, str]:
        """Three families in turn."""
        return {m: ("cnn", "transformer", "hybrid")[i % 3] for i, m in enumerate(self.models)}

    @property
    def of(self) -> dict[str, Any]:
        """Names and families as functions take them."""
        return {"names": self.names, "families": self.families}

    @property
    def class_names(self) -> list[str]:
        """Names of the classes."""
        return [f"{CLASSES[i % 3]} {i}" for i in range(self.classes)]

    @property
    def pairs(self) -> pd.DataFrame:
        """Every two models with all that tables of pairs have."""
        table = pd.DataFrame([*combinations(self.models, 2)], columns=["model_a", "model_b"])
        draw = np.random.default_rng(0)
        rho, chance = draw.uniform(-0.2, 0.9, len(table)), draw.uniform(0, 0.6, len(table))
        values = 1 + rho / 3
        table = table.assign(n=100, chance=chance, rho=rho, low=rho - 0.1, high=rho + 0.1)
        table = table.assign(
            mean=chance + rho * (1 - chance), std=draw.uniform(0.05, 0.2, len(rho))
        )
        table = table.assign(dissimilarity=values, dissimilarity_low=values - 0.1)
        table = table.assign(dissimilarity_high=values + 0.1, estimation_error=0.02)
        return table.assign(
            category=pair_categories(
                table,
                architectures={"m01": "m00"},
                families=self.families,
                untrained=self.models[2:3],
            )
        )

    @property
    def clustered(self) -> tuple[pd.DataFrame, Clusters]:
        """A matrix and its clusters."""
        points = np.random.default_rng(1).random((self.count, 2))
        table = pd.DataFrame(squareform(pdist(points)), index=self.models, columns=self.models)
        settings = Settings(
            ["average", "complete", "single", "ward"], "euclidean", None, 1.05, [1.0, 1.2, 1.4]
        )
        return table, cluster_models(table, settings, seed=0)

    @property
    def case_title(self) -> str:
        """The longest title of a method, a metric and a subset."""
        return (
            "Integrated Gradients of many steps and of a blurred image · RBF · images with different "
            "predictions of the first 1024"
        )


def cases(world: World) -> dict[tuple[str, str], pd.DataFrame]:
    """Pairs of every method and metric."""
    return dict.fromkeys(product(METHODS, ("cosine", "rbf")), world.pairs)


def accuracy_transforms(world: World) -> Figure:
    rows = pd.DataFrame(
        product(world.models, accuracy.SPLITS, accuracy.TRANSFORM_NAMES),
        columns=["model", "split", "transform"],
    )
    rows = rows.assign(correct=80, images=100, gained=5, lost=9, accuracy=0.8)
    return accuracy.transforms(accuracy.with_intervals(rows), **world.of)


def border_maps(world: World) -> Figure:
    cells = pd.DataFrame(product(range(3), range(3)), columns=["row", "column"])
    cells = cells.assign(n=9, blank=0, share=1 / 9, uniform=1 / 9, suspicious=False, border=True)
    table = pd.concat([cells.assign(model=model) for model in world.models])
    layers = pd.concat(
        [
            cells.assign(model=world.models[0], layer=f"stages.3.blocks.{n}.norm2", mended=fix)
            for n in range(3)
            for fix in ("none", "normalisation")
        ]
    )
    return borders.border_maps(
        table, layers, models=world.models, **world.of, title=world.case_title
    )


def budget_curves(world: World) -> Figure:
    rows = pd.DataFrame(
        product(world.models, (30, 50), (60, 120, 240, 480), range(3)),
        columns=["model", "segments", "evaluations", "image"],
    )
    error = 20 / rows["evaluations"] * (1 + rows["image"] / 9)
    rows = rows.assign(pieces=rows["segments"], evaluated=rows["evaluations"], error=error)
    rows = rows.assign(stated_error=error * 1.1, reference_error=0.001, cosine=0.9, seconds=error)
    return budgets.budget_curves(
        budgets.summarise(rows),
        models=world.models,
        **world.of,
        title="Error and cost of KernelSHAP",
    )


def noise_ceilings(world: World) -> Figure:
    own = pd.DataFrame({"model": world.models, "n": 9, "ceiling": 0.95, "standard_error": 0.02})
    both = pd.concat(
        [own.assign(metric=metric, low=0.9, high=0.97) for metric in ("cosine", "rbf")]
    )
    table = world.pairs[["model_a", "model_b", "n", "mean", "estimation_error"]]
    table = table.assign(mean=table["mean"].clip(0.05, 0.95))
    drawn, _ = ceilings.noise_ceiling(
        both, {"cosine": table, "rbf": table}, **world.of, title="what noise leaves of a similarity"
    )
    return drawn


def dendrograms(world: World) -> Figure:
    return clusters.dendrograms(world.clustered[1], support={}, **world.of, title=world.case_title)[
        0
    ]


def communities(world: World) -> Figure:
    table, found = world.clustered
    return clusters.communities(found, table, largest=None, **world.of, title=world.case_title)[0]


def deletions(world: World) -> Figure:
    table = pd.DataFrame(product(METHODS, world.models), columns=["method", "model"])
    for kind in deletion.KINDS:
        table = table.assign(**{f"{kind}_drop": 0.4, f"{kind}_drop_error": 0.05})
    table["mute"] = pd.array([False] * (len(table) - 1) + [True], "boolean")
    return deletion.deletion(table, models=world.models, **world.of, area=0.1)


def similarity_distributions(world: World) -> Figure:
    size, edges = world.count, np.linspace(0, 1, distributions.BINS + 1)
    of = {"models": world.models, **world.of, "title": f"{world.case_title}: per image"}
    if size <= distributions.MOST_HISTOGRAMS:
        counts = np.ones((size, size, distributions.BINS), int)
        return distributions.histograms(counts, edges, np.full((size, size), 0.5), **of)
    return distributions.profiles(
        np.ones((size, distributions.BINS), int), edges, np.full(size, 0.5), **of
    )


def model_embeddings(world: World) -> Figure:
    found = world.clustered[1]
    return embeddings.embeddings(
        found.pca,
        found.mds,
        found.measures,
        untrained=world.models[-1:],
        **world.of,
        title=world.case_title,
    )[0]


def pca_comparison(world: World) -> Figure:
    found = world.clustered[1]
    points = dict.fromkeys(cases(world), found.pca)
    quality = dict.fromkeys(points, found.measures)
    return embeddings.pca_comparison(points, quality, untrained=[], **world.of)[0]


def cluster_gallery(world: World) -> Figure:
    tile = np.full((SIDE, SIDE, 3), 90, np.uint8)
    rows = [
        galleries.Row(
            name,
            "1234 images\n1200 of that class",
            tile,
            tile,
            [galleries.Shown(tile, tile, other, 0.01234) for other in world.class_names[:3]],
            list(range(1000, 1000 + galleries.STRONGEST)),
            [1 / (n + 2) for n in range(galleries.STRONGEST)],
        )
        for name in world.class_names[: galleries.MOST]
    ]
    name = next(iter(world.names.values()))
    return galleries.gallery(
        rows,
        title=f"{name}: why an image is in its cluster, rather than in the next one "
        "(Integrated Gradients of many steps; 80 smaller clusters are in the table)",
    )


def cluster_quality(world: World) -> Figure:
    table = pd.DataFrame({"model": world.models, "purity": 0.8, "matched": 0.9})
    return galleries.cluster_quality(table.assign(adjusted_rand=0.4), **world.of)


def grounded_answers(world: World) -> Figure:
    rows = [
        (method, metric, scale, measure, scale == 8, 0.9, 0.8, 0.5)
        for method, metric, scale in product(METHODS, ("cosine", "rbf"), (NATIVE, 8, SEGMENTED))
        for measure in ("mean", "rho")
    ]
    columns = [*CASE, "default", "average_precision", "same", "different"]
    steps = [
        (method, "cosine", 8, measure, True, place, model, 1 - place / world.count)
        for method in (*METHODS, "predictions")
        for measure in ("mean", "rho")
        for place, model in enumerate(world.models[1:12], 1)
        if method != "predictions" or measure == "mean"
    ]
    ladder = pd.DataFrame(steps, columns=[*CASE, "default", "place", "model", "similarity"])
    table = pd.DataFrame(rows, columns=columns)
    return grounded.grounded(table, ladder, names=world.names, title="Grounded answers")[0]


def dissimilarities(world: World) -> Figure:
    found = heat_maps.Pairs.of(world.pairs, world.clustered[1], world.models)
    marks = {"chance": 1.41, "two seeds": 1.1}
    label = heat_maps.label_of("chord", True)
    return heat_maps.dissimilarities(
        found, marks=marks, **world.of, title=world.case_title, label=label
    )[0]


class Drawn:
    """Maps that no file has."""

    def picture(self, model: str, place: int, image: str) -> np.ndarray:
        """A map."""
        return np.eye(SIDE)


def influential_images(world: World, photograph: str) -> Figure:
    chosen = world.pairs[:3].assign(
        reason=["the most alike", "the most alike of two architectures", "the least sure"][
            : len(world.pairs)
        ]
    )
    ids = [f"val/{name}/{i}.JPEG" for i, name in enumerate(world.class_names * 3)]
    images = pd.DataFrame({"image_id": ids, "path": photograph})
    images["class_name"] = world.class_names * 3
    rows = [
        (pair.model_a, pair.model_b, role, rank, ids[rank % len(ids)], 0.0123)
        for pair in chosen.itertuples()
        for role in image_pairs.ROLES
        for rank in (1, 2, 3, 4)
    ]
    columns = ["model_a", "model_b", "role", "rank", "image_id", "influence"]
    table = pd.DataFrame(rows, columns=columns)
    return image_pairs.gallery(chosen, table, images, Drawn(), **world.of, title=world.case_title)[
        0
    ]


def consensus(world: World) -> Figure:
    table = pd.DataFrame({"image_id": ["a", "b"], "consensus": [0.4, 0.8]})
    table = table.assign(mismatched=0.4, mismatched_95=0.5)
    return image_pairs.consensus_figure(table, title=world.case_title)[0]


def clusters_of_maps(world: World) -> Figure:
    tile = np.full((SIDE, SIDE, 3), 90, np.uint8)
    first, second = (world.class_names * 2)[:2]
    several = [f"{name} (2394)" for name in list(world.names.values())[:2]]
    rows = [
        map_clusters.Row(
            number,
            ["12394 maps", f"predicted: {first} (2394), {second} (200)", *several],
            np.eye(SIDE),
            tile,
            [(tile, np.eye(SIDE), f"{name} ✗") for name in (world.class_names * 5)[:5]],
        )
        for number in range(min(world.classes, map_clusters.MOST_ROWS))
    ]
    name, method = next(iter(world.names.values())), METHODS[0]
    title = f"{spectral.maps_title(name, method, first)}: k nearest graph, random walk Laplacian"
    return map_clusters.map_clusters(rows, title=title, left_out=12)


def heat_map(world: World) -> Figure:
    return matrices.heat_map(
        world.clustered[0],
        order=world.models,
        **world.of,
        title="agreement of predictions",
        label="images of 1024 with equal predictions",
        digits=2,
    )[0]


def flipping(world: World) -> tuple[Figure, Figure]:
    orders = [*neon.ORDER_LOOKS]
    curves = pd.DataFrame(product(world.models, orders, (0.0, 0.5, 1.0)))
    curves.columns = ["data", "order", "removed"]
    curves["logit"] = 1 - curves["removed"]
    areas = pd.DataFrame(product(world.models, orders), columns=["data", "order"])
    for name in ("area", "difference"):
        ends = {"": 0.4, "_low": 0.3, "_high": 0.5}
        for end, value in ends.items():
            areas[f"{name}{end}".replace("area_", "")] = value
    sizes = dict.fromkeys(world.models, 1280)
    return neon.flipping_curves(curves, sizes, world.names), neon.flipping_areas(areas, world.names)


def flipping_curves(world: World) -> Figure:
    return flipping(world)[0]


def flipping_areas(world: World) -> Figure:
    return flipping(world)[1]


def beta_curves(world: World) -> Figure:
    names = {**world.names, "iris": "Iris", "wine": "Wine"}
    betas = pd.DataFrame(product(names, (0.1, 1.0, 10.0, np.inf)), columns=["data", "factor"])
    betas = betas.assign(competitors=2.0, cosine=0.9, area=0.4)
    conservation = pd.DataFrame(product(names, (0.0, 1.0, np.inf), ("float64", "float32")))
    conservation.columns = ["data", "beta", "precision"]
    return neon.beta_curves(betas, conservation.assign(largest=1e-9), names, world.families)


def planted_curves(world: World) -> Figure:
    table = pd.DataFrame(
        product((0.5, 1.0, 2.0), neon.ORDER_LOOKS), columns=["separation", "order"]
    )
    return neon.planted_curves(table.assign(auc=0.8, low=0.7, high=0.9, found=0.9))


def nested_matrices(world: World) -> Figure:
    subsets = ("all", "all_8", "all_16", "all_32", "all_64", "all_128", "all_1024")
    return nested.nested({(*case, s): t for case, t in cases(world).items() for s in subsets})[0]


def all_pairs(world: World) -> Figure:
    parts = [
        world.pairs.assign(method=method, scale=scale)
        for method in METHODS
        for scale in (NATIVE, 8)
    ]
    return pairs.pairs(pd.concat(parts), names=world.names, metric="cosine")[0]


def panel(world: World) -> Figure:
    shown = [
        panels.Prediction(world.class_names[i % world.classes], 0.5, i % 2 == 0)
        for i in range(world.count)
    ]
    title = f"val/n02102040/n02102040_2644.JPEG (class n02102040, {world.class_names[0]})"
    maps = {method: [np.eye(SIDE)] * world.count for method in METHODS}
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    return panels.panel(picture, maps, shown, models=world.models, **world.of, title=title)


def empty_panel(world: World) -> Figure:
    return next(panels.empty_panels("agreeing", 1, 1024, world.count, METHODS))[0]


def prediction_accuracy(world: World) -> Figure:
    table = pd.DataFrame({"model": world.models, "correct": 80, "images": 100, "accuracy": 0.8})
    table = table.assign(val_accuracy=0.82, val_images=1000)
    control = world.models[-1]
    table.loc[table["model"] == control, ["correct", "accuracy", "val_accuracy"]] = [1, 0.01, 0.01]
    return predictions.accuracy(table, bar=0.8, untrained=[control], **world.of)[0]


def prediction_agreement(world: World) -> Figure:
    counts = (1000 * (1 - world.clustered[0] / 2)).round().astype(int)
    return predictions.agreement(counts, **world.of)[0]


def agreement_scatter(world: World) -> Figure:
    subsets = ("all", "matching", "differing_128")
    tables = {(*case, s): t for case, t in cases(world).items() for s in subsets}
    rows = pd.DataFrame([*tables], columns=predictions.CASE)
    rows = rows.assign(pearson=0.5, spearman=-0.4, pearson_trained=-0.51, spearman_trained=-0.47)
    agreed = world.pairs[["model_a", "model_b"]].assign(same=range(len(world.pairs)))
    tables = {
        case: table[["model_a", "model_b", "dissimilarity"]] for case, table in tables.items()
    }
    return predictions.agreement_scatter(agreed, tables, rows, [])[0]


def similarity_scales(world: World) -> Figure:
    steps = (NATIVE, 32, 16, 8, 4, 2, SEGMENTED)
    moved = pd.DataFrame({"model_a": world.models, "model_b": world.models, "category": None})
    moved = moved.assign(kind="moved", chance=0.3, rho=0.9, mean=0.93)
    both = pd.concat([world.pairs.assign(kind="pair"), moved], ignore_index=True)
    table = pd.concat([both.assign(scale=scale) for scale in steps], ignore_index=True)
    return scales.scales(dict.fromkeys(METHODS, table), dict.fromkeys(METHODS, 8))[0]


def spread(world: World) -> Figure:
    return spreads.mean_and_spread(cases(world), **world.of)[0]


def subsamples(world: World) -> Figure:
    rows = [
        (n, *pair) for n in (5, 10, 20, 50, 100, 200, 500, 900) for pair in (("a", "b"), ("a", "c"))
    ]
    variances = pd.DataFrame(rows, columns=["n", "model_a", "model_b"])
    factor = 1 - variances["n"] / 1024
    expected = 0.04 / variances["n"] * factor
    variances = variances.assign(variance=expected * 1.1, expected=expected, images=variances["n"])
    variances = variances.assign(finite_population_factor=factor)
    differences = variances[["n"]].assign(repeat=0, sum_abs_difference=5 / variances["n"])
    return subsampling.subsampling(
        differences, variances, images=1024, seed_deviation=0.03, title=world.case_title
    )[0]


def _results() -> pd.DataFrame:
    table = pd.DataFrame([*ALL], columns=["graph", "laplacian"])
    table = table.assign(clusters=12, stability=0.5, stability_low=0.4, stability_high=0.7)
    for name in ("stability", "gap"):
        beside = {"tested": 0.123, "cloud": 0.117, "cloud_sd": 0.012}
        table = table.assign(**{f"{name}_{column}": value for column, value in beside.items()})
    sizes = ", ".join(["300", "12", *["1"] * 10])
    return table.assign(in_clusters=0.87, sizes=sizes, beyond=False, clouds=1000)


def _maps_title(world: World) -> str:
    return spectral.maps_title(world.names[world.models[0]], METHODS[0], world.class_names[0])


def map_embeddings(world: World) -> Figure:
    draw = np.random.default_rng(0)
    points = pd.DataFrame(draw.random((30, 2)), columns=["x", "y"])
    points = points.assign(**{f"{g}/{kind}": draw.integers(-1, 4, 30) for g, kind in ALL})
    return spectral.embeddings(points, _results(), title=_maps_title(world))


def spectra(world: World) -> Figure:
    rows = pd.DataFrame([(*r, n, max(n - 2, 0) / 20) for r in ALL for n in range(1, 21)])
    rows.columns = ["graph", "laplacian", "number", "value"]
    return spectral.spectra(rows, _results(), title=_maps_title(world))


def result_agreement(world: World) -> Figure:
    known = pd.DataFrame([(*r, name, 0.21) for r in ALL for name in spectral.KNOWN_NAMES])
    known.columns = ["graph", "laplacian", "known", "adjusted_rand"]
    square = pd.DataFrame(np.full((12, 12), 0.51))
    return spectral.result_agreement(square, _results(), known, title=_maps_title(world))


def choices(world: World) -> Figure:
    names = {
        f"c{i}": spectral.maps_title(world.names[m], METHODS[i % 3], world.class_names[0])
        for i, m in enumerate(world.models)
    }
    rows = pd.DataFrame(product(names, ("eigengap", "same")), columns=["case", "number"])
    for name, value in {"graph": 0.2, "laplacian": 0.3, "both": 0.15, "difference": -0.1}.items():
        spread = {name: value, f"{name}_low": value - 0.1, f"{name}_high": value + 0.1}
        rows = rows.assign(**spread)
    results = pd.concat([_results().assign(case=case) for case in names])
    return spectral_choices.choice_figure(rows, results, names)


FIGURES: Mapping[str, Callable[[World], Figure]] = {
    function.__name__: function
    for function in (
        accuracy_transforms,
        agreement_scatter,
        all_pairs,
        beta_curves,
        border_maps,
        budget_curves,
        choices,
        cluster_quality,
        communities,
        deletions,
        dendrograms,
        dissimilarities,
        flipping_areas,
        flipping_curves,
        grounded_answers,
        heat_map,
        map_embeddings,
        model_embeddings,
        nested_matrices,
        noise_ceilings,
        panel,
        pca_comparison,
        prediction_accuracy,
        prediction_agreement,
        similarity_distributions,
        similarity_scales,
        spread,
    )
}
"""Figures whose models are many or few."""

OF_CLASSES: Mapping[str, Callable[[World], Figure]] = {
    function.__name__: function for function in (cluster_gallery, clusters_of_maps, panel)
}
"""Figures whose classes are many or few."""

OF_ONE: Sequence[Callable[[World], Figure]] = (
    consensus,
    empty_panel,
    planted_curves,
    result_agreement,
    spectra,
    subsamples,
)
"""Figures that have no more for more models."""
