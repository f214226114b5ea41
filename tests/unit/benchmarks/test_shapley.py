"""The benchmark of Shapley values from few evaluations computes what its table says."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import common, digits, estimates, games, newest, shapley
from benchmarks.common import Row
from benchmarks.estimates import COVERAGE, ERROR, LEAST, WIDTH, Estimated
from tests.support.explaining import classifier, images
from thinkalike.errors import InputError


class TestEstimated:
    def test_errors_are_squared_and_relative_and_widths_are_relative(self):
        true = np.array([3.0, 4.0])
        found = estimates.estimated(true + 0.5, np.array([1.0, 1.0]), true, {"peer": true + 1})
        assert found.ours == pytest.approx(0.5 / 25)
        assert found.peers == {"peer": pytest.approx(2 / 25)}
        assert found.width == pytest.approx(2 * 1.96 / np.sqrt(12.5))

    @pytest.mark.parametrize(("true_error", "share"), [(0.0, 0.5), (2.0, 1.0)])
    def test_intervals_of_uncertain_values_are_tested_beside_the_error_of_a_reference(
        self, true_error, share
    ):
        missed, errors = np.array([1.0, 3.0, 9.0]), np.array([1.0, 1.0, 0.0])
        found = estimates.estimated(missed, errors, np.full(3, 1e-9), {}, true_error)
        assert found.coverage == share

    def test_without_an_uncertain_value_there_is_no_coverage(self):
        found = estimates.estimated(np.ones(2), np.zeros(2), np.ones(2), {})
        assert np.isnan(found.coverage)


class TestRows:
    def rows(self, name: str, budget: int) -> list[Row]:
        peers = dict.fromkeys(newest.ESTIMATORS, 0.1)
        found = [Estimated(0.2, peers, 0.9, 1.0), Estimated(0.4, {}, 1.0, 3.0)]
        return estimates.rows({(name, budget): found}, ("maximum",))

    def test_coverage_and_width_are_means_over_all_games(self):
        rows = {row.measure: row for row in self.rows("maximum", 350)}
        assert rows[f"{COVERAGE}: maximum, 350"].ours == pytest.approx(0.95)
        assert rows[f"{COVERAGE}: maximum, 350"].met == "yes"
        assert rows[f"{WIDTH}: maximum, 350"].ours == pytest.approx(2)

    def test_errors_beside_peers_are_those_of_the_games_that_they_are_asked_about(self):
        errors = [row for row in self.rows("maximum", 350) if row.measure.startswith(ERROR)]
        assert [row.peer for row in errors] == (list(newest.ESTIMATORS) or [""])
        if newest.ESTIMATORS:
            assert {row.ours for row in errors} == {0.2}
            assert {row.met for row in errors} == {"no"}

    def test_of_the_least_evaluations_no_peer_has_to_be_beaten(self):
        rows = self.rows("maximum", LEAST)
        assert all(row.goal is None for row in rows if row.measure.startswith(ERROR))
        assert any(row.measure.endswith("maximum, M + 2") for row in rows)

    def test_games_that_nobody_had_in_mind_have_no_goals(self):
        assert all(row.goal is None for row in self.rows("minimum", 350))

    def test_without_peers_ours_stands_alone(self, monkeypatch):
        monkeypatch.setattr(newest, "ESTIMATORS", {})
        rows = estimates.rows({("maximum", 100): [Estimated(0.2, {}, 0.9, 1.0)]}, ())
        assert [(row.peer, row.ours) for row in rows] == [("", 0.2), ("", 0.9), ("", 1.0)]


def test_every_family_is_asked_and_a_number_stands_for_a_game():
    first, again, other = (estimates.of_families(n, (LEAST, 60), beside=False) for n in (1, 1, 2))
    assert {name for name, _ in first} == set(games.FAMILIES)
    assert {budget for _, budget in first} == {LEAST, 60}
    assert first == again
    assert first != other


def test_a_peer_that_refuses_so_few_evaluations_has_said_nothing(monkeypatch):
    def refuses(game: games.Game, players: int, evaluations: int, seed: int) -> np.ndarray:
        raise ValueError("too few")

    monkeypatch.setattr(newest, "ESTIMATORS", {"peer": refuses})
    assert (
        estimates.peer_estimates(lambda coalitions: coalitions.sum(1), 3, 8, 0)["peer"].tolist()
        == [0] * 3
    )


def test_networks_are_explained_as_in_a_study_beside_a_reference():
    pixels = images(1)[0]
    labels = (8 * (np.arange(64) // 22)[:, None] + np.arange(64) // 8).astype(np.int16)
    game = digits.NetworkGame(classifier("vit"), pixels, labels)
    truth = np.ones((2, game.players)), np.zeros((2, game.players))
    cases = estimates.of_network(game, truth, (LEAST, 40), range(2))
    assert {what: len(found) for what, found in cases.items()} == {
        ("logit", LEAST): 2,
        ("probability", LEAST): 2,
        ("logit", 40): 2,
        ("probability", 40): 2,
    }
    assert all(e.width > 0 for found in cases.values() for e in found)


def test_time_is_held_against_passes_of_three_networks(monkeypatch):
    model = classifier("vit")
    monkeypatch.setattr(shapley, "_timed", lambda: {"small": (model, 2)})
    effort = shapley.Effort(budgets=(LEAST, 104), rounds=1)
    first, second = shapley.seconds(effort)
    assert first.theirs == pytest.approx(second.theirs / 2)
    assert str(second.goal) == "ratio ≤ 0.05"


def test_the_page_has_one_line_for_a_family_and_a_budget():
    rows = [
        Row(f"{ERROR}: maximum, 350", "OddSHAP", 0.2, 0.1, common.Goal("ratio", most=1)),
        Row(f"{ERROR}: maximum, 350", "PolySHAP", 0.2, 0.3, common.Goal("ratio", most=1)),
        Row(f"{COVERAGE}: maximum, 350", "", 0.95, goal=common.Goal("ours", 0.92, 0.99)),
        Row(f"{WIDTH}: maximum, 350", "", 1.5),
        Row("Seconds of solving: 350", "passes", 1.0, 4.0),
    ]
    lines = shapley.layout(common.table(rows))
    assert "| maximum | 350 | 0.2 | **0.1** | 0.3 | 0.95 | 1.5 | error |" in lines
    assert "### Seconds of solving" in lines


class TestCommand:
    def asked(self, monkeypatch, *arguments: str) -> dict[str, common.Part]:
        monkeypatch.setattr(digits, "check", lambda models: None)
        found: dict[str, common.Part] = {}

        def run(asked, make, **settings) -> None:
            found.update(make())

        monkeypatch.setattr(shapley, "run", run)
        shapley.main(list(arguments))
        return found

    def test_without_weights_the_photographs_are_left_out_with_a_sentence(
        self, monkeypatch, capsys
    ):
        assert list(self.asked(monkeypatch)) == ["families", "networks", "seconds"]
        assert "give --weights and --photographs" in capsys.readouterr().out

    def test_who_asks_for_them_alone_is_told(self, monkeypatch):
        with pytest.raises(InputError, match="give --weights and --photographs"):
            self.asked(monkeypatch, "--parts", "photographs")

    def test_without_peers_a_sentence_says_how_to_get_them(self, monkeypatch, capsys):
        monkeypatch.setattr(newest, "ESTIMATORS", {})
        assert "families" in self.asked(monkeypatch)
        assert "run `make bench-peers`" in capsys.readouterr().out

    def test_paths_that_lead_nowhere_are_refused(self, monkeypatch, tmp_path):
        weights = tmp_path / "x.safetensors"
        given = partial(self.asked, monkeypatch, "--weights", str(weights), "--photographs")
        with pytest.raises(InputError, match="--weights: there is no"):
            given(str(tmp_path))
        weights.touch()
        with pytest.raises(InputError, match="has 0 images, 4 are needed"):
            given(str(tmp_path))

    def test_the_page_has_its_markers(self):
        text = Path(shapley.PAGE).read_text()
        assert text.index("<!-- shapley: begin -->") < text.index("<!-- shapley: end -->")
