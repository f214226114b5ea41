"""Shares of cells against sums by hand, and the interval against SciPy's; which cells stand out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from scripts import explain_layers, plot_borders, tabulate_grids
from tests.support.explaining import images, question, with_architecture
from tests.support.small_study import small_study
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.borders import border, border_table, cell_shares
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.explain import gradcam
from thinkalike.plotting.borders import border_maps
from thinkalike.plotting.style import styled
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import read_table


def on_grid(cells: np.ndarray) -> Maps:
    """(N, rows, columns) as maps."""
    return Maps(cells.reshape(len(cells), -1), (Grid(*cells.shape[1:], 64, 64),))


def objects(side: int = 7, count: int = 100, spread: float = 0.2) -> np.ndarray:
    """Blobs near the middle of the image, (count, side, side), with signed noise around them."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] / (side - 1) - 0.5
    centre = rng.normal(0, spread, (count, 2, 1, 1))
    blobs = np.exp(-((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2) / (2 * 0.15**2))
    return blobs + rng.normal(0, 0.1, blobs.shape)


def with_corner(cells: np.ndarray, share: float) -> np.ndarray:
    """The same maps with a share of the positive mass in the cell [0, -1]."""
    result = cells.copy()
    others = np.maximum(cells, 0).sum((1, 2)) - np.maximum(cells[:, 0, -1], 0)
    result[:, 0, -1] = others * share / (1 - share)
    return result


def test_shares_are_those_of_the_positive_mass_of_each_map():
    cells = objects(count=5).astype(np.float32)
    cells[3] = -1
    shares = cell_shares(on_grid(cells))
    assert shares.shape == (5, 7, 7)
    for found, image in zip(shares, cells.astype(float), strict=True):
        positive = [[max(value, 0) for value in row] for row in image.tolist()]
        total = sum(map(sum, positive))
        expected = np.array(positive) / total if total else np.full((7, 7), np.nan)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("rows", "columns"), [(7, 7), (4, 6), (2, 5), (1, 1)])
def test_the_border_is_every_cell_with_a_neighbour_outside(rows, columns):
    expected = [
        [r in (0, rows - 1) or c in (0, columns - 1) for c in range(columns)] for r in range(rows)
    ]
    np.testing.assert_array_equal(border(rows, columns), expected)


def test_the_table_has_the_mean_over_images_with_a_map_and_student_s_interval():
    cells = objects(side=5, count=12)
    cells[[2, 7]] = -np.abs(cells[[2, 7]])
    table = border_table(on_grid(cells))
    assert table[["n", "blank"]].drop_duplicates().to_numpy().tolist() == [[10, 2]]
    assert list(zip(table["row"], table["column"], strict=True)) == list(np.ndindex(5, 5))
    np.testing.assert_allclose(table["share"].sum(), 1)
    assert set(table["uniform"]) == {1 / 25}
    seen = np.delete(cell_shares(on_grid(cells)), [2, 7], axis=0).reshape(10, -1)
    peer = ttest_1samp(seen, 0)
    interval = peer.confidence_interval(0.95)
    np.testing.assert_allclose(table["share"], seen.mean(0))
    np.testing.assert_allclose(table["standard_error"], seen.mean(0) / peer.statistic)
    np.testing.assert_allclose(table["low"], np.maximum(interval.low, 0))
    np.testing.assert_allclose(table["high"], np.minimum(interval.high, 1))


@pytest.mark.parametrize("side", [4, 7, 14])
@pytest.mark.parametrize("spread", [0.1, 0.2, 0.3])
def test_objects_near_the_middle_make_no_cell_suspicious(side, spread):
    assert not border_table(on_grid(objects(side, spread=spread)))["suspicious"].any()


@pytest.mark.parametrize("side", [4, 7, 14])
def test_a_cell_that_has_the_mass_in_nearly_every_image_is_suspicious(side):
    table = border_table(on_grid(with_corner(objects(side), 0.9)))
    found = table[table["suspicious"]]
    assert found[["row", "column"]].to_numpy().tolist() == [[0, side - 1]]
    np.testing.assert_allclose(found["share"], 0.9)
    assert found["border"].all()


def test_one_image_in_ten_is_not_enough():
    cells = objects()
    cells[::10] = with_corner(cells[::10], 0.9)
    table = border_table(on_grid(cells))
    corner = table[(table["row"] == 0) & (table["column"] == 6)].iloc[0]
    assert corner["share"] > 4 * corner["uniform"]
    assert not corner["suspicious"]


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_maps_there_is_no_interval_and_no_suspicion(count):
    cells = -np.ones((3, 7, 7))
    cells[:count, 0, 6] = 1
    table = border_table(on_grid(cells))
    assert (table["n"] == count).all()
    assert (table["blank"] == 3 - count).all()
    assert table[["standard_error", "low", "high"]].isna().all(axis=None)
    assert not table["suspicious"].any()
    assert table["share"].isna().all() == (count == 0)


def test_maps_without_a_grid_are_refused():
    for basis in (Pixels(4, 4), Segments(np.arange(16).reshape(4, 4))):
        with pytest.raises(InputError, match="have no grid whose cells could be compared"):
            border_table(Maps(np.ones((1, 16)), (basis,)))


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, list[str]]:
    """Of two models, the second with a corner."""
    cells = objects()
    explanations = []
    for model, maps in {"plain": cells, "corner": with_corner(cells, 0.9)}.items():
        explanations.append(str(tmp_path / f"{model}.nc"))
        write_maps(
            explanations[-1],
            on_grid(maps),
            image_ids=[str(i) for i in range(len(maps))],
            measures={},
            attributes={"depth": 100},
        )
    tabulate_grids.main(
        explanations,
        str(tmp_path / "resolutions.csv"),
        str(tmp_path / "borders.csv"),
        models=["plain", "corner"],
        layers={"plain": "layer4", "corner": "conv_head"},
    )
    return tmp_path, ["plain", "corner"]


