"""The transforms of images, what they do to accuracy, and the figure of it."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.stats import beta
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, create_transform
from torchvision import transforms as torchvision

from scripts import measure_accuracy, plot_accuracy
from tests.support.explaining import CATALOGUE, classifier, recorded
from thinkalike.errors import InputError
from thinkalike.images.loading import load_images
from thinkalike.images.sources import make_digits
from thinkalike.networks.accuracy import accuracy_table, correct_by_transform, own_images
from thinkalike.networks.catalogue import complete_entry
from thinkalike.networks.weights import save
from thinkalike.plotting.accuracy import TRANSFORM_NAMES, transforms, with_intervals
from thinkalike.plotting.style import styled
from thinkalike.stores.tables import read_table, write_table

CPU = torch.device("cpu")
MEAN, STD = (0.5, 0.4, 0.3), (0.3, 0.2, 0.1)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> list[str]:
    """Wide, high, small and grey images."""
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(0)
    paths = []
    for number, (width, height) in enumerate([(150, 97), (90, 200), (60, 50), (128, 128)]):
        coarse = rng.integers(0, 256, (7, 9, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        paths.append(str(folder / f"{number}.png"))
        (image.convert("L") if number == 3 else image).save(paths[-1])
    return paths


# ---- pixels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "crop_pct", "interpolation"),
    [(96, 0.875, "bicubic"), (64, 0.95, "bilinear"), (80, 1.0, "bicubic")],
)
def test_own_is_the_transform_that_timm_gives_for_the_weights(
    photographs, size, crop_pct, interpolation
):
    header = {"size": size, "crop_pct": crop_pct, "interpolation": interpolation}
    model = replace(classifier("resnet", size), mean=MEAN, std=STD)
    timms = create_transform(
        (3, size, size), interpolation=interpolation, mean=MEAN, std=STD, crop_pct=crop_pct
    )
    expected = torch.stack([timms(Image.open(path).convert("RGB")) for path in photographs])
    got = model.normalise(own_images(photographs, header))
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_weights_of_our_own_training_see_the_whole_image(photographs):
    got = own_images(photographs, {"size": 48})
    np.testing.assert_array_equal(got, load_images(photographs, 48))


def test_turned_and_transparent_images_are_seen_as_the_study_sees_them(tmp_path):
    rng = np.random.default_rng(1)
    turned, transparent = tmp_path / "turned.jpg", tmp_path / "transparent.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn clockwise
    Image.fromarray(rng.integers(0, 256, (30, 50, 3), dtype=np.uint8)).save(turned, exif=exif)
    Image.fromarray(rng.integers(0, 256, (30, 50, 4), dtype=np.uint8)).save(transparent)
    paths = [str(turned), str(transparent)]
    np.testing.assert_array_equal(own_images(paths, {"size": 32}), load_images(paths, 32))
    upright = own_images(paths[:1], {"size": 30, "crop_pct": 1.0, "interpolation": "bilinear"})
    pixels = np.asarray(Image.open(turned).transpose(Image.Transpose.ROTATE_270))
    assert pixels.shape == (50, 30, 3)
    np.testing.assert_array_equal(upright[0], pixels[10:40])


def test_a_model_is_given_each_transform_with_its_own_mean_and_standard_deviation(photographs):
    own = replace(classifier("resnet", 96), mean=MEAN, std=STD)
    study = replace(classifier("resnet", 64), mean=MEAN, std=STD)
    header = {"size": 96, "crop_pct": 0.875, "interpolation": "bicubic"}
    with recorded(own.network) as at_own, recorded(study.network) as at_study:
        correct_by_transform(own, study, header, photographs, ["0"] * 4)
    images = [Image.open(path).convert("RGB") for path in photographs]

    def squashed(mean, std):
        return torchvision.Compose(
            [
                torchvision.Resize((64, 64)),
                torchvision.ToTensor(),
                torchvision.Normalize(mean, std),
            ]
        )

    timms = create_transform(96, interpolation="bicubic", mean=MEAN, std=STD, crop_pct=0.875)
    passes = [inputs for inputs in [*at_own, *at_study] if len(inputs) == 4]
    wanted = [timms, squashed(MEAN, STD), squashed(IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)]
    for inputs, transform in zip(passes, wanted, strict=True):
        expected = torch.stack([transform(image) for image in images])
        torch.testing.assert_close(inputs, expected, atol=1e-5, rtol=0)


# ---- what is correct ----------------------------------------------------------------------------


def test_an_image_is_right_by_the_name_of_its_class_wherever_the_output_stands(photographs):
    model = classifier("vit", 64)
    header = {"size": 64}
    predicted = model.network(model.normalise(load_images(photographs, 64))).argmax(1).numpy()
    for classes in ("abcde", "edcba", "bcdea"):
        named = replace(model, classes=tuple(classes))
        names = ["a", "b", "c", classes[predicted[3]]]
        right = correct_by_transform(named, named, header, photographs, names)
        expected = [classes[p] == name for p, name in zip(predicted, names, strict=True)]
        assert right["common_own_normalisation"].tolist() == expected
        assert right["own"].tolist() == expected
        assert expected[3]


def test_imagenet_s_normalisation_is_not_run_twice(photographs):
    model = replace(classifier("resnet", 64), mean=IMAGENET_DEFAULT_MEAN, std=IMAGENET_DEFAULT_STD)
    with recorded(model.network) as seen:
        right = correct_by_transform(model, model, {"size": 64}, photographs, ["0"] * 4)
    assert sum(len(inputs) == 4 for inputs in seen) == 2
    assert right["common"] is right["common_own_normalisation"]


def test_classes_that_a_model_does_not_know_are_named(photographs):
    model = classifier("resnet", 64)
    with pytest.raises(InputError, match=r"ResNet has no output for .* class cat, dog .*fine-tune"):
        correct_by_transform(model, model, {"size": 64}, photographs, ["1", "dog", "cat", "1"])


def test_the_table_counts_what_changed():
    right = {
        "own": np.array([1, 1, 1, 0, 0], bool),
        "common": np.array([1, 0, 0, 1, 0], bool),
    }
    table = accuracy_table(right).set_index("transform")
    assert table.loc["own"].tolist() == [3, 5, 0.6, 0, 0]
    assert table.loc["common"].tolist() == [2, 5, 0.4, 1, 2]


# ---- the job of one model -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits_manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    images = make_digits(folder, validation=0.28, seed=0)
    path = folder / "manifest.parquet"
    write_table(images.groupby(["split", "label"]).head(5), path)
    return path


def measure(manifest, folder, key: str, *, native: int, number: int = 20, **header: object):
    entry = complete_entry(key, CATALOGUE)
    architecture = {"name": key, "timm": entry["timm"], "arguments": entry.get("arguments", {})}
    weights, output = folder / "weights.safetensors", folder / f"{key}.csv"
    model = replace(classifier(key, native, classes=10), classes=tuple("9876543210"))
    save(model, weights, header)
    measure_accuracy.main(
        str(manifest),
        str(weights),
        str(output),
        architecture=architecture,
        number=number,
        size=64,
        seed=0,
        order="rounds",
        device=CPU,
    )
    return read_table(output)


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_a_model_is_measured_at_its_native_size_and_at_the_study_s(digits_manifest, tmp_path, key):
    table = measure(
        digits_manifest, tmp_path, key, native=96, crop_pct=0.9, interpolation="bicubic"
    )
    assert list(table) == plot_accuracy.COLUMNS
    assert table["split"].tolist() == ["train"] * 3 + ["val"] * 3
    assert table["transform"].tolist() == ["own", "common_own_normalisation", "common"] * 2
    assert set(table["model"]) == {key}
    assert set(table["images"]) == {20}
    own = table[table["transform"] == "own"].set_index("split")["correct"]
    assert (table["correct"] - table["split"].map(own) == table["gained"] - table["lost"]).all()
    np.testing.assert_array_equal(table["accuracy"], table["correct"] / table["images"])


def test_weights_trained_here_are_their_own_transform_and_all_images_are_enough(
    digits_manifest, tmp_path
):
    table = measure(digits_manifest, tmp_path, "resnet", native=64, number=1000)
    assert set(table["images"]) == {50}
    same = table[table["transform"] != "common"]
    assert (same[["gained", "lost"]] == 0).all(axis=None)
    assert same.groupby("split")["correct"].nunique().eq(1).all()


# ---- intervals ----------------------------------------------------------------------------------


def counts(correct: int, images: int, gained: int, lost: int) -> pd.Series:
    table = pd.DataFrame(
        {"correct": [correct], "images": [images], "gained": [gained], "lost": [lost]}
    )
    return with_intervals(table).iloc[0]


def test_accuracies_have_wilson_s_interval():
    k, n, z = 37, 50, 1.959963984540054
    middle = (k / n + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))
    row = counts(k, n, 0, 0)
    np.testing.assert_allclose([row["low"], row["high"]], [middle - half, middle + half])


def test_differences_have_the_exact_interval_and_the_p_of_mcnemar():
    for gained in range(8):
        for lost in range(8):
            row, d, n = counts(20, 40, gained, lost), gained + lost, 40
            assert row["difference"] == pytest.approx((gained - lost) / n)
            tail = sum(math.comb(d, k) for k in range(min(gained, lost) + 1)) / 2**d
            assert row["p"] == pytest.approx(min(1, 2 * tail))
            low = beta.ppf(0.025, gained, lost + 1) if gained else 0
            high = beta.ppf(0.975, gained + 1, lost) if lost else 1
            expected = [d * (2 * low - 1) / n, d * (2 * high - 1) / n] if d else [0, 0]
            got = [row["difference_low"], row["difference_high"]]
            np.testing.assert_allclose(got, expected, atol=1e-9)
            assert (got[0] > 0 or got[1] < 0) == (row["p"] < 0.05)


@pytest.mark.parametrize("case", [(0, 1, 0, 0), (1, 1, 1, 0), (0, 1, 0, 1), (1, 2, 1, 1)])
def test_tiny_counts_have_finite_intervals(case):
    row = counts(*case)
    assert np.isfinite(row.to_numpy(float)).all()
    assert -1e-12 <= row["low"] <= row["high"] <= 1 + 1e-12
    assert row["difference_low"] <= row["difference"] <= row["difference_high"]


# ---- the figure ---------------------------------------------------------------------------------


def rows(model: str, correct: int, images: int = 40) -> pd.DataFrame:
    cases = [
        (split, transform, *change)
        for split in ("train", "val")
        for transform, change in zip(TRANSFORM_NAMES, [(0, 0), (1, 3), (0, 5)], strict=True)
    ]
    table = pd.DataFrame(cases, columns=["split", "transform", "gained", "lost"])
    table["correct"] = (correct + table["gained"] - table["lost"]).clip(0, images)
    return table.assign(model=model, images=images, accuracy=table["correct"] / images)


NAMES = {"a": "Model A", "b": "Model B", "c": "Model C"}
FAMILIES = {"a": "cnn", "b": "transformer", "c": "cnn"}


def test_models_stand_in_the_order_of_their_own_accuracy_on_val():
    table = with_intervals(pd.concat([rows("a", 30), rows("b", 20), rows("c", 38)]))
    with styled():
        figure = transforms(table, names=NAMES, families=FAMILIES)
        axes = figure.axes[0]
        labels = [label.get_text() for label in axes.get_yticklabels()]
        assert labels == ["Model B", "Model A", "Model C"]
        own = axes.containers[0].lines[0]
        np.testing.assert_allclose(own.get_xdata(), [50, 75, 95])
        changes = figure.axes[1].containers
        assert len(changes) == 2  # the own transform does not differ from itself
        np.testing.assert_allclose(changes[0].lines[0].get_xdata(), [-5, -5, -5])
        np.testing.assert_allclose(changes[1].lines[0].get_xdata(), [-12.5, -12.5, -12.5])
        plt.close(figure)


@pytest.mark.parametrize("images", [40, 1])
def test_the_figure_and_its_data_are_written_and_again_the_same(tmp_path, images):
    paths = []
    for model, correct in (("a", 30), ("b", 20)):
        paths.append(str(tmp_path / f"{model}.csv"))
        table = rows(model, min(correct, images), images)
        if images == 1:
            table[["gained", "lost"]] = 0
            table["correct"] = 1
        write_table(table, paths[-1])
    written = [str(tmp_path / f"figure.{suffix}") for suffix in ("svg", "png", "csv")]
    content = []
    for _ in range(2):
        plot_accuracy.main(paths, written, names=NAMES, families=FAMILIES)
        content.append([(tmp_path / path).read_bytes() for path in written])
    assert content[0] == content[1]
    drawn = read_table(written[2])
    assert len(drawn) == 12
    assert not drawn.isna().any(axis=None)


def test_a_table_without_the_paired_counts_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    write_table(rows("a", 3).drop(columns="gained"), path)
    with pytest.raises(InputError, match=r"a\.csv has no column gained"):
        plot_accuracy.main([str(path)], ["a.svg", "a.png", "b.csv"], names=NAMES, families=FAMILIES)


def test_a_damaged_image_is_named(tmp_path):
    (tmp_path / "half.png").write_bytes(b"\x89PNG half")
    with pytest.raises(InputError, match=r"half\.png cannot be read"):
        own_images([str(tmp_path / "half.png")], {"size": 32})
