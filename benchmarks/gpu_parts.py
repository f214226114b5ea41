"""The parts of the benchmark on a GPU, each of which yields rows as soon as it has them."""

import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from benchmarks.common import Goal, Row
from benchmarks.gpu_session import TITLES, WITHOUT, Session, explain_of
from benchmarks.passes import Pass, bare, peak_memory, recorded, repeated, synchronise
from thinkalike.explain.common import audit
from thinkalike.images.dataset import classes_of, examples
from thinkalike.images.sources import make_digits
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.batches import fitting
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.networks.model import Model
from thinkalike.networks.predict import logits
from thinkalike.networks.training import Training, train
from thinkalike.settings import rebuilt

GpuPart = Callable[[Session], Iterator[list[Row]]]

BARE = "the same passes, bare"
LIMITED = ("kernelshap", "integrated_gradients")
"""Methods that many passes are made for, which have to take most of the time."""
OVER_BARE = 1.10
"""Their time over that of their bare passes, at most."""
HIDDEN = 0.9
"""Share of their other work that is done while the GPU computes, at least."""
TOLERANCE = 1e-3
"""Largest difference of a coefficient between GPU and CPU, as a share of the largest coefficient."""
STUDY_METHODS = ("gradcam", "integrated_gradients", "kernelshap")
STUDY_MINUTES = 10
LOG, LOG_MINUTES = "the log on a Tesla T4, over 3 hours", 180
SLACK = 1.2
"""Time that is set aside for the study, over what the rates say."""
OUTCOMES = ("passed", "failed", "errors", "skipped")


def methods(session: Session) -> Iterator[list[Row]]:
    """Images a second beside bare passes, memory, and sizes of batches, of every model and method."""
    for key in session.within("all methods", (*session.effort.models, WITHOUT)):
        if key != WITHOUT:
            yield session.attempted(f"batches: {key}", partial(_batches, session, key))
        for method in LIMITED if key == WITHOUT else TITLES:
            what = f"{TITLES[method]}: {key}"
            yield session.attempted(what, partial(_timed, session, key, method))


def _batches(session: Session, key: str) -> list[Row]:
    """Numbers of inputs that are found to fit; their trials are made here, and not in what is timed."""
    model = session.model(key)
    return [
        Row(f"Inputs of a pass, {kind} gradients: {key}", "", fitting(model, gradients=gradients))
        for kind, gradients in (("without", False), ("with", True))
    ]


def _timed(session: Session, key: str, method: str) -> list[Row]:
    """A method beside its bare passes, in float32."""
    count, model = session.effort.images[method], session.model(key)
    run = partial(session.explain, method, model, count, session.effort.timed)
    with recorded(model) as passes, peak_memory(session.device) as peak:
        run()  # the first time, which chooses kernels
    runs = {"ours": run, "bare": bare(model, session.question(count), passes)}
    seconds = repeated(runs, session.device, session.effort.seconds)
    ours, theirs = (count / float(np.median(seconds[name])) for name in runs)
    session.rates[method, key] = ours, theirs
    limited = method in LIMITED and key != WITHOUT
    goal = Goal("ratio", least=1 / OVER_BARE) if limited else None
    share = float(np.median(seconds["bare"] / seconds["ours"]))
    rows = [Row(f"Images a second, {TITLES[method]}: {key}", BARE, ours, theirs, goal, share)]
    measure = f"GB of GPU memory at the peak, {TITLES[method]}: {key}"
    return rows + [Row(measure, "", gigabytes) for gigabytes in peak]


def transfers(session: Session) -> Iterator[list[Row]]:
    """Whether work besides passes is done while the GPU computes, and how often it is waited for."""
    for method in LIMITED:
        yield session.attempted(f"hidden, {TITLES[method]}", partial(_hidden, session, method))
    if session.on_gpu:
        key = session.effort.models[0]
        for method in TITLES:
            what = f"waits, {TITLES[method]}: {key}"
            yield session.attempted(what, partial(_waits, session, key, method))


def _hidden(session: Session, method: str) -> list[Row]:
    """1 − (time − time of the bare passes) / time without a network, of every model that was timed."""
    other, goal = session.rates[method, WITHOUT][0], Goal("ours", least=HIDDEN)
    rows = []
    for (of, key), (ours, theirs) in session.rates.items():
        if of == method and key != WITHOUT:
            measure = f"Share of other work that is hidden, {TITLES[method]}: {key}"
            rows.append(Row(measure, "", 1 - (1 / ours - 1 / theirs) * other, goal=goal))
    return rows


def _waits(session: Session, key: str, method: str) -> list[Row]:
    """How often a run waits for the GPU, as torch counts it."""
    model = session.model(key)
    with recorded(model) as passes, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            session.explain(method, model, session.effort.images[method], session.effort.timed)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    waits = sum(str(warning.message).startswith("called a synchronizing") for warning in told)
    return [Row(f"Waits for the GPU in {len(passes)} passes, {TITLES[method]}: {key}", "", waits)]


