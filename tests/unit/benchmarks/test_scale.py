"""The benchmark of scale: what grows how, which jobs a further model runs, and a page of docs."""

import re

import numpy as np
import pytest

from benchmarks import scale, scale_jobs
from benchmarks.scale import Cost
from tests.support.checkout import REPOSITORY as ROOT
from thinkalike.stores.arrays import open_arrays


def test_groups_are_those_of_the_rules():
    config = (ROOT / "config.yaml").read_text()
    assert f"group: {scale_jobs.GROUP} #" in config
    assert [list(group) for group in scale_jobs.groups(70)] == [
        list(range(32)),
        list(range(32, 64)),
        list(range(64, 70)),
    ]
    assert scale._tiles(70) == [(0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 2)]


def test_exponents_are_those_of_a_power_law():
    def cost(models: int, images: int) -> tuple[dict[str, Cost], float]:
        return {"compare": Cost(1e-3 * models**2 * images, 1.0)}, 1e-2 * models**1.5 * images

    cases = [(models, images) for models in (10, 30, 100) for images in (1_000, 10_000, 50_000)]
    rows = scale._growth({case: cost(*case) for case in cases})
    np.testing.assert_allclose([row.ours for row in rows], [2, 1, 1.5, 1])
    assert [row.met for row in rows] == ["yes"] * 4
    assert rows[0].measure.endswith("30 to 100 models, 50,000 images")
    assert rows[1].measure.endswith("10,000 to 50,000 images, 100 models")


def test_jobs_go_from_maps_to_figures_and_say_what_they_took(tmp_path):
    scale_jobs.make_maps(tmp_path, range(3), 20)
    cost = scale._run(
        tmp_path, [("tile", 0, 0, 3, 20), ("summarise",), ("subsample", 20), ("draw", 3)]
    )
    assert cost.cpu > 0
    assert 50 < cost.megabytes < 1000
    with open_arrays(tmp_path / "similarity.nc") as dataset:
        assert dataset["similarity"].shape == (20, 3, 3)
    assert {path.name for path in tmp_path.glob("*.png")} == {"a.png", "b.png"}


def test_a_model_more_is_the_work_of_the_last_group(monkeypatch):
    asked = []

    def run(folder, jobs):
        asked.append([job[1:] for job in jobs])
        return Cost(float(len(jobs)), 1.0)

    monkeypatch.setattr(scale, "_run", run)
    monkeypatch.setattr(scale_jobs, "GROUP", 4)
    jobs, seconds, read = scale.added(scale.Effort(added=(9, 2)))
    whole, again = asked
    assert len(whole) == jobs.theirs == 6
    assert again == [(0, 2, 10, 2), (1, 2, 10, 2), (2, 2, 10, 2)]
    assert (seconds.ours, seconds.theirs) == (3, 6)
    # ten files once, and the two of the last group for each of the others
    assert read.ratio == pytest.approx((4 + 2 + 4 + 2 + 2) / 10, rel=1e-3)


def test_the_page_has_its_markers_and_the_target_its_name():
    page = scale.PAGE.read_text()
    assert re.search(r"<!-- scale: begin -->.*<!-- scale: end -->", page, re.DOTALL)
    assert "bench-scale:" in (ROOT / "Makefile").read_text()
    assert "`make bench-scale`" in page
