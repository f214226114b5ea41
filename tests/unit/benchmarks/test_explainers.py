"""The benchmarks compute what their tables say: goals, ratios, games, estimators, pages."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import combinations, product
from math import factorial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks import (
    accuracy,
    common,
    cosines,
    digits,
    explainers,
    games,
    newest,
    pairwise,
    peers,
    regression,
    speed,
)
from benchmarks.common import COLUMNS, Goal, Row
from tests.support.explaining import BLACK, classifier, images, linear
from thinkalike.errors import InputError
from thinkalike.explain import integrated_gradients
from thinkalike.explain.common import Question
from thinkalike.explain.shapley.coalitions import draw


def everyone(players: int) -> np.ndarray:
    """All coalitions, the empty one first and the full one last."""
    return np.array(list(product([False, True], repeat=players)))


def shapley(game: games.Game, players: int) -> np.ndarray:
    """By the definition: what a player adds, averaged over all orders."""
    coalitions = everyone(players)
    values = {row.tobytes(): v for row, v in zip(coalitions, game(coalitions), strict=True)}
    result = np.zeros(players)
    for row in coalitions:
        before = row.sum()
        share = factorial(before) * factorial(players - before - 1) if before < players else 0
        for i in np.flatnonzero(~row):
            joined = row.copy()
            joined[i] = True
            gain = values[joined.tobytes()] - values[row.tobytes()]
            result[i] += share / factorial(players) * gain
    return result


def additive(coalitions: np.ndarray) -> np.ndarray:
    return coalitions @ np.arange(1.0, coalitions.shape[1] + 1) + 7


OF_ANY_SIZE = [n for n in games.FAMILIES if not n.startswith(("one product", "parity"))]
"""Families of games that need no certain number of players."""


class TestRows:
    @pytest.mark.parametrize(
        ("goal", "ours", "theirs", "met"),
        [
            (Goal("ratio", most=0.2), 1.0, 5.0, "yes"),
            (Goal("ratio", most=0.2), 1.01, 5.0, "no"),
            (Goal("ours", 0.92, 0.98), 0.95, np.nan, "yes"),
            (Goal("ours", 0.92, 0.98), 0.99, np.nan, "no"),
            (Goal("ours", 0.92, 0.98), 0.91, np.nan, "no"),
            (None, 1.0, 5.0, ""),
            (Goal("ratio", most=1.0), 40.0, np.inf, "yes"),
            (Goal("ratio", most=1.0), np.inf, 40.0, "no"),
        ],
    )
    def test_a_goal_is_met_within_its_bounds(self, goal, ours, theirs, met):
        assert Row("a: b", "", ours, theirs, goal).met == met

    @pytest.mark.parametrize(("ours", "theirs"), [(np.nan, 1.0), (1.0, np.nan), (np.inf, np.inf)])
    def test_what_was_not_measured_is_not_met(self, ours, theirs):
        assert Row("a: b", "", ours, theirs, Goal("ratio", most=10)).met == "no"

    def test_of_runs_in_turns_the_ratio_is_the_median_of_ratios(self):
        row = common.timed("a: b", "peer", np.array([1.0, 2.0, 9.0]), np.array([4.0, 4.0, 9.0]))
        assert (row.ours, row.theirs, row.ratio) == (2.0, 4.0, 0.5)

    def test_the_table_has_the_agreed_columns_and_four_digits(self):
        rows = [Row("a: b", "peer", 1 / 3, 2.0, Goal("ratio", most=1 / 3)), Row("a: c", "", 1e-9)]
        table = common.table(rows)
        assert tuple(table.columns) == COLUMNS
        assert table.iloc[0].tolist() == [
            "a: b",
            "peer",
            "0.3333",
            "2",
            "0.1667",
            "ratio ≤ 0.333",
            "yes",
        ]
        assert table.iloc[1].tolist() == ["a: c", "", "1e-09", "", "", "", ""]


class TestPage:
    def page(self, folder, rows):
        csv, page = folder / "explainers.csv", folder / "page.md"
        common.write(rows, csv, {"part": 1.26})
        page.write_text(
            "Before.\n<!-- explainers: begin -->\nold\n<!-- explainers: end -->\nAfter.\n"
        )
        common.write_page(page, csv)
        return page.read_text()

    def test_it_takes_the_cells_of_the_csv_between_its_markers(self, tmp_path):
        rows = [
            Row("Seconds: ours", "peer", 1.0, 4.0, Goal("ratio", most=0.5)),
            Row("Steps: x", "", 3.0, goal=Goal("ours", most=2)),
            Row("Seconds: all", "peer", 675.0, 0.5),
        ]
        text = self.page(tmp_path, rows)
        assert text.startswith("Before.\n<!-- explainers: begin -->\n")
        assert text.endswith("\n<!-- explainers: end -->\nAfter.\n")
        assert "old" not in text
        assert "1 of 2 goals are met." in text
        first, second = text.split("### Seconds\n")[1].split("### Steps\n")
        assert "| ours | peer | 1 | 4 | 0.25 | ratio ≤ 0.5 | yes |" in first
        assert "| all | peer | 675 | 0.5 | 1350 |  |  |" in first
        assert "| x |  | 3 |  |  | ours ≤ 2 | no |" in second

    def test_it_says_with_what_it_was_measured(self, tmp_path):
        text = self.page(tmp_path, [Row("Seconds: ours", "", 1.0)])
        assert f"torch {torch.__version__.split('+')[0]}" in text
        assert "one thread" in text

    def test_without_a_run_it_asks_for_one(self, tmp_path):
        with pytest.raises(InputError, match=r"run `python -m benchmarks\.explainers` first"):
            common.write_page(tmp_path / "page.md", tmp_path / "explainers.csv")

    def test_a_page_without_markers_is_left_alone(self, tmp_path):
        common.write([Row("a: b", "", 1.0)], tmp_path / "explainers.csv", {})
        (tmp_path / "page.md").write_text("mine")
        with pytest.raises(InputError, match="markers"):
            common.write_page(tmp_path / "page.md", tmp_path / "explainers.csv")
        assert (tmp_path / "page.md").read_text() == "mine"

    def test_the_page_of_the_explainers_has_its_markers(self):
        text = explainers.PAGE.read_text()
        assert text.index("<!-- explainers: begin -->") < text.index("<!-- explainers: end -->")


def test_runs_take_turns_and_the_first_round_does_not_count():
    order: list[str] = []
    seconds = common.in_turns(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3
    )
    assert [len(values) for values in seconds.values()] == [3, 3]
    assert sorted(order[:2]) == ["a", "b"]
    assert order[2:] == ["a", "b", "b", "a", "a", "b"]


class TestGames:
    @pytest.mark.parametrize("players", [6, 7])
    @pytest.mark.parametrize("name", OF_ANY_SIZE)
    def test_families_have_the_values_that_enumeration_gives(self, name, players):
        known = games.FAMILIES[name](players, np.random.default_rng(players))
        assert np.abs(known.values).max() > 0
        assert known.values == pytest.approx(shapley(known.game, players), abs=1e-9)

    @pytest.mark.parametrize("order", [1, 4, 7])
    @pytest.mark.parametrize("family", [games.one_product, games.parity])
    def test_games_of_one_term_have_the_values_that_enumeration_gives(self, family, order):
        known = family(7, np.random.default_rng(order), order)
        assert known.values == pytest.approx(shapley(known.game, 7), abs=1e-9)

    @pytest.mark.parametrize("name", games.FAMILIES)
    def test_values_of_fifty_players_share_out_what_all_of_them_have(self, name):
        known = games.FAMILIES[name](50, np.random.default_rng(3))
        both = known.game(np.array([[True] * 50, [False] * 50]))
        assert both.shape == (2,)
        assert known.values.sum() == pytest.approx(both[0] - both[1], abs=1e-9)

    @pytest.mark.parametrize("largest", [2, 4, 6])
    def test_interactions_have_the_values_that_enumeration_gives(self, largest):
        known = games.interactions(6, np.random.default_rng(largest), largest)
        assert known.values == pytest.approx(shapley(known.game, 6), abs=1e-9)

    @pytest.mark.parametrize("players", [5, 6])
    def test_products_have_the_values_that_enumeration_gives(self, players):
        known = games.products(players, np.random.default_rng(1))
        assert known.values == pytest.approx(shapley(known.game, players), abs=1e-9)

    def test_the_regression_on_all_coalitions_is_exact(self):
        known = games.interactions(7, np.random.default_rng(0), 7)
        design = draw(7, 2**7, np.random.default_rng(0))
        assert design.complete
        total = games.differences_of(known.game, np.ones((1, 7), bool))
        found = regression.regression(
            design.members,
            regression.design_weights(design),
            games.differences_of(known.game, design.members)[:, None],
            total,
        )
        # a pair of half the players stands for two coalitions, one of another size too
        assert found[:, 0] == pytest.approx(known.values, abs=1e-7)

    def test_so_it_is_with_an_even_number_of_players(self):
        known = games.interactions(6, np.random.default_rng(0), 6)
        design = draw(6, 2**6, np.random.default_rng(0))
        total = games.differences_of(known.game, np.ones((1, 6), bool))
        differences = games.differences_of(known.game, design.members)[:, None]
        weights = regression.design_weights(design)
        found = regression.regression(design.members, weights, differences, total)
        assert found[:, 0] == pytest.approx(known.values, abs=1e-7)

    def test_the_reference_comes_to_the_true_values_and_knows_its_error(self):
        known = games.interactions(12, np.random.default_rng(0), 6)

        def game(coalitions: np.ndarray) -> np.ndarray:
            return known.game(coalitions)[:, None]

        found, error = regression.reference(game, 12, 40_000, np.random.default_rng(5))
        missed = np.sqrt(((found[:, 0] - known.values) ** 2).mean())
        assert missed < 0.05 * np.sqrt((known.values**2).mean())
        assert 0.3 < missed / np.sqrt((error**2).mean()) < 3


class TestPeers:
    @pytest.mark.parametrize("name", peers.ESTIMATORS)
    def test_each_asks_the_evaluations_that_it_is_given(self, name):
        asked = []

        def game(coalitions: np.ndarray) -> np.ndarray:
            asked.append(len(coalitions))
            return additive(coalitions)

        peers.ESTIMATORS[name](game, 12, 80, 0)
        assert sum(asked) == 80

    @pytest.mark.parametrize("name", peers.ESTIMATORS)
    def test_each_finds_the_values_of_an_additive_game(self, name):
        values = peers.ESTIMATORS[name](additive, 12, 80, 0)
        assert values == pytest.approx(np.arange(1.0, 13), abs=1e-3)

    @pytest.mark.parametrize("name", peers.ESTIMATORS)
    def test_a_seed_stands_for_an_estimate(self, name):
        known = games.interactions(12, np.random.default_rng(0), 5)
        one, again, other = (peers.ESTIMATORS[name](known.game, 12, 80, s) for s in (1, 1, 2))
        assert np.array_equal(one, again)
        assert not np.array_equal(one, other)

    @pytest.mark.parametrize("name", newest.ESTIMATORS)
    def test_the_newest_ask_no_more_than_they_are_given_and_come_near(self, name):
        asked = []

        def game(coalitions: np.ndarray) -> np.ndarray:
            asked.append(len(coalitions))
            return additive(coalitions)

        values = newest.ESTIMATORS[name](game, 12, 200, 0)
        assert sum(asked) == 200
        true = np.arange(1.0, 13)
        assert ((values - true) ** 2).sum() < 0.1 * (true**2).sum()
        again = newest.ESTIMATORS[name](additive, 12, 200, 0)
        assert values == pytest.approx(again)

    def test_where_the_newest_are_missing_a_sentence_says_what_to_run(self, tmp_path):
        alone = "from benchmarks import newest; print(len(newest.ESTIMATORS), newest.MISSING)"
        told = subprocess.run(
            [sys.executable, "-c", alone],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert told.startswith("0 OddSHAP, ")
        assert "run `make bench-peers`" in told

    def test_captum_integrates_at_our_nodes(self):
        model, pixels = classifier("vit"), images(2)
        inputs, baseline, targets = speed._for_captum(model, pixels)
        predicted, maps = peers.captum_integrated_gradients(
            model, inputs, baseline, steps=6, method="riemann_middle", together=None
        )
        ours = speed._integrated_gradients(model, pixels, 6)
        assert torch.equal(predicted, targets)
        assert maps.sum(1).flatten(1).numpy() == pytest.approx(ours.maps.coefficients, abs=1e-4)

    @pytest.mark.parametrize("key", ["resnet", "vit"])
    def test_gradcam_of_peers_is_ours_up_to_their_scaling(self, key):
        model, pixels = classifier(key), images(2)
        network, layer = speed._differentiable(model)
        inputs = model.normalise(pixels)
        ours = speed._gradcam(model, pixels)
        grid = np.maximum(ours.maps.coefficients, 0)
        theirs = peers.pytorch_gradcam(model, network, layer, inputs)
        assert theirs.shape == (2, 64, 64)
        rendered = np.stack(
            [(ours.maps.bases[0].synthesis() @ row).reshape(64, 64) for row in grid]
        )
        scaled = rendered / np.maximum(rendered.max((1, 2), keepdims=True), 1e-7)
        # it takes the smallest cell for 0 before it enlarges
        flat = [
            np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(theirs, scaled, strict=True)
        ]
        assert min(flat) > 0.999
        if key == "resnet":
            _, maps = peers.captum_gradcam(network, layer, inputs)
            assert maps.detach().flatten(1).numpy() == pytest.approx(
                ours.maps.coefficients, rel=1e-3, abs=1e-5
            )


class TestDigits:
    def test_without_the_study_it_says_what_to_run(self, tmp_path, monkeypatch):
        monkeypatch.setattr(digits, "RESULTS", tmp_path)
        with pytest.raises(InputError, match="run `snakemake --cores all weights data` first"):
            digits.check([])

    def test_the_command_ends_with_that_sentence(self, tmp_path, monkeypatch):
        monkeypatch.setattr(digits, "RESULTS", tmp_path)
        with pytest.raises(SystemExit, match="snakemake --cores all weights data"):
            explainers.main([])

    def test_a_model_that_is_not_trained_is_refused(self):
        with pytest.raises(InputError, match="resnet_untrained"):
            digits.check(["resnet_untrained"])

    def test_a_remembered_game_is_asked_once(self):
        asked = []

        def game(coalitions: np.ndarray) -> np.ndarray:
            asked.extend(map(bytes, coalitions))
            return np.stack([additive(coalitions), -additive(coalitions)], 1)

        remembered = digits.Remembered(game)
        everything = everyone(4)
        twice = np.concatenate([everything, everything[::-1]])
        assert np.array_equal(remembered.of(0)(twice), additive(twice))
        assert np.array_equal(remembered.of(1)(twice), -additive(twice))
        assert sorted(asked) == sorted(map(bytes, everything))

    def test_a_network_game_paints_what_is_outside_black(self, monkeypatch):
        model, pixels = classifier("vit"), images(1)
        pixels[0, :32, :32] = 0
        labels = (2 * (np.arange(64) >= 32)[:, None] + (np.arange(64) >= 32)).astype(np.int16)
        game = digits.NetworkGame(model, pixels[0], labels)
        assert game.playing.tolist() == [False, True, True, True]
        coalitions = everyone(3)
        expected = []
        for row in coalitions:
            painted = pixels[0].copy()
            for player, inside in zip((1, 2, 3), row, strict=True):
                if not inside:
                    painted[labels == player] = 0
            with torch.inference_mode():
                logits = model.network(model.normalise(painted[None]))[0]
            expected.append([logits[game.target], logits.softmax(0)[game.target]])
        assert game(coalitions) == pytest.approx(np.array(expected), abs=1e-4)


def measured(model: int = 0, seeds: int = 3, players: int = 4) -> digits.Measured:
    """Estimates that are off by a tenth of the reference, captum's by five times that."""
    rng = np.random.default_rng(model)
    truth = rng.uniform(1, 2, (2, players))
    off = {name: 0.5 if name == accuracy.CAPTUM else 0.1 for name in digits.METHODS}
    estimates = {
        name: truth[:, None] * (1 + share * np.array([1, -1, 1])[:seeds, None])
        for name, share in off.items()
    }
    draws = np.repeat(estimates[digits.OURS][:, :, None], 4, 2)
    return digits.Measured(
        truth,
        0 * truth,
        np.arange(1, players + 1),
        estimates,
        np.full((2, seeds, players), 0.12),
        draws + 0.01 * rng.standard_normal(draws.shape),
    )


