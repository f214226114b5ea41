"""Galleries of clusters and the other figures of NEON: what is drawn is what the tables say."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from scripts import plot_galleries
from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.plotting import galleries, neon
from thinkalike.plotting.galleries import MOST, Row, Shown, gallery
from thinkalike.plotting.style import styled
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import read_table, write_table

SIDE = 32
OF = {"names": {"alpha": "Alpha"}, "families": {"alpha": "cnn"}}


@pytest.fixture(autouse=True)
def style():
    with styled():
        yield


def tile(value: int) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), value, np.uint8)


def row(number: int, relevances=(0.5, 0.3)) -> Row:
    shown = [Shown(tile(10 * i + number), tile(100 + i), "other", 1.5) for i in range(1, 3)]
    features = list(range(len(relevances)))
    return Row(f"c{number}", "5 images", tile(number), tile(50), shown, features, list(relevances))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_gallery_has_a_row_for_each_cluster_with_its_images_beside_their_maps():
    figure = gallery([row(1), row(2)], title="title")
    (picture,) = figure.axes[0].images
    canvas = picture.get_array()
    side = SIDE
    pitch = round(galleries.PITCH * side)
    step = round(galleries.STEP * side)
    pair = round((2 * galleries.STEP + galleries.GAP) * side)
    for number, top in ((1, 0), (2, pitch)):
        middle = top + side // 2
        assert (canvas[middle, side // 2] == number).all()
        assert (canvas[middle, step + side // 2] == 50).all()
        assert (canvas[middle, pair + side // 2] == 10 + number).all()
        assert (canvas[middle, pair + side + side // 2] == 101).all()
    assert (canvas[side + 1 : pitch - 1] == 255).all()
    words = texts(figure)
    for text in ("c1", "c2", "not other: 1.5", "typical", "border", "50%"):
        assert text in words, text


def test_the_image_on_the_border_is_last_also_where_there_are_fewer():
    few = row(2)
    few.shown.pop(0)
    figure = gallery([row(1), few], title="title")
    canvas = figure.axes[0].images[0].get_array()
    side = SIDE
    middle = round(galleries.PITCH * side) + side // 2
    first = round((2 * galleries.STEP + galleries.GAP) * side)
    last = round((2 * galleries.STEP + galleries.PAIR + galleries.GAP) * side)
    assert (canvas[middle, first + side // 2] == 255).all()
    assert (canvas[middle, last + side // 2] == 22).all()


def test_bars_of_features_go_up_for_the_cluster_and_down_against_it():
    figure = gallery([row(1, (0.5, -0.25))], title="title")
    bars = [p for p in figure.axes[1].patches if isinstance(p, Rectangle)]
    assert len(bars) == 2
    # the axis points down
    assert bars[0].get_height() == pytest.approx(-2 * bars[1].get_height())
    assert bars[0].get_height() < 0
    assert bars[0].get_facecolor() != bars[1].get_facecolor()


def study(folder, clusters: np.ndarray, count: int):
    """Files of a model whose images are in these clusters; images are of one colour each."""
    folder.mkdir(exist_ok=True)
    number = len(clusters)
    names = [f"val/{c}/{i}.png" for i, c in enumerate(clusters)]
    paths = []
    for i in range(number):
        paths.append(str(folder / f"{i}.png"))
        Image.fromarray(np.full((SIDE, SIDE, 3), 2 * i, np.uint8)).save(paths[-1])
    class_names = [f"k{c}" for c in clusters]
    table = pd.DataFrame({"image_id": names, "path": paths, "class_name": class_names})
    write_table(table, folder / "images.parquet")
    draw = np.random.default_rng(0)
    write_arrays(
        folder / "clusters.nc",
        {
            "features": (("image", "feature"), draw.random((number, 12))),
            "relevances": (("image", "feature"), draw.random((number, 12)) - 0.3),
            "logits": (("image",), draw.random(number) + 1),
            "clusters": (("image",), clusters),
            "competitors": (("image",), (clusters + 1) % count),
            "centroids": (("cluster", "feature"), draw.random((count, 12))),
            "classes": (("cluster",), [f"k{c}" for c in range(count)]),
            "called": (("cluster",), [f"name {c}" for c in range(count)]),
        },
        coordinates={"image": names},
        attributes={
            "beta": 2.0,
            "inertia": 9.0,
            "purity": 0.5,
            "matched": 0.25,
            "adjusted_rand": 0.1,
        },
    )
    shown = [int(np.flatnonzero(clusters == c)[0]) for c in np.unique(clusters)]
    maps = Maps(draw.normal(size=(len(shown), 16)), (Grid(4, 4, SIDE, SIDE),))
    write_maps(
        folder / "maps.nc",
        maps,
        image_ids=[names[i] for i in shown],
        measures={},
        attributes={"method": "gradcam"},
    )


def draw(folder, output):
    def paths(name: str) -> list[str]:
        return [str(output / f"{name}.{suffix}") for suffix in ("svg", "png", "csv")]

    plot_galleries.main(
        images=str(folder / "images.parquet"),
        clusters=[str(folder / "clusters.nc")],
        maps=[str(folder / "maps.nc")],
        quality=paths("quality"),
        galleries=paths("alpha"),
        models=["alpha"],
        method="gradcam",
        size=SIDE,
        **OF,
    )
    return read_table(output / "alpha.csv"), read_table(output / "quality.csv")


def test_the_table_of_a_gallery_counts_images_and_ranks_features(tmp_path):
    clusters = np.array([0, 0, 2, 2, 2, 0, 2])
    study(tmp_path / "study", clusters, 3)
    table, quality = draw(tmp_path / "study", tmp_path)
    assert table["cluster"].tolist() == [0, 2]  # nothing is in cluster 1
    assert table["images"].tolist() == [3, 4]
    assert table["of_class"].tolist() == [3, 4]
    assert table["next"].tolist() == [1, 0]
    with_relevances = np.random.default_rng(0)
    with_relevances.random((7, 12))
    relevances = with_relevances.random((7, 12)) - 0.3
    logits = with_relevances.random(7) + 1
    for _, found in table.iterrows():
        members = clusters == found["cluster"]
        mean = relevances[members].mean(0)
        expected = np.argsort(-np.abs(mean))[:8]
        assert found["strongest"] == ", ".join(map(str, expected))
        share = mean[expected[0]] / logits[members].mean()
        assert float(found["shares"].split(", ")[0]) == pytest.approx(share, abs=1e-4)
    assert quality.loc[0, ["purity", "matched", "adjusted_rand"]].tolist() == [0.5, 0.25, 0.1]
    assert quality.loc[0, "mean_logit"] == pytest.approx(logits.mean())


def test_the_largest_clusters_are_drawn_and_all_are_in_the_table(tmp_path, monkeypatch):
    sizes = {0: 1, **dict.fromkeys(range(1, 25), 2)}
    clusters = np.repeat(list(sizes), list(sizes.values()))
    study(tmp_path / "study", clusters, 25)
    drawn = []
    monkeypatch.setattr(
        galleries, "gallery", lambda rows, title: drawn.append((rows, title)) or Figure()
    )
    table, _ = draw(tmp_path / "study", tmp_path)
    assert len(table) == 25
    ((rows, title),) = drawn
    assert len(rows) == MOST
    assert "name 0" not in {r.name for r in rows}
    assert "5 smaller clusters are in the table" in title


def test_clusters_of_other_images_are_refused(tmp_path):
    study(tmp_path / "study", np.array([0, 1, 1]), 2)
    images = read_table(tmp_path / "study/images.parquet")
    write_table(images[::-1], tmp_path / "study/images.parquet")
    with pytest.raises(
        InputError, match=r"clusters\.nc is about other images than .*images\.parquet"
    ):
        draw(tmp_path / "study", tmp_path)


def curves(data: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (name, order, removed, 1 - removed, 1, 8)
            for name in data
            for order in neon.ORDER_LOOKS
            for removed in (0.0, 0.5, 1.0)
        ],
        columns=["data", "order", "removed", "logit", "staying", "features"],
    )


@pytest.mark.parametrize("count", [1, 4, 5, 30])
def test_curves_are_drawn_in_a_panel_for_each_of_the_first_data_sets(count):
    names = {f"d{i}": f"Data {i}" for i in range(count)}
    figure = neon.flipping_curves(curves(list(names)), dict.fromkeys(names, 8), names)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == min(count, neon.MOST_PANELS)
    assert shown[0].get_title() == "Data 0 (8 features)"
    lines = [line for line in shown[0].lines if len(line.get_xdata()) == 3]
    assert len(lines) == len(neon.ORDER_LOOKS)
    below = [axes for axes in shown if axes.get_xlabel() == "share removed"]
    assert len(below) == min(count, 4)


def test_areas_are_drawn_where_they_are_with_their_intervals():
    table = pd.DataFrame(
        [
            ("iris", order, 0.1 * i, 0.1 * i - 0.05, 0.1 * i + 0.02, 0.1 * i, 0.0, 1.0)
            for i, order in enumerate(neon.ORDER_LOOKS)
        ],
        columns=[
            *("data", "order", "area", "low", "high"),
            *("difference", "difference_low", "difference_high"),
        ],
    )
    figure = neon.flipping_areas(table, {"iris": "Iris"})
    left, right = figure.axes
    assert sorted(c.lines[0].get_xdata()[0] for c in left.containers) == pytest.approx(
        [0, 0.1, 0.2, 0.3, 0.4]
    )
    assert len(right.containers) == len(neon.ORDER_LOOKS) - 1  # NEON less itself is nothing
    (bar,) = left.containers[1].lines[2]
    assert bar.get_segments()[0][:, 0] == pytest.approx([0.05, 0.12])


def test_iris_shows_sums_that_are_the_logit_and_sums_that_are_not():
    features = ["sepal length (cm)", "petal width (cm)"]
    table = pd.DataFrame(
        {"cluster": ["a", "a", "b"], features[0]: [1.0, 3.0, 0.5], features[1]: 2.0}
    )
    figure = neon.iris_figure(table, {"published": [5.0, 6.0]}, features)
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["NEON: sum 3.00", "published: sum 11.00"]
    assert "2.00" in texts(figure)
    assert figure.axes[0].get_title() == "the first flower: logit 3.00"
