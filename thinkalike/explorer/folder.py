"""Files of a study that the explorer shows, in its folder of results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from thinkalike.compare.bases import Segments
from thinkalike.compare.similarity import Comparison, stated_comparison
from thinkalike.errors import InputError
from thinkalike.methods import METHODS
from thinkalike.statistics.intervals import chord
from thinkalike.statistics.roles import COLUMNS, Roles
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.maps import file_stem, open_maps, read_segments
from thinkalike.stores.tables import read_table

SegmentsReader = Callable[[tuple[int, ...]], list[Segments]]
"""Places of images in a study → their superpixels."""
KEPT = 4
"""Readings of superpixels that are kept."""


class Key(NamedTuple):
    """A comparison of a study."""

    method: str
    metric: str
    subset: str

    @property
    def place(self) -> str:
        """Folder of the method and metric."""
        return f"{self.method}/{self.metric}"


@dataclass(frozen=True)
class StudyFolder:
    """What of a study is shown, and where it stands.

    Attributes:
        folder: `results/<study>`.
        methods: method or variant → the method in whose files its maps are; "" where it has no maps.
        cases: comparisons.
        spectral: case of the spectral study → models whose maps are clustered.
        neon: models whose clusters of features are shown.
        clustered: how the maps of the spectral study were prepared; None: as those that are compared.
    """

    folder: Path
    methods: Mapping[str, str]
    cases: Sequence[Key]
    spectral: Mapping[str, Sequence[str]] = field(default_factory=dict)
    neon: Sequence[str] = ()
    clustered: Comparison | None = None

    @classmethod
    def found(cls, folder: Path) -> "StudyFolder":
        """All of a study that is there: of one that is not finished, less."""
        explained = _stems(folder / "explanations", "*")
        places = sorted(
            path.parent for path in (folder / "dissimilarity").glob("*/*/all_pairs.parquet")
        )
        cases = [
            Key(place.parent.name, place.name, path.name.removesuffix("_pairs.parquet"))
            for place in places
            for path in sorted(place.glob("*_pairs.parquet"))
        ]
        methods = sorted({*(case.method for case in cases), *explained}, key=_rank)
        points = sorted((folder / "spectral" / "clusters").glob("*/points.parquet"))
        return cls(
            folder,
            {method: _explained_as(method, explained) for method in methods},
            sorted(cases, key=lambda case: methods.index(case.method)),
            {path.parent.name: _models_of(path) for path in points},
            _stems(folder / "neon" / "clusters", "*.nc"),
        )

    def path(self, *parts: str) -> Path:
        """Path of a file in the folder."""
        return self.folder.joinpath(*parts)

    def table(self, *parts: str) -> pd.DataFrame | None:
        """A table, or None where it is not there."""
        path = self.path(*parts)
        return read_table(path) if path.exists() else None

    @cached_property
    def models(self) -> pd.DataFrame:
        """Table of the models and replicas: `statistics.roles.COLUMNS`."""
        return read_table(self.path("models.csv"), COLUMNS)

    @cached_property
    def keys(self) -> list[str]:
        """Keys of models and replicas, in order."""
        return self.models["model"].tolist()

    @cached_property
    def roles(self) -> Roles:
        """Families, seeds of one network, and controls."""
        return Roles.of_table(self.models)

    @cached_property
    def images(self) -> pd.DataFrame:
        """Table of the images: image_id, path, class_name."""
        return read_table(self.path("images.parquet"), ["image_id", "path", "class_name"])

    def maps_file(self, method: str, model: str) -> Path | None:
        """File of the maps of a model, or None where there is none."""
        path = self.path("explanations", self.methods[method], f"{file_stem(model)}.nc")
        return path if self.methods[method] and path.exists() else None

    def comparison(self, method: str, metric: str | None = None) -> Comparison | None:
        """How the maps of a method were compared by a metric, or by any; None where they were not."""
        metrics = [metric] if metric else _stems(self.path("similarity", method), "*.nc")
        for name in metrics:
            path = self.path("similarity", method, f"{name}.nc")
            if path.exists():
                with open_arrays(path) as file:
                    # answers to coalitions are no maps, and have no sign
                    return stated_comparison(file.attrs) if "sign" in file.attrs else None
        return None

    @cached_property
    def frame(self) -> tuple[int, int]:
        """Height and width, in pixels, of the images that maps refer to.

        Raises:
            InputError: there are no maps.
        """
        for method in self.methods:
            for model in self.keys:
                if path := self.maps_file(method, model):
                    with open_maps(path) as file:
                        return file.frame
        raise InputError(f"{self.folder} has no maps to show; run the study's target explanations")

    def predictions(self, model: str) -> pd.DataFrame | None:
        """Predictions of a model, or None where they are not there."""
        return self.table("predictions", f"{file_stem(model)}.parquet")

    @property
    def segments(self) -> Path | None:
        """File of the superpixels, where there is one."""
        path = self.path("segments.nc")
        return path if path.exists() else None

    @cached_property
    def superpixels(self) -> SegmentsReader | None:
        """Reads the superpixels of images; maps of many models are on the same, and the last are kept."""
        path = self.segments
        if path is None:
            return None
        return lru_cache(KEPT)(lambda images: read_segments(path, list(images)))

    def dissimilarity(self) -> dict[str, str]:
        """Kind of the dissimilarities, and what was corrected, as the tables of pairs tell it."""
        for key in self.cases:
            folder = ("dissimilarity", key.method, key.metric)
            pairs = self.table(*folder, f"{key.subset}_pairs.parquet")
            if pairs is None or pairs["rho"].isna().all():
                continue
            of_rho = chord(pairs["rho"].to_numpy())
            if np.allclose(of_rho, pairs["dissimilarity"], equal_nan=True):
                return {"dissimilarity": "chord", "correction": "chance"}
            if pairs["dissimilarity_low"].notna().any():
                return {"dissimilarity": "chord", "correction": "none"}
            return {"dissimilarity": "rms", "correction": "none"}
        return {"dissimilarity": "chord", "correction": "chance"}

    def image_files(self, table: pd.DataFrame) -> list[str]:
        """Paths of images: from where we are, or from the folder that `results/` is in."""
        parents = self.folder.resolve().parents
        root = parents[1] if len(parents) > 1 else self.folder
        return [path if Path(path).exists() else str(root / path) for path in table["path"]]


def _stems(folder: Path, pattern: str) -> list[str]:
    return sorted(path.stem for path in folder.glob(pattern))


def _rank(method: str) -> tuple[int, str]:
    """Place of a method among those of `methods.METHODS`, of a variant behind the one that it varies."""
    base = _explained_as(method, [*METHODS])
    return ([*METHODS, ""].index(base), method)


def _explained_as(method: str, explained: Sequence[str]) -> str:
    """Method whose maps a method or variant compares: its own, or those of the method that it varies."""
    known = [key for key in explained if method == key or method.startswith(f"{key}_")]
    return max(known, key=len, default="")


def _models_of(points: Path) -> list[str]:
    return list(dict.fromkeys(read_table(points, ["model"])["model"]))
