"""Tables of what maps sum to, against counts and shares by hand."""

import numpy as np
import pytest

from scripts import tabulate_completeness
from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.explain.completeness import allowed_gap, measured
from thinkalike.statistics.completeness import read_not_converged
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import read_table

DIFFERENCES = np.array([10.0, -4.0, 0.5, 0.0])
GAPS = {"sure": np.array([0.1, 0.0, 0.005, 0.0]), "rough": np.array([-0.3, 0.02, 0.25, 0.0])}


def file_of(path, gap: np.ndarray, **measures: np.ndarray) -> str:
    full = 2 + DIFFERENCES
    sums = DIFFERENCES + gap
    maps = Maps(np.repeat(sums[:, None] / 4, 4, axis=1), (Grid(2, 2, 8, 8),))
    known = measured(full, np.full(4, 2.0), sums, 0.02, 2.0**-23)
    write_maps(
        path, maps, image_ids=list("abcd"), measures={**known, **measures}, attributes={"steps": 6}
    )
    return str(path)


def test_maps_that_miss_more_than_the_tolerance_are_counted_by_model(tmp_path, caplog):
    steps = {"steps": np.array([6, 6, 18, 54]), "map_error": np.array([0.1, 0.1, 0.2, 0.0])}
    files = [file_of(tmp_path / f"ig_{model}.nc", GAPS[model], **steps) for model in GAPS]
    files += [file_of(tmp_path / f"lift_{model}.nc", GAPS["sure"]) for model in GAPS]
    table = str(tmp_path / "table.csv")
    tabulate_completeness.main(files, table, ["ig", "lift"], list(GAPS))
    found = read_table(table)
    assert found["method"].tolist() == ["ig", "ig", "lift", "lift"]
    assert found["model"].tolist() == ["sure", "rough"] * 2
    assert found["images"].tolist() == [4] * 4
    assert found["not_converged"].tolist() == [0, 2, 0, 0]
    # of the image without a difference there is no share
    assert found["median_missed"].tolist() == pytest.approx([0.01, 0.03, 0.01, 0.01])
    assert found["largest_missed"].tolist() == pytest.approx([0.01, 0.5, 0.01, 0.01])
    np.testing.assert_array_equal(found["mean_steps"], [21, 21, np.nan, np.nan])
    assert found["input_share"].isna().all()
    np.testing.assert_array_equal(found["largest_steps"], [54, 54, np.nan, np.nan])
    np.testing.assert_allclose(found["mean_map_error"], [0.1, 0.1, np.nan, np.nan])
    told = [(r.levelname, r.getMessage()) for r in caplog.records]
    assert told == [("WARNING", "ig: 2 of 8 maps did not converge: rough 2")]


def test_of_methods_with_a_ledger_the_table_has_what_the_maps_have_of_the_score(tmp_path, caplog):
    maps = Maps(np.ones((4, 4)), (Grid(2, 2, 8, 8),))
    # the third image has no score, and nothing is a share of it
    known = {"score": np.array([10.0, 4.0, 0.0, -2.0]), "ledger_gap": np.array([0, 3e-6, 1e-6, 0])}
    for model, shares in {"net": [0.02, 0.5, np.nan, 0.1], "all": [1.0, 1.0, np.nan, 1.0]}.items():
        measures = {**known, "input_share": np.array(shares)}
        path = tmp_path / f"{model}.nc"
        write_maps(path, maps, image_ids=list("abcd"), measures=measures, attributes={})
    table = str(tmp_path / "table.csv")
    files = [str(tmp_path / f"{model}.nc") for model in ("net", "all")]
    caplog.set_level("INFO")
    tabulate_completeness.main(files, table, ["lrp"], ["net", "all"])
    found = read_table(table)
    assert found["input_share"].tolist() == pytest.approx([0.1, 1])
    assert found["not_converged"].tolist() == [0, 0]
    assert found["median_missed"].tolist() == pytest.approx([5e-7] * 2)
    assert found["largest_missed"].tolist() == pytest.approx([3e-6] * 2)
    assert found["mean_steps"].isna().all()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["lrp: maps have 0.1 to 1 of the score, biases the rest"]


def test_maps_that_did_not_converge_are_named_image_by_image(tmp_path):
    files = [file_of(tmp_path / f"{model}.nc", GAPS[model]) for model in GAPS]
    found = read_not_converged(files, list("abc"))
    assert found.tolist() == [[False, True], [False, False], [False, True]]
    with pytest.raises(InputError, match="images"):
        read_not_converged(files, list("xbc"))


def test_a_gap_is_allowed_to_be_a_share_of_the_difference_or_rounding():
    epsilon = 2.0**-23
    full, empty = np.array([100.0, 100.0, -50.0]), np.array([90.0, 100.0, 100.0])
    expected = [0.2, 8 * epsilon * 100, 3.0]
    np.testing.assert_allclose(allowed_gap(full, empty, 0.02, epsilon), expected, rtol=1e-12)
    found = measured(full, empty, np.array([9.81, 1e-3, -153.1]), 0.02, epsilon)
    assert found["difference"].tolist() == [10, 0, -150]
    assert found["gap"].tolist() == pytest.approx([-0.19, 1e-3, -3.1])
    assert found["converged"].tolist() == [1, 0, 0]
