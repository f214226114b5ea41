"""What a forward pass of a model takes: operations, bytes of weights, cells of its layers."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from thinkalike.workflow.study import Study

MEASURED = Path(__file__).with_name("costs.toml")


@dataclass(frozen=True)
class Cost:
    """What a forward pass of one image takes.

    Attributes:
        size: side of the image in pixels.
        gigaflops: additions and multiplications, 10⁹.
        megabytes: 10⁶ bytes of the weights.
        cells: depth in percent → cells of the Grad-CAM layer there.
    """

    size: int
    gigaflops: float
    megabytes: float
    cells: Mapping[int, int]

    def at(self, size: int) -> "Cost":
        """Cost for images of another size: operations and cells grow with the area."""
        growth = (size / self.size) ** 2
        cells = {depth: max(round(number * growth), 1) for depth, number in self.cells.items()}
        return Cost(size, self.gigaflops * growth, self.megabytes, cells)


@cache
def _measured() -> list[tuple[str, dict[str, Any], Cost]]:
    """timm's name, arguments and cost of the built-in architectures."""
    rows = tomllib.loads(MEASURED.read_text(encoding="utf-8")).values()
    return [
        (
            row.pop("timm"),
            row.pop("arguments", {}),
            Cost(**{**row, "cells": {int(depth): n for depth, n in row["cells"].items()}}),
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
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, size, size))
    weights = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    return Cost(size, counter.get_total_flops() / 1e9, weights / 1e6, cells)


def model_costs(study: Study, classes: int) -> dict[str, Cost]:
    """Model → cost at the image size of the study; one that costs.toml does not have is built and counted.

    Raises:
        InputError: timm cannot make a network.
    """
    size = study["images"]["size"]
    return {
        model: cost.at(size) if (cost := known_cost(entry)) else counted_cost(entry, size, classes)
        for model, entry in study["catalogue"].items()
    }