@pytest.fixture
def parts() -> accuracy.Accuracy:
    effort = accuracy.Effort(("a", "b"), images=2, seeds=3, games=2, simulated=12)
    values = accuracy.Accuracy(effort)
    values.__dict__["measured"] = {
        key: [measured(number), measured(number)] for number, key in enumerate(effort.models)
    }
    return values


class TestAccuracy:
    def test_errors_are_squared_and_relative(self, parts):
        rows = parts.accuracy()
        against = [row for row in rows if row.peer == accuracy.CAPTUM]
        assert [row.ours for row in against] == pytest.approx([0.01] * 6)
        assert [row.theirs for row in against] == pytest.approx([0.25] * 6)
        assert [row.met for row in against] == ["yes"] * 3 + [""] * 3

    def test_no_library_may_be_better(self, parts):
        rows = [row for row in parts.accuracy() if row.peer.startswith(("shap ", "shapiq"))]
        assert {str(row.goal) for row in rows if "logit" in row.measure} == {"ratio ≤ 1"}

    def test_games_in_closed_form_meet_their_goals_in_few_rows(self, parts):
        rows = parts.closed_form()
        assert len(rows) == 3 * len(peers.ESTIMATORS)
        assert [str(row.goal) for row in rows if row.goal] == [
            "ours ≤ 1e-06",
            "ours ≤ 0.2",
            "ours ≤ 0.45",
        ]

    def test_coverage_counts_values_within_their_interval(self, parts):
        # errors of 0.1 to 0.2 beside intervals of ± 0.235
        rows = {row.measure.split(": ")[1]: row for row in parts.coverage()}
        assert rows["a, logit, against the reference"].ours == 1
        assert str(rows["all 12 simulated games"].goal) == "0.92 ≤ ours ≤ 0.98"

    def test_values_that_are_exact_are_not_counted(self):
        inside = accuracy._covered(
            np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 1.0]), np.zeros(3)
        )
        assert inside.tolist() == [False, False]

    def test_simulated_games_are_of_all_kinds_and_never_change(self):
        kinds = [accuracy._simulated(number)[0] for number in range(8)]
        assert kinds[:4] == kinds[4:]
        assert len(set(kinds)) == 4
        one, again = (accuracy._simulated(5)[1].values for _ in range(2))
        assert np.array_equal(one, again)


