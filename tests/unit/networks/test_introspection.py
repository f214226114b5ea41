"""Layers and families that are found, against hooks by hand and networks whose answer is known."""

import re

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import nn

from tests.support.checkout import REPOSITORY
from tests.support.explaining import CATALOGUE, architecture_of, images, question
from thinkalike.errors import InputError
from thinkalike.explain.gradcam import at_layers
from thinkalike.networks.architecture import Architecture, Layer
from thinkalike.networks.families import family_of
from thinkalike.networks.introspection import inspect
from thinkalike.networks.model import Model, create
from thinkalike.networks.timm_table import timm_entry, timm_table

UNLIKE = [key for key in CATALOGUE if key not in ("resnet_twin", "resnet_untrained", "deit_s")]


def network_of(name: str, size: int) -> nn.Module:
    torch.manual_seed(0)
    return create(Architecture(name, name), classes=4, size=size).requires_grad_(False)


def outputs_of(network: nn.Module, names: list[str], inputs: torch.Tensor) -> dict:
    """Name → output and the gradient of the highest logit there, and the order in which they came."""
    kept = {}

    def keep(name):
        def hook(_module, _inputs, output):
            kept[name] = output.clone()
            return kept[name]

        return hook

    handles = [network.get_submodule(n).register_forward_hook(keep(n)) for n in names]
    with torch.enable_grad():
        score = network(inputs.requires_grad_()).amax(1).sum()
    gradients = torch.autograd.grad(score, list(kept.values()), allow_unused=True)
    for handle in handles:
        handle.remove()
    return {name: (kept[name], slope) for name, slope in zip(kept, gradients, strict=True)}


@pytest.mark.parametrize(
    ("name", "family", "layers"),
    [
        ("resnet10t", "cnn", ["layer1", "layer2", "layer3", "layer4"]),
        (
            "deit_tiny_patch16_224",
            "transformer",
            ["blocks.2", "blocks.5", "blocks.8", "blocks.11.norm1"],
        ),
        (
            "swin_tiny_patch4_window7_224",
            "transformer",
            ["layers.0", "layers.1", "layers.2", "norm"],
        ),
        ("coatnet_pico_rw_224", "hybrid", ["stages.0", "stages.1", "stages.2", "norm"]),
        ("mixer_s32_224", "other", ["blocks.1", "blocks.3", "blocks.5", "norm"]),
    ],
)
def test_layers_are_the_ends_of_stages_or_blocks(name, family, layers):
    found = inspect(network_of(name, 96), 96)
    assert [layer.module for layer in found.layers.values()] == layers
    assert list(found.layers) == ["depth_25", "depth_50", "depth_75", "depth_100"]
    assert found.family == family


def test_the_last_layer_of_a_class_token_still_reaches_the_score():
    network = network_of("deit_tiny_patch16_224", 64)
    layer = inspect(network, 64).layers["depth_100"]
    assert layer == Layer("blocks.11.norm1", "tokens", 1)
    kept = outputs_of(network, ["blocks.11.norm1", "blocks.11"], torch.randn(2, 3, 64, 64))
    assert (kept["blocks.11.norm1"][1][:, 1:] != 0).any(2).all()
    assert not kept["blocks.11"][1][:, 1:].any()  # what the name of the last block would give


@pytest.mark.parametrize(
    ("network", "family", "names"),
    [
        (torchvision.models.resnet18, "cnn", ["layer1", "layer2", "layer3", "layer4"]),
        (torchvision.models.mobilenet_v3_small, "cnn", None),
        (torchvision.models.convnext_tiny, "cnn", None),
        (torchvision.models.swin_t, "transformer", None),
    ],
)
def test_networks_of_torchvision(network, family, names):
    torch.manual_seed(0)
    found = inspect(network(weights=None).eval().requires_grad_(False), 96)
    assert found.family == family
    assert len(found.layers) == 4
    assert names is None or [layer.module for layer in found.layers.values()] == names


