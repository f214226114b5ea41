"""Summaries of cross-deletion against scipy, the jackknife, and numbers by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from thinkalike.statistics.deletion import deletion_summary, relative_drop

RANDOM = np.random.default_rng(0)
N = 12


def rows(kind: str, model: str, drops, whole, lost=None, **changes) -> pd.DataFrame:
    number = len(drops)
    return pd.DataFrame(
        {
            "method": "lrp",
            "model_a": model,
            "model_b": "resnet",
            "kind": kind,
            "image_id": [f"image_{i}" for i in range(number)],
            "class_name": [f"class_{i % 3}" for i in range(number)],
            "logit_drop": drops,
            "lost": np.asarray(drops) > 1 if lost is None else lost,
            "whole_drop": whole,
            **changes,
        }
    )


WHOLE = RANDOM.normal(8, 1, N)
OWN = WHOLE * RANDOM.normal(0.6, 0.1, N)
MISMATCHED = WHOLE * RANDOM.normal(0.3, 0.1, N)
TABLE = pd.concat(
    [
        rows("own", "resnet", OWN, WHOLE),
        rows("mismatched", "resnet", MISMATCHED, WHOLE),
        rows("other", "vit", 0.5 * WHOLE, WHOLE, lost=True),
        rows("other", "coatnet", 0.1 * WHOLE, WHOLE, lost=False),
        rows("other", "random", 0.01 * WHOLE, WHOLE),
    ]
)


def summary(table: pd.DataFrame, by_class: bool = False) -> pd.Series:
    (row,) = deletion_summary(table, ["random"], by_class=by_class).iloc
    return row


def test_others_are_averaged_image_by_image_and_controls_stand_apart():
    row = summary(TABLE)
    assert (row["method"], row["model"], row["n"]) == ("lrp", "resnet", N)
    assert row["other_drop"] == pytest.approx(0.3)
    assert row["other_drop_error"] == pytest.approx(0, abs=1e-12)
    assert (row["other_lost"], row["other_lost_error"]) == (0.5, 0)
    assert row["untrained_drop"] == pytest.approx(0.01)
    assert row["untrained_lost"] == 0


def test_the_difference_is_paired_and_has_students_interval():
    row = summary(TABLE)
    test = ttest_1samp(OWN - MISMATCHED, 0).confidence_interval(0.95)
    assert row["difference"] == pytest.approx((OWN - MISMATCHED).mean())
    assert row["difference_low"] == pytest.approx(test.low)
    assert row["difference_high"] == pytest.approx(test.high)
    assert not row["mute"]


def test_the_share_of_predictions_lost_has_the_error_of_a_mean():
    lost = np.arange(N) % 4 == 0
    row = summary(rows("own", "resnet", OWN, WHOLE, lost=lost))
    assert row["own_lost"] == 0.25
    assert row["own_lost_error"] == pytest.approx(np.std(lost, ddof=1) / N**0.5)
    assert np.isnan(row["mismatched_lost"])
    assert pd.isna(row["mute"])  # there is no map of another image


def test_the_error_of_the_relative_drop_is_about_that_of_the_jackknife():
    whole = RANDOM.normal(8, 1, 400)
    drops = whole * RANDOM.normal(0.5, 0.2, 400)
    estimate = relative_drop(drops, whole)
    assert float(estimate.mean) == pytest.approx(drops.sum() / whole.sum())
    left = (drops.sum() - drops) / (whole.sum() - whole)
    jackknife = np.sqrt(399 / 400 * ((left - left.mean()) ** 2).sum())
    assert float(estimate.standard_error) == pytest.approx(jackknife, rel=0.01)


def test_intervals_of_the_relative_drop_cover_what_is_true():
    draws = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        whole = draws.gamma(8, 1, 20)
        estimate = relative_drop(0.4 * whole + draws.normal(0, 1, 20), whole)
        covered += bool(estimate.low <= 0.4 <= estimate.high)
    assert 0.92 <= covered / 400 <= 0.98


def test_a_map_that_does_no_more_than_that_of_another_image_is_mute():
    table = pd.concat(
        [
            rows("own", "resnet", OWN, WHOLE),
            rows("mismatched", "resnet", OWN + RANDOM.normal(0, 1, N), WHOLE),
        ]
    )
    row = summary(table)
    assert row["difference_low"] <= 0
    assert row["mute"]


def test_only_images_with_both_maps_are_paired():
    table = pd.concat(
        [
            rows("own", "resnet", OWN, WHOLE).iloc[:5],
            rows("mismatched", "resnet", MISMATCHED, WHOLE).iloc[3:],
        ]
    )
    row = summary(table)
    assert row["n"] == 5
    assert row["difference"] == pytest.approx((OWN - MISMATCHED)[3:5].mean())


def test_nothing_is_said_of_a_model_that_loses_nothing_without_the_image():
    noise = RANDOM.normal(0, 1, N)
    table = pd.concat(
        [
            rows("own", "resnet", OWN, noise - noise.mean()),
            rows("mismatched", "resnet", MISMATCHED, noise - noise.mean()),
        ]
    )
    row = summary(table)
    assert np.isnan([row["own_drop"], row["own_drop_error"]]).all()
    assert pd.isna(row["mute"])


def test_classes_that_images_were_chosen_by_take_their_differences_out_of_the_error():
    classes = np.arange(N) % 3
    own, other = 5.0 + 3 * classes + RANDOM.normal(0, 0.1, N), np.zeros(N)
    table = pd.concat(
        [rows("own", "resnet", own, WHOLE), rows("mismatched", "resnet", other, WHOLE)]
    )
    within = sum(((own[classes == c] - own[classes == c].mean()) ** 2).sum() for c in range(3))
    row, plain = summary(table, by_class=True), summary(table)
    half = (row["difference_high"] - row["difference_low"]) / 2
    assert half == pytest.approx(2.262157 * np.sqrt(within / (N - 3) / N), rel=1e-5)  # t of 9
    assert half < (plain["difference_high"] - plain["difference_low"]) / 20


def test_a_model_whose_own_maps_are_blank_has_a_row_that_says_so():
    row = summary(rows("other", "vit", OWN, WHOLE))
    assert row["n"] == 0
    assert np.isnan(row["own_drop"])
    assert pd.isna(row["mute"])


def test_rows_come_method_by_method():
    table = pd.concat(
        [
            rows("own", model, OWN, WHOLE, model_b=model, method=method)
            for model in ("vit", "resnet")
            for method in ("lrp", "gradcam")
        ]
    )
    result = deletion_summary(table, [], by_class=False)
    assert list(zip(result["method"], result["model"], strict=True)) == [
        ("lrp", "vit"),
        ("lrp", "resnet"),
        ("gradcam", "vit"),
        ("gradcam", "resnet"),
    ]