def test_resolutions_and_borders_are_tabulated_with_the_suspicious_cells(tables):
    folder, models = tables
    resolutions = read_table(folder / "resolutions.csv")
    assert resolutions.to_numpy().tolist() == [
        ["plain", 7, 7, "layer4"],
        ["corner", 7, 7, "conv_head"],
    ]
    cells = read_table(folder / "borders.csv")
    assert cells.groupby("model", sort=False).size().to_dict() == dict.fromkeys(models, 49)
    suspicious = cells[cells["suspicious"]]
    assert suspicious[["model", "row", "column"]].to_numpy().tolist() == [["corner", 0, 6]]


def test_the_warning_names_model_cell_and_share(tables, caplog):
    folder, models = tables
    caplog.clear()
    tabulate_grids.main(
        [str(folder / f"{model}.nc") for model in models],
        str(folder / "resolutions.csv"),
        str(folder / "borders.csv"),
        models=models,
        layers=dict.fromkeys(models, "layer4"),
    )
    (warning,) = (r.getMessage() for r in caplog.records if r.levelname == "WARNING")
    assert warning.startswith("corner: most of its Grad-CAM maps have their mass in the same place")
    assert "[0, 6] 90%" in warning


@pytest.mark.parametrize("mended", [[], [[0, 6], [1, 0]]])
def test_layers_are_explained_side_by_side_and_the_published_one_with_its_mended_cells(
    tmp_path, mended
):
    case = small_study(tmp_path, "efficientnet", 5)
    case.parameters["architecture"] |= {
        "layout": "nchw",
        "prefix": 0,
        "layers": {"depth_100": "conv_head"},
    }
    del case.parameters["seed"]
    output = str(tmp_path / "layers.csv")
    explain_layers.main(
        *case.paths,
        output,
        layers=["conv_head", "bn2", "blocks"],
        mended=mended,
        number=4,
        **case.parameters,
    )
    table = read_table(output)
    model = with_architecture(case.model, layers={"depth_100": "conv_head"})
    expected = {
        (layer, "none"): found
        for layer, found in gradcam.at_layers(
            model, images(5)[:4], None, question(), layers=["conv_head", "bn2", "blocks"]
        ).items()
    }
    if mended:
        expected["conv_head", "[0, 6] [1, 0]"] = gradcam.explain(
            model, images(5)[:4], None, question(), depth=100, mended=mended
        )
    parts = dict(iter(table.groupby(["layer", "mended"])))
    assert set(parts) == set(expected)
    for case_of, found in expected.items():
        part = parts[case_of]
        shares = cell_shares(found.maps)
        seen = np.isfinite(shares).all((1, 2))
        np.testing.assert_allclose(part["share"], shares[seen].mean(0).ravel(), atol=1e-6)
        assert (part["n"] == seen.sum()).all()
        assert (part["published"] == (case_of[0] == "conv_head")).all()
        assert set(part["model"]) == {"efficientnet"}


NAMES = {"plain": "Plain", "corner": "Corner"}
FAMILIES = {"plain": "cnn", "corner": "transformer"}


def test_the_figure_outlines_the_suspicious_cells_and_prints_the_share_at_the_border(tables):
    folder, models = tables
    cells = read_table(folder / "borders.csv")
    own = cells[cells["model"] == "corner"]
    layers = pd.concat([own.assign(layer=layer, mended="none") for layer in ("one", "other")])
    with styled():
        figure = border_maps(
            cells, layers, models=models, names=NAMES, families=FAMILIES, title="borders"
        )
        panels = {axes.get_title(): axes for axes in figure.get_axes() if axes.get_title()}
        assert list(panels) == ["Plain", "Corner", "one", "other"]
        outlined = {
            name: [(p.get_y() + 0.5, p.get_x() + 0.5) for p in axes.patches]
            for name, axes in panels.items()
        }
        assert outlined == {"Plain": [], "Corner": [(0, 6)], "one": [(0, 6)], "other": [(0, 6)]}
        share = own.loc[own["border"], "share"].sum()
        assert panels["Corner"].get_xlabel() == f"border {share:.0%}, even 49%"
        picture = panels["Plain"].images[0]
        expected = cells.loc[cells["model"] == "plain", "share"].to_numpy() * 49
        drawn = np.asarray(picture.get_array()).ravel()
        np.testing.assert_allclose(drawn, np.maximum(expected, picture.norm.vmin))
        assert picture.norm.vmin * picture.norm.vmax == 1


@pytest.mark.parametrize("candidates", [False, True])
def test_the_figure_is_drawn_with_and_without_candidate_layers(tables, candidates):
    folder, models = tables
    paths = [str(folder / f"figure.{suffix}") for suffix in ("svg", "png", "csv")]
    layers = []
    if candidates:
        own = read_table(folder / "borders.csv").query("model == 'corner'")
        layers = [str(folder / "corner.csv")]
        own.assign(layer="conv_head", mended="[0, 6]").to_csv(layers[0], index=False)
    plot_borders.main(
        borders=str(folder / "borders.csv"),
        figure=paths,
        models=models,
        names=NAMES,
        families=FAMILIES,
        layers=layers,
    )
    assert all(Path(path).stat().st_size > 0 for path in paths)
    assert len(read_table(paths[2])) == 49 * (3 if candidates else 2)
