"""Training from scratch."""

import numpy as np
import pytest
import torch

from thinkalike import models
from thinkalike.config import built_in_catalogue, complete_entry
from thinkalike.errors import InputError
from thinkalike.jobs import integer_seed
from thinkalike.training import shifted, train

ENTRY = complete_entry("vit", built_in_catalogue())
CPU = torch.device("cpu")
SETTINGS = {
    "epochs": 2,
    "batch_size": 8,
    "optimizer": "adamw",
    "schedule": "cosine",
    "learning_rate": 0.003,
    "weight_decay": 0.0,
    "warmup_epochs": 0,
    "shift": 0,
}


def data(count: int = 16):
    """Two classes that cannot be mistaken: red and blue."""
    images = np.zeros((count, 64, 64, 3), np.uint8)
    labels = np.arange(count) % 2
    images[labels == 0, :, :, 0] = 255
    images[labels == 1, :, :, 2] = 255
    return images, labels


def trained(seed: int = 1, **changes: object):
    images, labels = data()
    settings = {**SETTINGS, **changes}
    return train(ENTRY, images, labels, classes=2, settings=settings, seed=seed, device=CPU)


def weights(network) -> np.ndarray:
    return np.concatenate([p.detach().numpy().ravel() for p in network.parameters()])


def test_the_same_seed_gives_the_same_weights_and_another_gives_others():
    first = weights(trained())
    torch.rand(5)  # whatever was drawn before does not matter
    assert np.array_equal(first, weights(trained()))
    assert not np.array_equal(first, weights(trained(seed=2)))


def test_no_epochs_leave_the_random_weights():
    torch.manual_seed(integer_seed(1, "weights"))
    untouched = models.create(ENTRY, classes=2, size=64)
    assert np.array_equal(weights(trained(epochs=0)), weights(untouched))


def test_two_classes_are_learned():
    images, labels = data()
    network = trained(epochs=15, optimizer="muon", learning_rate=0.01)
    mean, std = models.preprocessing(network)
    model = models.Classifier(network, mean, std, 64, ("a", "b"), ENTRY)
    with torch.inference_mode():
        predicted = network(model.normalise(images)).argmax(1).numpy()
    assert (predicted == labels).all()
    assert not network.training


def test_an_optimiser_that_timm_does_not_know():
    with pytest.raises(InputError, match=r"training\.optimizer: .*'adamww'; did you mean 'adamw"):
        trained(optimizer="adamww")


@pytest.mark.parametrize("most", [0, 3])
def test_shifts_repeat_the_edge_and_stay_within_bounds(most):
    images = np.random.default_rng(0).integers(0, 256, (6, 9, 9, 3), dtype=np.uint8)
    moved = shifted(images, most, np.random.default_rng(1))
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    for i in range(len(images)):
        windows = [
            padded[i, y : y + 9, x : x + 9]
            for y in range(2 * most + 1)
            for x in range(2 * most + 1)
        ]
        assert any(np.array_equal(moved[i], window) for window in windows)
    assert np.array_equal(moved, images) == (most == 0)