@pytest.mark.parametrize("key", UNLIKE)
def test_the_last_layer_is_as_deep_as_that_of_the_catalogue(key):
    architecture, size = architecture_of(key), 64 if key in UNLIKE[:8] else 96
    torch.manual_seed(0)
    network = create(architecture, classes=4, size=size).requires_grad_(False)
    found = inspect(network, size)
    assert found.family == architecture.family
    by_hand = architecture.layer(100).module
    outputs = {}  # in the order in which they are ready; a module that holds the other comes after it
    for name in (by_hand, found.layers["depth_100"].module):
        network.get_submodule(name).register_forward_hook(
            lambda *given, name=name: outputs.update({name: given[2]})
        )
    with torch.inference_mode():
        network(torch.zeros(1, 3, size, size))
    last = list(outputs.values())[-1]
    assert outputs[found.layers["depth_100"].module] is last or torch.equal(*outputs.values())


@pytest.mark.parametrize("name", ["resnet10t", "test_vit", "test_vit_relpos", "mixer_s32_224"])
def test_grad_cam_of_the_layers_is_not_blank(name):
    network = network_of(name, 64)
    nn.init.normal_(network.get_classifier().weight)
    layers = inspect(network, 64).layers
    architecture = Architecture(name, name, layers={d: vars(lay) for d, lay in layers.items()})
    model = Model(network, (0.5,) * 3, (0.25,) * 3, 64, tuple("abcd"), architecture)
    names = [layer.module for layer in layers.values()]
    for explanation in at_layers(model, images(1), None, question(), layers=names).values():
        assert explanation.maps.coefficients.any()
        assert explanation.maps.coefficients.shape[1] >= 4


# ---- networks made for it -----------------------------------------------------------------------


