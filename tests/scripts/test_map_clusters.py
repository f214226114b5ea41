"""From files of maps to clusters and figures: planted kinds of maps, blank ones, files that do not fit."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scripts import cluster_maps, plot_choices, plot_map_clusters, plot_spectra
from thinkalike.clustering.spectral.cut import ALL, APART
from thinkalike.compare.bases import Grid, Pixels
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.plotting import map_clusters as plotting
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import read_square, read_table, write_table

MODELS = ["alpha", "beta"]
IMAGES = 24
RESULTS = ["/".join(pair) for pair in ALL]
TABLES = ["results", "eigenvalues", "agreement", "known", "choices"]
FIGURES = ["embeddings", "spectra", "agreement"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models of unlike bases that explain even images one way and odd ones another.

    The maps of the second are a thousand times as large: lengths must not matter. Two of the first
    are blank.
    """
    random = np.random.default_rng(0)
    kinds = np.array([[1.0, 0, 0, 0], [0, 0, -1, 1]])
    names = [f"val/8/{i}.png" for i in range(IMAGES)]
    paths = [str(tmp_path / f"{i}.png") for i in range(IMAGES)]
    for path in paths:
        Image.fromarray(random.integers(0, 255, (8, 8, 3), np.uint8)).save(path)
    kind = np.arange(IMAGES) % 2
    images = {"image_id": names, "path": paths, "class_name": "8", "split": "val"}
    write_table(pd.DataFrame(images), tmp_path / "images.parquet")
    for model in MODELS:
        cells = kinds[kind] + 0.1 * random.normal(size=(IMAGES, 4))
        maps = Maps(1e3 * cells, (Grid(2, 2, 8, 8),))
        if model == "alpha":
            pixels = Grid(2, 2, 8, 8).synthesis() @ cells.T
            maps = Maps(pixels.T.copy(), (Pixels(8, 8),))
            maps.coefficients[[3, 8]] = 0
        write_maps(
            tmp_path / f"{model}.nc", maps, image_ids=names, measures={}, attributes={"method": "x"}
        )
        predicted = np.where(kind == 1, "3", "8")
        table = {
            "image_id": names,
            "predicted_name": predicted,
            "correct": kind == 0,
            "probability": 0.9,
        }
        write_table(pd.DataFrame(table), tmp_path / f"{model}.parquet")
    return tmp_path


def run(
    folder: Path, models: Sequence[str] = MODELS, clusters: int | None = None, clouds: int = 2
) -> None:
    params = {
        "case": "joint",
        "models": models,
        "comparison": {"sign": "signed", "rescaling": "none"},
        "settings": {
            "clusters": clusters,
            "neighbours": 12,
            "bootstraps": 4,
            "nulls": {"draws": clouds, "maps": 40, "bootstraps": 2},
        },
        "threads": 2,
        "seed": 0,
    }
    cluster_maps.main(
        images=str(folder / "images.parquet"),
        explanations=[str(folder / f"{model}.nc") for model in models],
        predictions=[str(folder / f"{model}.parquet") for model in models],
        points=str(folder / "points.parquet"),
        **{name: str(folder / f"{name}.csv") for name in TABLES},
        **params,
    )


def test_planted_kinds_of_maps_are_found_across_models_and_bases(folder):
    run(folder)
    points = read_table(folder / "points.parquet")
    assert points["model"].tolist() == ["alpha"] * IMAGES + ["beta"] * IMAGES
    results = read_table(folder / "results.csv")
    assert results["clusters"].tolist() == [2] * 12
    # a sample may leave a kind with no more maps than neighbours, which a mutual graph sets apart
    assert (results.loc[results["graph"] != "mutual", "stability"] == 1).all()
    known = read_table(folder / "known.csv").pivot_table(index="known", values="adjusted_rand")
    assert known.loc["predicted", "adjusted_rand"] == 1
    assert known.loc["correct", "adjusted_rand"] == 1
    assert abs(known.loc["model", "adjusted_rand"]) < 0.1
    assert "class" not in known.index  # all of one class: nothing to agree with
    np.testing.assert_array_equal(read_square(folder / "agreement.csv").to_numpy(), 1)
    choices = read_table(folder / "choices.csv")
    assert (choices[["graph", "laplacian", "both"]] == 1).all(axis=None)


