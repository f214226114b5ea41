"""Clusters of the models of one dissimilarity matrix, in tables: trees, communities, points."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from thinkalike.clustering import embedding, hierarchical, louvain
from thinkalike.compare.geometry import complete, geometry
from thinkalike.errors import InputError
from thinkalike.progress import log
from thinkalike.randomness import integer_seed
from thinkalike.stores.tables import read_table

MERGES = ("left", "right", "height", "size")
TREE = "linkage_"
"""Beginning of the stem of the file of a tree."""
FILES = {
    "linkages": "summary",
    "linkages_agreement": "agreement",
    "order": "order",
    "louvain": "communities",
    "louvain_sweep": "sweep",
    "pca": "pca",
    "mds": "mds",
}
"""Stem of the file of a table → attribute of `Clusters`."""


@dataclass(frozen=True)
class Settings:
    """How models are clustered.

    Attributes:
        linkages: kinds of agglomerative clustering; the first orders the models.
        ward: `euclidean`, where the matrix is, or `any`, also where ward means nothing.
        largest: dissimilarity that gets weight 0 in the graph of Louvain; None: the largest there is.
        resolution: of Louvain's communities.
        sweep: resolutions to compare.
    """

    linkages: Sequence[str]
    ward: str
    largest: float | None
    resolution: float
    sweep: Sequence[float]


@dataclass(frozen=True)
class Clusters:
    """What is found in one dissimilarity matrix.

    Attributes:
        models: those without a missing cell, in order.
        linkages: kind → tree: left, right, height, size; no row where it was refused.
        summary: linkage, cophenetic_correlation, refused (the reason).
        agreement: linkage_a, linkage_b, their cophenetic correlation and adjusted Rand indices.
        order: model, in the order of the leaves of the first linkage.
        communities: model, community; missing for fewer than `louvain.FEWEST` models.
        sweep: resolution, communities, modularity, and the community of every model.
        pca: model, x, y: principal components.
        mds: model, x, y: multidimensional scaling.
        measures: name → number, how well points and communities stand for the matrix.
    """

    models: list[str]
    linkages: dict[str, pd.DataFrame]
    summary: pd.DataFrame
    agreement: pd.DataFrame
    order: pd.DataFrame
    communities: pd.DataFrame
    sweep: pd.DataFrame
    pca: pd.DataFrame
    mds: pd.DataFrame
    measures: dict[str, float]

    @property
    def tables(self) -> list[pd.DataFrame]:
        """All tables, in the order of the attributes: trees, summary, …, mds."""
        return [*self.linkages.values(), *(getattr(self, name) for name in FILES.values())]

    @property
    def has_communities(self) -> bool:
        """Whether the modularity of the communities is above that of graphs of permuted weights."""
        null = self.measures["louvain_modularity_null"]
        several = self.communities["community"].max() > 0
        return bool(several) and self.measures["louvain_modularity"] > null

    @classmethod
    def read(cls, paths: Sequence[str]) -> "Clusters":
        """Read what is found in a matrix from its files, known by the stems of their names."""
        files = {Path(path).stem: read_table(path) for path in paths}
        quality = files["quality"]
        return cls(
            models=files["pca"]["model"].tolist(),
            linkages={
                stem.removeprefix(TREE): table
                for stem, table in files.items()
                if stem.startswith(TREE)
            },
            measures=dict(zip(quality["measure"], quality["value"], strict=True)),
            **{name: files[stem] for stem, name in FILES.items()},
        )


def cluster_models(table: pd.DataFrame, settings: Settings, *, seed: int) -> Clusters:
    """Cluster the models of a square table of dissimilarities.

    Models with missing cells are left out (`compare.geometry.complete`), and the log says which.

    Args:
        table: dissimilarities with the models as index and columns.
        settings: linkages, Louvain's graph and resolutions.
        seed: of the study.

    Raises:
        InputError: fewer than two models are left.
    """
    keep = complete(table.to_numpy())
    models = [table.columns[i] for i in keep]
    left_out = [model for model in table.columns if model not in models]
    if left_out:
        log.warning("left out, for want of images to compare: %s", ", ".join(left_out))
    matrix = table.to_numpy()[np.ix_(keep, keep)]

    trees, summary = _trees(matrix, settings)
    first = trees[settings.linkages[0]]
    leaves = hierarchical.leaf_order(matrix, first) if len(first) else range(len(models))

    if len(models) < louvain.FEWEST:
        log.info("no communities: %d models, and it takes %d to tell", len(models), louvain.FEWEST)
    graph = louvain.similarity_graph(matrix, models, settings.largest)
    draws = integer_seed(seed, "louvain")
    found, modularity = louvain.communities(graph, resolution=settings.resolution, seed=draws)
    components = embedding.principal_components(matrix)
    scaled = embedding.multidimensional_scaling(matrix)
    return Clusters(
        models=models,
        linkages={kind: pd.DataFrame(tree, columns=[*MERGES]) for kind, tree in trees.items()},
        summary=summary,
        agreement=hierarchical.agreement_table(trees),
        order=pd.DataFrame({"model": [models[leaf] for leaf in leaves]}),
        communities=found.rename_axis("model").reset_index(),
        sweep=louvain.sweep(graph, resolutions=sorted(settings.sweep), seed=draws),
        pca=_points(models, components),
        mds=_points(models, scaled),
        measures={
            "pca_share_x": components.quality[0],
            "pca_share_y": components.quality[1],
            "mds_stress": scaled.quality[0],
            "louvain_resolution": settings.resolution,
            "louvain_modularity": modularity,
            "louvain_modularity_null": louvain.null_modularity(
                graph, resolution=settings.resolution, seed=draws
            ),
        },
    )


def _trees(matrix: np.ndarray, settings: Settings) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Linkage → tree, empty where ward was refused; and how well each stands for the matrix."""
    euclidean = geometry(matrix).euclidean or settings.ward == "any"
    trees, rows = {}, []
    for kind in settings.linkages:
        tree, reason, correlation = np.empty((0, 4)), "", np.nan
        try:
            tree = hierarchical.linkage(matrix, kind, euclidean=euclidean)
            correlation = hierarchical.cophenetic_correlation(matrix, tree)
        except InputError as error:
            if kind != "ward":
                raise
            reason = str(error)
            log.warning("%s", reason)
        trees[kind] = tree
        rows.append({"linkage": kind, "cophenetic_correlation": correlation, "refused": reason})
    return trees, pd.DataFrame(rows)


def _points(models: Sequence[str], found: embedding.Embedding) -> pd.DataFrame:
    return pd.DataFrame({"model": models, "x": found.points[:, 0], "y": found.points[:, 1]})