def study(session: Session) -> Iterator[list[Row]]:
    """Minutes of explaining by three methods with all models, extrapolated where time is short."""
    effort, budget = session.effort, session.effort.in_study
    whole, spent = effort.study[0], {}
    needed = SLACK * sum(_seconds_an_image(session, key) for key in effort.models)
    left = session.clock.left
    count = next((n for n in effort.study if n * needed <= left), effort.study[-1])

    def explained(key: str) -> list[Row]:
        model, start = session.model(key), time.perf_counter()
        for method in STUDY_METHODS:
            session.explain(method, model, count, budget)
        spent[key] = time.perf_counter() - start
        return []

    for key in session.within(f"the study, {count} images", effort.models):
        yield session.attempted(f"the study: {key}", partial(explained, key))
    if spent:
        from_few = "" if count == whole else f", extrapolated from {count}"
        measure = (
            f"Minutes of the study: {len(spent)} models, {whole} images{from_few}, "
            f"{len(STUDY_METHODS)} methods, {budget.evaluations} evaluations, {budget.steps} steps"
        )
        minutes = sum(spent.values()) / 60 * whole / count
        goal = Goal("ours", most=STUDY_MINUTES) if len(spent) == len(effort.models) else None
        yield [Row(measure, LOG, minutes, LOG_MINUTES, goal)]


def _seconds_an_image(session: Session, key: str) -> float:
    """Seconds of the study's methods for an image, by the rates that were measured; ∞ without them."""
    timed, budget = session.effort.timed, session.effort.in_study
    more = {
        "kernelshap": budget.evaluations / timed.evaluations,
        "integrated_gradients": budget.steps / timed.steps,
    }
    if any((method, key) not in session.rates for method in STUDY_METHODS):
        return np.inf
    return sum(more.get(method, 1.0) / session.rates[method, key][0] for method in STUDY_METHODS)


def differences(session: Session) -> Iterator[list[Row]]:
    """Maps on the GPU beside those on the CPU, and beside themselves in a second run."""
    threads = torch.get_num_threads()
    if session.on_gpu:
        torch.set_num_threads(os.cpu_count() or 1)  # nothing is timed here
    for key in session.within("GPU against CPU", session.effort.compared):
        model = session.on_cpu(key)
        for method in TITLES:
            what = f"GPU against CPU, {TITLES[method]}: {key}"
            yield session.attempted(what, partial(_differences, session, key, model, method))
    torch.set_num_threads(threads)


def _differences(session: Session, key: str, on_cpu: Model, method: str) -> list[Row]:
    count, budget = session.effort.compared_images, session.effort.in_comparison
    here = session.explain(method, on_cpu, count, budget)
    there, again = (
        session.explain(method, session.model(key), count, budget, targets=here.targets)
        for _ in range(2)
    )
    of, goal = f"{TITLES[method]}: {key}", Goal("ours", most=TOLERANCE)
    maps, first, second = (each.maps.coefficients for each in (here, there, again))
    return [
        Row(f"Largest difference of GPU and CPU, {of}", "", _apart(first, maps), goal=goal),
        Row(f"Largest difference of two runs on the GPU, {of}", "", _apart(second, first)),
    ]


def _apart(maps: np.ndarray, reference: np.ndarray) -> float:
    """Largest difference, as a share of the largest coefficient."""
    return float(np.nanmax(np.abs(maps - reference)) / np.nanmax(np.abs(reference)))


def tests(session: Session) -> Iterator[list[Row]]:
    """Numbers of tests marked `gpu` that pass, fail, or are skipped, in a process of their own."""
    if session.on_gpu:
        torch.cuda.empty_cache()  # what this process keeps they cannot have
    yield session.attempted("the tests", partial(_tests, session))


def _tests(session: Session) -> list[Row]:
    root = Path(__file__).resolve().parents[1]
    files = sorted(root.glob("tests/unit/**/test_*.py"))
    marked = [str(p.relative_to(root)) for p in files if "pytest.mark.gpu" in p.read_text()]
    # the fixtures that all tests share are of studies, and ask for the packages of the workflow
    options = ["-m", "gpu", "--noconftest", "-p", "no:cacheprovider"]
    command, limit = [sys.executable, "-m", "pytest", *options, *marked], session.clock.left
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        session.left_out.append("the tests")
        return []
    print(done.stdout, done.stderr, flush=True)
    goals = {"failed": Goal("ours", most=0), "errors": Goal("ours", most=0)}
    if session.on_gpu:
        goals |= {"passed": Goal("ours", least=1), "skipped": Goal("ours", most=0)}
    counts = outcomes(done.stdout)
    return [
        Row(f"Tests marked gpu: {name}", "", counts[name], goal=goals.get(name))
        for name in OUTCOMES
    ]


def outcomes(output: str) -> Mapping[str, int]:
    """Numbers of tests by what became of them, from what pytest says at its end.

    Raises:
        RuntimeError: it says nothing of the kind.
    """
    for line in reversed(output.splitlines()):
        found = re.findall(r"(\d+) (passed|failed|error|skipped)", line)
        if found:
            numbers = {name: int(number) for number, name in found}
            return {name: numbers.get(name.removesuffix("s"), 0) for name in OUTCOMES}
    raise RuntimeError("pytest gives no numbers of tests; what it says stands above")