class TestCosines:
    def test_maps_that_differ_in_scale_are_alike(self, parts):
        rows = cosines.ceiling(parts.groups(), ("a", "b"))
        own = [row for row in rows if row.measure.startswith("Cosine of a model with itself")]
        assert len(own) == 2 * 3
        assert all(row.ours == pytest.approx(1) for row in own)

    def test_the_stated_bias_is_beside_the_true_one(self, parts):
        rows = cosines.ceiling(parts.groups(), ("a", "b"))
        (pair,) = [r for r in rows if "logit: a and b" in r.measure and r.peer == cosines.STATED]
        cases = list(zip(parts.measured["a"], parts.measured["b"], strict=True))
        assert pair.theirs == pytest.approx(np.mean([cosines._stated(*two, 0)[1] for two in cases]))
        true = [cosines._cosine(*two, *(m.reference[0] for m in two)) for two in cases]
        assert pair.ours == pytest.approx(
            np.mean([cosines._shared(*two, 0) for two in cases]) - np.mean(true)
        )
        (means,) = [r for r in rows if "logit: reported − true of means" in r.measure]
        assert (means.ours, means.theirs) == pytest.approx((abs(pair.ours), abs(pair.theirs)))

    def test_the_cosine_is_that_of_rendered_maps(self):
        case = measured()
        x, y = np.random.default_rng(0).standard_normal((2, 4))
        a, b = np.repeat(x, case.areas), np.repeat(y, case.areas)
        dense = a @ b / np.sqrt(a @ a * (b @ b))
        assert cosines._cosine(case, case, x, y) == pytest.approx(dense)

    @pytest.mark.parametrize("own", [False, True])
    def test_a_mixture_of_games_has_the_values_of_the_mixture(self, own):
        rng = np.random.default_rng(0)
        first, other = (games.interactions(6, rng, 4) for _ in range(2))
        mixture = cosines._mixture(first, other, 0.8, own)
        assert mixture.values == pytest.approx(shapley(mixture.game, 6))
        assert mixture.values == pytest.approx(0.8 * first.values + 0.6 * other.values)

    def test_pairs_of_simulated_games_are_as_alike_as_their_rows_say(self):
        true, values, bias = cosines._simulated_pairs("orders 2 to 6", 12, 4096, 0)
        assert true[:3] == pytest.approx(true[3:])
        # asked about everything there is
        assert values == pytest.approx(true)
        np.testing.assert_allclose(bias, 0, atol=1e-12)
        rows = cosines.simulated(2, players=12, budgets=(14,))
        assert len(rows) == len(cosines.FAMILIES) * 6
        assert all(row.ours != 0 and row.theirs != 0 for row in rows)


