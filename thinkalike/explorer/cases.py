"""Comparisons of all models as the explorer's page has them: pairs, trees, points, images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.clustering import embedding, hierarchical
from thinkalike.compare.geometry import complete
from thinkalike.compare.matrices import square_of_pairs
from thinkalike.compare.pairs import pair_categories
from thinkalike.compare.scales import scale_name
from thinkalike.explorer.folder import Key, StudyFolder
from thinkalike.explorer.per_image import ImagesOfPairs
from thinkalike.plotting.style import subset_name
from thinkalike.statistics.intervals import chord
from thinkalike.statistics.resampling import SEPARATOR
from thinkalike.stores.tables import read_table

COMPARED = "compared"
"""Key of the scale at which a study compares maps."""
COLUMNS = {
    "n": "n",
    "mean": "mean",
    "chance": "chance",
    "rho": "rho",
    "low": "low",
    "high": "high",
    "dissimilarity": "dissimilarity",
    "dissimilarityLow": "dissimilarity_low",
    "dissimilarityHigh": "dissimilarity_high",
    "notConverged": "not_converged",
}
"""Column of `Pairs` in `page/types.js` → column of a table of pairs."""
DIGITS = 5


def study_case(
    study: StudyFolder, key: Key, images: ImagesOfPairs, compared: str
) -> dict[str, Any]:
    """A comparison at the study's own scale, from its tables.

    Args:
        study: of the files.
        key: of the comparison.
        images: that get what every image says.
        compared: the study's scale in words.
    """
    folder = ("dissimilarity", key.method, key.metric)
    pairs = read_table(study.path(*folder, f"{key.subset}_pairs.parquet"), ["model_a", "rho"])
    seeds = study.table(*folder, f"{key.subset}_seeds.csv")
    table = together(study, pairs, seeds)
    models = _matrix_models(pairs)
    return {
        **_head(key, COMPARED, compared),
        "models": [study.keys.index(model) for model in models],
        "pairs": described_pairs(study, table),
        **_clusters(study, key, models),
        "perImage": images.add(key, table),
    }


def scale_cases(
    study: StudyFolder, method: str, metric: str, compared: str
) -> list[dict[str, Any]]:
    """Comparisons over all images at the further scales of a study, with trees and points made here.

    Args:
        study: of the files.
        method, metric: of the comparisons.
        compared: the study's own scale in words, which is not repeated.
    """
    table = study.table("scales", f"{method}.parquet")
    if table is None:
        return []
    found = []
    for scale, rows in table[table["kind"] != "moved"].groupby("scale", sort=False):
        name = scale_name(int(str(scale)))
        if name == compared:
            continue
        pairs = rows.assign(dissimilarity=chord(rows["rho"].to_numpy()))
        matrix = pairs[pairs["kind"] == "pair"]
        inside = [m for m in study.keys if m in {*matrix["model_a"], *matrix["model_b"]}]
        # two seeds of one network stand in the matrix, too, where both are models of the study
        both = pairs["model_a"].isin(inside) & pairs["model_b"].isin(inside)
        found.append(
            {
                **_head(Key(method, metric, "all"), name.replace(" ", "_").replace("×", "x"), name),
                "models": [study.keys.index(model) for model in inside],
                "pairs": described_pairs(study, pairs),
                **_clusters_of(pairs[both], inside),
                "perImage": None,
            }
        )
    return found


def _head(key: Key, scale: str, title: str) -> dict[str, str]:
    return {
        "method": key.method,
        "metric": key.metric,
        "scale": scale,
        "scaleTitle": title,
        "subset": key.subset,
        "subsetTitle": subset_name(key.subset),
    }


def _matrix_models(pairs: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys([*pairs["model_a"], *pairs["model_b"]]))


def together(study: StudyFolder, pairs: pd.DataFrame, seeds: pd.DataFrame | None) -> pd.DataFrame:
    """Pairs of the matrix, and after them those of seeds that stand in none, with their category."""
    further = pd.DataFrame(columns=["model_a", "model_b"]) if seeds is None else seeds
    inside = set(_matrix_models(pairs))
    outside = ~(further["model_a"].isin(inside) & further["model_b"].isin(inside))
    rest = further[outside].drop(columns="architecture", errors="ignore")
    if len(rest):
        rest = rest.assign(dissimilarity=chord(rest["rho"].to_numpy(float)))
    table = pd.concat([pairs, rest], ignore_index=True) if len(rest) else pairs
    return table.assign(category=_categories(study, table))


def _categories(study: StudyFolder, pairs: pd.DataFrame) -> np.ndarray:
    roles = study.roles
    return pair_categories(
        pairs,
        architectures=roles.architectures,
        families={model: roles.family(model) for model in study.keys},
        untrained=roles.untrained,
    ).to_numpy()


def described_pairs(study: StudyFolder, table: pd.DataFrame) -> dict[str, Any]:
    """Table of pairs as `Pairs` of `page/types.js`."""
    place = {model: number for number, model in enumerate(study.keys)}
    replicas = set(study.models.loc[study.models["replica"].astype(bool), "model"])
    found: dict[str, Any] = {
        "a": [place[model] for model in table["model_a"]],
        "b": [place[model] for model in table["model_b"]],
        "category": _categories(study, table).tolist(),
        "seed": (table["model_a"].isin(replicas) | table["model_b"].isin(replicas)).tolist(),
    }
    for name, column in COLUMNS.items():
        there = column in table
        found[name] = numbers(table[column]) if there else [None] * len(table)
    return found


def numbers(values: Any) -> list[float | int | None]:
    """Numbers of a table, rounded to five digits; null where one is missing or not finite."""
    floats = np.asarray(values, float).ravel()
    rounded = [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in floats]
    return [int(v) if v is not None and v.is_integer() else v for v in rounded]


def _clusters(study: StudyFolder, key: Key, models: Sequence[str]) -> dict[str, Any]:
    """Tree, order, points and communities that a study has found; made here where they are not there."""
    folder = ("clusters", key.method, key.metric, key.subset)
    first = study.table(*folder, "linkages.csv")
    points = {name: study.table(*folder, f"{name}.csv") for name in ("pca", "mds")}
    order = study.table(*folder, "order.csv")
    pca = points["pca"]
    if first is None or order is None or pca is None:
        pairs = read_table(
            study.path("dissimilarity", key.method, key.metric, f"{key.subset}_pairs.parquet")
        )
        return _clusters_of(pairs, models)
    linkage = str(first["linkage"].iloc[0])
    merges = read_table(study.path(*folder, f"linkage_{linkage}.csv")).to_numpy(float)
    leaves = pca["model"].tolist()
    support = study.table("statistics", key.method, key.metric, "support.csv")
    louvain = study.table(*folder, "louvain.csv")
    branches: dict[frozenset[str], float] = {}
    if support is not None and key.subset == "all":
        kept = support[(support["tree"] == "all") & (support["linkage"] == linkage)]
        sets = [frozenset(str(text).split(SEPARATOR)) for text in kept["models"]]
        branches = dict(zip(sets, kept["support"].astype(float), strict=True))
    communities = None
    if louvain is not None and louvain["community"].notna().any():
        known = dict(zip(louvain["model"], louvain["community"], strict=True))
        communities = numbers([known.get(model, np.nan) for model in models])
    return {
        **_tree(linkage, merges, leaves, order["model"].tolist(), models, branches),
        "embeddings": {
            name: _points(table["model"].tolist(), table[["x", "y"]].to_numpy(float), models)
            for name, table in points.items()
            if table is not None
        },
        "communities": communities,
    }


def _clusters_of(pairs: pd.DataFrame, models: Sequence[str]) -> dict[str, Any]:
    """Tree by average linkage, its order, and points of a table of pairs."""
    square = square_of_pairs(pairs, "dissimilarity").loc[[*models], [*models]]
    matrix = square.to_numpy(copy=True)
    np.fill_diagonal(matrix, 0)
    keep = complete(matrix)
    leaves = [models[place] for place in keep]
    if len(leaves) < 2:
        return {"order": None, "tree": None, "embeddings": {}, "communities": None}
    inside = matrix[np.ix_(keep, keep)]
    tree = hierarchical.linkage(inside, "average", euclidean=False)
    order = [leaves[leaf] for leaf in hierarchical.leaf_order(inside, tree)]
    points = {
        "pca": embedding.principal_components(inside).points,
        "mds": embedding.multidimensional_scaling(inside).points,
    }
    return {
        **_tree("average", tree, leaves, order, models, {}),
        "embeddings": {name: _points(leaves, found, models) for name, found in points.items()},
        "communities": None,
    }


def _tree(
    linkage: str,
    merges: np.ndarray,
    leaves: Sequence[str],
    order: Sequence[str],
    models: Sequence[str],
    branches: Mapping[frozenset[str], float],
) -> dict[str, Any]:
    """`order` and `tree` of a `Case`; models that the tree leaves out come last."""
    members = [frozenset([leaf]) for leaf in leaves]
    for left, right in merges[:, :2].astype(int).tolist():
        members.append(members[left] | members[right])
    rest = [model for model in models if model not in order]
    place = {model: number for number, model in enumerate(models)}
    tree = {
        "linkage": linkage,
        "leaves": [place[leaf] for leaf in leaves],
        "merges": [numbers(merge) for merge in merges],
        "support": numbers([branches.get(group, np.nan) for group in members[len(leaves) :]]),
    }
    return {
        "order": [place[model] for model in [*order, *rest]],
        "tree": tree if len(merges) else None,
    }


def _points(
    names: Sequence[str], points: np.ndarray, models: Sequence[str]
) -> list[list[float | int | None] | None]:
    known = {name: numbers(point) for name, point in zip(names, points, strict=True)}
    return [known.get(model) for model in models]
