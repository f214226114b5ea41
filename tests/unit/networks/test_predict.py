"""Predictions, and labels found by name in a model's own label space."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from scripts import compare_predictions, initialise_weights, predict_images
from tests.support.explaining import classifier
from thinkalike.errors import InputError
from thinkalike.explain.cases import Files, read_case
from thinkalike.images.loading import load_images
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model
from thinkalike.networks.predict import (
    check_spread,
    features,
    labels,
    logits,
    logits_and_features,
    prediction_table,
)
from thinkalike.networks.pretrained import pretrained
from thinkalike.networks.weights import build, save
from thinkalike.stores.features import read_features
from thinkalike.stores.tables import read_table, write_table

CPU = torch.device("cpu")
BLACK, WHITE = (0.0,) * 3, (1.0,) * 3
IMAGENETTE = {
    # synset → output of an ImageNet network: the ten classes of Imagenette
    "n01440764": 0,
    "n02102040": 217,
    "n02979186": 482,
    "n03000684": 491,
    "n03028079": 497,
    "n03394916": 566,
    "n03417042": 569,
    "n03425413": 571,
    "n03445777": 574,
    "n03888257": 701,
}
RESNET = {"name": "ResNet", "timm": "test_resnet.r160_in1k", "arguments": {}}


def model_with(classes: str, class_names: tuple[str, ...] = ()) -> Model:
    network = torch.nn.Identity()
    return Model(network, BLACK, WHITE, 8, tuple(classes), Architecture("Mine"), class_names)


def table_of(class_names: str) -> pd.DataFrame:
    ids = [f"image{i}" for i in range(len(class_names))]
    return pd.DataFrame({"image_id": ids, "class_name": list(class_names)})


def test_predictions_are_the_softmax_of_the_logits():
    values = np.array([[1.0, 3.0, 2.0], [500.0, -500.0, 0.0]], np.float32)
    table = prediction_table(values, table_of("yz"), model_with("xyz"))
    expected = torch.from_numpy(values).double().softmax(1).max(1)
    assert table["predicted"].tolist() == expected.indices.tolist() == [1, 0]
    np.testing.assert_allclose(table["probability"], expected.values, rtol=1e-12)
    assert table["correct"].tolist() == [True, False]


@pytest.mark.parametrize("order", ["abc", "cab", "bca"])
def test_labels_are_found_by_name_wherever_the_outputs_stand(order):
    model = model_with(order, tuple({"a": "ant", "b": "bee", "c": "cat"}[c] for c in order))
    values = np.eye(3, dtype=np.float32)[[order.index(c) for c in "acb"]]
    table = prediction_table(values, table_of("acc"), model)
    assert table["predicted_class"].tolist() == ["a", "c", "b"]
    assert table["predicted_name"].tolist() == ["ant", "cat", "bee"]
    assert [order[i] for i in table["label"]] == ["a", "c", "c"]
    assert [order[i] for i in table["predicted"]] == ["a", "c", "b"]
    assert table["correct"].tolist() == [True, True, False]


def test_classes_without_other_names_are_called_by_their_own():
    table = prediction_table(np.eye(2, dtype=np.float32), table_of("xy"), model_with("xy"))
    assert table["predicted_name"].tolist() == ["x", "y"]


def test_synsets_are_called_by_words_whoever_trained_the_network():
    synsets = ["n01440764", "n02102040"]
    images = pd.DataFrame({"image_id": ["a", "b"], "class_name": synsets})
    # trained from scratch, and fine-tuned from weights that know one of the classes
    for known, first in ((), "tench"), (("fish", "n02102040"), "fish"):
        model = replace(model_with("", known), classes=tuple(synsets))
        table = prediction_table(np.eye(2, dtype=np.float32), images, model)
        assert table["predicted_name"].tolist() == [first, "English springer"]
        assert table["predicted_class"].tolist() == synsets
        assert table["correct"].all()


def test_classes_that_are_numbers_are_names_too():
    assert labels([7, 3], model_with("0123456789")).tolist() == [7, 3]


def test_classes_that_a_model_has_no_output_for_are_named_five_at_most():
    with pytest.raises(InputError) as error:
        labels(list("hgfedcba"), model_with("a"))
    assert "Mine has no output for the images' class b, c, d, e, f and 2 more" in str(error.value)
    assert "fine-tune it (weights: finetuned), or name the class folders" in str(error.value)
    with pytest.raises(InputError, match="class z \\(1 outputs"):
        labels(["z", "a"], model_with("a"))


@pytest.fixture
def imagenette(tmp_path):
    """images.parquet with one image of each class, in an order that is not ImageNet's."""
    synsets = np.random.default_rng(0).permutation(list(IMAGENETTE)).tolist()
    paths = []
    for name in synsets:
        paths.append(str(tmp_path / f"{name}.png"))
        pixels = np.random.default_rng(len(paths)).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(paths[-1])
    images = {
        "image_id": synsets,
        "path": paths,
        "label": range(10),
        "class_name": synsets,
        "position": range(10),
    }
    write_table(pd.DataFrame(images), tmp_path / "images.parquet")
    initialise_weights.main(
        str(tmp_path / "weights.safetensors"), architecture=RESNET, seed=0, code="c0de"
    )
    return tmp_path


