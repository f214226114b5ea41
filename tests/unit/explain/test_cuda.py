"""The explanation methods on a GPU, against the same on the CPU. Skipped where there is none."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.explaining import classifier, images, quarters, question
from thinkalike.explain import gradcam, integrated_gradients, kernelshap, lrp
from thinkalike.explain.common import audit
from thinkalike.networks.devices import fetched, on_device, refuse_tf32

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA finds no device"),
]

METHODS = {
    gradcam: {"depth": 100},
    integrated_gradients: {"tolerance": 0.0, "map_tolerance": 0.0, "most_steps": 27},
    kernelshap: {"evaluations": 12},
    lrp: {"composite": "epsilon"},
}
REDUCED = [method for method in METHODS if method is not lrp]  # which is refused in bfloat16
KEYS = ["resnet", "efficientnet", "convnext", "vit", "coatnet"]


def on_cuda(model):
    network = deepcopy(model.network).to("cuda").to(memory_format=torch.channels_last)
    return replace(model, network=network)


def asked(**changes):
    return question(batch_size=None, segments=quarters(4, 64), seeds=np.arange(4), **changes)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.rsplit(".", 1)[1])
@pytest.mark.parametrize("key", KEYS)
def test_maps_are_those_of_the_cpu(method, key):
    refuse_tf32(torch.backends)
    model = classifier(key)
    settings = METHODS[method]
    here = method.explain(model, images(), None, asked(), **settings)
    there = method.explain(on_cuda(model), images(), None, asked(), **settings)
    assert (here.targets == there.targets).all()
    scale = np.abs(here.maps.coefficients).max()
    np.testing.assert_allclose(there.maps.coefficients, here.maps.coefficients, atol=1e-3 * scale)


@pytest.mark.parametrize("method", REDUCED, ids=lambda m: m.__name__.rsplit(".", 1)[1])
def test_bfloat16_is_audited(method):
    model, settings = on_cuda(classifier("resnet")), METHODS[method]
    reduced = asked(precision="bfloat16")
    found = method.explain(model, images(), None, reduced, **settings)
    checked = audit(method.explain, model, images(), found, reduced, **settings)
    assert checked["audit_images"] == 4
    assert 0 < checked["audit_relative_difference"] < 0.5


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.rsplit(".", 1)[1])
def test_memory_of_the_gpu_is_given_back(method):
    model, settings = on_cuda(classifier("resnet")), METHODS[method]
    method.explain(model, images(), None, asked(), **settings)
    before = torch.cuda.memory_allocated()
    for _ in range(20):
        method.explain(model, images(), None, asked(), **settings)
    assert torch.cuda.memory_allocated() == before


MANY = {
    integrated_gradients: {"tolerance": 0.0, "map_tolerance": 0.0, "most_steps": 55},
    kernelshap: {"evaluations": 300},
}
"""Hundreds of inputs: they take far more memory than what libraries keep for themselves."""


@pytest.mark.parametrize("method", MANY, ids=lambda m: m.__name__.rsplit(".", 1)[1])
def test_maps_are_the_same_where_a_batch_does_not_fit(method):
    refuse_tf32(torch.backends)
    model, place = on_cuda(classifier("resnet")), np.arange(64) // 8
    labels = np.broadcast_to(8 * place[:, None] + place, (4, 64, 64)).astype(np.int16)
    question = replace(asked(), batch_size=1200, segments=labels)

    def explained():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return method.explain(model, images(), None, question, **MANY[method])

    explained()
    whole, (_, total) = explained(), torch.cuda.mem_get_info()
    share = 0.7 * torch.cuda.max_memory_reserved() / total
    torch.cuda.empty_cache()
    try:
        torch.cuda.set_per_process_memory_fraction(share)
        small = explained()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    scale = np.abs(whole.maps.coefficients).max()
    np.testing.assert_allclose(small.maps.coefficients, whole.maps.coefficients, atol=1e-3 * scale)


def test_copies_are_of_what_was_there_when_they_were_asked_for():
    """Both directions, behind work that takes a while."""
    device = torch.device("cuda")
    busy = torch.ones(4096, 4096, device=device)
    source = np.arange(1_000_000)
    for _ in range(20):
        busy = busy @ busy / 4096
    there = on_device(torch.from_numpy(source), device)
    back = fetched(there + 1)
    source[:] = 0
    there.zero_()
    np.testing.assert_array_equal(back(), np.arange(1, 1_000_001))
