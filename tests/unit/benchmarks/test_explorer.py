"""The benchmark of the explorer: made-up studies whose pages have what was made up."""

import numpy as np
import pytest

from benchmarks import explorer
from benchmarks.explorer_study import CELLS, make_study
from thinkalike.explorer.contents import study_contents
from thinkalike.explorer.folder import StudyFolder


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StudyFolder:
    folder = tmp_path_factory.mktemp("made") / "results" / "made"
    make_study(folder, 3, 4, ("gradcam", "kernelshap"))
    return StudyFolder.found(folder)


def test_a_made_up_study_has_all_that_a_page_shows(study):
    contents, blocks = study_contents(study)
    assert len(contents["models"]) == 3
    assert {case["metric"] for case in contents["cases"]} == {"cosine", "rbf"}
    assert {case["scale"] for case in contents["cases"]} >= {"compared", "8_x_8_cells"}
    assert blocks.entries["maps/gradcam/model_000"]["shape"] == [4, CELLS**2]
    assert blocks.entries["pairs/gradcam/cosine/values"]["shape"] == [3, 4]
    bases = [method["bases"][0]["kind"] for method in contents["methods"]]
    assert bases == ["grid", "segments"]


def test_sizes_are_counted_and_have_goals(study):
    rows = explorer._measured(study, "made", 60, sizes=True)
    page, maps, pictures, pairs = (row.ours for row in rows[:4])
    assert rows[0].met == "yes"
    assert maps + pictures + pairs < page
    assert all(np.isfinite(row.ours) and row.ours > 0 for row in rows)
