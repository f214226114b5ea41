"""The benchmark on a GPU, as far as a CPU can try it out: all of its parts, its clock, what goes wrong."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import gpu, gpu_parts, gpu_session, passes
from benchmarks.common import COLUMNS, Row
from benchmarks.gpu_session import QUICK, TITLES, Budget, Clock, Effort, Session
from benchmarks.imagenet import imagenet_keys
from benchmarks.passes import Pass
from tests.support.checkout import REPOSITORY
from tests.support.explaining import classifier
from thinkalike.networks.batches import fitting
from thinkalike.networks.model import Model

CPU = torch.device("cpu")


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def session(effort: Effort = QUICK, seconds: float = 100, hands: Hands | None = None) -> Session:
    return Session(CPU, effort, Clock(seconds, hands or Hands()))


@pytest.fixture(scope="module")
def quick(tmp_path_factory) -> SimpleNamespace:
    """A quick run of everything on the CPU, in a process that says what it imports."""
    folder = tmp_path_factory.mktemp("gpu")
    code = f"""
import json, sys
from importlib.metadata import packages_distributions
from pathlib import Path
from benchmarks import gpu
gpu.PARTIAL = Path({str(folder)!r}, "gpu-partial.csv")
gpu.main(["--quick", "--device", "cpu"])
names = packages_distributions()
used = {{name for module in sys.modules for name in names.get(module.split(".")[0], [])}}
Path({str(folder)!r}, "used.json").write_text(json.dumps(sorted(used)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(
        rows=pd.read_csv(folder / "gpu-partial.csv", dtype=str, keep_default_na=False),
        about=json.loads((folder / "gpu-partial.json").read_text()),
        used=json.loads((folder / "used.json").read_text()),
    )


def test_every_part_has_rows_and_nothing_is_left_out(quick):
    assert tuple(quick.rows.columns) == COLUMNS
    assert list(quick.about["seconds"]) == list(gpu.PARTS)
    assert quick.about["left out"] == []
    assert quick.about["failed"] == {}
    assert quick.about["machine"].startswith("no GPU, ")
    kinds = quick.rows["measure"].str.split(": ").str[0].value_counts()
    for title in TITLES.values():
        without = title in ("KernelSHAP", "Integrated Gradients")
        assert kinds[f"Images a second, {title}"] == 2 + without
        assert kinds[f"Largest difference of GPU and CPU, {title}"] == 2
        if title != "LRP":
            assert kinds[f"Images a second in bfloat16, {title}"] == 2
    assert kinds["Inputs of a pass, with gradients"] == 2
    for with_or_without in ("with", "without"):
        measure = f"Images a second of bare passes {with_or_without} gradients, channels last"
        assert kinds[measure] == 2
    assert kinds["Minutes of the study"] == 1
    assert kinds["Tests marked gpu"] == 4
    assert kinds["Seconds of an epoch of training, digits"] == 1


def test_the_device_is_the_cpu_so_that_maps_do_not_differ(quick):
    rows = quick.rows[quick.rows["measure"].str.startswith("Largest difference")]
    assert len(rows) == 16
    assert (rows["ours"].astype(float) == 0).all()


def test_tests_marked_gpu_are_found_and_need_a_gpu(quick):
    counts = quick.rows.set_index("measure")["ours"]
    assert int(counts["Tests marked gpu: skipped"]) >= 25
    assert int(counts["Tests marked gpu: errors"]) == 0


def test_it_imports_what_its_help_lists_and_what_that_needs(quick):
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    needed, new = set(), {plain(name) for name in gpu.WHEELS}
    while new:
        needed |= new
        found = set()
        for name in new:
            try:
                found |= {plain(re.match(r"[\w.-]+", text)[0]) for text in requires(name) or []}
            except PackageNotFoundError:  # for other systems, or an extra
                continue
        new = found - needed
    assert {plain(name) for name in quick.used} <= needed
    # and not by way of an extra of one of them
    assert not {"captum", "shap", "shapiq", "grad-cam", "snakemake"} & set(quick.used)


def test_its_help_has_the_versions_of_the_lock(capsys):
    with pytest.raises(SystemExit):
        gpu.main(["--help"])
    told, lock = capsys.readouterr().out, (REPOSITORY / "requirements.lock").read_text()
    pairs = re.findall(r"([\w-]+)==([\w.]+)", told)
    assert [name for name, _ in pairs] == list(gpu.WHEELS)
    for name, version in pairs:
        assert f"\n{name}=={version} " in f"\n{lock}"


def test_all_fourteen_networks_are_measured_at_the_size_of_imagenet():
    assert sorted(Effort().models) == sorted(imagenet_keys())
    assert len(Effort().models) == 14
    assert Effort().size == 224
    assert Effort().in_study == Budget(evaluations=350, steps=162)


class TestTime:
    def test_what_there_is_no_time_for_is_named_and_the_next_part_has_its_share(self):
        hands = Hands()
        run = session(hands=hands)
        run.clock.until(0.5)
        done = []
        for key in run.within("first", "abcd"):
            done.append(key)
            hands.time += 20
        # after two of 20 seconds, 10 are left
        assert done == ["a", "b"]
        assert run.left_out == ["first: c", "first: d"]
        run.clock.until(0.9)
        assert run.clock.left == 50
        assert list(run.within("second", "e")) == ["e"]

    def test_a_part_that_comes_too_late_begins_nothing(self):
        hands = Hands()
        run = session(hands=hands)
        hands.time = 51
        run.clock.until(0.5)
        assert list(run.within("late", "a")) == []
        assert run.left_out == ["late: a"]

    def test_shares_rise_to_the_whole_time_which_is_under_eight_minutes(self):
        shares = [share for _, share in gpu.PARTS.values()]
        assert shares == sorted(shares)
        assert shares[-1] == 1
        assert gpu.SECONDS < 480

    @pytest.mark.parametrize(
        ("left", "count", "minutes"),
        # 2 · 1.2 s an image, by the rates; 2 s are spent an image and model
        [(400, 128, 128 * 4 / 60), (200, 64, 128 * 4 / 60), (0.5, 16, 128 * 4 / 60)],
    )
    def test_the_study_is_of_as_many_images_as_there_is_time_for(
        self, monkeypatch, left, count, minutes
    ):
        hands, explained = Hands(), []
        budget = Budget(8, 6)
        effort = Effort(models=("a", "b"), study=(128, 64, 16), timed=budget, in_study=budget)
        run = session(effort, seconds=left, hands=hands)
        for method in gpu_parts.STUDY_METHODS:
            run.rates |= {(method, key): (3.0, 3.0) for key in "ab"}
        monkeypatch.setattr(Session, "model", lambda _, key: key)
        monkeypatch.setattr(gpu_parts.time, "perf_counter", lambda: spent[0])
        spent = [0.0]

        def explain(_self, method, key, number, _budget):
            explained.append((method, key, number))
            spent[0] += 2 * number / 3

        monkeypatch.setattr(Session, "explain", explain)
        *_, (row,) = gpu_parts.study(run)
        assert {number for *_, number in explained} == {count}
        assert len(explained) == 6
        assert row.ours == pytest.approx(minutes)
        assert ("extrapolated" in row.measure) == (count < 128)
        assert row.met == ("yes" if minutes <= 10 else "no")

    def test_more_steps_in_the_study_take_longer(self):
        run = session(Effort(models=("a",), timed=Budget(350, 54), in_study=Budget(350, 162)))
        rates = {"gradcam": 100.0, "integrated_gradients": 10.0, "kernelshap": 20.0}
        run.rates = {(method, "a"): (rate, 0.0) for method, rate in rates.items()}
        assert gpu_parts._seconds_an_image(run, "a") == pytest.approx(0.01 + 0.3 + 0.05)
        assert gpu_parts._seconds_an_image(run, "b") == np.inf


class TestFaults:
    def run(self, tmp_path, parts, monkeypatch) -> None:
        monkeypatch.setattr(gpu, "PARTS", parts)
        monkeypatch.setattr(gpu, "PARTIAL", tmp_path / "gpu.csv")
        gpu.main(["--quick", "--device", "cpu"])

    def test_an_error_is_noted_and_the_run_goes_on(self, tmp_path, monkeypatch):
        def failing(run: Session) -> Iterator[list[Row]]:
            def fails() -> list[Row]:
                raise RuntimeError("CUDA error: an illegal memory access\nand more")

            yield run.attempted("this", fails)
            yield run.attempted("that", lambda: [Row("after it", "", 1.0)])

        with pytest.raises(SystemExit) as end:
            self.run(tmp_path, {"failing": (failing, 1.0)}, monkeypatch)
        assert end.value.code == 1
        assert pd.read_csv(tmp_path / "gpu.csv")["measure"].tolist() == ["after it"]
        about = json.loads((tmp_path / "gpu.json").read_text())
        assert about["failed"] == {"this": "RuntimeError: CUDA error: an illegal memory access"}

    def test_a_run_that_is_killed_keeps_what_it_has(self, tmp_path, monkeypatch):
        def killed(run: Session) -> Iterator[list[Row]]:
            yield [Row("before it", "", 1.0)]
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.run(tmp_path, {"killed": (killed, 1.0)}, monkeypatch)
        assert pd.read_csv(tmp_path / "gpu.csv")["measure"].tolist() == ["before it"]

    def test_tests_that_take_too_long_are_left_out(self, monkeypatch):
        run = session(seconds=0.01)
        assert gpu_parts._tests(run) == []
        assert run.left_out == ["the tests"]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("25 skipped, 275 deselected in 6.32s", (0, 0, 0, 25)),
        ("1 failed, 24 passed, 2 skipped in 6.32s", (24, 1, 0, 2)),
        ("3 passed, 1 error in 2s", (3, 0, 1, 0)),
        ("2 errors in 2s", (0, 0, 2, 0)),
    ],
)
def test_what_pytest_says_is_counted(line, counts):
    found = gpu_parts.outcomes(f"..F.\nFAILED test_a - 7 passed by\n{line}\n\n")
    assert tuple(found[name] for name in gpu_parts.OUTCOMES) == counts


