"""Rules for the steps of Integrated Gradients, beside each other: `python -m benchmarks.quadrature`.

The gradients at 1,458 equal steps along the path to an image are taken once, and kept in
results/benchmarks/cache; every rule picks among them, and its map is compared with that of all of them. A
forward pass counts as a third of a gradient. Networks: those of the digits study that have weights
(`snakemake --cores all weights data`), and pretrained ones, `--weights`, on photographs, `--pictures`.
Writes results/benchmarks/quadrature.csv; `--docs` puts the table on docs/measured/quadrature.md.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks import digits
from benchmarks.common import Part, Row, command_line, run
from benchmarks.imagenet import photographs, pretrained
from thinkalike.explain import quadrature
from thinkalike.explain.common import baseline_image
from thinkalike.networks.model import Model
from thinkalike.stores.atomic import atomic

OUTPUT = Path("results/benchmarks/quadrature.csv")
PARTIAL = OUTPUT.with_stem("quadrature-partial")
PAGE = Path("docs/measured/quadrature.md")

REFERENCE = 1458
"""Equal steps: 6 · 3⁵, so that the midpoints of 6, 18, 54, … steps are among them."""
BATCH = 16
PRICE = 63
"""Gradients that each rule may take, or forward passes instead, three for one."""
TOLERANCE, MAP_TOLERANCE, MOST_STEPS = 0.02, 0.075, 162
"""Those of config.yaml."""
UNTRAINED = "resnet_untrained"

Rule = Callable[["Dense", int], tuple[np.ndarray, np.ndarray]]
"""Nodes and weights that a rule picks on a path, at a price."""


@dataclass(frozen=True)
class Dense:
    """Everything along the path to one image, at `REFERENCE` equal steps.

    Attributes:
        scores: (steps + 1,) at their ends.
        slopes: (steps,) sums of the maps (x − b) · gradient at their middles.
        products: (steps, steps) inner products of these maps.
    """

    scores: np.ndarray
    slopes: np.ndarray
    products: np.ndarray

    @property
    def change(self) -> float:
        """Score of the image less that of the baseline."""
        return float(self.scores[-1] - self.scores[0])

    def cells(self, nodes: np.ndarray) -> np.ndarray:
        """Numbers of the steps that nodes are in."""
        return np.minimum((nodes * len(self.slopes)).astype(int), len(self.slopes) - 1)

    def score(self, places: np.ndarray) -> np.ndarray:
        """Scores at places, linear between those that are known."""
        return np.interp(places, np.linspace(0, 1, len(self.scores)), self.scores)

    def slope(self, nodes: np.ndarray) -> np.ndarray:
        """Slopes at nodes."""
        return self.slopes[self.cells(nodes)]

    def gap(self, nodes: np.ndarray, weights: np.ndarray) -> float:
        """What the sum of a map misses, as a share of the change of the score."""
        return abs(float(weights @ self.slope(nodes)) - self.change) / abs(self.change)

    def distance(self, nodes: np.ndarray, weights: np.ndarray) -> float:
        """Distance of a map from that of all steps, as a share of the latter's norm."""
        all_ = np.full(len(self.slopes), 1 / len(self.slopes))
        away = -all_
        np.add.at(away, self.cells(nodes), weights)
        squared = away @ self.products @ away / (all_ @ self.products @ all_)
        return float(np.sqrt(max(squared, 0.0)))


