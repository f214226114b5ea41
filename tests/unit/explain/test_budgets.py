"""Errors of KernelSHAP maps against rendered ones and exact values; what is drawn of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scripts import measure_budgets, plot_budgets
from tests.support.small_study import SmallStudy, small_study
from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.explain.budgets import errors
from thinkalike.explain.common import Explanation
from thinkalike.plotting.budgets import budget_curves, summarise
from thinkalike.plotting.style import styled
from thinkalike.stores.tables import read_table


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> SmallStudy:
    return small_study(tmp_path_factory.mktemp("study"), "resnet", 3)


def measured(study: SmallStudy, **changes) -> pd.DataFrame:
    output = str(study.folder / "budgets.csv")
    asked = {
        "number": 2,
        "segments": [20],
        "compactness": 10,
        "evaluations": [40, 160],
        "repeats": 2,
        "reference": 600,
    }
    measure_budgets.main(*study.paths, output, **(study.parameters | asked | changes))
    return read_table(output)


def untimed(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="seconds").reset_index(drop=True)


def estimate(seed: int, bases: tuple[Segments, ...]) -> Explanation:
    rng = np.random.default_rng(seed)
    shape = len(bases), max(basis.size for basis in bases)
    values, errors = rng.normal(size=shape), rng.uniform(0.1, 0.4, shape)
    for row, basis in enumerate(bases):
        values[row, basis.size :] = errors[row, basis.size :] = np.nan
    return Explanation(Maps(values, bases), np.zeros(len(bases)), {}, None, errors)


def test_errors_are_those_of_the_rendered_maps():
    bases = tuple(
        Segments(np.random.default_rng(count).integers(0, count, (9, 9))) for count in (5, 8, 3)
    )
    found, reference = estimate(0, bases), estimate(1, bases)
    columns = errors(found, reference)
    for image in range(3):
        own, other = render(found.maps, image), render(reference.maps, image)
        norm = (other**2).sum()
        stated, of_reference = (
            (render(Maps(which.standard_errors, bases), image) ** 2).sum()
            for which in (found, reference)
        )
        expected = {
            "error": ((own - other) ** 2).sum() / norm,
            "stated_error": stated / norm,
            "reference_error": of_reference / norm,
            "cosine": (own * other).sum() / np.sqrt((own**2).sum() * norm),
            "standard_error": found.standard_errors[image, : bases[image].size].mean(),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(columns[name][image], value, rtol=1e-12, err_msg=name)


def test_a_blank_reference_gives_no_number():
    bases = (Segments(np.arange(9).reshape(3, 3)),)
    blank = Explanation(Maps(np.zeros((1, 9)), bases), np.zeros(1), {}, None, np.zeros((1, 9)))
    columns = errors(estimate(0, bases), blank)
    assert all(np.isnan(columns[name]) for name in ("error", "stated_error", "cosine"))


def test_maps_of_all_coalitions_have_no_error_and_the_reference_says_that_it_is_exact(study):
    table = measured(study, segments=[10], evaluations=[4000], reference=4000, repeats=1)
    assert (2 ** table["pieces"] == table["evaluated"]).all()
    assert (table["reference_evaluations"] == table["evaluated"]).all()
    assert table["reference_exact"].all()
    assert (table["error"] < 1e-20).all()
    assert (table[["stated_error", "reference_error"]] == 0).all(axis=None)
    np.testing.assert_allclose(table["cosine"], 1)


def test_every_image_budget_and_repeat_has_its_row(study):
    table = measured(study, segments=[20, 12])
    cases = ["segments", "evaluations", "repeat", "image_id"]
    assert len(table) == len(table[cases].drop_duplicates()) == 2 * 2 * 2 * 2
    assert set(table["image_id"]) == {"image_0", "image_1"}
    assert set(table["model"]) == {"resnet"}
    sampled = table[table["segments"] == 20]
    assert not sampled["reference_exact"].any()
    assert (sampled["reference_evaluations"] == 600).all()
    assert (sampled["evaluated"] == sampled["evaluations"]).all()
    assert (table["seconds"] > 0).all()
    # four times the evaluations: less error, whoever is asked
    means = table.groupby(["segments", "evaluations"])["error"].mean()
    for count in (20, 12):
        assert means[count, 160] < means[count, 40]


def test_a_budget_that_is_too_small_is_raised_to_two_more_than_there_are_segments(study):
    table = measured(study, evaluations=[4], repeats=1)
    least = table["pieces"].max() + 2
    assert (table["evaluations"] == 4).all()
    # coalitions come in pairs
    assert (table["evaluated"] == 2 * (least // 2)).all()


def test_another_repeat_budget_or_number_of_segments_leaves_the_others_as_they_are(study):
    few = untimed(measured(study, repeats=1, evaluations=[40]))
    many = untimed(measured(study, repeats=2, evaluations=[80, 40], segments=[12, 20]))
    same = many[(many["segments"] == 20) & (many["evaluations"] == 40) & (many["repeat"] == 0)]
    pd.testing.assert_frame_equal(same.reset_index(drop=True), few)
    repeats = many[many["evaluations"] == 40].groupby(["segments", "image_id"])["error"]
    assert (repeats.nunique() == 2).all()


def rows(model: str, count: int, *, exact: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for evaluations in (50, 100, 400):
        stated = rng.lognormal(np.log(10 / evaluations), 0.5, 21)
        columns = {
            "model": model,
            "segments": count,
            "pieces": count,
            "evaluations": evaluations,
            "evaluated": max(evaluations, count + 2),
            "error": 1e-30 if exact else stated * rng.chisquare(10, 21) / 10,
            "stated_error": 0.0 if exact else stated,
            "reference_error": 0.0 if exact else 0.01,
            "cosine": 0.9,
            "seconds": evaluations / 100,
        }
        parts.append(pd.DataFrame(columns, index=range(21)))
    return pd.concat(parts)


def test_the_summary_has_medians_and_quartiles_of_each_case():
    table = pd.concat([rows("one", 50), rows("one", 64)])
    summary = summarise(table)
    assert len(summary) == 6
    for case in summary.itertuples():
        part = table[
            (table["segments"] == case.segments) & (table["evaluations"] == case.evaluations)
        ]
        low, middle, high = np.quantile(part["error"], [0.25, 0.5, 0.75])
        assert (case.error_low, case.error, case.error_high) == pytest.approx((low, middle, high))
        stated = np.median(part["stated_error"]) + 0.01
        assert case.expected_error == pytest.approx(stated)
        assert case.n == 21
        assert case.evaluated == part["evaluated"].iloc[0]


def drawn(table: pd.DataFrame, models: list[str]):
    return budget_curves(
        summarise(table),
        models=models,
        names={model: model.title() for model in models},
        families=dict.fromkeys(models, "cnn"),
        title="budgets",
    )


def test_there_is_a_line_for_every_model_and_number_of_segments():
    table = pd.concat([rows("one", 50), rows("one", 64), rows("two", 50)])
    with styled():
        figure = drawn(table, ["one", "two", "absent"])
        actual, calibration, seconds = figure.get_axes()
        summary = summarise(table)
        lines = [line for line in seconds.get_lines() if len(line.get_xdata())]
        assert len(lines) == 3
        np.testing.assert_array_equal(lines[0].get_xdata(), [52, 100, 400])
        np.testing.assert_array_equal(lines[0].get_ydata(), [0.5, 1, 4])
        np.testing.assert_array_equal(actual.get_lines()[1].get_ydata(), summary["error"][3:6])
        assert actual.get_xscale() == actual.get_yscale() == "log"
        assert calibration.get_xlim() == calibration.get_ylim()
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert labels == ["One", "Two", "50 segments", "64 segments"]


def test_many_models_go_by_family():
    models = [f"model_{i}" for i in range(12)]
    with styled():
        figure = drawn(pd.concat([rows(model, 50) for model in models]), models)
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["CNN", "50 segments"]
        assert len(figure.get_axes()[2].get_lines()) == 12


@pytest.mark.parametrize("exact", [[True], [True, False]])
def test_exact_maps_have_no_place_in_the_figure_and_break_nothing(exact, tmp_path: Path):
    models = [f"model_{i}" for i in range(len(exact))]
    source = str(tmp_path / "in.csv")
    parts = [rows(model, 50, exact=e) for model, e in zip(models, exact, strict=True)]
    pd.concat(parts).to_csv(source, index=False)
    paths = [str(tmp_path / f"figure.{suffix}") for suffix in ("svg", "png", "csv")]
    families = dict.fromkeys(models, "hybrid")
    plot_budgets.main(
        [source],
        paths,
        models=models,
        names=dict(zip(models, models, strict=True)),
        families=families,
    )
    assert all(Path(path).stat().st_size > 0 for path in paths)
    table = read_table(paths[2])
    assert (table.loc[table["model"] == "model_0", "error"] == 1e-30).all()
