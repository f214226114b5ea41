"""Explanations on a device that is not the CPU: nothing is mixed, and no batch waits for another one."""

from collections import Counter
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.elsewhere import DEVICE, elsewhere
from tests.support.explaining import BLACK, classifier, images, quarters, question
from thinkalike.explain import (
    captum,
    gradcam,
    integrated_gradients,
    kernelshap,
    lrp,
    painter,
)
from thinkalike.explain.deletion import without_regions
from thinkalike.networks import model as models
from thinkalike.networks.predict import logits_and_features

METHODS = {
    gradcam: {"depth": 100},
    integrated_gradients: {"tolerance": 0.0, "map_tolerance": 0.0, "most_steps": 13},
    kernelshap: {"evaluations": 12},
    lrp: {"composite": "epsilon"},
}


@pytest.fixture(autouse=True)
def _copies_do_not_wait(monkeypatch):
    """Copies of `on_device` to this device, too, which is no CUDA."""
    for module in (models, gradcam, integrated_gradients, painter):
        monkeypatch.setattr(
            module, "on_device", lambda tensor, device: tensor.to(device, non_blocking=True)
        )
    monkeypatch.setattr(
        kernelshap, "fetched", lambda tensor: tensor.to("cpu", non_blocking=True).numpy
    )
    # tensors of Python's own cannot be in that mode
    monkeypatch.setattr(
        torch, "inference_mode", lambda mode=True: torch.no_grad() if mode else nullcontext()
    )


def explained(method, model, batch_size: int):
    asked = question(batch_size=batch_size, segments=quarters(4, 64), seeds=np.arange(4))
    return method.explain(model, images(), None, asked, **METHODS[method])


def there(method, model, batch_size: int):
    """The explanation from a network on the device, and the waits for it."""
    with elsewhere() as waits:
        away = replace(model, network=deepcopy(model.network).to(DEVICE))
        waits.clear()
        found = explained(method, away, batch_size)
    return found, +waits


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.rsplit(".", 1)[1])
@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_maps_are_those_of_the_cpu(method, key):
    model = classifier(key)
    here, (away, _) = explained(method, model, 3), there(method, model, 3)
    np.testing.assert_array_equal(away.targets, here.targets)
    np.testing.assert_allclose(away.maps.coefficients, here.maps.coefficients, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.rsplit(".", 1)[1])
@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_no_batch_waits_for_the_one_before(method, key):
    model = classifier(key)
    small, large = (there(method, model, size)[1] for size in (1, 4))
    if method is lrp:
        # a pass says what it explains, and what each constant got
        assert small == Counter({what: 4 * number for what, number in large.items()})
        assert large.total() <= 4
    else:
        assert small == large
        assert large.total() <= 8


CHOSEN = np.random.default_rng(1).random((4, 64, 64)) < 0.2
OTHERS = {
    "logits and features": lambda model: logits_and_features(model, images(), batch_size=3),
    "logits without regions": lambda model: [
        without_regions(model, images(), CHOSEN, BLACK, batch_size=3)
    ],
    "maps of captum": lambda model: [
        captum.explain(model, images(), None, question(), attribution=name).maps.coefficients
        for name in ("Saliency", "GuidedGradCam", "DeepLift")
    ],
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_else_networks_do_is_the_same_there(what):
    model = classifier("resnet")
    with elsewhere():
        found = OTHERS[what](replace(model, network=deepcopy(model.network).to(DEVICE)))
    for one, other in zip(found, OTHERS[what](model), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_what_cuda_refuses_is_refused_and_what_waits_is_counted():
    with elsewhere() as waits:
        away = torch.arange(4.0).to(DEVICE, non_blocking=True)
        with pytest.raises(RuntimeError, match="same device"):
            away + torch.ones(4)
        with pytest.raises(RuntimeError, match="not supported"):
            away.numpy()
        assert not +waits
        assert (2 * away + torch.tensor(1.0)).cpu().tolist() == [1, 3, 5, 7]
        assert away[torch.tensor([3])].sum().item() == 3
    assert set(+waits) == {
        "a copy to the CPU",
        "an index of the CPU",
        "aten._local_scalar_dense.default",
    }