def test_blank_maps_are_in_no_cluster_and_counted(folder, caplog):
    run(folder)
    points = read_table(folder / "points.parquet")
    blank = points["blank"].to_numpy()
    np.testing.assert_array_equal(np.flatnonzero(blank), [3, 8])
    assert (points.loc[blank, RESULTS] == APART).all(axis=None)
    assert points.loc[blank, ["x", "y"]].isna().all(axis=None)
    assert (points.loc[~blank, RESULTS] != APART).all(axis=None)
    results = read_table(folder / "results.csv")
    assert (results["maps"] == 46).all()
    assert (results["blank"] == 2).all()
    assert "2 of 48 maps are blank and left out" in caplog.text


def test_maps_that_are_all_blank_say_so(folder):
    names = read_table(folder / "images.parquet")["image_id"].tolist()
    maps = Maps(np.zeros((IMAGES, 64)), (Pixels(8, 8),))
    write_maps(folder / "alpha.nc", maps, image_ids=names, measures={}, attributes={})
    with pytest.raises(InputError, match="0 points cannot be clustered; give at least three maps"):
        run(folder, models=["alpha"])


def test_maps_of_other_images_are_refused(folder):
    images = read_table(folder / "images.parquet")
    write_table(images[::-1], folder / "images.parquet")
    with pytest.raises(InputError, match=r"alpha.nc is about other images than .*delete it"):
        run(folder)


def test_more_clusters_than_maps_that_are_not_blank_are_refused(folder):
    with pytest.raises(InputError, match="47 clusters of 46 maps"):
        run(folder, clusters=47)


def drawn(folder: Path, name: str) -> list[str]:
    return [str(folder / f"{name}.{suffix}") for suffix in ("svg", "png", "csv")]


def test_figures_show_every_cluster_with_its_size(folder, monkeypatch):
    run(folder)
    title = {"name": "All", "method": "gradcam", "class_name": "8"}
    for side in (plotting.SIDE, 4):  # images drawn smaller than maps, too
        monkeypatch.setattr(plotting, "SIDE", side)
        plot_map_clusters.main(
            points=str(folder / "points.parquet"),
            results=str(folder / "results.csv"),
            explanations=[str(folder / f"{model}.nc") for model in MODELS],
            clusters=drawn(folder, "clusters"),
            comparison={"sign": "signed", "rescaling": "none"},
            size=8,
            names={model: model.title() for model in MODELS},
            **title,
        )
        table = read_table(folder / "clusters.csv")
        # alpha lacks one of either kind
        assert table["maps"].tolist() == [23, 23]
        assert set(table["predicted"]) == {"8 (23)", "3 (23)"}
        assert table["models"].tolist() == ["beta (12), alpha (11)"] * 2
        assert (table["cosine_with_mean"] > 0.9).all()
    plot_spectra.main(
        points=str(folder / "points.parquet"),
        **{name: str(folder / f"{name}.csv") for name in TABLES if name != "choices"},
        **{f"{f}_figure": drawn(folder, f"{f}_drawn") for f in FIGURES},
        **title,
    )
    plot_choices.main(
        choices=[str(folder / "choices.csv")],
        results=[str(folder / "results.csv")],
        choices_figure=drawn(folder, "choices_drawn"),
        names={"joint": "All"},
    )
    for name in ("clusters", "choices_drawn", *(f"{name}_drawn" for name in FIGURES)):
        assert re.search(r"<svg", (folder / f"{name}.svg").read_text())
        assert Image.open(folder / f"{name}.png").size[0] > 1000