def equal(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Midpoints of equal steps."""
    return (np.arange(count) + 0.5) / count, np.full(count, 1 / count)


def by_score(dense: Dense, price: int, *, equal_share: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps over each of which the score changes as much; a share of them is of equal length.

    The change is taken from as many forward passes as there are nodes.
    """
    count = price * 3 // 4
    places = np.linspace(0, 1, count + 1)
    change = np.abs(np.diff(dense.score(places)))
    density = (1 - equal_share) * change / change.sum() + equal_share / count
    reached = np.concatenate([[0.0], np.cumsum(density)])
    ends = np.interp(np.linspace(0, 1, count + 1), reached / reached[-1], places)
    return (ends[1:] + ends[:-1]) / 2, np.diff(ends)


def cut_in_three(dense: Dense, price: int, *, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps cut in three where most of the change of the score is missed, times length to a power.

    The scores at the ends of steps take a forward pass each.
    """
    low, high = np.arange(6) / 6, np.arange(1, 7) / 6
    while len(low) + 2 <= price * 3 // 4:
        middle, length = (low + high) / 2, high - low
        missed = np.abs(dense.score(high) - dense.score(low) - dense.slope(middle) * length)
        # steps of the reference are not cut
        missed[length * REFERENCE < 3] = 0
        worst = int(np.argmax(missed * length**power))
        third = length[worst] / 3
        cuts = low[worst] + third * np.arange(3)
        low = np.sort(np.concatenate([np.delete(low, worst), cuts]))
        high = np.append(low[1:], 1.0)
    return (low + high) / 2, high - low


def rescaled(dense: Dense, price: int) -> tuple[np.ndarray, np.ndarray]:
    """Equal steps whose weights give the change of the score over each, at most threefold."""
    nodes, weights = equal(price * 3 // 4)
    ends = np.linspace(0, 1, len(nodes) + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.diff(dense.score(ends)) / (weights * dense.slope(nodes))
    return nodes, weights * np.clip(np.nan_to_num(factors, nan=1.0), 0, 3)


def regressed(dense: Dense, price: int) -> tuple[np.ndarray, np.ndarray]:
    """Equal steps with the weights nearest to equal ones that give the change of the score."""
    nodes, weights = equal(price)
    away = dense.slope(nodes) - dense.slope(nodes).mean()
    missed = dense.change - weights @ dense.slope(nodes)
    return nodes, weights * (1 + missed * away / (weights @ away**2))


def ours(dense: Dense, price: int) -> tuple[np.ndarray, np.ndarray]:
    """Ours: all intervals halved as often as it goes, then those in which most is missing."""
    nodes = quadrature.first_nodes()
    while len(nodes) < price:
        nodes = _added(dense, nodes, price - len(nodes))
    return nodes, quadrature.weights(nodes)


def _added(dense: Dense, nodes: np.ndarray, count: int) -> np.ndarray:
    scores = np.concatenate([[dense.scores[0]], dense.score(nodes), [dense.scores[-1]]])
    new = quadrature.worst_halves(nodes, dense.slope(nodes), scores, count, 2.0**-23)
    return np.sort(np.concatenate([nodes, new]))


RULES: dict[str, Rule] = {
    "equal steps": lambda dense, price: equal(price),
    "equal changes of the score": partial(by_score, equal_share=0.0),
    "half equal changes of the score": partial(by_score, equal_share=0.5),
    "cut in three, by what is missed": partial(cut_in_three, power=0.0),
    "cut in three, by what is missed × length": partial(cut_in_three, power=1.0),
    "rescaled step by step": rescaled,
    "weights by regression": regressed,
}


def tripled(dense: Dense) -> tuple[np.ndarray, np.ndarray]:
    """Equal steps, three times as many until the sum is within the tolerance."""
    count = 6
    while dense.gap(*equal(count)) > TOLERANCE and 3 * count <= MOST_STEPS:
        count *= 3
    return equal(count)


def converged(dense: Dense) -> tuple[np.ndarray, np.ndarray]:
    """Ours, until the map is near its limit and the sum within the tolerance."""
    nodes, before, is_near = quadrature.first_nodes(), np.zeros(REFERENCE), False
    while True:
        weights = quadrature.weights(nodes)
        if not is_near:
            now = np.zeros(REFERENCE)
            np.add.at(now, dense.cells(nodes), weights)
            moved, norm = (float(np.sqrt(w @ dense.products @ w)) for w in (now - before, now))
            is_near, before = moved <= np.sqrt(3) * MAP_TOLERANCE * norm, now
        if len(nodes) >= MOST_STEPS or (is_near and dense.gap(nodes, weights) <= TOLERANCE):
            return nodes, weights
        more = len(nodes) // 8 if is_near else len(nodes) + 1
        nodes = _added(dense, nodes, min(max(more, 1), MOST_STEPS - len(nodes)))


def rows(name: str, paths: list[Dense]) -> list[Row]:
    """Figures of one network: root mean squares over its images, and what it takes to converge."""

    def rms(picks: list[tuple[np.ndarray, np.ndarray]], of: str) -> float:
        values = [getattr(dense, of)(*pick) for dense, pick in zip(paths, picks, strict=True)]
        return float(np.sqrt(np.mean(np.square(values))))

    found = []
    own = [ours(dense, PRICE) for dense in paths]
    for peer, rule in RULES.items():
        picks = [rule(dense, PRICE) for dense in paths]
        for what, of in (("Distance from the limit", "distance"), ("Gap of the sum", "gap")):
            measure = f"{what} at the price of {PRICE} gradients: {name}"
            found.append(Row(measure, peer, rms(own, of), rms(picks, of)))
    own, picks = [converged(dense) for dense in paths], [tripled(dense) for dense in paths]
    peer = "equal steps, tripled"
    steps, theirs = (float(np.mean([len(nodes) for nodes, _ in each])) for each in (own, picks))
    found.append(Row(f"Steps to convergence: {name}", peer, steps, theirs))
    for what, of in (("Distance from the limit", "distance"), ("Gap of the sum", "gap")):
        largest = (
            max(getattr(dense, of)(*pick) for dense, pick in zip(paths, each, strict=True))
            for each in (own, picks)
        )
        found.append(
            Row(f"{what} when converged, largest of {len(paths)} images: {name}", peer, *largest)
        )
    return found


def dense_path(model: Model, pixels: np.ndarray) -> Dense:
    """All along the path from black to an image (size, size, 3), of the class that is predicted."""
    content = hashlib.sha256(pixels.tobytes())
    content.update(f"{model.name} {REFERENCE} {model.mean} {model.std}".encode())
    for parameter in model.network.state_dict().values():
        content.update(parameter.contiguous().numpy().tobytes())
    file = digits.CACHE / f"path-{content.hexdigest()[:16]}.npz"
    if not file.exists():
        dense = _dense_path(model, pixels)
        with atomic(file) as temporary:
            np.savez(temporary, scores=dense.scores, slopes=dense.slopes, products=dense.products)
    with np.load(file) as kept:
        return Dense(kept["scores"], kept["slopes"], kept["products"])


def _dense_path(model: Model, pixels: np.ndarray) -> Dense:
    baseline = baseline_image(model, digits.BLACK)
    difference = model.normalise(pixels[None]) - baseline
    target = int(model.network(baseline + difference).argmax())

    def places(count: int, offset: float) -> Iterator[torch.Tensor]:
        found = (torch.arange(count) + offset) / REFERENCE
        return iter(found.to(model.dtype)[:, None, None, None].split(BATCH))

    maps = []
    for part in places(REFERENCE, 0.5):
        inputs = (baseline + part * difference).requires_grad_()
        (gradient,) = torch.autograd.grad(model.network(inputs)[:, target].sum(), inputs)
        maps.append((gradient * difference).sum(1).flatten(1).numpy())
    with torch.inference_mode():
        ends = places(REFERENCE + 1, 0.0)
        scores = [model.network(baseline + part * difference)[:, target] for part in ends]
    every = np.concatenate(maps).astype(np.float64)
    return Dense(torch.cat(scores).double().numpy(), every.sum(1), every @ every.T)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    small = [*digits.trained(), UNTRAINED]
    names = [*small, "pretrained"]
    parser = command_line("quadrature", __doc__, names, OUTPUT, PAGE)
    parser.add_argument("--weights", type=Path, nargs="+", default=[], help="folders of networks")
    parser.add_argument("--pictures", type=Path, help="folder of photographs, one folder a class")
    parser.add_argument("--size", type=int, default=96, help="of photographs, in pixels")
    parser.add_argument("--images", type=int, default=6, help="of each network")
    asked = parser.parse_args(arguments)
    count = 1 if asked.quick else asked.images

    def figures(
        name: str, model: Callable[[], Model], images: Callable[[], np.ndarray]
    ) -> list[Row]:
        own = model()
        return rows(name, [dense_path(own, pixels) for pixels in images()])

    def make() -> dict[str, Part]:
        parts: dict[str, Part] = {
            key: partial(figures, key, partial(digits.model, key), partial(digits.images, count))
            for key in small
            if digits.weights(key).exists()
        }
        if asked.pictures:
            pictures = partial(photographs, asked.pictures, count, asked.size)
            folders = [(f.name, partial(pretrained, f, asked.size)) for f in asked.weights]
            parts["pretrained"] = lambda: [
                row for name, model in folders for row in figures(name, model, pictures)
            ]
        return parts

    run(asked, make, output=OUTPUT, partial=PARTIAL, page=PAGE)


if __name__ == "__main__":
    main()
