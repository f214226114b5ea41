"""Tables of resampled images: which models are in which, and what counts as a finding."""

import numpy as np
import pytest

from thinkalike.statistics.resampling import Settings, resample_images

MODELS = ["a", "a_twin", "b", "c", "d", "e", "random"]
SETTINGS = Settings(
    trained=MODELS[:6],
    independent=["a", "b", "c", "d", "e"],
    architectures={model: model.removesuffix("_twin") for model in MODELS},
    linkages=["average", "single"],
    bootstraps=100,
    factor_bootstraps=100,
    tau=0.9,
)


def study(groups: bool, images: int = 60) -> np.ndarray:
    """Two groups {a, b} and {c, d, e} of models, or none; a twin; and one apart from all."""
    generator = np.random.default_rng(0)
    member = np.array([0, 0, 0, 1, 1, 1, 2])
    truth = np.where((member[:, None] == member) & groups, 0.6, 0.3)
    truth[0, 1] = truth[1, 0] = 0.8
    truth[6] = truth[:, 6] = 0.0
    noise = 0.15 * generator.normal(size=(images, 7, 7))
    values = truth + (noise + noise.transpose(0, 2, 1)) / 2
    values[:, np.arange(7), np.arange(7)] = 1
    return values


def tables(values: np.ndarray):
    ids = [f"image {i}" for i in range(len(values))]
    return resample_images(values, ids, MODELS, SETTINGS, groups=None, seed=0)


def test_controls_are_in_the_tree_of_all_models_only_and_twins_in_no_test():
    found = tables(study(groups=True))
    trained, everything = (found.support[found.support["tree"] == t] for t in ("trained", "all"))
    assert not trained["models"].str.contains("random").any()
    assert len(trained) == 2 * 4
    assert len(everything) == 2 * 5
    assert set(found.one_factor["model_a"]) | set(found.one_factor["model_b"]) == set("abcde")
    assert found.image_count["models"].item() == 5
    assert set(found.influential["model_b"]) == set(MODELS[1:])


def test_groups_are_findings_and_twins_are_none():
    found = tables(study(groups=True)).support.set_index(["tree", "linkage", "models"])
    row = found.loc[("trained", "average", "a a_twin")]
    assert row["support"] == 1
    assert row["architectures"] == 1
    assert not row["finding"]
    for branch in ("a a_twin b", "c d e"):
        assert found.loc[("trained", "average", branch), "finding"]
    assert not found.xs("all", level="tree")["finding"].any()


def test_without_groups_there_is_no_finding_but_the_twins_are_supported():
    found = tables(study(groups=False))
    assert found.support["one_factor_p"].iloc[0] > 0.05
    assert not found.support["finding"].any()
    twins = found.support[found.support["models"] == "a a_twin"]
    assert (twins["support"] == 1).all()


def test_the_table_of_the_factor_adds_up():
    table = tables(study(groups=True)).one_factor
    product = table["loading_a"] * table["loading_b"] + table["residual"]
    np.testing.assert_allclose(product, table["similarity"], atol=1e-12)
    beyond = table["residual"].abs() > table["critical"] * table["standard_error"]
    assert (table["beyond"] == beyond).all()
    assert table["beyond"].any()
    assert (table["reason"] == "").all()


@pytest.mark.parametrize("kept", [[], ["a"], ["a", "b"], ["a", "b", "c"]])
def test_few_models_say_what_they_cannot_tell(kept):
    settings = Settings(kept, kept, SETTINGS.architectures, ["average"], 20, 20, 0.9)
    values = study(groups=True)[:, : len(kept), : len(kept)]
    ids = [f"image {i}" for i in range(len(values))]
    found = resample_images(values, ids, kept, settings, groups=None, seed=0)
    assert len(found.one_factor) == len(kept) * (len(kept) - 1) // 2
    assert found.one_factor["reason"].str.contains("it takes four").all()
    assert (found.image_count["reason"].item() == "") == (len(kept) == 3)
    assert not found.support["finding"].any()


def test_the_same_seed_gives_the_same_tables():
    first, second = tables(study(groups=True)), tables(study(groups=True))
    for name in ("image_count", "support", "one_factor", "influential"):
        assert getattr(first, name).equals(getattr(second, name))