def predict(folder, size: int | None = None) -> pd.DataFrame:
    predict_images.main(
        *(
            str(folder / name)
            for name in ("images.parquet", "weights.safetensors", "p.parquet", "features.nc")
        ),
        architecture=RESNET,
        device=CPU,
        size=size,
        code="c0de",
    )
    return read_table(folder / "p.parquet")


def test_imagenet_labels_of_images_are_those_of_their_synsets(imagenette):
    table = predict(imagenette)
    assert table["label"].tolist() == [IMAGENETTE[name] for name in table["image_id"]]
    classes = pretrained(Architecture.of(RESNET)).classes
    assert table["predicted_class"].tolist() == [classes[i] for i in table["predicted"]]


def test_the_size_of_the_study_is_what_the_network_sees(imagenette):
    table = predict(imagenette, 64)
    model = build(Architecture.of(RESNET), imagenette / "weights.safetensors", CPU)
    with Image.open(imagenette / f"{table['image_id'][3]}.png") as image:
        resized = np.array(image.resize((64, 64), Image.Resampling.BILINEAR))
    with torch.inference_mode():
        expected = model.network(model.normalise(resized[None]))[0]
    np.testing.assert_allclose(table["logits"][3], expected, atol=1e-5)


def test_features_are_kept_beside_predictions_for_the_first_images(imagenette, monkeypatch):
    table = predict(imagenette, 64)
    model = build(Architecture.of(RESNET), imagenette / "weights.safetensors", CPU, 64)
    pixels = load_images([str(imagenette / f"{name}.png") for name in table["image_id"]], 64)
    stored = read_features(str(imagenette / "features.nc"))
    np.testing.assert_allclose(stored, features(model, pixels), rtol=1e-5, atol=1e-6)
    head = model.network.get_classifier()
    made = torch.nn.functional.linear(torch.from_numpy(stored), head.weight, head.bias)
    np.testing.assert_allclose(np.stack(table["logits"]), made.detach(), atol=1e-4)
    monkeypatch.setattr("thinkalike.networks.predict.KEPT", 4)
    predict(imagenette, 64)
    np.testing.assert_array_equal(read_features(str(imagenette / "features.nc")), stored[:4])


@pytest.mark.parametrize("key", ["resnet", "efficientnet", "convnext", "vit", "coatnet"])
def test_keeping_features_changes_no_logit_and_leaves_no_trace(key):
    model = classifier(key, classes=3)
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    before, attributes = logits(model, images), set(vars(model.network))
    values, points = logits_and_features(model, images, batch_size=2)
    np.testing.assert_array_equal(logits_and_features(model, images)[0], before)
    np.testing.assert_allclose(values, before, atol=1e-5)
    np.testing.assert_allclose(points, features(model, images), rtol=1e-4, atol=1e-5)
    assert set(vars(model.network)) == attributes
    np.testing.assert_array_equal(logits(model, images), before)


