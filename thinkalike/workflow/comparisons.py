"""Comparisons of maps, as the rules see them: the jobs that share the pairs of models, and what follows.

Methods take wildcards by their names, like those of `Study`. A tile is the part of the matrix of models
that one job makes: the pairs of the models of one group, or of two.
"""

from collections.abc import Sequence
from typing import Any

from thinkalike.compare.scales import NATIVE, SEGMENTED, SEGMENTS, scale_of
from thinkalike.compare.subsets import parse
from thinkalike.methods import method_name
from thinkalike.workflow.study import Study


class Comparisons:
    """How a study compares models, and the files of that.

    Attributes:
        study: its settings.
    """

    def __init__(self, study: Study) -> None:
        self.study = study

    # Settings

    def settings(self, method: str, metric: str) -> dict[str, Any]:
        """How maps of a method are compared by a metric; only RBF has a bandwidth to set."""
        settings = self.study["settings"][method]
        return {
            "sign": settings["sign"],
            "rescaling": settings["rescaling"],
            "sigma": settings["rbf_sigma"] if metric == "rbf" else 1.0,
            "blanks": self.study["similarity"]["blanks"],
            "pool": settings["pool"],
        }

    def picture(self, method: str) -> dict[str, Any]:
        """What tells where the picture is, for a method that compares sizes alone; else nothing."""
        if self.study["settings"][method]["sign"] != "absolute":
            return {}
        return {
            "size": self.study["images"]["size"],
            "baseline": self.study["explanation"]["baseline"],
        }

    def scales(self, method: str) -> list[int]:
        """Scales at which maps of a method are compared: as computed, cells a side, then segments.

        Maps that are on segments as they are computed are not averaged over them again.
        """
        pool = self.study["settings"][method]["pool"]
        given = set(map(scale_of, [*self.study["similarity"]["scales"], pool])) - {NATIVE}
        if self.study.method(method).segments:
            given -= {SEGMENTED}
        return [NATIVE, *sorted(given, reverse=True)]

    @property
    def natives(self) -> dict[str, str]:
        """Method with maps → what these are on as they are computed: segments, a grid, or pixels."""
        rows = {method: self.study.method(method) for method in self.study.with_maps}
        return {
            method: SEGMENTS if row.segments else "grid" if row.layer else "pixels"
            for method, row in rows.items()
        }

    def segments_file(self, method: str) -> str | list[str]:
        """File of the segments, where maps of a method are on them or averaged over them."""
        return self.drawn_segments([method])

    def drawn_segments(self, methods: Sequence[str]) -> str | list[str]:
        """File of the segments, where maps of one of the methods are on them or averaged over them."""
        uses = any(
            self.study.method(method).segments
            or self.study["settings"][method].get("pool") == SEGMENTS
            for method in methods
        )
        return "<results>/segments.nc" if uses else []

    def scaled_segments_file(self, method: str) -> str | list[str]:
        """File of the segments, where a method is compared on them at one of the scales."""
        uses = self.study.method(method).segments or SEGMENTED in self.scales(method)
        return "<results>/segments.nc" if uses else []

    def subsets_of(self, method: str) -> list[str]:
        """Subsets over which the models are compared by a method; all images are one of them."""
        subsets = dict.fromkeys(["all", *self.study["subsets"]])
        return self.study.files("{subset}", method=method, subset=list(subsets))

    @property
    def stratified(self) -> bool:
        """Whether images were chosen class by class, so that classes vary no more in other images."""
        return self.study["images"]["order"] == "rounds"

    # Tiles: jobs that compare one group of models with another

    @property
    def groups(self) -> list[list[str]]:
        """Models and replicas in groups; a job compares those of one, or of two, with each other."""
        step = self.study["similarity"]["group"]
        count = len(self.study.compared)
        return [self.study.compared[first : first + step] for first in range(0, count, step)]

    @property
    def tile_stem(self) -> str:
        """Names in the file of a tile of the matrix of models."""
        return "{metric}/{row}_{column}" if self.groups[1:] else "{metric}"

    def row_models(self, row: str = "0") -> list[str]:
        """Models of the rows of a tile."""
        return self.groups[int(row)]

    def column_models(self, row: str = "0", column: str = "0") -> list[str]:
        """Models of the columns of a tile; none where they are those of the rows."""
        return [] if row == column else self.groups[int(column)]

    def row_maps(self, method: str, row: str = "0") -> list[str]:
        """Files of the maps of the models of the rows of a tile."""
        return self.study.maps_files(method, self.row_models(row))

    def column_maps(self, method: str, row: str = "0", column: str = "0") -> list[str]:
        """Files of the maps of the models of the columns of a tile; none where they are the rows'."""
        models = self.column_models(row, column)
        return self.study.maps_files(method, models) if models else []

    def complete_maps(self, method: str) -> list[str]:
        """Files of the maps of all models by a method that says which converged; none of the others."""
        is_complete = method in self.study.complete_methods
        return self.study.maps_files(method) if is_complete else []

    def compared_maps(self, method: str) -> list[str]:
        """Files of the maps of all models and replicas by one method."""
        return self.study.maps_files(method, self.study.compared)

    def row_predictions(self, row: str = "0") -> list[str]:
        """Files of the predictions of the models of the rows, if a subset depends on predictions."""
        return self._predictions(self.row_models(row))

    def column_predictions(self, row: str = "0", column: str = "0") -> list[str]:
        """Files of the predictions of the models of the columns; none where they are the rows'."""
        return self._predictions(self.column_models(row, column))

    def _predictions(self, models: Sequence[str]) -> list[str]:
        conditions = {parse(subset)[0] for subset in self.study["subsets"]}
        return (
            [f"<results>/predictions/{model}.parquet" for model in models]
            if conditions - {"all"}
            else []
        )

    def values_file(self, method: str, metric: str) -> str:
        """File of what every image says of every pair of models: above chance, or raw similarity."""
        folder = {"chance": "chance", "none": "similarity"}[self.study["similarity"]["correction"]]
        return f"<results>/{folder}/{method}/{metric}.nc"

    def tile_files(self, method: str, metric: str) -> list[str]:
        """Files of the similarities of every two groups."""
        return self._tiles("similarity", method, metric)

    def chance_tiles(self, method: str, metric: str) -> list[str]:
        """Files of the similarities above chance of every two groups."""
        return self._tiles("chance", method, metric)

    def _tiles(self, folder: str, method: str, metric: str) -> list[str]:
        return [
            f"<results>/{folder}/{method}/{metric}/{row}_{column}.nc"
            for column in range(len(self.groups))
            for row in range(column + 1)
        ]

    # All methods

    def predictions_files(self, subset: str) -> list[str]:
        """Files of all predictions, for a subset that depends on them."""
        files = self.study.files("<results>/predictions/{model}.parquet")
        return [] if subset.startswith("all") else files

    def consensus_maps(self, method: str) -> list[str]:
        """Files of the maps of the models that are no controls, or of all where all are."""
        return self.study.maps_files(method, self.study.trained or self.study.models)

    def at_first_metric(self, pattern: str) -> list[str]:
        """Paths of a pattern for every method, with the first of its metrics."""
        first: dict[str, str] = {}
        for case in self.study.files("{method}/{metric}"):
            method, metric = case.split("/")
            first.setdefault(method, metric)
        return [pattern.format(method=method, metric=first[method]) for method in first]

    @property
    def scales_files(self) -> list[str]:
        """Files of similarity at several scales."""
        return [f"<results>/scales/{method}.parquet" for method in self.study.with_maps]

    @property
    def verdict_cases(self) -> list[dict[str, Any]]:
        """Title, place, pool and whether there are scales, of every method that the verdict is about."""
        return [
            {
                "title": method_name(method),
                "place": place,
                "pool": self.study["settings"][method].get("pool"),
                "scaled": method in self.study.with_maps,
            }
            for place in self.at_first_metric("{method}/{metric}")
            for method in [place.split("/")[0]]
        ]


def group_size(study: Study, number: str | None) -> int:
    """Number of models of a group that jobs compare; of all models where there is one group.

    Args:
        study: whose models they are.
        number: of the group, the wildcard `row` or `column`; None where there is one group.
    """
    if number is None:
        return len(study.compared)
    return len(Comparisons(study).groups[int(number)])
