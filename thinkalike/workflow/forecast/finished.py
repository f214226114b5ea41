"""Jobs that have run: what they did and how long they took, from their benchmarks and logs."""

import ast
import csv
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinkalike.methods import METHODS, Settings
from thinkalike.stores.tables import read_table
from thinkalike.workflow.forecast.costs import Cost, known_cost
from thinkalike.workflow.forecast.facts import manifest_contents
from thinkalike.workflow.forecast.passes import Work, explaining_work, training_work
from thinkalike.workflow.forecast.steps import STEPPED, recorded_steps

CostOf = Callable[[Mapping[str, Any]], Cost | None]

CPU_SECONDS = re.compile(r"([\d.]+) s of CPU, peak memory")
"""Last line of the log of a job (`jobs.job_log`)."""


@dataclass(frozen=True)
class Finished:
    """A job that has run, from its benchmark.

    Attributes:
        study: name of its study.
        rule: name of its rule.
        seconds: of a CPU, where its log says them and it had no GPU; else of the clock.
        work: that it did with a network; None where it ran no network, or one of unknown cost.
        cost: of a forward pass of that network.
        gpu: whether it had a GPU.
    """

    study: str
    rule: str
    seconds: float
    work: Work | None = None
    cost: Cost | None = None
    gpu: bool = False


def _trained(inputs: Sequence[str], model: str, settings: Settings) -> Work:
    return training_work(model, manifest_contents(_input(inputs, "manifest.parquet")), settings)


def _predicted(inputs: Sequence[str], model: str) -> Work:
    table = read_table(_input(inputs, "images.parquet"), ["image_id"])
    return Work("predicting", model, len(table))


def _explained(
    inputs: Sequence[str],
    method: str,
    model: str,
    base: str,
    part: Sequence[int],
    settings: Settings,
    explanation: Mapping[str, Any],
    size: int,
) -> Work:
    if settings.get("attribution") == "FeatureAblation":
        raise LookupError("the parameters do not say how many superpixels there were")
    if base == STEPPED:
        study = Path(_input(inputs, "images.parquet")).parent
        passes = 2 * (recorded_steps(study / "explanations" / method / f"{model}.nc", {}) or 0)
    else:
        passes = METHODS[base].passes(settings, size, 0)
    return explaining_work(base, model, part, passes, explanation["precision"])


def _input(inputs: Sequence[str], name: str) -> str:
    for path in inputs:
        if Path(path).name == name:
            return path
    raise LookupError(f"the job has no input {name}")


RATED_RULES: dict[str, Callable[..., Work]] = {
    "train_model": _trained,
    "finetune_model": _trained,
    "predict_images": _predicted,
    "explain_images": _explained,
}
"""Rule → work of a finished job, from the paths of its inputs and from the params and wildcards that are
named. The rules whose jobs give rates; they also have the params `architecture` and `size`."""


def finished_jobs(results: str | Path, costs: CostOf = known_cost) -> list[Finished]:
    """All jobs under `results/*/benchmarks`; one whose benchmark does not say what it did is left out.

    Args:
        results: folder of the studies.
        costs: the cost of an architecture, or None where it is not known.
    """
    jobs = []
    for path in sorted(Path(results).glob("*/benchmarks/**/*.tsv")):
        study, _, *names = path.relative_to(results).parts
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, delimiter="\t"))
            log = Path(results, study, "logs", *names).with_suffix(".log")
            # rules of a loop share a folder, and have their names in the table alone
            jobs += [
                _finished(study, row.get("rule_name") or Path(names[0]).stem, row, log, costs)
                for row in rows
            ]
        except (OSError, LookupError, TypeError, ValueError, SyntaxError):
            continue  # cut short, of another version, or of files that are gone
    return jobs


def _finished(study: str, name: str, row: Mapping[str, str], log: Path, costs: CostOf) -> Finished:
    seconds = cpu_seconds(log) or float(row["s"])
    if name not in RATED_RULES:
        return Finished(study, name, seconds)
    wildcards, params, resources, inputs = (
        ast.literal_eval(row[key]) for key in ("wildcards", "params", "resources", "input_size_mb")
    )
    values = {**wildcards, **params, "inputs": list(inputs)}
    rule = RATED_RULES[name]
    work = rule(**{key: values[key] for key in inspect.signature(rule).parameters})
    cost = costs(params["architecture"])
    if cost is None or not work.passes:
        return Finished(study, name, seconds)
    gpu = bool(resources.get("gpu"))
    seconds = float(row["s"]) if gpu else seconds
    return Finished(study, name, seconds, work, cost.at(params["size"]), gpu)


def cpu_seconds(log: Path) -> float | None:
    """Seconds of a CPU that a job took, from the last line of its log; None where it does not say."""
    try:
        said = CPU_SECONDS.findall(log.read_text(encoding="utf-8"))
    except OSError:
        return None
    return float(said[-1]) if said else None