class TestSpeed:
    def test_operations_are_those_of_the_products(self):
        layer = nn.Linear(30, 20).requires_grad_(False)
        inputs = torch.ones(5, 30)
        assert speed.operations_of(lambda: layer(inputs)) == 2 * 5 * 30 * 20

    def test_gradients_of_an_input_are_counted_too(self):
        layer = nn.Linear(30, 20).requires_grad_(False)
        inputs = torch.ones(5, 30, requires_grad=True)
        run: Callable[[], object] = lambda: torch.autograd.grad(layer(inputs).sum(), inputs)  # noqa: E731
        assert speed.operations_of(run) == 2 * 2 * 5 * 30 * 20

    def test_a_linear_model_needs_the_fewest_steps(self):
        assert speed._fixed_steps(linear(), images(2, 16)) == speed.LADDER[0]

    def test_a_fixed_number_of_steps_is_taken(self):
        found = speed._integrated_gradients(classifier("resnet"), images(2), 18)
        assert isinstance(found, integrated_gradients.Explanation)
        assert found.measures["steps"].tolist() == [18, 18]

    def test_bare_passes_are_as_many_as_asked_for(self):
        model = classifier("vit")
        seen: list[int] = []
        hook = model.network.register_forward_hook(lambda m, i, o: seen.append(len(o)))
        speed.passes(model, 10, 4)
        hook.remove()
        assert seen == [4, 4, 2]

    def test_captum_explains_the_superpixels_that_we_do(self):
        model, pixels = classifier("vit"), images(1)
        labels = (2 * (np.arange(64) >= 32)[:, None] + (np.arange(64) >= 32)).astype(np.int16)
        inputs, baseline, targets = speed._for_captum(model, pixels)
        (found,) = peers.captum_image_kernelshap(
            model, inputs, baseline, targets, labels[None], evaluations=400, together=100
        )
        question = Question("logit", BLACK, segments=labels[None], seeds=np.array([0]))
        ours = speed.kernelshap.explain(model, pixels, None, question, evaluations=400)
        theirs = [float(found[0, 0][torch.from_numpy(labels == k)].mean()) for k in range(4)]
        # exact for ours; captum asks with repetition
        assert theirs == pytest.approx(ours.maps.row(0), abs=0.05 * np.ptp(ours.maps.row(0)) + 1e-3)

    def test_kernelshap_is_beside_as_many_bare_passes_as_it_has_evaluations(self, monkeypatch):
        model, bare = classifier("resnet"), []
        found = SimpleNamespace(measures={"evaluations": np.array([40, 30])})
        monkeypatch.setattr(digits, "model", lambda key: model)
        monkeypatch.setattr(speed, "_kernelshap", lambda *about: lambda: found)
        monkeypatch.setattr(speed, "best_batch", lambda model: 16)
        monkeypatch.setattr(speed, "passes", lambda *about: bare.append(about))
        rows = speed.kernelshap_passes(speed.Effort(("resnet",), images=16, rounds=1))
        assert [about[1:] for about in bare] == [(70, 16)] * len(bare) != []
        assert [row.goal is None for row in rows] == [False, True]


