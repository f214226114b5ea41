"""Names beside points: over no name and no marker, always at the same place."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from thinkalike.plotting.points import draw_points, framed, label_points, name_points
from thinkalike.plotting.style import freeze_layout, styled

MODELS = ["a", "b", "c", "d"]
OF = {
    "names": {model: f"model {model}" for model in MODELS},
    "families": {"a": "cnn", "b": "cnn", "c": "transformer", "d": "hybrid"},
}
COSINE = ("gradcam", "cosine")


def drawn_names(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes of names, of markers, and of the axes, in pixels."""
    figure, axes = plt.subplots(figsize=(3.3, 3.0))
    axes.plot(*points.T, "o", ms=5)
    freeze_layout(figure)
    name_points(axes, points, [f"EfficientNet_B{i}" for i in range(len(points))])
    names = np.array([text.get_window_extent().extents for text in axes.texts])
    at, half = axes.transData.transform(points), 2.5 * figure.dpi / 72
    return names, np.hstack([at - half, at + half]), np.array(axes.get_window_extent().extents)


def overlap(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())


@pytest.mark.parametrize("spread", [1.0, 0.2])
def test_names_lie_over_no_name_and_no_marker_and_inside_the_axes(spread):
    points = np.random.default_rng(1).normal(size=(14, 2)) * spread
    points[-1] = [3.0, 3.0]  # one far off, so that the others crowd
    with styled():
        names, markers, frame = drawn_names(points)
    assert not any(overlap(a, b) for a, b in combinations(names, 2))
    assert not any(overlap(name, marker) for name in names for marker in markers)
    assert (names[:, :2] >= frame[:2] - 1e-6).all()
    assert (names[:, 2:] <= frame[2:] + 1e-6).all()


def test_names_of_coinciding_points_are_all_legible_and_always_at_the_same_place():
    points = np.vstack([np.zeros((5, 2)), [[1, 1]]])
    with styled():
        names, _, _ = drawn_names(points)
        again, _, _ = drawn_names(points)
    assert not any(overlap(a, b) for a, b in combinations(names, 2))
    np.testing.assert_array_equal(names, again)


@pytest.mark.parametrize("size", [(3.3, 3.0), (6.0, 3.0), (3.0, 6.0)])
def test_names_stay_apart_where_the_axes_of_equal_scale_do_not_fill_their_place(size, tmp_path):
    random = np.random.default_rng(2).normal(size=(10, 2)) * 0.1
    table = pd.DataFrame(
        {"model": [f"m{i}" for i in range(10)], "x": random[:, 0], "y": random[:, 1]}
    )
    table.loc[9, ["x", "y"]] = [2.0, 0.5]
    with styled():
        figure, axes = plt.subplots(figsize=size)
        draw_points(axes, table, dict.fromkeys(table["model"], "cnn"))
        freeze_layout(figure)
        points = table[["x", "y"]].to_numpy()
        name_points(axes, points, [f"EfficientNet_B{i}" for i in range(10)])
        # as it is written: matplotlib gives such axes their place when it draws them
        freeze_layout(figure)
        figure.draw_without_rendering()
        names = np.array([text.get_window_extent().extents for text in axes.texts])
        frame = np.array(axes.get_window_extent().extents)
    assert not any(overlap(a, b) for a, b in combinations(names, 2))
    assert (names[:, :2] >= frame[:2] - 1e-6).all()
    assert (names[:, 2:] <= frame[2:] + 1e-6).all()


def test_a_control_far_away_is_drawn_at_the_edge_with_its_distance():
    table = pd.DataFrame(
        {"model": ["a", "b", "c", "u"], "x": [0.0, 1, 0, 30.5], "y": [0.0, 0, 1, 0.5]}
    )
    shown = framed(table, ["u"])
    np.testing.assert_array_equal(shown[["x", "y"]][:3], table[["x", "y"]][:3])
    np.testing.assert_allclose(
        shown.loc[3, ["x", "y", "beyond"]].tolist(), [0.5 + 0.9 * 0.65, 0.5, 30]
    )
    names = {model: model.upper() for model in "abcu"}
    assert label_points(shown, names) == ["A", "B", "C", "U, 30.00 away"]
    figure, axes = plt.subplots()
    draw_points(axes, shown, dict.fromkeys("abcu", "cnn"))
    assert axes.get_xlim() == pytest.approx((0.5 - 0.65, 0.5 + 0.65))
    plt.close(figure)


def test_controls_near_the_others_or_alone_stay_where_they_are():
    table = pd.DataFrame({"model": ["a", "b", "u"], "x": [0.0, 1, 0.5], "y": [0.0, 0, 0.4]})
    for controls in (["u"], ["a", "b", "u"], []):
        shown = framed(table, controls)
        assert shown["beyond"].isna().all()
        np.testing.assert_array_equal(shown[["x", "y"]], table[["x", "y"]])
