"""The explanation methods on a GPU, against the same on the CPU. Skipped where there is none."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.explaining import classifier, images, quarters, question
from thinkalike.explain import gradcam, integrated_gradients, kernelshap
from thinkalike.explain.common import audit

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA finds no device"),
]

METHODS = {
    gradcam: {"depth": 100},
    integrated_gradients: {"tolerance": 0.01, "most_steps": 54},
    kernelshap: {"evaluations": 12},
}
KEYS = ["resnet", "efficientnet", "convnext", "vit", "coatnet"]


def on_cuda(model):
    network = deepcopy(model.network).to("cuda").to(memory_format=torch.channels_last)
    return replace(model, network=network)


def asked(**changes):
    return question(batch_size=None, segments=quarters(4, 64), seeds=np.arange(4), **changes)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.rsplit(".", 1)[1])
@pytest.mark.parametrize("key", KEYS)
def test_maps_are_those_of_the_cpu(method, key):
    torch.backends.cudnn.allow_tf32 = False
    model = classifier(key)
    settings = METHODS[method]
    here = method.explain(model, images(), None, asked(), **settings)
    there = method.explain(on_cuda(model), images(), None, asked(), **settings)
    assert (here.targets == there.targets).all()
    scale = np.abs(here.maps.coefficients).max()
    np.testing.assert_allclose(there.maps.coefficients, here.maps.coefficients, atol=1e-3 * scale)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.rsplit(".", 1)[1])
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