def tried_out(key: str) -> Model:
    """A model whose number of inputs that fit is known already: it makes no passes to find it out."""
    model = classifier(key, size=QUICK.size)
    fitting(model, gradients=True)
    return model


class TestPasses:
    def test_kernelshap_passes_its_evaluations_and_is_beside_as_many_bare_ones(self):
        run, model = session(), tried_out("resnet")
        with passes.recorded(model) as made:
            run.explain("kernelshap", model, 2, Budget(8, 6))
        # two images and the baseline; all coalitions but the empty and the full one
        assert [each.inputs for each in made] == [2, 1, 2 * 6]
        assert not any(each.gradients for each in made)
        with passes.recorded(model) as again:
            passes.bare(model, run.question(2), made)()
        assert again == made

    def test_integrated_gradients_and_lrp_are_beside_passes_with_gradients(self):
        run, model = session(), tried_out("resnet")
        with passes.recorded(model) as made:
            run.explain("integrated_gradients", model, 2, Budget(8, 18))
            run.explain("lrp", model, 2, Budget(8, 18))
        forward = [Pass(2, False), Pass(1, False)]
        steps = [Pass(12, True), Pass(14, True), Pass(10, True)]  # 6, 13 and 18 of two images
        assert made == [*forward, *steps, Pass(2, True)]
        with passes.recorded(model) as again:
            passes.bare(model, run.question(2), made)()
        assert again == made

    def test_runs_take_turns_until_the_time_is_over(self, monkeypatch):
        spent, order = [0.0], []

        def takes(name: str, seconds: float) -> None:
            order.append(name)
            spent[0] += seconds

        monkeypatch.setattr(passes.time, "perf_counter", lambda: spent[0])
        runs = {"a": lambda: takes("a", 1), "b": lambda: takes("b", 3)}
        found = passes.repeated(runs, CPU, seconds=6)
        assert order == ["a", "b", "a", "b"]
        np.testing.assert_allclose(found["b"], [3, 3])