class TestPairwise:
    EFFORT = pairwise.Effort(models=3, images=6, dense=3, side=16, segments=5, rounds=1)

    def test_every_kind_of_map_has_its_seconds_its_difference_and_its_bytes(self):
        rows = pairwise.pairs(self.EFFORT)
        assert len(rows) == 14
        differences = [row for row in rows if row.measure.startswith("Largest difference")]
        assert [row.met for row in differences] == ["yes"] * 4
        megabytes = [row for row in rows if row.measure.startswith("Megabytes")]
        assert megabytes[0].ours == pytest.approx(3 * 6 * 49 * 4 / 1e6)
        assert [row.theirs for row in megabytes] == pytest.approx([3 * 6 * 256 * 4 / 1e6] * 4)
        limits = [row for row in rows if row.peer in (pairwise.BOUND, pairwise.READING)]
        assert len(limits) == 2
        assert all(row.ours > 0 and row.theirs > 0 for row in limits)

    def test_the_loop_gives_cosine_and_rbf_of_every_pair(self):
        maps = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 2, 10)))
        found = pairwise.loop(maps)
        assert list(found) == list(combinations(range(3), 2))
        a, b = maps[0, 1].numpy(), maps[2, 1].numpy()
        cosine, rbf = found[0, 2]
        assert cosine[1] == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)))
        exponent = ((a - b) ** 2).sum() / (2 * (80 / 224) ** 2 * 10)
        assert rbf[1] == pytest.approx(np.exp(-exponent))


