"""A model's clusters in the place of its classes: the same logits as NEON's, and every method's maps."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from tests.support.explaining import CATALOGUE, DIGITS, SIDE, classifier, double, images, question
from thinkalike.errors import InputError
from thinkalike.explain import gradcam, integrated_gradients, kernelshap, lrp
from thinkalike.neon.estimator import Neon
from thinkalike.neon.features import FeatureClustering
from thinkalike.neon.pixels import cluster_case, cluster_model, clustering
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import complete_entry
from thinkalike.networks.model import Model, penultimate
from thinkalike.networks.predict import features, logits
from thinkalike.randomness import integer_seed
from thinkalike.stores.arrays import write_arrays


def clustered(key: str, count: int = 8) -> tuple[Model, Neon, np.ndarray, np.ndarray]:
    """A model, its clusters (some of its own images for centroids), images and their features."""
    model = double(classifier(key))
    pixels = images(count)
    points = features(model, pixels).astype(np.float64)
    return model, Neon(points[:3] + 1e-3).fit(points), pixels, points


@pytest.mark.parametrize("key", CATALOGUE)
def test_the_last_layer_makes_the_logits_of_the_features(key):
    if complete_entry(key, CATALOGUE).get("training", {}).get("epochs") == 0:
        pytest.skip("the same network as another")
    model = classifier(key, size=SIDE[key])
    inputs = model.normalise(images(2, SIDE[key]))
    with torch.inference_mode():
        found = penultimate(model.network, inputs)
        scores = model.network.get_classifier()(found)
        expected = model.network(inputs)
    assert found.ndim == 2
    torch.testing.assert_close(scores, expected, rtol=1e-5, atol=1e-5)


def test_features_are_the_same_in_batches_and_alone():
    model = classifier("resnet")
    pixels = images(5)
    whole = features(model, pixels)
    assert whole.shape == (5, 96)
    assert whole.dtype == np.float32
    alone = np.concatenate([features(model, pixels[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(features(model, pixels, batch_size=2), whole, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(alone, whole, rtol=1e-5, atol=1e-5)
    head = model.network.get_classifier()
    expected = whole @ head.weight.numpy().T + head.bias.numpy()
    np.testing.assert_allclose(logits(model, pixels), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("key", DIGITS)
def test_logits_of_clusters_are_those_of_neon(key):
    model, neon, pixels, points = clustered(key)
    found = logits(clustering(model, neon.centroids_), pixels)
    expected = neon.decision_function(points)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-5)
    assert (found.argmax(1) == neon.predict(points)).all()
    assert ((found > 0).sum(1) <= 1).all()


def test_the_network_is_shared_and_left_as_it_is():
    model, neon, pixels, _ = clustered("vit")
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    new = clustering(model, neon.centroids_)
    assert new.network.backbone is model.network
    assert new.classes == ("0", "1", "2")
    rough = {"tolerance": 0.5, "map_tolerance": 1.0, "most_steps": 6}
    integrated_gradients.explain(new, pixels[:1], None, question(), **rough)
    assert all(torch.equal(before[name], v) for name, v in model.network.state_dict().items())
    training = clustering(replace(model, network=model.network.train()), neon.centroids_)
    with pytest.raises(InputError, match="training mode"):
        gradcam.explain(training, pixels[:1], None, question(), depth=100)


@pytest.mark.parametrize("key", ["resnet", "vit_relpos", "coatnet"])
def test_maps_share_out_the_logit_of_the_cluster_less_that_of_the_baseline(key):
    model, neon, pixels, points = clustered(key)
    new = clustering(model, neon.centroids_)
    black = np.zeros((1, *pixels.shape[1:]), np.uint8)
    clusters = neon.predict(points)
    rows = np.arange(len(pixels))
    difference = logits(new, pixels)[rows, clusters] - logits(new, black)[0, clusters]
    segments = np.kron([[0, 1], [2, 3]], np.ones((32, 32), int))[None].repeat(len(pixels), 0)
    asked = question(segments=segments, seeds=np.arange(len(pixels)))
    answer = kernelshap.explain(new, pixels, clusters, asked, evaluations=16)
    scale = np.abs(difference).max()
    np.testing.assert_allclose(
        answer.maps.coefficients.sum(1) / scale, difference / scale, atol=1e-5
    )
    answer = integrated_gradients.explain(
        new, pixels, clusters, question(), tolerance=0.02, map_tolerance=1.0, most_steps=486
    )
    done = answer.measures["converged"].astype(bool)
    assert done.mean() > 0.6
    allowed = 0.02 * np.maximum(np.abs(difference), logits(new, pixels).std(1)) + 1e-4 * scale
    missed = np.abs(answer.maps.coefficients.sum(1) - difference)
    assert (missed[done] <= allowed[done]).all()


@pytest.mark.parametrize("key", DIGITS)
def test_lrp_of_a_cluster_has_a_ledger_that_closes(key):
    model, neon, pixels, points = clustered(key)
    clusters = neon.predict(points)
    answer = lrp.explain(
        clustering(model, neon.centroids_), pixels, clusters, question(), composite="epsilon"
    )
    scores = neon.decision_function(points)[np.arange(len(pixels)), clusters]
    sums = sum(answer.accounts.values())
    scale = np.abs(scores).max()
    np.testing.assert_allclose(sums / scale, scores / scale, atol=1e-6)
    np.testing.assert_allclose(
        answer.maps.coefficients.sum(1), answer.accounts["pixels"], rtol=1e-9, atol=1e-9 * scale
    )


def test_lrp_of_a_cluster_is_gradient_times_input_where_the_features_are_linear():
    """f_c = w·x + b with w = 2 (μ_c − μ_j), j the next cluster: pixels have w·(x − baseline)."""
    size, features_of = 4, 5
    torch.manual_seed(0)
    body = nn.Linear(3 * size**2, features_of, bias=False)
    network = nn.Sequential(nn.Flatten(), body, nn.Linear(features_of, 2)).double().eval()
    model = Model(
        network, (0.2, 0.3, 0.4), (0.5, 0.6, 0.7), size, ("a", "b"), Architecture("linear")
    )
    pixels = images(6, size)
    inputs = model.normalise(pixels)
    matrix = body.weight.detach().numpy()
    points = inputs.flatten(1).numpy() @ matrix.T
    centroids = points[:3] + 0.01
    squares = ((points[:, None] - centroids) ** 2).sum(2)
    own, nearest = squares.argsort(1)[:, :2].T
    answer = lrp.explain(clustering(model, centroids), pixels, own, question(), composite="epsilon")
    slopes = 2 * (centroids[own] - centroids[nearest]) @ matrix
    black = model.normalise(np.zeros_like(pixels)).flatten(1).numpy()
    expected = (slopes * (inputs.flatten(1).numpy() - black)).reshape(6, 3, -1).sum(1)
    np.testing.assert_allclose(answer.maps.coefficients, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_gradcam_of_a_cluster_is_at_the_layer_of_the_catalogue(key):
    model, neon, pixels, points = clustered(key)
    new = clustering(model, neon.centroids_)
    answer = gradcam.explain(new, pixels, neon.predict(points), question(), depth=100)
    layer = model.layer(100)
    kept: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda *a: kept.append(a[2].requires_grad_()) or a[2])
    scores = new.network(model.normalise(pixels))
    handle.remove()
    picked = scores[torch.arange(len(pixels)), torch.as_tensor(neon.predict(points))]
    (gradient,) = torch.autograd.grad(picked.sum(), kept)
    grid, slopes = model.to_grid(kept[0].detach()), model.to_grid(gradient)
    expected = (slopes.mean((2, 3))[:, :, None, None] * grid).sum(1).flatten(1).numpy()
    np.testing.assert_allclose(answer.maps.coefficients, expected, rtol=1e-6, atol=1e-9)


def test_a_case_has_the_images_that_stand_for_the_clusters_with_seeds_by_their_names(tmp_path):
    model, _, pixels, _ = clustered("vit")
    table = pd.DataFrame(
        {"image_id": [f"{i}.png" for i in range(8)], "class_name": list("aabbccab")}
    )
    clusters = cluster_model(model, pixels, table, FeatureClustering(clusters=3), 0)
    write_arrays(
        tmp_path / "segments.nc",
        {"labels": (("image", "y", "x"), np.arange(8)[:, None, None] * np.ones((1, 2, 2), int))},
        coordinates={},
        attributes={},
    )
    case = cluster_case(
        model,
        clusters,
        pixels,
        2,
        baseline=(0.0, 0.0, 0.0),
        seeds=(7, "kernelshap"),
        segments=str(tmp_path / "segments.nc"),
    )
    positions = clusters.gallery(2)
    assert case.image_ids == [f"{i}.png" for i in positions]
    np.testing.assert_array_equal(case.images, pixels[positions])
    np.testing.assert_array_equal(case.targets, clusters.clusters[positions])
    np.testing.assert_array_equal(case.question.segments[:, 0, 0], positions)
    expected = [integer_seed(7, "kernelshap", name) for name in case.image_ids]
    np.testing.assert_array_equal(case.question.seeds, expected)
    assert (logits(case.model, case.images).argmax(1) == case.targets).all()


def test_a_network_without_features_is_refused():
    with pytest.raises(InputError, match="a ReLU has no features before its head"):
        penultimate(nn.ReLU(), torch.zeros(1, 3))

    class Grid(nn.Module):
        def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
            return inputs

        def forward_head(self, inputs: torch.Tensor, pre_logits: bool) -> torch.Tensor:
            return inputs

    with pytest.raises(
        InputError, match=r"a Grid have shape \(1, 3, 4, 4\), not images by features"
    ):
        penultimate(Grid(), torch.zeros(1, 3, 4, 4))
