"""Maps of many models that are compared by one metric, then by another."""

import numpy as np

from thinkalike.compare.bases import Grid
from thinkalike.compare.map_sources import map_arrays
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison, similarity


def test_maps_that_were_read_for_one_metric_are_compared_by_another():
    draw = np.random.default_rng(0)
    maps = {name: Maps(draw.normal(size=(5, 9)), (Grid(3, 3, 12, 12),)) for name in "ab"}
    cosine = map_arrays(maps, Comparison("cosine", "signed", "max_abs"))
    first = [values for _, values, _ in cosine.blocks()]
    rbf = cosine.compared_by("rbf", 0.5)
    ((part, values, _),) = rbf.blocks()
    assert values is first[0]  # not read again
    found = rbf.kernel(values[:, part].swapaxes(0, 1), values[:, part].swapaxes(0, 1))
    prepared = [rbf.comparison.prepare(each) for each in maps.values()]
    exact = similarity(prepared, "rbf", sigma=0.5)
    np.testing.assert_allclose(found, exact, rtol=1e-6)
    assert cosine.comparison.metric == "cosine"
