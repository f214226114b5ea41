"""Images that matter for pairs, and consensus: which are shown, and what the tables behind them say."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps, render
from thinkalike.compare.similarity import Comparison
from thinkalike.errors import InputError
from thinkalike.plotting.image_pairs import MapSource, choose_pairs, consensus_figure, gallery
from thinkalike.plotting.style import styled
from thinkalike.statistics.influence import influential_images
from thinkalike.stores.maps import write_maps

MODELS = ["a", "a_twin", "b", "c"]
ARCHITECTURES = {model: model.removesuffix("_twin") for model in MODELS}
IMAGES = [f"image {i}" for i in range(6)]
CLASSES = ["n01440764", "n01440764", "8", "8", "9", "9"]


def pairs() -> pd.DataFrame:
    table = pd.DataFrame(
        [
            ("a", "a_twin", 0.9, 0.01),
            ("a", "b", 0.4, 0.02),
            ("a", "c", 0.95, 0.9),
            ("a_twin", "b", 0.5, 0.02),
            ("a_twin", "c", 0.1, 0.2),
            ("b", "c", 0.2, 0.05),
        ],
        columns=["model_a", "model_b", "rho", "standard_error"],
    )
    return table.assign(low=table["rho"] - 0.1, high=table["rho"] + 0.1)


def test_the_closest_pairs_and_the_least_sure_one_are_shown():
    chosen = choose_pairs(pairs(), ["a", "a_twin", "b"], ARCHITECTURES)
    assert chosen[["model_a", "model_b", "reason"]].to_numpy().tolist() == [
        ["a", "a_twin", "the most alike"],
        ["a_twin", "b", "the most alike of two architectures"],
        ["a", "b", "the least sure"],
    ]


def test_a_pair_is_shown_once():
    chosen = choose_pairs(pairs(), ["a", "b"], ARCHITECTURES)
    assert len(chosen) == 1
    assert choose_pairs(pairs(), ["a"], ARCHITECTURES).empty
    missing = pairs().assign(rho=np.nan)
    assert choose_pairs(missing, MODELS, ARCHITECTURES).empty


@pytest.fixture
def study(tmp_path):
    """Maps of two models in files, pictures, and similarities per image."""
    generator = np.random.default_rng(0)
    files = {}
    for model in ("a", "b"):
        maps = Maps(generator.normal(size=(6, 4)).astype(np.float32), (Grid(2, 2, 8, 8),))
        files[model] = str(tmp_path / f"{model}.nc")
        write_maps(files[model], maps, image_ids=IMAGES, measures={}, attributes={})
    paths = []
    for number in range(6):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(np.full((8, 8, 3), 40 * number, np.uint8)).save(paths[-1])
    images = pd.DataFrame({"image_id": IMAGES, "path": paths, "class_name": CLASSES})
    values = generator.uniform(size=(6, 2, 2))
    values = (values + values.transpose(0, 2, 1)) / 2
    maps = MapSource(files, Comparison("cosine", "signed", "max_abs"))
    return maps, images, influential_images(values, IMAGES, ["a", "b"])


def drawn(study, chosen: pd.DataFrame):
    maps, images, influential = study
    of = {"names": {"a": "Model A", "b": "Model B"}, "families": {"a": "cnn", "b": "transformer"}}
    with styled():
        return gallery(chosen, influential, images, maps, title="some", **of)


def test_the_gallery_has_every_image_with_both_maps(study):
    chosen = choose_pairs(pairs(), ["a", "b"], ARCHITECTURES)
    figure, table = drawn(study, chosen)
    assert len(figure.axes) == 3 * len(table)
    heads = [axes.get_title() for axes in figure.axes if axes.get_title()]
    words = table["class_name"].replace("n01440764", "tench")
    assert heads == [f"{w}\n{i:+.4f}" for w, i in zip(words, table["influence"], strict=True)]
    assert table["class_word"].tolist() == words.tolist()
    assert "tench" in words.tolist()
    texts = " ".join(text.get_text() for text in figure.texts)
    assert "Model A and Model B, the most alike: ρ = 0.40 [0.30, 0.50]" in texts
    assert "path" not in table.columns


def test_a_picture_is_the_map_as_it_is_compared(study):
    maps, _, _ = study
    stored = maps.picture("b", 4, "image 4")
    assert np.abs(stored).max() == pytest.approx(1)
    coarse = MapSource(maps.files, Comparison("cosine", "signed", "none", pool=1))
    whole = MapSource(maps.files, Comparison("cosine", "signed", "none"))
    assert np.ptp(coarse.picture("b", 4, "image 4")) == pytest.approx(0, abs=1e-12)
    assert coarse.picture("b", 4, "image 4").mean() == pytest.approx(
        whole.picture("b", 4, "image 4").mean()
    )
    expected = render(Maps(np.ones((1, 4)), (Grid(2, 2, 8, 8),)), 0)
    assert stored.shape == expected.shape


def test_maps_of_other_images_are_an_error(study):
    maps, images, influential = study
    swapped = images.assign(image_id=IMAGES[::-1])
    with pytest.raises(InputError, match="images"):
        drawn((maps, swapped, influential), choose_pairs(pairs(), ["a", "b"], ARCHITECTURES))


def test_without_a_pair_the_gallery_says_so(study):
    figure, table = drawn(study, choose_pairs(pairs(), [], ARCHITECTURES))
    assert "no two trained models" in figure.axes[0].texts[0].get_text()
    assert len(table) == 1


def consensus(mismatched: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image_id": IMAGES,
            "consensus": [0.5, 0.9, 0.3, np.nan, 0.8, 0.6],
            "mismatched": mismatched,
            "mismatched_95": mismatched + 0.1,
        }
    )


def test_images_stand_in_the_order_of_their_consensus():
    with styled():
        figure, table = consensus_figure(consensus(0.45), title="some")
        assert figure.axes[0].get_title("left") == "3 of 5 images have consensus above chance"
    assert table["image_id"].tolist() == [IMAGES[i] for i in (2, 0, 5, 4, 1)]
    assert table["above"].tolist() == [False, False, True, True, True]


def test_too_few_images_have_no_reference():
    with styled():
        figure, _ = consensus_figure(consensus(np.nan), title="some")
        assert "too few images" in figure.axes[0].get_title("left")
        empty = consensus(0.4).assign(consensus=np.nan)
        figure, table = consensus_figure(empty, title="some")
        assert "No image" in figure.axes[0].texts[0].get_text()
    assert len(table) == 1
