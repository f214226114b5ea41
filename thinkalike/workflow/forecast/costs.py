"""What a forward pass of a model takes: operations, memory, bytes of weights, cells of its layers."""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from thinkalike.workflow.forecast.kept import Kept
from thinkalike.workflow.study import Study

MEASURED = Path(__file__).with_name("costs.toml")


@dataclass(frozen=True)
class Cost:
    """What a forward pass of one image takes.

    Attributes:
        size: side of the image in pixels.
        gigaflops: additions and multiplications, 10⁹.
        gigabytes: 10⁹ bytes that its operations write: what small networks spend their time on.
        megabytes: 10⁶ bytes of the weights.
        cells: depth in percent → cells of the Grad-CAM layer there.
    """

    size: int
    gigaflops: float
    gigabytes: float
    megabytes: float
    cells: Mapping[int, int]

    def at(self, size: int) -> "Cost":
        """Cost for images of another size: all but the weights grows with the area."""
        growth = (size / self.size) ** 2
        cells = {depth: max(round(number * growth), 1) for depth, number in self.cells.items()}
        return Cost(size, self.gigaflops * growth, self.gigabytes * growth, self.megabytes, cells)


@cache
def _measured() -> list[tuple[str, dict[str, Any], Cost]]:
    """timm's name, arguments and cost of the built-in architectures."""
    rows = tomllib.loads(MEASURED.read_text(encoding="utf-8")).values()
    return [
        (
            row.pop("timm"),
            row.pop("arguments", {}),
            _as_cost(row),
        )
        for row in rows
    ]


def known_cost(entry: Mapping[str, Any]) -> Cost | None:
    """Measured cost of an architecture with these arguments, or None."""
    architecture = entry.get("timm", ""), entry.get("arguments", {})
    costs = [cost for *measured, cost in _measured() if tuple(measured) == architecture]
    return costs[0] if costs else None


def counted_cost(entry: Mapping[str, Any], size: int, classes: int) -> Cost:
    """Cost of a forward pass, counted on the network itself with random weights.

    Raises:
        InputError: timm cannot make the network.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from thinkalike.networks.architecture import Architecture
    from thinkalike.networks.model import Model, create

    architecture = Architecture.of(entry)
    network = create(architecture, classes=classes, size=size)
    model = Model(network, (0.0,) * 3, (1.0,) * 3, size, (), architecture)
    cells: dict[int, int] = {}
    for name in architecture.layers:
        depth = int(name.removeprefix("depth_"))

        def look(_module: Any, _inputs: Any, output: Any, depth: int = depth) -> None:
            cells[depth] = int(model.to_grid(output, architecture.layer(depth))[0, 0].numel())

        model.layer(depth).register_forward_hook(look)
    written = written_bytes()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter, written:
        network(torch.zeros(1, 3, size, size))
    weights = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    return Cost(size, counter.get_total_flops() / 1e9, written.total / 1e9, weights / 1e6, cells)


def written_bytes() -> Any:
    """Context that sums the bytes of the results of torch's operations in `total`; views are none."""
    from torch import Tensor
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class WrittenBytes(TorchDispatchMode):
        total = 0

        def __torch_dispatch__(
            self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            results = operation(*args, **(kwargs or {}))
            if not operation.is_view:
                self.total += sum(
                    each.numel() * each.element_size()
                    for each in tree_leaves(results)
                    if isinstance(each, Tensor)
                )
            return results

    return WrittenBytes()


def model_costs(study: Study, classes: int, kept: Kept) -> dict[str, Cost]:
    """Model → cost at the image size of the study; one that costs.toml does not have is built and counted.

    Args:
        study: with the models.
        classes: of its data set.
        kept: what was counted before.

    Raises:
        InputError: timm cannot make a network.
    """
    size = study["images"]["size"]

    def cost(model: str) -> Cost:
        entry = study["catalogue"][model]
        if known := known_cost(entry):
            return known.at(size)
        key = [_network(study.architecture(model)), entry.get("layers"), size, classes]
        return _as_cost(kept.value("cost", key, lambda: asdict(counted_cost(entry, size, classes))))

    return {model: cost(model) for model in study["catalogue"]}


def architecture_costs(
    study: Study, costs: Mapping[str, Cost]
) -> Callable[[Mapping[str, Any]], Cost | None]:
    """Function of an architecture, as the params of jobs have it, to its cost; None if it is not known.

    Args:
        study: whose models have these costs.
        costs: model → cost.
    """
    own = {_network(study.architecture(model)): cost for model, cost in costs.items()}
    return lambda architecture: known_cost(architecture) or own.get(_network(architecture))


def _network(architecture: Mapping[str, Any]) -> str:
    """An architecture apart from its name and the layers that are looked at, as text."""
    beside = ("name", "layers", "layout", "prefix")
    return json.dumps({k: v for k, v in architecture.items() if k not in beside}, sort_keys=True)


def _as_cost(fields: Mapping[str, Any]) -> Cost:
    """Cost of its fields, as TOML and JSON have them: with texts for the depths of layers."""
    return Cost(**{**fields, "cells": {int(depth): n for depth, n in fields["cells"].items()}})