def test_a_network_without_features_has_predictions_all_the_same():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 3), torch.nn.Tanh())
    model = replace(model_with("xyz"), network=network)
    images = np.zeros((2, 8, 8, 3), np.uint8)
    values, points = logits_and_features(model, images, batch_size=2)
    np.testing.assert_array_equal(values, logits(model, images, batch_size=2))
    assert points.shape == (2, 0)


def test_a_model_with_the_same_scores_for_all_images_is_refused(imagenette):
    """What reaches the end of an untrained network may be nothing but the bias of its head."""
    weights = imagenette / "weights.safetensors"
    model = build(Architecture.of(RESNET), weights, CPU)
    with torch.no_grad():
        model.network.fc.weight.zero_()
        model.network.fc.bias.copy_(torch.arange(1000) / 7)
    save(model, weights, {})
    with pytest.raises(
        InputError, match=r"ResNet gives the same scores for all 10 images, .*train"
    ):
        predict(imagenette, 64)


def test_scores_that_differ_by_less_than_their_rounding_are_the_same():
    scores = np.array([[3.0, -40], [3, -40], [3, -40]]) * (1 + 1e-7 * np.arange(6).reshape(3, 2))
    model = model_with("ab")
    with pytest.raises(InputError, match="the same scores for all 3 images"):
        check_spread(model, scores)
    check_spread(model, scores * np.array([[1], [1], [1 + 1e-4]]))
    check_spread(model, scores[:1])  # one image says nothing


def test_classes_in_folders_of_another_name_stop_the_job(imagenette):
    table = read_table(imagenette / "images.parquet")
    table["class_name"] = "tench"
    write_table(table, imagenette / "images.parquet")
    with pytest.raises(InputError, match=r"ResNet has no output for .* class tench \(1000 outputs"):
        predict(imagenette)


@pytest.mark.parametrize("target", ["label", "prediction"])
def test_explanations_of_the_label_are_of_the_model_s_own_output_for_it(imagenette, target):
    table = predict(imagenette, 64)
    names = ("images.parquet", "weights.safetensors", "p.parquet")
    case = read_case(
        Files(*(str(imagenette / name) for name in names)),
        RESNET,
        {"target": target, "output": "logit", "baseline": [], "precision": "float32"},
        size=64,
        part=slice(7),
        device=CPU,
    )
    label = [IMAGENETTE[name] for name in table["image_id"][:7]]
    expected = label if target == "label" else table["predicted"][:7].tolist()
    assert case.targets.tolist() == expected
    assert case.images.shape == (7, 64, 64, 3)
    assert case.model.size == 64


def test_models_agree_on_names_not_on_numbers(tmp_path):
    first, second = model_with("abc"), model_with("cba")
    first_values = np.eye(3, dtype=np.float32)[[0, 1, 2]]  # a, b, c
    second_values = np.eye(3, dtype=np.float32)[[2, 1, 1]]  # a, b, b
    write_table(prediction_table(first_values, table_of("abc"), first), tmp_path / "1.parquet")
    write_table(prediction_table(second_values, table_of("abc"), second), tmp_path / "2.parquet")
    model = replace(classifier("resnet", classes=3), classes=tuple("abc"))
    for name, header in (("1", {"accuracy": 0.5, "images": 8}), ("2", {"source": "random"})):
        save(model, tmp_path / f"{name}.safetensors", header)
    written = [str(tmp_path / name) for name in ("counts.csv", "pairs.parquet", "accuracy.csv")]
    compare_predictions.main(
        [str(tmp_path / f"{i}.parquet") for i in (1, 2)],
        [str(tmp_path / f"{i}.safetensors") for i in (1, 2)],
        *written,
        models=["one", "two"],
    )
    assert read_table(written[1])[["same", "different"]].to_numpy().tolist() == [[2, 1]]
    accuracy = read_table(written[2], index="model")
    assert accuracy["correct"].tolist() == [3, 2]
    assert accuracy["val_images"].tolist() == [8, 0]
    assert accuracy.loc["one", "val_accuracy"] == 0.5
    assert np.isnan(accuracy.loc["two", "val_accuracy"])
