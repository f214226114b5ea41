"""Shapley values of superpixels, from network passes on images with some of them painted over.

Lundberg and Lee, A unified approach to interpreting model predictions, NeurIPS 2017. The coalitions
come from `explain.shapley.coalitions`; `explain.shapley.solver` makes Shapley values of their scores.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from thinkalike.compare.answers import Answers
from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison, compare_arrays
from thinkalike.compare.summaries import mean_error, mean_of_parts
from thinkalike.errors import ImageError, InputError
from thinkalike.explain.common import (
    Explanation,
    Question,
    endpoints,
    explaining,
    score_function,
)
from thinkalike.explain.painter import Painter
from thinkalike.explain.shapley.coalitions import Design, draw, extend, with_complements
from thinkalike.explain.shapley.solver import MOST_PAIRS, Solver
from thinkalike.methods import DRAWS
from thinkalike.networks.batches import one_behind
from thinkalike.networks.devices import fetched
from thinkalike.networks.model import Model
from thinkalike.networks.predict import check_finite
from thinkalike.progress import log
from thinkalike.stores.joining import padded

LEAST_RELEVANCE = 0.1
"""Relevance of a superpixel close to the baseline; the mean is about 1."""

_Estimates = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Values and standard errors (K,) and draws (R, K) of all superpixels of an image."""


def explain(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    evaluations: int,
) -> Explanation:
    """Shapley values of superpixels; one that is not in a coalition is painted in the baseline colour.

    A superpixel that is of the baseline's colour cannot change the score: it is no player, and its
    value is exactly 0. Where all coalitions of the others fit the budget, values are exact. The
    coalitions of an image come from its seed alone: all models are evaluated on the same ones, so that
    a difference between two models is not one between two draws.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts.
        question: all of it is used.
        evaluations: coalitions per image, the empty and the full one among them.

    Returns:
        float64 coefficients in the basis `Segments`, one per image, with their standard errors and
        draws from their posterior, the answers to all coalitions (S₁, S₁ᶜ, S₂, S₂ᶜ, …), and the measures
        `difference`, score(x) − score(baseline), and `evaluations`, the number used.

    Raises:
        InputError: no segments or seeds, a single segment, fewer evaluations than segments and two,
            more than the solver takes, a score that is not finite, a target that is no output,
            training mode.
    """
    games = _games(images, question, evaluations)
    designs = [draw(game.players, evaluations, np.random.default_rng(game.seed)) for game in games]
    with explaining(model):
        evaluated = _Evaluated(model, images, targets, question)
        estimates = [
            _estimates([evaluated], image, games[image], designs[image])
            for image in evaluated.adding(games, [design.members for design in designs])
        ]
    return _explanations([evaluated], games, designs, estimates)[0]


def explain_together(
    models: Sequence[Model],
    images: np.ndarray,
    targets: Sequence[np.ndarray | None],
    questions: Sequence[Question],
    *,
    evaluations: int,
    tolerance: float,
    most_evaluations: int,
    comparisons: Sequence[Comparison],
) -> list[Explanation]:
    """Shapley values for several models, from as many evaluations as their comparison needs.

    The budget is doubled until no mean similarity of two models has a larger error √(e² + b²) than
    `tolerance`, with e and b the standard error and the bias that noise in the maps gives it, as long as
    it stays within `most_evaluations`; evaluations are kept from round to round.

    Args:
        models: what to explain and compare.
        images, questions: as for `explain`, a question for each model.
        targets: for each model.
        evaluations: of the first round.
        tolerance: of the mean similarity of two models.
        most_evaluations: more are not used, whatever the error.
        comparisons: how the maps will be compared; the tolerance holds for each.

    Returns:
        The explanation of each model, as `explain` gives it.

    Raises:
        InputError: as for `explain`.
    """
    _check_limit("most_evaluations", most_evaluations)
    games = _games(images, questions[0], evaluations)
    rng = [np.random.default_rng(game.seed) for game in games]
    designs = [draw(game.players, evaluations, r) for game, r in zip(games, rng, strict=True)]
    evaluated = []
    for model, target, question in zip(models, targets, questions, strict=True):
        with explaining(model):
            evaluated.append(_Evaluated(model, images, target, question))
    known = [0] * len(games)
    while True:
        fresh = [design.members[k:] for design, k in zip(designs, known, strict=True)]
        for each in evaluated:
            with explaining(each.model):
                each.add(games, fresh)
        estimates = [
            _estimates(evaluated, image, *pair)
            for image, pair in enumerate(zip(games, designs, strict=True))
        ]
        explanations = _explanations(evaluated, games, designs, estimates)
        error = max(_largest_error(explanations, comparison) for comparison in comparisons)
        log.info(
            "%d evaluations an image: the largest error of a mean similarity is %.2g",
            evaluations,
            error,
        )
        if error <= tolerance or all(design.complete for design in designs):
            return explanations
        if 2 * evaluations > most_evaluations:
            log.warning(
                "after %d evaluations an image the largest error of a mean similarity is %.2g, above the "
                "tolerance %g; allow more of them or explain more images",
                evaluations,
                error,
                tolerance,
            )
            return explanations
        evaluations *= 2
        known = [len(design.members) for design in designs]
        designs = [extend(design, evaluations, r) for design, r in zip(designs, rng, strict=True)]


