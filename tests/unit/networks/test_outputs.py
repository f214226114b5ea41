"""Networks whose outputs have any form, as classifiers."""

from collections import namedtuple
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from tests.support.explaining import images, question
from tests.support.own_networks import Small
from thinkalike.errors import InputError
from thinkalike.explain import gradcam, lrp
from thinkalike.explain.common import endpoints, explaining
from thinkalike.networks.model import Model
from thinkalike.networks.outputs import Classifier
from thinkalike.networks.predict import features, logits
from thinkalike.networks.wrapping import wrap

Pair = namedtuple("Pair", ["logits", "aux"])


@dataclass
class Result:
    """An output as Hugging Face's networks give it: logits among other fields."""

    loss: torch.Tensor | None
    logits: torch.Tensor


def wrapped(network: nn.Module, classes: str = "abc", **changes) -> Model:
    arguments = {"name": "Mine", "mean": (0.5,) * 3, "std": (0.25,) * 3, "size": 32}
    return wrap(network, classes=list(classes), **{**arguments, **changes})


def expected(model: Model, pixels: np.ndarray, classes: int = 3) -> np.ndarray:
    inputs = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        return Small(classes)((inputs - 0.5) / 0.25).numpy()


@pytest.mark.parametrize(
    ("ending", "outputs"),
    [
        (lambda x: x, {}),
        (lambda x: [x], {}),
        (lambda x: {"logits": x, "aux": -x}, {}),
        (lambda x: {"aux": -x, "out": x}, {"logits": "out"}),
        (lambda x: (-x, x), {"logits": 1}),
        (lambda x: Pair(x, -x), {}),
        (lambda x: Pair(-x, x), {"logits": "aux"}),
        (lambda x: Result(None, x), {}),
        (lambda x: x[:, :, None, None], {}),
        (lambda x: x.squeeze(), {}),
    ],
    ids=range(10),
)
def test_logits_are_found_in_what_a_network_gives(ending, outputs):
    model, pixels = wrapped(Small(3, ending), outputs=outputs), images(3, 32)
    values = logits(model, pixels)
    np.testing.assert_allclose(values, expected(model, pixels), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(logits(model, pixels[:1]), values[:1], rtol=1e-5, atol=1e-6)


def test_a_network_that_gives_logits_is_not_wrapped():
    assert type(wrapped(Small(3)).network) is Small


@pytest.mark.parametrize("ending", [lambda z: z, lambda z: z[:, 0]], ids=["column", "row"])
def test_the_softmax_of_a_single_logit_is_its_sigmoid(ending):
    model, pixels = wrapped(Small(1, ending), "ab"), images(4, 32)
    values = logits(model, pixels)
    z = expected(model, pixels, 1)[:, 0]
    np.testing.assert_allclose(values, np.stack([-z / 2, z / 2], 1), rtol=1e-5, atol=1e-6)
    shares = model.probabilities(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(shares[:, 1], 1 / (1 + np.exp(-z)), rtol=1e-5)


def test_probabilities_of_several_classes_at_once_are_sigmoids():
    model, pixels = wrapped(Small(3), outputs={"kind": "multilabel"}), images(2, 32)
    z = logits(model, pixels)
    shares = model.probabilities(torch.from_numpy(z)).numpy()
    np.testing.assert_allclose(shares, 1 / (1 + np.exp(-z)), rtol=1e-5)
    asked = question(output="probability")
    with explaining(model):
        found = endpoints(model, pixels, None, asked)
    np.testing.assert_allclose(found.full, shares.max(1), rtol=1e-5)
    known = endpoints(model, pixels, None, replace(asked, logits=z)).full
    np.testing.assert_allclose(known, shares.max(1), rtol=1e-5)


def test_a_network_that_asks_for_images_with_their_channels_first():
    class Viewing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.head = nn.Conv2d(3, 4, 3, stride=2), nn.Linear(4 * 15 * 15, 3)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.head(self.conv(inputs).view(len(inputs), -1))

    network, pixels = Viewing(), images(3, 32)
    model = wrapped(network, layers={"depth_100": "conv"})
    inputs = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - 0.5) / 0.25
    with torch.no_grad():
        known = network(inputs.contiguous()).numpy()
    np.testing.assert_allclose(logits(model, pixels), known, rtol=1e-5, atol=1e-6)
    assert lrp.explain(model, pixels, None, question()).measures["ledger_gap"].max() < 1e-3
    assert features(model, pixels).shape == (3, 900)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_runs_in_float32_and_the_network_stays_as_it_was(dtype, caplog):
    caplog.set_level("INFO")
    network = Small(3).to(dtype).train()
    model = wrapped(network)
    assert model.dtype == torch.float32
    assert {p.dtype for p in network.parameters()} == {dtype}
    assert network.training
    assert "run in float32" in caplog.text


def test_what_torch_wraps_around_a_network_is_taken_off():
    assert type(wrapped(nn.DataParallel(Small(3))).network) is Small
    compiled = nn.Sequential()
    compiled._orig_mod = Small(3)
    assert type(wrapped(compiled).network) is Small


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "squeezenet1_1"])
def test_networks_of_torchvision(name):
    torch.manual_seed(0)
    options = {} if name == "squeezenet1_1" else {"init_weights": False}
    network = torchvision.models.get_model(name, weights=None, num_classes=3, **options)
    model = wrapped(network, size=80)
    assert logits(model, images(2, 80)).shape == (2, 3)


