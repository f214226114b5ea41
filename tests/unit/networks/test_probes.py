"""Heads on frozen features, against scikit-learn, closed forms and worlds where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.support.own_networks import write_network
from thinkalike.errors import InputError
from thinkalike.explain import integrated_gradients, kernelshap
from thinkalike.explain.common import Question
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.embedding import nearness
from thinkalike.networks.model import as_model, create
from thinkalike.networks.predict import features, logits, predict_files
from thinkalike.networks.pretrained import load_pretrained, pretrained, randomised
from thinkalike.networks.probes import PENALTIES, class_means, probe_weights, with_head
from thinkalike.networks.weights import build, save

BACKBONE = "vit_small_patch14_dinov2.lvd142m"


@pytest.fixture(scope="module")
def body():
    """A backbone with random weights and no head."""
    torch.manual_seed(0)
    architecture = Architecture("body", "test_vit")
    network = create(architecture, classes=0, size=32)
    return as_model(network, architecture, classes=(), size=32)


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Pictures of noise that are red, green or blue by class."""
    numbers = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = numbers.integers(0, 120, (60, 32, 32, 3), np.uint8)
    images[np.arange(60), :, :, labels] += 120
    return images, labels


@pytest.mark.parametrize("classes", [2, 4])
def test_a_probe_is_scikit_learns_pipeline_with_the_best_of_the_penalties(classes):
    numbers = np.random.default_rng(classes)
    labels = numbers.integers(0, classes, 200)
    points = numbers.normal(size=(200, 6)) * 10.0 ** np.arange(6) + 5
    points[:, 0] += labels
    weights, biases = probe_weights(points, labels, [str(k) for k in range(classes)])
    ours = points @ weights.T + biases
    ours -= ours.mean(1, keepdims=True)
    candidates = []
    for penalty in PENALTIES:
        theirs = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1000))
        probabilities = theirs.fit(points, labels).predict_proba(points)
        scores = np.log(probabilities)
        candidates.append(np.abs(scores - scores.mean(1, keepdims=True) - ours).max())
    assert min(candidates) < 1e-2
    assert (ours.argmax(1) == labels).mean() > 1 / classes


def test_a_constant_feature_says_nothing():
    points = np.random.default_rng(0).normal(size=(40, 3))
    labels = (points[:, 0] > 0).astype(int)
    points[:, 2] = 7
    weights, _ = probe_weights(points, labels, ["a", "b"])
    assert np.abs(weights[:, 2]).max() < 1e-6


def test_means_of_classes():
    points = np.array([[1.0, 0], [3, 0], [0, 5]])
    assert class_means(points, np.array([0, 0, 1]), 2).tolist() == [[2, 0], [0, 5]]
    with pytest.raises(InputError, match="class 2 has no image"):
        class_means(points, np.array([0, 0, 1]), 3)


@pytest.mark.parametrize("kind", ["probe", "means"])
def test_a_head_learns_what_the_features_say_and_leaves_the_body_as_it_is(
    body, pictures, kind, tmp_path
):
    images, labels = pictures
    before = {key: value.clone() for key, value in body.network.state_dict().items()}
    points = features(body, images)
    model = with_head(body, images, labels, classes=["r", "g", "b"], kind=kind)
    assert (logits(model, images).argmax(1) == labels).mean() > 0.9
    np.testing.assert_array_equal(features(model, images), points)
    for key, value in body.network.state_dict().items():
        assert torch.equal(value, before[key])
    if kind == "means":
        unit = points / np.linalg.norm(points, axis=1, keepdims=True)
        means = np.stack([points[labels == k].mean(0) for k in range(3)])
        expected = unit @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
        np.testing.assert_allclose(logits(model, images), expected, atol=1e-5)
    # and is built again from its file
    save(model, tmp_path / "w.safetensors", {})
    again = build(model.architecture, tmp_path / "w.safetensors", torch.device("cpu"))
    np.testing.assert_allclose(logits(again, images), logits(model, images), atol=1e-6)