def _largest_error(explanations: Sequence[Explanation], comparison: Comparison) -> float:
    """Largest √(e² + b²) of the mean similarities of all pairs of models."""
    maps = [explanation.maps for explanation in explanations]
    draws = [explanation.draws for explanation in explanations]
    # all models have the superpixels of the first
    segments = [basis for basis in maps[0].bases if isinstance(basis, Segments)]
    rows = compare_arrays(maps, draws, comparison, segments=segments)
    error = mean_error(rows["estimation_error"])
    bias = mean_of_parts([(rows["estimation_bias"], None)])
    return float(np.nanmax(np.hypot(error, bias), initial=0.0))


@dataclass(frozen=True)
class _Game:
    """The game of one image, whose players are the superpixels that can change the score.

    Attributes:
        segments: labels (height, width) of the superpixels.
        playing: (M,) superpixels of the players, in the order of their first pixels: a map does not
            depend on how superpixels are numbered.
        relevance: (M,) of the players, for the solver.
        ink: (M,) of the players, the part of `Answers.ink` that each adds.
        seed: of the coalitions.
    """

    segments: Segments
    playing: np.ndarray
    relevance: np.ndarray
    ink: np.ndarray
    seed: int

    @property
    def players(self) -> int:
        return len(self.playing)

    @property
    def player_of(self) -> np.ndarray:
        """Player that each pixel belongs to, (height · width,); −1 where there is none."""
        number = np.full(self.segments.size, -1)
        number[self.playing] = np.arange(self.players)
        return number[self.segments.labels.ravel()]

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values of all superpixels (…, K) from those of the players (…, M): 0 for the others."""
        result = np.zeros((*values.shape[:-1], self.segments.size))
        result[..., self.playing] = values
        return result


def _check_limit(name: str, evaluations: int) -> None:
    if evaluations > 2 * MOST_PAIRS + 2:
        raise InputError(
            f"{name}: {evaluations} is more than the solver takes; give at most "
            f"{2 * MOST_PAIRS + 2}"
        )


def _games(images: np.ndarray, question: Question, evaluations: int) -> list[_Game]:
    if question.segments is None or question.seeds is None:
        raise InputError("KernelSHAP needs the superpixels and a seed of every image")
    most = int(question.segments.max(initial=0)) + 1
    if evaluations < most + 2:
        raise InputError(
            f"evaluations: {evaluations} is too few for {most} segments; give at least {most + 2}"
        )
    _check_limit("evaluations", evaluations)
    baseline = np.asarray(question.baseline)
    games = []
    for number, (image, labels) in enumerate(zip(images, question.segments, strict=True)):
        segments = Segments(labels)
        if segments.size < 2:
            raise ImageError(
                number,
                "{image} is a single segment; there is nothing to share a score among: cut it into more",
            )
        distance = image / 255 - baseline
        square = (distance**2).mean(2)
        contrast = np.sqrt(
            np.bincount(labels.ravel(), square.ravel()) / np.maximum(segments.areas, 1)
        )
        present, first = np.unique(labels, return_index=True)
        ordered = present[np.argsort(first)]
        playing = ordered[contrast[ordered] > 0]
        relevance = contrast[playing]
        if len(relevance):
            relevance = (relevance / relevance.mean()) ** 2 + LEAST_RELEVANCE
        ink = np.bincount(labels.ravel(), np.abs(distance).mean(2).ravel()) / labels.size
        seed = int(question.seeds[number])
        games.append(_Game(segments, playing, relevance, ink[playing], seed))
    return games


class _Evaluated:
    """One model, and the scores (P, 2), v(S) and v(Sᶜ), of the coalitions of every image so far."""

    def __init__(
        self,
        model: Model,
        images: np.ndarray,
        targets: np.ndarray | None,
        question: Question,
    ) -> None:
        self.model, self.images, self.baseline = model, images, question.baseline
        self.score = score_function(model, question)
        self.batches = question.batches(model, gradients=False)
        self.endpoints = endpoints(model, images, targets, question)
        self.scores = [np.zeros((0, 2))] * len(images)

    def add(self, games: Sequence[_Game], members: Sequence[np.ndarray]) -> None:
        """Evaluate more pairs of coalitions (P, M) of every image."""
        for _ in self.adding(games, members):
            pass

    def adding(self, games: Sequence[_Game], members: Sequence[np.ndarray]) -> Iterator[int]:
        """Evaluate more pairs of coalitions (P, M) of every image; batches mix images.

        Yields the images in their order, each as soon as its scores are there: what is done with them is
        done while a GPU computes the next batch.
        """
        counts = np.array([2 * len(pairs) for pairs in members])
        first = np.r_[0, np.cumsum(counts)]
        # an image whose superpixels are all of the baseline's colour has no coalitions
        owner = np.repeat(np.arange(len(members)), counts)
        targets = torch.as_tensor(self.endpoints.targets[owner], device=self.model.device).long()
        painter = Painter(self.model, self.images, games, members, self.baseline)

        def work(part: slice) -> Callable[[], np.ndarray]:
            size = self.model.size
            # here and not around the loop, which others have their turns in
            with torch.inference_mode():
                inputs = painter.blank(part.stop - part.start)
                for image in np.unique(owner[part]):
                    rows = slice(max(part.start, first[image]), min(part.stop, first[image + 1]))
                    painter.paint(
                        image,
                        slice(rows.start - first[image], rows.stop - first[image]),
                        inputs[rows.start - part.start : rows.stop - part.start],
                    )
                pixels = inputs.view(-1, size, size, 3).permute(0, 3, 1, 2)
                scores = self.score(pixels).gather(1, targets[part, None])
                return fetched(scores[:, 0].double())

        values, image = np.zeros(first[-1]), 0
        none = slice(0, 0), lambda: np.zeros(0)  # all there is where no image has coalitions
        batches = self.batches.over(int(first[-1]), work, "coalitions")
        for part, scores in chain([none], one_behind(batches)):
            values[part] = scores()
            while image < len(members) and first[image + 1] <= part.stop:
                pairs = values[first[image] : first[image + 1]].reshape(-1, 2)
                self.scores[image] = np.concatenate([self.scores[image], pairs])
                finite = np.isfinite(pairs).all() | (np.arange(len(members)) != image)
                check_finite(self.model, np.where(finite, 0.0, np.nan))
                yield image
                image += 1

    def estimate(self, image: int, game: _Game, solver: Solver) -> _Estimates:
        """Values and standard errors (K,) and draws (R, K) of all superpixels of an image."""
        scores = self.scores[image]
        estimate = solver.solve(
            (scores[:, 0] - scores[:, 1])[:, None],
            self.endpoints.difference[image : image + 1],
            np.random.default_rng([game.seed, 1]),
            DRAWS,
        )
        parts = estimate.values, estimate.standard_errors, estimate.draws
        values, errors, draws = (game.spread(part[..., 0]) for part in parts)
        return values, errors, draws


def _estimates(
    evaluated: Sequence[_Evaluated], image: int, game: _Game, design: Design
) -> list[_Estimates]:
    """Values, standard errors and draws of all superpixels of an image, for every model.

    Image by image, because the factorisations of a design are large, and serve all models. One model
    at a time, because its values must not depend on the others, not in the last digit.
    """
    solver = Solver(design, game.relevance)
    return [model.estimate(image, game, solver) for model in evaluated]


def _explanations(
    evaluated: Sequence[_Evaluated],
    games: Sequence[_Game],
    designs: Sequence[Design],
    estimates: Sequence[Sequence[_Estimates]],
) -> list[Explanation]:
    """The explanation of every model from the estimates of every image."""
    bases = tuple(game.segments for game in games)
    evaluations = np.array([design.evaluations for design in designs])
    sizes, inks = _sizes_and_inks(games, designs)
    explanations = []
    for model, of_images in zip(evaluated, zip(*estimates, strict=True), strict=True):
        values, errors, draws = map(_stacked, zip(*of_images, strict=True))
        measures = {"difference": model.endpoints.difference, "evaluations": evaluations}
        maps = Maps(values, bases)
        answers = Answers(_stacked([scores.ravel() for scores in model.scores]), sizes, inks)
        explanations.append(
            Explanation(maps, model.endpoints.targets, measures, draws, errors, answers=answers)
        )
    return explanations


def _sizes_and_inks(
    games: Sequence[_Game], designs: Sequence[Design]
) -> tuple[np.ndarray, np.ndarray]:
    """Size and ink (N, C) of the coalitions S₁, S₁ᶜ, S₂, S₂ᶜ, … of every image, as `Answers` has them."""
    members = [with_complements(design.members) for design in designs]
    inks = [each @ game.ink for each, game in zip(members, games, strict=True)]
    return _stacked([each.sum(1, dtype=np.float64) for each in members]), _stacked(inks)


def _stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays (…, K) of different K as one (N, …, largest K), NaN after their ends."""
    shape = (*rows[0].shape[:-1], max(row.shape[-1] for row in rows))
    return np.concatenate([padded(row[None], shape) for row in rows])
