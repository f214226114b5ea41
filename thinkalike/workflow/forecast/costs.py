"""What a forward pass of a model takes: operations, bytes of weights, cells of its layers."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Study = Mapping[str, Any]

FACTS = Path(__file__).with_name("costs.toml")


@dataclass(frozen=True)
class Cost:
    """What a forward pass of one image takes.

    Attributes:
        size: side of the image in pixels.
        gigaflops: additions and multiplications, 10⁹.
        megabytes: of the weights.
        cells: depth in percent → cells of the Grad-CAM layer there.
    """

    size: int
    gigaflops: float
    megabytes: float
    cells: Mapping[int, int]

    def at(self, size: int) -> "Cost":
        """The same for another size: operations and cells grow with the area of the image."""
        growth = (size / self.size) ** 2
        cells = {depth: max(round(number * growth), 1) for depth, number in self.cells.items()}
        return Cost(size, self.gigaflops * growth, self.megabytes, cells)


@cache
def facts() -> dict[str, Any]:
    """What costs.toml says of the built-in models."""
    return tomllib.loads(FACTS.read_text(encoding="utf-8"))


def known_cost(entry: Mapping[str, Any]) -> Cost | None:
    """The measured cost of an architecture with these arguments, or None."""
    for fact in facts().values():
        if (fact["timm"], fact.get("arguments", {})) == (entry["timm"], entry.get("arguments", {})):
            return _cost(fact)
    return None


def _cost(fact: Mapping[str, Any]) -> Cost:
    cells = {int(depth): number for depth, number in fact["cells"].items()}
    return Cost(fact["size"], fact["gigaflops"], fact["megabytes"], cells)


def counted_cost(entry: Mapping[str, Any], size: int, classes: int) -> Cost:
    """The cost of a forward pass, counted on the network itself with random weights.

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
            cells[depth] = int(model.to_grid(output)[0, 0].numel())

        model.layer(depth).register_forward_hook(look)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, size, size))
    weights = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    return Cost(size, counter.get_total_flops() / 1e9, weights / 1e6, cells)


def model_costs(study: Study, classes: int) -> tuple[dict[str, Cost], list[str]]:
    """The cost of every model of a study at its image size, and what has to be said about them.

    A model that costs.toml does not have is built and counted; where torch is not installed, the mean
    of the others stands for it.

    Raises:
        InputError: timm cannot make a network.
    """
    size, notes = study["images"]["size"], []
    costs: dict[str, Cost] = {}
    unknown = []
    for model, entry in study["catalogue"].items():
        if (cost := known_cost(entry)) is not None:
            costs[model] = cost.at(size)
            continue
        try:
            costs[model] = counted_cost(entry, size, classes)
        except ImportError:
            unknown.append(model)
    if unknown:
        mean = _mean_cost(list(costs.values()), size)
        costs |= dict.fromkeys(unknown, mean)
        notes.append(
            f"{', '.join(unknown)}: taken to cost {mean.gigaflops:.3g} GFLOP an image, the mean of "
            "the known models, because torch is not there to count"
        )
    return costs, notes


def _mean_cost(costs: Sequence[Cost], size: int) -> Cost:
    there = [cost.at(size) for cost in costs or map(_cost, facts().values())]
    return Cost(
        size,
        float(np.mean([cost.gigaflops for cost in there])),
        float(np.mean([cost.megabytes for cost in there])),
        {},
    )