@pytest.mark.parametrize("kind", ["probe", "means"])
def test_a_network_of_ones_own_gets_a_head_in_the_place_of_its_last_layer(pictures, kind, tmp_path):
    images, labels = pictures
    file = write_network(tmp_path)
    architecture = Architecture(
        "Mine", file=str(file), build="make_network", mean=(0.5,) * 3, std=(0.5,) * 3
    )
    torch.manual_seed(0)
    network = create(architecture, classes=2, size=32)
    mine = as_model(network, architecture, classes=("x", "y"), size=32)
    model = with_head(mine, images, labels, classes=["r", "g", "b"], kind=kind)
    assert (logits(model, images).argmax(1) == labels).mean() > 0.9
    np.testing.assert_allclose(features(model, images), features(mine, images), atol=1e-6)
    save(model, tmp_path / "w.safetensors", {})
    again = build(model.architecture, tmp_path / "w.safetensors", torch.device("cpu"))
    np.testing.assert_allclose(logits(again, images), logits(model, images), atol=1e-6)


def test_what_cannot_get_a_head(body, pictures):
    images, labels = pictures
    with pytest.raises(InputError, match="neither probe nor means"):
        with_head(body, images, labels, classes=["r", "g", "b"], kind="other")
    with pytest.raises(InputError, match=r"two images of every class.*'x' has 0"):
        with_head(body, images, labels, classes=["r", "g", "b", "x"], kind="probe")
    architecture = Architecture("distilled", "deit_tiny_distilled_patch16_224")
    network = create(architecture, classes=3, size=32)
    distilled = as_model(network, architecture, classes=("r", "g", "b"), size=32)
    with pytest.raises(InputError, match="set weights: finetuned"):
        with_head(distilled, images, labels, classes=["r", "g", "b"], kind="probe")


def test_a_backbone_without_a_head_has_no_classes_and_says_so():
    architecture = Architecture("dino", BACKBONE)
    assert pretrained(architecture).classes == ()
    clip = Architecture("clip", "vit_base_patch32_clip_224.openai")
    assert pretrained(clip).classes == ()


def test_published_weights_of_a_backbone_are_loaded_without_a_head(tmp_path):
    # a small network in the place of the published one: what its file has is what is loaded
    architecture = Architecture(
        "dino", BACKBONE, {"embed_dim": 24, "depth": 1, "num_heads": 2, "img_size": 28}
    )
    torch.manual_seed(1)
    network = timm.create_model(architecture.timm, **architecture.arguments)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    model = load_pretrained(architecture, tmp_path / "model.safetensors")
    assert model.classes == ()
    images = np.random.default_rng(0).integers(0, 255, (2, 28, 28, 3), np.uint8)
    points = features(replace(model, size=28), images)
    assert points.shape == (2, 24)
    with pytest.raises(InputError, match=r"dino has no head.*head: probe"):
        predict_files(model, None)


def test_random_weights_of_a_backbone_have_no_head_either():
    architecture = Architecture(
        "dino", BACKBONE, {"embed_dim": 24, "depth": 1, "num_heads": 2}, head="means"
    )
    assert randomised(architecture, 0).classes == ()


def test_an_image_is_nearest_to_itself_and_kernelshap_shares_that(body, pictures):
    images = pictures[0][:4]
    model = nearness(body, images, list("abcd"))
    points = features(body, images)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    np.testing.assert_allclose(logits(model, images), unit @ unit.T, atol=1e-5)
    segments = np.zeros((4, 32, 32), np.int16)
    segments[:, :16, 16:], segments[:, 16:, :16], segments[:, 16:, 16:] = 1, 2, 3
    question = Question("logit", (0.0, 0.0, 0.0), segments=segments, seeds=np.arange(4))
    targets = np.arange(4)
    shares = kernelshap.explain(model, images, targets, question, evaluations=16).maps.coefficients
    black = logits(model, np.zeros((1, 32, 32, 3), np.uint8))[0]
    np.testing.assert_allclose(shares.sum(1), 1 - black, atol=1e-5)
    question = replace(question, segments=None, seeds=None)
    pixels = integrated_gradients.explain(
        model, images, targets, question, tolerance=0.02, map_tolerance=0.1, most_steps=162
    )
    np.testing.assert_allclose(pixels.maps.coefficients.sum(1), 1 - black, rtol=0.05, atol=1e-3)