class Tokens(nn.Module):
    """Patches as tokens, some before them, in the order of the image or in another; then a mean."""

    def __init__(self, order: torch.Tensor | None = None, prefix: int = 0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.order, self.prefix = order, prefix
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.first, self.second = nn.Linear(16, 16), nn.Linear(16, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        tokens = self.patches(inputs).flatten(2).mT
        if self.order is not None:
            tokens = tokens[:, self.order]
        extra = torch.ones(len(tokens), self.prefix, 16)
        tokens = self.second(self.first(torch.cat([extra, tokens], 1)).relu())
        return self.head(tokens.mean(1))


def still(network: nn.Module) -> nn.Module:
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("prefix", [0, 1, 5])
def test_tokens_before_the_patches_are_counted(prefix):
    layers = inspect(still(Tokens(prefix=prefix)), 64).layers
    assert layers["depth_100"] == Layer("second", "tokens", prefix)


def test_cells_in_another_order_than_the_image_are_no_layer():
    shuffled = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    layers = inspect(still(Tokens(shuffled)), 64).layers
    assert [layer.module for layer in layers.values()] == ["patches"]


class Transposed(nn.Module):
    """Rows and columns before the channels, of which there are as many."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, 8, 8, 8)
        self.mixing = nn.Linear(8, 8)
        self.head = nn.Linear(8, 4)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(self.mixing(self.patches(inputs).permute(0, 2, 3, 1)).mean((1, 2)))


def test_channels_are_told_from_rows_and_columns_of_the_same_number():
    layers = inspect(still(Transposed()), 64).layers
    assert layers["depth_100"] == Layer("mixing", "nhwc", 0)


def test_a_head_of_zeros_hides_nothing():
    network = still(Tokens())
    nn.init.zeros_(network.head.weight)
    assert inspect(network, 64).layers["depth_100"].module == "second"
    assert not network.head.weight.any()


def test_nothing_of_it_stays():
    network = network_of("test_vit", 64)
    before = {name: values.clone() for name, values in network.state_dict().items()}
    inputs = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        logits = network(inputs)
    inspect(network, 64)
    with torch.inference_mode():
        assert torch.equal(network(inputs), logits)
    assert not any(module._forward_hooks for module in network.modules())
    for name, values in network.state_dict().items():
        assert torch.equal(values, before[name])


def test_parameters_that_learn_change_nothing_and_go_on_learning():
    network = Tokens().eval()
    network.first.requires_grad_(False)
    learning = {name: values.requires_grad for name, values in network.named_parameters()}
    assert inspect(network, 64) == inspect(still(Tokens()), 64)
    assert {n: values.requires_grad for n, values in network.named_parameters()} == learning


def test_what_has_no_grid_is_refused():
    network = still(nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4)))
    with pytest.raises(InputError, match="no module of the Sequential gives a grid of cells"):
        inspect(network, 16)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Conv2d(3, 4, 1), r"a Conv2d gives \(4, 4, 16, 16\), not images by classes"),
        (nn.Sequential(nn.Flatten(), nn.Threshold(9e9, 0.0), nn.Linear(768, 4)), "no module"),
    ],
)
def test_outputs_that_are_no_scores_are_refused(network, words):
    with pytest.raises(InputError, match=words):
        inspect(still(network), 16)


class Mixing(nn.Module):
    """Attention, a convolution, or neither, twice behind patches."""

    def __init__(self, *kinds: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.kinds = kinds
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.convolution = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.Conv2d(16, 16, 1))
        self.linear = nn.Linear(16, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        grid = self.patches(inputs)
        for kind in self.kinds:
            if kind == "convolution":
                grid = grid + self.convolution(grid)
                continue
            tokens = self.linear(grid.flatten(2).mT)
            if kind == "attention":
                tokens = (tokens @ tokens.mT).softmax(2) @ tokens
            if kind == "pooling":
                tokens = tokens * (tokens[:, :1] @ tokens.mT).softmax(2).mT
            grid = grid + tokens.mT.unflatten(2, grid.shape[2:])
        return self.head(grid.mean((2, 3)))


@pytest.mark.parametrize(
    ("kinds", "family"),
    [
        (("attention", "attention"), "transformer"),
        (("convolution", "convolution"), "cnn"),
        (("convolution", "attention", "attention"), "hybrid"),
        (("linear", "linear"), "other"),
        (("convolution", "pooling", "pooling"), "cnn"),
    ],
)
def test_families_by_what_networks_do(kinds, family):
    assert family_of(still(Mixing(*kinds)), 64) == family


# ---- timm ---------------------------------------------------------------------------------------


def small_ones() -> list[str]:
    """An architecture of each module of timm: one that is called small, else the first."""
    modules: dict[str, list[str]] = {}
    for name, row in timm_table().items():
        modules.setdefault(row["module"], []).append(name)
    words = ("tiny", "atto", "nano", "small", "_s", "18", "b0", "0")
    return [
        next((n for word in words for n in names if word in n), names[0])
        for names in modules.values()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", small_ones())
def test_layers_of_the_table_give_maps_of_every_kind_of_network(name):
    entry = timm_entry(name)
    size = entry.get("size", {}).get("only", 224)
    torch.manual_seed(0)
    network = create(Architecture(name, name), classes=4, size=size).requires_grad_(False)
    for parameter in network.parameters():
        if not parameter.any():  # heads and branches of zeros
            nn.init.normal_(parameter, std=0.02)
    model = Model(
        *(network, (0.5,) * 3, (0.25,) * 3, size, tuple("abcd")),
        Architecture.of({**entry, "name": name}),
    )
    names = [layer.module for layer in model.architecture.grad_cam_layers.values()]
    for layer, map_ in at_layers(model, images(1, size), None, question(), layers=names).items():
        assert np.isfinite(map_.maps.coefficients).all(), layer
        assert map_.maps.coefficients.any(), layer


def test_the_table_has_the_architectures_of_timm():
    known, all_of_timm = set(timm_table()), set(timm.list_models())
    assert known <= all_of_timm
    missing = all_of_timm - known
    assert len(missing) <= 0.05 * len(all_of_timm)
    page = (REPOSITORY / "docs/guides/your-own-model.md").read_text()
    counts = re.search(r"It has ([\d,]+) of timm's ([\d,]+); the (\d+) that are missing", page)
    assert [int(count.replace(",", "")) for count in counts.groups()] == [
        len(known),
        len(all_of_timm),
        len(missing),
    ]
    assert all(f"`{name}`" in page for name in missing)
