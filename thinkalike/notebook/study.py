"""A finished study, read from its folder of results."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from thinkalike.errors import InputError, did_you_mean
from thinkalike.notebook import display
from thinkalike.notebook.explanations import FOLDER, MODELS, Explanations, read_explanations
from thinkalike.notebook.explorable import Explorable
from thinkalike.notebook.images import Images, read_listing
from thinkalike.notebook.result import Result
from thinkalike.statistics.roles import COLUMNS, Roles
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.damage import read_text
from thinkalike.stores.kernels import Kernel
from thinkalike.stores.tables import read_square, read_table

CHANCE = "chance"


@dataclass(frozen=True, eq=False)
class FinishedStudy(Explorable):
    """What a study has found so far, `results/<study>`, or what `Explanations.save` has written.

    Attributes:
        folder: of the results.
    """

    folder: Path

    @cached_property
    def methods(self) -> list[str]:
        """Keys of the methods whose maps, or whose similarities, are there."""
        places = [self.folder / name for name in (FOLDER, CHANCE)]
        return sorted({entry.name for place in places for entry in _folders(place)})

    @cached_property
    def metrics(self) -> list[str]:
        """Metrics by which models are compared."""
        files = (self.folder / CHANCE).glob("*/*.nc")
        return sorted({file.stem for file in files})

    @cached_property
    def models(self) -> list[str]:
        """Keys of the models, in the order of the study; further seeds of some (`replicas`) are none."""
        if self._table is not None:
            return self._table.loc[~self._table["replica"].astype(bool), "model"].tolist()
        # before the table is made: the models of a matrix, or all that are explained
        files = sorted((self.folder / "dissimilarity").glob("*/*/all.csv"))
        return list(read_square(files[0]).columns) if files else self._explained

    @cached_property
    def replicas(self) -> list[str]:
        """Further seeds of models, which stand in no matrix."""
        if self._table is not None:
            return self._table.loc[self._table["replica"].astype(bool), "model"].tolist()
        return [model for model in self._explained if model not in self.models]

    @property
    def images(self) -> Images:
        """The images of the study, read from their files.

        Raises:
            InputError: an image is no longer there.
        """
        return read_listing(self.folder / "images.parquet", self._size)

    @property
    def verdict(self) -> str:
        """The verdict in words, in Markdown.

        Raises:
            InputError: there is none yet.
        """
        path = self.folder / "verdict.md"
        if not path.exists():
            raise InputError(f"{path} does not exist; run the study's target verdict")
        return read_text(path)

    @property
    def pairs(self) -> pd.DataFrame:
        """All pairs of models by every method, metric and subset.

        Raises:
            InputError: there is no such table yet.
        """
        return read_table(self.folder / "pairs.csv")

    def predictions(self, model: str) -> pd.DataFrame:
        """Predictions of a model, image by image.

        Raises:
            InputError: there are none.
        """
        return read_table(self.folder / "predictions" / f"{model}.parquet")

    def explanations(self, method: str) -> Explanations:
        """Explanations of all models and replicas by a method.

        Raises:
            InputError: there are no maps by this method, or a file is damaged.
        """
        having = [entry.name for entry in _folders(self.folder / FOLDER)]
        if method not in having:
            raise InputError(
                f"method: {self.folder} has no maps by {method!r}, only by {display.listed(having)}"
                f"{did_you_mean(method, having)}"
            )
        there = {file.stem for file in (self.folder / FOLDER / method).glob("*.nc")}
        missing = [model for model in self.models if model not in there]
        if missing:
            raise InputError(
                f"{self.folder} has no maps of {display.listed(missing)} by {method} yet; run the study's "
                "target explanations"
            )
        models = [model for model in (*self.models, *self.replicas) if model in there]
        return read_explanations(
            self.folder,
            method,
            models,
            lambda: self.images,
            roles=self.roles,
            names=self.names,
            replicas=[model for model in self.replicas if model in there],
            stratified=self._stratified,
        )

    def result(self, method: str, metric: str = "cosine", subset: str = "all") -> Result:
        """What is known of the similarity of all models by a method and a metric.

        Raises:
            InputError: the study has not compared them in this way, or not yet.
        """
        path = self.folder / CHANCE / method / f"{metric}.nc"
        if not path.exists():
            files = sorted((self.folder / CHANCE).glob("*/*.nc"))
            known = [f"{file.parent.name} by {file.stem}" for file in files]
            raise InputError(
                f"{self.folder} has no comparison of {method} by {metric}, only "
                f"{display.listed(known) or 'none'}; run the study's target similarity"
            )
        with open_arrays(path, ["subset"]) as file:
            subsets = [str(name) for name in file["subset"].to_numpy()]
        if subset not in subsets:
            raise InputError(
                f"subset: {subset!r} is none of {', '.join(subsets)}; choose one of them"
            )
        return Result.read(
            path,
            subset,
            roles=self.roles,
            stratified=self._stratified,
            kernel=Kernel.read(str(self.folder / "similarity" / method / f"{metric}.nc")),
            method=method,
            names=self.names,
            replicas=self.replicas,
            maps=self.folder,
        )

    @cached_property
    def roles(self) -> Roles:
        """Families, seeds of one network and controls, where their table is there already."""
        return Roles({}) if self._table is None else Roles.of_table(self._table)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Model → display name, where the table of models is there already."""
        if self._table is None:
            return {}
        return dict(zip(self._table["model"], self._table["name"].astype(str), strict=True))

    @cached_property
    def _table(self) -> pd.DataFrame | None:
        path = self.folder / MODELS
        return read_table(path, COLUMNS) if path.exists() else None

    @cached_property
    def _explained(self) -> list[str]:
        """Models with maps by any method, sorted."""
        return sorted({file.stem for file in (self.folder / FOLDER).glob("*/*.nc")})

    @cached_property
    def _size(self) -> int:
        """Side of the images in pixels, from the first file of maps."""
        for path in sorted((self.folder / FOLDER).glob("*/*.nc"))[:1]:
            with open_arrays(path) as file:
                return int(np.ravel(file.attrs["height"])[0])
        raise InputError(f"{self.folder} has no maps yet; run the study's target explanations")

    @cached_property
    def _stratified(self) -> bool:
        """Whether a study chose its images class by class: they go round the classes."""
        if not (self.folder / "dissimilarity").is_dir():
            return False  # saved from a notebook
        table = read_table(self.folder / "images.parquet", ["class_name"])
        rounds = table.groupby("class_name").cumcount()
        return bool(rounds.is_monotonic_increasing)

    def __repr__(self) -> str:
        return display.text(self._title, self._facts)

    def _repr_html_(self) -> str:
        return display.html(self._title, self._facts)

    @property
    def _title(self) -> str:
        return f"Study in {self.folder}"

    @property
    def _facts(self) -> dict[str, object]:
        facts = {
            "models": display.listed(self.models),
            "replicas": display.listed(self.replicas) or "none",
            "methods": display.listed(self.methods),
            "metrics": display.listed(self.metrics) or "none",
        }
        return {**facts, "images": len(read_table(self.folder / "images.parquet"))}


def open_study(folder: Path) -> FinishedStudy:
    """The study in a folder of results.

    Raises:
        InputError: the folder holds no study.
    """
    if not (folder / "images.parquet").exists():
        inside = [entry.name for entry in _folders(folder) if (entry / "images.parquet").exists()]
        hint = f"; did you mean {folder / inside[0]}?" if inside else "; give results/<study>"
        raise InputError(f"path: {folder} is no folder of a study, it has no images.parquet{hint}")
    return FinishedStudy(folder)


def _folders(place: Path) -> list[Path]:
    return sorted(entry for entry in place.iterdir() if entry.is_dir()) if place.is_dir() else []
