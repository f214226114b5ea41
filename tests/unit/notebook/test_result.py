"""What a notebook gets of maps in memory is what a study's files have."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.statistics.test_pairs import (
    ARCHITECTURES,
    CLASSES,
    COMPARED,
    COMPARISON,
    IDS,
    write_both,
)
from thinkalike.notebook.result import Result
from thinkalike.statistics.image_count import image_count
from thinkalike.statistics.roles import Roles
from thinkalike.stores.maps import read_maps

ROLES = Roles({"a": "one", "b": "two", "c": "one"}, ARCHITECTURES)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> tuple[Result, Result]:
    """From maps in memory, and from the file of a study."""
    folder = tmp_path_factory.mktemp("result")
    _, chance = write_both(folder)
    maps = {model: read_maps(folder / f"{model}.nc")[0] for model in COMPARED}
    options = {"roles": ROLES, "stratified": True}
    in_memory = Result.of_maps(maps, COMPARISON, classes=CLASSES, **options)
    return in_memory, Result.read(chance, **options)


def test_maps_in_memory_give_what_files_give(results):
    one, other = (result.intervals() for result in results)
    columns = ["n", "mean", "chance", "rho", "standard_error", "low", "high", "seed_std"]
    pd.testing.assert_frame_equal(
        one[["model_a", "model_b", *columns]], other[["model_a", "model_b", *columns]]
    )
    pd.testing.assert_frame_equal(results[0].dissimilarity(), results[1].dissimilarity())
    assert len(one) == len(COMPARED) * (len(COMPARED) - 1) // 2


def test_the_chord_is_that_of_rho(results):
    square = results[0].dissimilarity()
    rho = results[0].intervals().set_index(["model_a", "model_b"])["rho"]
    assert square.loc["a", "b"] == pytest.approx(np.sqrt(2 * (1 - rho["a", "b"])))
    assert (np.diag(square) == 0).all()


def test_what_the_models_do_not_allow_is_said(results):
    row = results[0].test()
    assert "no test" in row["note"]
    assert len(results[0].seeds()) == 4


def test_numbers_of_images_are_of_one_model_of_each_architecture(results):
    found = results[1].image_count()
    chance = results[1].chance
    places = [chance.models.index(model) for model in ("a", "b", "c")]
    values = chance.pseudo_values[:, places][:, :, places]
    assert found == image_count(values, groups=CLASSES)
    assert found.pairs == 3


def test_branches_hold_the_seeds_together(results):
    branches = results[0].branches(bootstraps=50)
    supported = branches[branches["support"] > 0.9]["models"].map(frozenset).tolist()
    assert frozenset(["a", "a_twin", "a_seed1"]) in supported


def test_images_are_named(results):
    assert set(results[1].influential()["image_id"]) <= set(IDS)
