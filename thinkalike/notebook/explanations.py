"""Explanations of the same images by several models, as the files of a study have them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from thinkalike.compare.bases import Cells, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, blank, render
from thinkalike.errors import InputError, did_you_mean
from thinkalike.explain.explanation import Explanation, read_explanation
from thinkalike.methods import method_name
from thinkalike.notebook import display
from thinkalike.notebook.images import Images
from thinkalike.statistics.roles import Roles
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.maps import file_stem, maps_arrays, read_segments, write_maps
from thinkalike.stores.tables import read_table, write_table

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

FOLDER = "explanations"
MODELS = "models.csv"


@dataclass(frozen=True, eq=False)
class Explanations:
    """Explanations of N images by one method and several models.

    Attributes:
        method: key of the method, or of a variant of it.
        explanations: model → its explanation of the images, in the precision of a file.
        attributes: model → settings and units, the attributes of its file.
        predictions: model → table of its predictions, image by image.
        images: that were explained, or a function that reads them.
        class_names: of the images, as far as they are known.
        roles: families, seeds of one network and controls, as far as they are known.
        names: model → display name, likewise.
        replicas: models that are further seeds of others, and stand in no matrix.
        stratified: whether images were chosen class by class.
    """

    method: str
    explanations: Mapping[str, Explanation]
    attributes: Mapping[str, Mapping[str, Any]]
    predictions: Mapping[str, pd.DataFrame]
    images: Images | Callable[[], Images]
    class_names: Sequence[str] | None = None
    roles: Roles = field(default_factory=lambda: Roles({}))
    names: Mapping[str, str] = field(default_factory=dict)
    replicas: Sequence[str] = ()
    stratified: bool = False

    @property
    def models(self) -> list[str]:
        """Names of the models, in order."""
        return list(self.explanations)

    @property
    def maps(self) -> dict[str, Maps]:
        """Model → its maps, as coefficients in the basis that they were computed in."""
        return {model: each.maps for model, each in self.explanations.items()}

    @property
    def image_ids(self) -> list[str]:
        """Names of the images that were explained, in order."""
        return next(iter(self.predictions.values()))["image_id"].tolist()

    @property
    def base(self) -> str:
        """Key of the method that computed the maps; of a variant the method that it varies."""
        return str(next(iter(self.attributes.values()))["method"])

    @property
    def not_converged(self) -> dict[str, int]:
        """Model → number of maps that did not converge within the tolerances.

        Models without such maps are left out, and so are all of methods that promise no sum.
        """
        flags = {model: each.measures.get("converged") for model, each in self.explanations.items()}
        counts = {
            model: int((flag == 0).sum()) for model, flag in flags.items() if flag is not None
        }
        return {model: count for model, count in counts.items() if count}

    @property
    def baseline(self) -> tuple[float, ...]:
        """RGB of what replaced a pixel that was taken away; black for a method that takes none away."""
        values = np.ravel(next(iter(self.attributes.values()))["baseline"])
        return tuple(map(float, values)) or (0.0, 0.0, 0.0)

    @property
    def moved(self) -> int:
        """Pixels that the images were moved to the right before they were explained."""
        return int(np.ravel(next(iter(self.attributes.values())).get("moved", 0))[0])

    def __getitem__(self, model: str) -> Explanation:
        """Explanation by one model: maps, targets, measures and what else the method gives."""
        if model not in self.explanations:
            raise InputError(
                f"model: {model!r} is none of {display.listed(self.models)}"
                f"{did_you_mean(model, self.models)}"
            )
        return self.explanations[model]

    def seen(self) -> Images:
        """The images that were explained."""
        images = self.images if isinstance(self.images, Images) else self.images()
        return images[: len(self.image_ids)]

    def to_xarray(self, model: str | None = None) -> "xr.Dataset | xr.DataArray":
        """Maps with labels.

        Args:
            model: given, everything that the file of this model has, with the maps as coefficients in
                their basis; None, the maps of all models as pixels.

        Returns:
            A Dataset, or a DataArray (model, image, y, x) float32.
        """
        import xarray as xr

        if model is not None:
            arrays, coordinates, attributes = maps_arrays(
                image_ids=self.image_ids, attributes=self.attributes[model], **self[model].arrays
            )
            return xr.Dataset(arrays, coordinates, attributes)
        count = range(len(self.image_ids))
        pixels = [
            [render(maps, number).astype(np.float32) for number in count]
            for maps in self.maps.values()
        ]
        coordinates = {"model": self.models, "image": self.image_ids}
        dimensions = ("model", "image", "y", "x")
        return xr.DataArray(np.array(pixels), coordinates, dimensions, name=self.method)

    def table(self) -> pd.DataFrame:
        """A row for every model: basis of its maps, blank maps, images predicted right, and measures."""
        rows = {}
        for model, each in self.explanations.items():
            predicted = self.predictions[model]
            measures = {
                f"mean {name}": float(np.mean(values))
                for name, values in each.measures.items()
                if values.dtype.kind in "fiub"
            }
            right = predicted["correct"].mean() if "correct" in predicted else np.nan
            rows[model] = {
                "basis": _described(each.maps),
                "blank": int(blank(each.maps).sum()),
                "accuracy": right,
                **measures,
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")

    def save(self, path: str | Path) -> None:
        """Write the maps as a study has them.

        Args:
            path: of a folder, which gets `explanations/<method>/<model>.nc`, `predictions/<model>.parquet`,
                `images.parquet`, `models.csv`, and `segments.nc` where maps are on regions;
                `thinkalike.api.open` reads it. Or of a file, .nc, for the maps of a single model.

        Raises:
            InputError: a file for several models, or a folder that has other images or regions.
        """
        target = Path(path)
        if target.suffix == ".nc":
            if len(self.explanations) > 1:
                raise InputError(
                    f"path: {target} is one file for {len(self.explanations)} models; give a folder"
                )
            self._write_model(self.models[0], target)
            return
        self._check_place(target)
        write_table(self.seen().listing, target / "images.parquet")
        if self._regions is not None:
            coordinates, attributes = {"image": self.image_ids}, {"algorithm": "given", "code": ""}
            labels = {"labels": (("image", "y", "x"), self._regions)}
            write_arrays(
                target / "segments.nc", labels, coordinates=coordinates, attributes=attributes
            )
        names = {model: self.names.get(model, model) for model in self.models}
        write_table(self.roles.table(names, self.replicas), target / MODELS)
        for model, predicted in self.predictions.items():
            write_table(predicted, target / "predictions" / f"{file_stem(model)}.parquet")
            self._write_model(model, target / FOLDER / self.method / f"{file_stem(model)}.nc")

    def _write_model(self, model: str, path: Path) -> None:
        attributes = self.attributes[model]
        write_maps(path, image_ids=self.image_ids, attributes=attributes, **self[model].arrays)

    @property
    def _regions(self) -> np.ndarray | None:
        """Labels (N, height, width) of the regions that maps are on, if they are on any."""
        bases = next(iter(self.explanations.values())).maps.bases
        if not all(isinstance(basis, Segments) for basis in bases):
            return None
        return np.stack([basis.labels for basis in bases if isinstance(basis, Segments)])

    def _check_place(self, folder: Path) -> None:
        """Refuse a folder with maps of other images, or on other regions: its files would not fit."""
        listing, regions = folder / "images.parquet", folder / "segments.nc"
        if listing.exists() and read_table(listing)["image_id"].tolist() != self.image_ids:
            raise InputError(f"path: {folder} has maps of other images; give another folder")
        if self._regions is not None and regions.exists():
            known = [segments.labels for segments in read_segments(regions)]
            if not np.array_equal(known, self._regions):
                raise InputError(f"path: {folder} has maps on other regions; give another folder")

    def plot(
        self, path: str | Path | None = None, *, image: int | str = 0, models: Sequence[str] = ()
    ) -> "Figure":
        """Draw one image as the models see it: its maps side by side, with the predictions.

        Args:
            path: of a file such as panel.png or panel.svg; None: nothing is written.
            image: number or id of the image.
            models: that are drawn; by default all.

        Raises:
            InputError: there is no such image or model.
        """
        from thinkalike.plotting.panels import Prediction, panel
        from thinkalike.plotting.style import styled, write_figure

        number = self._number(image)
        shown = list(models) or self.models
        families = {model: self.roles.families.get(model) or "other" for model in shown}
        predicted = [
            Prediction.of(
                self.predictions[model].assign(**_unknown(self.predictions[model])).iloc[number]
            )
            for model in shown
        ]
        with styled(families):
            figure = panel(
                self.seen().pixels[number],
                {self.method: [render(self[model].maps, number) for model in shown]},
                predicted,
                models=shown,
                names={model: self.names.get(model, model) for model in shown},
                families=families,
                title=self.image_ids[number],
            )
            write_figure(figure, path)
        return figure

    def _number(self, image: int | str) -> int:
        if isinstance(image, str):
            if image not in self.image_ids:
                hint = did_you_mean(image, self.image_ids)
                raise InputError(f"image: {image!r} was not explained{hint}")
            return self.image_ids.index(image)
        if not -len(self.image_ids) <= image < len(self.image_ids):
            raise InputError(
                f"image: there is no number {image} among {len(self.image_ids)} images, counted from 0"
            )
        return int(image)

    def _facts(self) -> dict[str, object]:
        attributes = next(iter(self.attributes.values()))
        missing = [f"{model} {count}" for model, count in self.not_converged.items()]
        return {
            "models": display.listed(self.models),
            "images": f"{len(self.image_ids)}: {display.listed(self.image_ids, 3)}",
            "explained": f"{attributes['units']}, target: {attributes['target']}",
            **({"not converged": f"maps of {', '.join(missing)}"} if missing else {}),
        }

    def __repr__(self) -> str:
        return display.text(self._title, self._facts(), self.table())

    def _repr_html_(self) -> str:
        return display.html(self._title, self._facts(), self.table())

    @property
    def _title(self) -> str:
        count = len(self.explanations)
        return f"{method_name(self.method)}, {count} model{'s' if count > 1 else ''}"


def _unknown(predicted: pd.DataFrame) -> dict[str, Any]:
    """Columns of predictions that nobody knows: they are not called wrong, nor is a missing head."""
    missing: dict[str, Any] = {} if "correct" in predicted else {"correct": True}
    if "predicted_name" not in predicted:
        missing |= {"predicted_name": "no classes", "probability": np.nan}
    return missing


def _described(maps: Maps) -> str:
    """Basis of maps in words."""
    basis = maps.bases[0]
    if isinstance(basis, Grid):
        return f"{basis.rows} × {basis.columns} grid"
    if isinstance(basis, Pixels):
        return f"{basis.height} × {basis.width} pixels"
    if isinstance(basis, Cells):
        return f"{basis.rows} × {basis.columns} cells"
    sizes = [basis.size for basis in maps.bases]
    return f"{min(sizes)} to {max(sizes)} regions"


def read_explanations(
    folder: Path,
    method: str,
    models: Sequence[str],
    images: Callable[[], Images],
    **known: Any,
) -> Explanations:
    """Explanations of a folder that `Explanations.save` or a study has made.

    Args:
        folder: `results/<study>`.
        method: key of a method or variant.
        models: stems of the files.
        images: reads the images.
        known: further attributes of `Explanations`.

    Raises:
        InputError: a file is missing, damaged, or does not fit the others.
    """
    regions = folder / "segments.nc"
    segments = read_segments(regions) if regions.exists() else None
    explanations, attributes, predictions = {}, {}, {}
    for stem in models:
        path = folder / FOLDER / method / f"{stem}.nc"
        explanation, ids, stated = read_explanation(path, segments)
        name = str(stated.get("model", stem))
        table = read_table(folder / "predictions" / f"{stem}.parquet", ["image_id"])[: len(ids)]
        explanations[name], attributes[name], predictions[name] = explanation, stated, table
    listing = read_table(folder / "images.parquet", ["class_name"])["class_name"].astype(str)
    classes = listing[: len(ids)].tolist()
    return Explanations(
        method,
        explanations,
        attributes,
        predictions,
        images,
        classes if all(classes) else None,
        **known,
    )