class TestCuda:
    """What is called on a GPU alone, with stand-ins."""

    DEVICE = torch.device("cuda")

    def test_the_peak_is_that_of_what_runs(self, monkeypatch):
        calls = []
        for name in ("synchronize", "reset_peak_memory_stats"):
            monkeypatch.setattr(torch.cuda, name, lambda _, name=name: calls.append(name))
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 2e9)
        with passes.peak_memory(self.DEVICE) as peak:
            calls.append("run")
        assert peak == [2.0]
        assert calls == ["synchronize", "reset_peak_memory_stats", "run", "synchronize"]
        with passes.peak_memory(CPU) as peak:
            pass
        assert peak == []

    def test_waits_are_those_that_torch_warns_of(self, monkeypatch):
        modes = []
        monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)

        def explain(self, *_):
            import warnings

            for _ in range(3):
                warnings.warn("called a synchronizing CUDA operation", stacklevel=1)
            warnings.warn("a prototype that does not detect all synchronizing ones", stacklevel=1)

        monkeypatch.setattr(Session, "explain", explain)
        run = session()
        (row,) = gpu_parts._waits(run, "resnet18", "kernelshap")
        assert row.ours == 3
        assert modes == ["warn", "default"]

    def test_the_machine_has_the_name_of_its_gpu(self, monkeypatch):
        properties = SimpleNamespace(name="NVIDIA H100 80GB HBM3", total_memory=85_000_000_000)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
        monkeypatch.setattr(torch.version, "cuda", "13.0")
        monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91300)
        told = gpu.described(self.DEVICE)
        assert told.startswith("NVIDIA H100 80GB HBM3, 85 GB, CUDA 13.0, cuDNN 91300; ")

    def test_a_machine_without_a_gpu_is_told_so(self, monkeypatch, tmp_path):
        if torch.cuda.is_available():
            pytest.skip("there is one")
        monkeypatch.chdir(tmp_path)
        Path("requirements.lock").write_text("")
        with pytest.raises(SystemExit, match="device: 'cuda' cannot be used"):
            gpu.main([])


def test_work_besides_passes_is_hidden_where_the_time_is_that_of_the_passes():
    run = session()
    # 1/8 s an image without a network; 1 s of passes, and none, half, or all of it on top
    run.rates = {
        ("kernelshap", gpu_session.WITHOUT): (8.0, 1e4),
        ("kernelshap", "a"): (1.0, 1.0),
        ("kernelshap", "b"): (1 / 1.0625, 1.0),
        ("kernelshap", "c"): (1 / 1.125, 1.0),
    }
    rows = gpu_parts._hidden(run, "kernelshap")
    np.testing.assert_allclose([row.ours for row in rows], [1, 0.5, 0], atol=1e-12)
    assert [row.met for row in rows] == ["yes", "no", "no"]


def test_the_page_has_its_markers_and_says_whether_it_was_measured():
    page = (REPOSITORY / gpu.PAGE).read_text()
    begin, end = page.index("<!-- gpu: begin -->"), page.index("<!-- gpu: end -->")
    table = page[begin:end]
    assert gpu.OUTPUT.exists() or "Measured" in table or "not been run on a GPU yet" in table
    assert "python -m benchmarks.gpu" in page
    assert "bench-gpu:" in (REPOSITORY / "Makefile").read_text()