def layouts(session: Session) -> Iterator[list[Row]]:
    """Bare passes with channels last in memory, as models are, beside those with channels first."""
    for key in session.within("layouts", session.effort.models):
        for gradients in (False, True):
            what = f"layouts {'with' if gradients else 'without'} gradients: {key}"
            yield session.attempted(what, partial(_layouts, session, key, gradients))


def _layouts(session: Session, key: str, gradients: bool) -> list[Row]:
    model, count = session.model(key), session.effort.images["lrp"]
    rates = []
    for form in (torch.contiguous_format, torch.channels_last):
        model.network.to(memory_format=form)
        run = bare(model, session.question(count), [Pass(count, gradients)], form)
        run()  # the first time, which chooses kernels
        seconds = repeated({"bare": run}, session.device, session.effort.seconds / 2)["bare"]
        rates.append(count / float(np.median(seconds)))
    kind = "with" if gradients else "without"
    measure = f"Images a second of bare passes {kind} gradients, channels last: {key}"
    return [Row(measure, "channels first", rates[1], rates[0])]


def bfloat16(session: Session) -> Iterator[list[Row]]:
    """Images a second in bfloat16 beside float32, and how far its maps are from those of float32."""
    for key in session.within("bfloat16", session.effort.models):
        for method in TITLES:
            if method != "lrp":  # whose ledger does not close in bfloat16
                what = f"bfloat16, {TITLES[method]}: {key}"
                yield session.attempted(what, partial(_reduced, session, key, method))


def _reduced(session: Session, key: str, method: str) -> list[Row]:
    effort, model, precision = session.effort, session.model(key), "bfloat16"
    explained = partial(session.explain, method, model, budget=effort.timed, precision=precision)
    few, count = effort.audited, effort.images[method]
    case = model, session.images(few), explained(count=few), session.question(few, precision)
    found = audit(explain_of(method), *case, **effort.timed.settings(method))
    run = partial(explained, count=count)
    run()  # the first time
    seconds = repeated({"ours": run}, session.device, effort.seconds)["ours"]
    rate, known = count / float(np.median(seconds)), session.rates.get((method, key))
    of, apart = f"{TITLES[method]}: {key}", found["audit_relative_difference"]
    return [
        Row(f"Images a second in bfloat16, {of}", "float32", rate, known[0] if known else np.nan),
        Row(f"Relative difference of maps in bfloat16, {of}", "", apart),
    ]


def training(session: Session) -> Iterator[list[Row]]:
    """Seconds of an epoch and accuracy of the digits models, beside an epoch on the CPU."""
    config = yaml.safe_load(Path("config.yaml").read_text())
    settings = {
        key: {**config["training"], **complete_entry(key, built_in_catalogue()).get("training", {})}
        for key in config["models"]
    }
    learning = [key for key, each in settings.items() if each["epochs"] > 0]
    with tempfile.TemporaryDirectory() as folder:
        images = make_digits(Path(folder), validation=config["dataset"]["validation"], seed=0)
        images = images.assign(path=[str(Path(folder, path)) for path in images["path"]])
        size = config["images"]["size"]
        splits = {split: examples(images, split, size) for split in ("train", "val")}
    splits["train"] = tuple(part[: session.effort.learned] for part in splits["train"])
    for key in session.within("training", session.effort.trained or learning):
        work = partial(_trained, session, key, settings[key], splits, classes_of(images))
        yield session.attempted(f"training: {key}", work)


def _trained(
    session: Session,
    key: str,
    settings: Mapping[str, Any],
    splits: Mapping[str, tuple[np.ndarray, np.ndarray]],
    classes: list[str],
) -> list[Row]:
    architecture = Architecture.of(complete_entry(key, built_in_catalogue()))
    epochs = session.effort.epochs or settings["epochs"]

    def trained(device: torch.device, number: int) -> tuple[float, Any]:
        training = rebuilt(Training, {**settings, "epochs": number})
        chosen = {"settings": training, "seed": 0, "size": splits["train"][0].shape[1]}
        start = time.perf_counter()
        model = train(architecture, *splits["train"], classes=classes, device=device, **chosen)
        synchronise(device)
        return (time.perf_counter() - start) / number, model

    ours, model = trained(session.device, epochs)
    theirs, _ = trained(torch.device("cpu"), 1)
    images, labels = splits["val"]
    accuracy = float(np.mean(logits(model, images).argmax(1) == labels))
    whole = epochs == settings["epochs"]
    goal = Goal("ours", least=settings["accuracy_at_least"]) if whole else None
    return [
        Row(f"Seconds of an epoch of training, digits: {key}", "the CPU, one thread", ours, theirs),
        Row(f"Accuracy on val, digits, {epochs} epochs: {key}", "", accuracy, goal=goal),
    ]
