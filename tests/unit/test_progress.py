"""Progress of long work: a bar on a terminal, lines in a log."""

import io
import logging
import sys
from types import SimpleNamespace

import pytest

from thinkalike.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_gets_a_line_per_tenth_and_the_rate(caplog, capsys, monkeypatch):
    caplog.set_level(logging.INFO)
    clock = SimpleNamespace(monotonic=iter((1000.0, 1004.0)).__next__)
    monkeypatch.setattr("thinkalike.progress.time", clock)
    assert list(progress(range(250), what="explain", total=250)) == list(range(250))
    *tenths, rate = caplog.messages
    assert tenths == [f"explain: {25 * k} of 250" for k in range(1, 11)]
    assert rate == "explain: 62.5 a second (250 in 4.0 s)"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("total", "lines"), [(3, 3), (1, 1), (0, 0), (10, 10), (11, 10)])
def test_short_work_has_no_more_lines_than_items(caplog, total, lines):
    caplog.set_level(logging.INFO)
    list(progress(range(total), what="explain", total=total))
    assert len(caplog.messages) == lines + 1
    if lines:
        assert caplog.messages[-2] == f"explain: {total} of {total}"


def test_a_terminal_gets_a_bar_and_the_log_only_the_rate(caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress(iter("abc"), what="explain", total=3)) == ["a", "b", "c"]
    assert "explain" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()
    assert len(caplog.messages) == 1


def test_items_are_taken_one_by_one():
    taken = []

    def items():
        for i in range(3):
            taken.append(i)
            yield i

    work = progress(items(), what="explain", total=3)
    next(work)
    assert taken == [0]
