"""All figures of one dissimilarity matrix and of what was found in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from thinkalike.clustering.models import Clusters
from thinkalike.compare.pairs import pair_categories
from thinkalike.plotting import clusters, heat_maps
from thinkalike.plotting.embeddings import embeddings
from thinkalike.stores.tables import read_square, read_table


@dataclass(frozen=True)
class OneMatrix:
    """A matrix, the table of its pairs, and its clusters.

    Attributes:
        matrix: dissimilarities of models.
        pairs: as for `heat_maps.Pairs`, without their category.
        seeds: pairs of seeds of one architecture, as for `heat_maps.bar_marks`.
        found: trees, communities and points of models.
        support: of the branches of trees, as for `clusters.dendrograms`.
    """

    matrix: pd.DataFrame
    pairs: pd.DataFrame
    seeds: pd.DataFrame
    found: Clusters
    support: Mapping[str, Mapping[frozenset[str], float]]

    @classmethod
    def read(
        cls, matrix: str, pairs: str, seeds: str, tables: Sequence[str], support: str | None
    ) -> "OneMatrix":
        """Read a matrix and what belongs to it; `tables` are those of `Clusters.read`.

        Raises:
            InputError: a file cannot be read.
        """
        shares = clusters.read_support(support) if support else {}
        found = Clusters.read(tables)
        return cls(read_square(matrix), read_table(pairs), read_table(seeds), found, shares)

    def figures(
        self,
        roles: Mapping[str, Any],
        names: Mapping[str, str],
        title: str,
        *,
        dissimilarity: str,
        correction: str,
        largest: float | None,
    ) -> Iterator[tuple[Figure, pd.DataFrame]]:
        """Draw heat map, dendrograms, communities and embeddings, each with the table behind it.

        Args:
            roles: families, architectures and untrained, as for `compare.pairs.pair_categories`.
            names: model → display name.
            title: of every figure.
            dissimilarity: chord or rms.
            correction: `chance`, or none: what the dissimilarity is made of.
            largest: dissimilarity of weight 0 in the graph of communities; None: the largest.
        """
        of = {"names": names, "families": roles["families"], "title": title}
        corrected = correction == "chance"
        marks = heat_maps.bar_marks(self.seeds) if corrected and dissimilarity == "chord" else {}
        label = heat_maps.label_of(dissimilarity, corrected)
        table = self.pairs.assign(category=pair_categories(self.pairs, **roles))
        drawn = heat_maps.Pairs.of(table, self.found, list(self.matrix.columns))
        yield heat_maps.dissimilarities(drawn, marks=marks, label=label, **of)
        yield clusters.dendrograms(self.found, support=self.support, **of)
        yield clusters.communities(self.found, self.matrix, largest=largest, **of)
        points = self.found.pca, self.found.mds, self.found.measures
        yield embeddings(*points, untrained=roles["untrained"], **of)