def test_names_and_hooks_and_explanations_are_those_of_the_network_inside():
    network, pixels = Small(3, lambda x: {"logits": x, "aux": x}), images(2, 32)
    model = wrapped(network, layers={"depth_100": "second"})
    plain = wrapped(Small(3), layers={"depth_100": "second"})
    assert isinstance(model.network, Classifier)
    assert list(model.network.state_dict()) == list(network.state_dict())
    assert dict(model.network.named_modules()).keys() == dict(network.named_modules()).keys()
    for method, settings in ((gradcam, {"depth": 100}), (lrp, {})):
        found, known = (
            method.explain(m, pixels, None, question(), **settings) for m in (model, plain)
        )
        np.testing.assert_allclose(
            found.maps.coefficients, known.maps.coefficients, rtol=1e-4, atol=1e-6
        )
        assert found.accounts.keys() == known.accounts.keys()
    np.testing.assert_allclose(features(model, pixels), features(plain, pixels), rtol=1e-5)


def test_a_copy_has_modules_of_its_own():
    model = wrapped(Small(1), "ab")
    copy = deepcopy(model.network).train()
    assert copy.inner.training
    assert not model.network.inner.training
    with torch.no_grad():
        copy.get_submodule("head").bias.add_(1)
    assert torch.equal(copy.inner.head.bias, model.network.inner.head.bias + 1)


def test_lazy_layers_get_their_sizes():
    network = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    assert logits(wrapped(network), images(2, 32)).shape == (2, 3)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Small(3).state_dict(), r"is weights \(OrderedDict\) and no network; build the network"),
        ("resnet18", "is of type str and no torch.nn.Module"),
        (torch.jit.script(nn.Linear(3, 3)), "is a scripted or traced network"),
        (nn.Flatten(), "has no parameters of floating point"),
        (nn.Linear(3, 3, device="meta"), "without values"),
        (nn.Linear(3, 3), r"does not take 2 RGB images of 32 x 32 pixels \(RuntimeError in "),
        (Small(3, lambda x: torch.dropout(x, 0.5, True)), "draws noise in eval mode"),
        (Small(3, lambda x: x - x.mean(0)), "other scores beside other images of a batch"),
        (Small(3, lambda x: x[:, :, None].expand(-1, 3, 4)), r"\(2, 3, 4\) .* not one for each"),
        (Small(3, lambda x: x.mean(0)), r"shape \(3,\) for two images"),
        (Small(3, lambda x: x.softmax(1)), "gives probabilities and no logits"),
        (Small(3, lambda x: x.argmax(1)), "numbers of type int64: classes"),
        (Small(3, lambda x: (x, x)), r"a tuple of 0 \(2, 3\), 1 \(2, 3\); say which"),
        (Small(3, lambda x: {"logits": [x]}), "its logits are a list, not a tensor"),
        (Small(5), "has 5 outputs, and 3 classes are named"),
        (Small(1), "a single logit, which stands for two classes, and 3 classes"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(network, words):
    with pytest.raises(InputError, match=f"^Mine .*{words}|^Mine: .*{words}") as error:
        wrapped(network)
    assert ";" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({"logit": 0}, "outputs has no 'logit'; did you mean 'logits'"),
        ({"kind": "sigmoid"}, "outputs.kind 'sigmoid' is none of softmax, binary, multilabel"),
        ({"logits": "oUt"}, "'oUt', and the network gives a dict of out .* did you mean 'out'"),
        ({"kind": "binary", "logits": "out"}, "has 3 outputs; `binary` is for a single logit"),
    ],
)
def test_settings_of_outputs_that_do_not_fit(outputs, words):
    with pytest.raises(InputError, match=words):
        wrapped(Small(3, lambda x: {"out": x, "aux": x}), outputs=outputs)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mean": (0, 0)}, r"mean is \(0, 0\); give three numbers"),
        ({"std": (1, 0, 1)}, "standard deviations are larger than 0"),
        ({"classes": "aab"}, "two of its classes have the same name"),
    ],
)
def test_arguments_that_do_not_fit(changes, words):
    with pytest.raises(InputError, match=words):
        wrapped(Small(3), **{"classes": "abc", **changes})
