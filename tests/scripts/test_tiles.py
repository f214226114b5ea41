"""Similarities of groups of models, put together, are those of all models at once."""

from pathlib import Path

import numpy as np
import pytest

from scripts import compare_models, join_similarities
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.stores.arrays import open_arrays, write_arrays
from thinkalike.stores.kernels import VALUES
from thinkalike.stores.maps import write_maps

IMAGES = [f"val/{i}.png" for i in range(9)]
MODELS = [f"m{i}" for i in range(7)]
GROUPS = [slice(0, 3), slice(3, 6), slice(6, 7)]
LABELS = np.stack([np.arange(256).reshape(16, 16) * (3 + i % 4) // 256 for i in range(9)]).astype(
    np.int16
)


def written(folder: Path, kind: str) -> list[str]:
    """Maps of seven models; those of the second are blank on two images."""
    random = np.random.default_rng(0)
    paths = []
    for number, model in enumerate(MODELS):
        match kind:
            case "grids":
                bases: tuple = (Grid(4, 4, 16, 16) if number % 2 else Grid(3, 5, 16, 16),)
            case "pixels":
                bases = (Pixels(16, 16),)
            case _:
                bases = tuple(Segments(labels) for labels in LABELS)
        size = max(basis.size for basis in bases)
        filled = np.arange(size) < np.array([basis.size for basis in bases])[:, None]
        values = np.where(filled, random.normal(size=(9, size)), np.nan)
        if number == 1:
            values[[2, 5]] = np.where(np.isnan(values[[2, 5]]), np.nan, 0)
        draws = values[:, None] + 0.1 * random.normal(size=(9, 4, size))
        paths.append(str(folder / f"{model}.nc"))
        write_maps(
            paths[-1],
            Maps(values, bases),
            image_ids=IMAGES,
            measures={},
            attributes={},
            draws=draws if kind == "superpixels" else None,
        )
    write_arrays(
        folder / "segments.nc",
        {"labels": (("image", "y", "x"), LABELS)},
        coordinates={"image": IMAGES},
        attributes={},
    )
    return paths


def compare(paths, output, models, *, others=(), other_models=(), kind, metric, blanks="exclude"):
    compare_models.main(
        explanations=paths,
        similarity=str(output),
        models=models,
        other_models=other_models,
        number=9,
        method="some",
        metric=metric,
        comparison={"sign": "signed", "rescaling": "max_abs", "sigma": 0.3, "blanks": blanks},
        code="0" * 16,
        others=others,
        segments=str(Path(paths[0]).parent / "segments.nc") if kind == "superpixels" else None,
    )


def tiles(folder: Path, paths: list[str], **case: str) -> list[str]:
    found = []
    for j, column in enumerate(GROUPS):
        for i, row in enumerate(GROUPS[: j + 1]):
            found.append(str(folder / f"{i}_{j}.nc"))
            second = {} if i == j else {"others": paths[column], "other_models": MODELS[column]}
            compare(paths[row], found[-1], MODELS[row], **second, **case)
    return found


@pytest.mark.parametrize("blanks", ["exclude", "zero"])
@pytest.mark.parametrize("metric", ["cosine", "rbf"])
@pytest.mark.parametrize("kind", ["grids", "pixels", "superpixels"])
def test_tiles_are_the_whole(kind, metric, blanks, tmp_path):
    paths = written(tmp_path, kind)
    case = {"kind": kind, "metric": metric, "blanks": blanks}
    compare(paths, tmp_path / "whole.nc", MODELS, **case)
    parts = tiles(tmp_path, paths, **case)
    join_similarities.main(parts, str(tmp_path / "joined.nc"), models=MODELS)
    with open_arrays(tmp_path / "whole.nc") as whole, open_arrays(tmp_path / "joined.nc") as joined:
        assert whole.attrs == joined.attrs
        assert whole.sizes == joined.sizes
        assert joined["image"].to_numpy().tolist() == IMAGES
        assert joined["model_b"].to_numpy().tolist() == MODELS
        for name in (*VALUES, "blank"):
            np.testing.assert_allclose(joined[name], whole[name], rtol=0, atol=1e-12, err_msg=name)
        errors = whole["estimation_error"].to_numpy()
        assert (np.nanmax(errors) > 0.001) == (kind == "superpixels")
        assert whole["blank"].to_numpy().sum() == 2


def test_the_order_of_tiles_does_not_matter(tmp_path):
    paths = written(tmp_path, "grids")
    parts = tiles(tmp_path, paths, kind="grids", metric="cosine")
    for name, order in (("a", parts), ("b", parts[::-1])):
        join_similarities.main(order, str(tmp_path / f"{name}.nc"), models=MODELS)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


def test_tiles_of_other_images_are_refused(tmp_path):
    paths = written(tmp_path, "grids")
    parts = tiles(tmp_path, paths, kind="grids", metric="cosine")
    pair = ("image", "model_a", "model_b")
    with open_arrays(parts[2]) as dataset:
        values = {name: (pair, dataset[name].to_numpy()) for name in VALUES}
    write_arrays(
        parts[2],
        values,
        coordinates={"image": IMAGES[::-1], "model_a": MODELS[3:6], "model_b": MODELS[3:6]},
        attributes={},
    )
    with pytest.raises(
        InputError, match=r"1_1\.nc is about other images than .*0_0\.nc; delete it"
    ):
        join_similarities.main(parts, str(tmp_path / "joined.nc"), models=MODELS)
    assert not (tmp_path / "joined.nc").exists()