class TestCommand:
    @pytest.fixture
    def written(self, tmp_path, monkeypatch) -> Callable[..., list[str]]:
        """Run the command with parts that measure nothing; the files that it writes."""
        complete, partial_run = tmp_path / "explainers.csv", tmp_path / "explainers-partial.csv"
        monkeypatch.setattr(explainers, "OUTPUT", complete)
        monkeypatch.setattr(explainers, "PARTIAL", partial_run)
        monkeypatch.setattr(digits, "check", lambda models: None)
        monkeypatch.setattr(common, "threadpool_limits", lambda threads: None)
        named = {
            name: partial(lambda n: [Row(f"{n}: x", "", 1.0)], name)
            for name in ("gradcam", "ceiling")
        }
        monkeypatch.setattr(explainers, "parts", lambda models, **settings: named)

        def run(*arguments: str) -> list[str]:
            explainers.main(list(arguments))
            return sorted(path.name for path in tmp_path.glob("[!.]*"))

        return run

    def test_a_whole_run_writes_the_table_and_how_it_was_measured(self, written, tmp_path):
        assert written() == ["explainers.csv", "explainers.json"]
        table = pd.read_csv(tmp_path / "explainers.csv")
        assert tuple(table.columns) == COLUMNS
        assert table["measure"].tolist() == ["gradcam: x", "ceiling: x"]

    @pytest.mark.parametrize("option", [["--parts", "ceiling"], ["--quick"], ["--models", "vit"]])
    def test_a_run_that_leaves_something_out_does_not_touch_it(self, written, option):
        assert written(*option) == ["explainers-partial.csv", "explainers-partial.json"]
