"""Figures of a result, by the functions that draw a study's."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from thinkalike.clustering.hierarchical import leaf_order, linkage
from thinkalike.compare.geometry import complete, geometry
from thinkalike.compare.pairs import pair_categories
from thinkalike.defaults import default_study
from thinkalike.notebook.result import Result
from thinkalike.plotting import heat_maps
from thinkalike.plotting.style import styled, title_of, write_figure
from thinkalike.statistics.intervals import chord, chord_interval


def heat_map(result: Result, path: str | Path | None) -> Figure:
    """Draw the dissimilarities of a result with their tree, and how sure each one is.

    Args:
        result: what is drawn.
        path: of the figure's file; None: it is not written.
    """
    models, roles = result.models, result.roles
    table = result.intervals()
    low, high = chord_interval(table["low"].to_numpy(), table["high"].to_numpy())
    table = table.assign(
        dissimilarity=chord(table["rho"].to_numpy()),
        dissimilarity_low=low,
        dissimilarity_high=high,
        category=pair_categories(
            table,
            architectures=roles.architectures,
            families={model: roles.family(model) for model in models},
            untrained=roles.untrained,
        ),
    )
    # a model without a family gets the colour of `other`
    families = {model: roles.families.get(model) or "other" for model in models}
    metric = result.comparison.metric if result.comparison else None
    with styled(families):
        figure, _ = heat_maps.dissimilarities(
            heat_maps.Pairs(table, *_tree(result.dissimilarity().to_numpy(), models)),
            marks=heat_maps.bar_marks(result.seeds()),
            names={model: result.names.get(model, model) for model in models},
            families=families,
            title=title_of(result.method or "maps", metric, result.subset),
            label=heat_maps.label_of("chord", corrected=True),
        )
        write_figure(figure, path)
    return figure


def _tree(matrix: np.ndarray, models: list[str]) -> tuple[list[str], np.ndarray, list[str]]:
    """Order, tree and its models, by the first linkage of config.yaml; others stand at the end."""
    keep = complete(matrix)
    whole = matrix[np.ix_(keep, keep)]
    named = [models[place] for place in keep]
    if len(named) < 2:
        return models, np.empty((0, 4)), named
    kind = default_study()["clustering"]["linkages"][0]
    tree = linkage(whole, kind, euclidean=geometry(whole).euclidean)
    order = [named[leaf] for leaf in leaf_order(whole, tree)]
    return [*order, *(model for model in models if model not in named)], tree, named
