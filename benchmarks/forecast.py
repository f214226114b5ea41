"""A forecast beside what the jobs took: `python -m benchmarks.forecast results/digits`.

    snakemake --cores 1 forecast
    snakemake --cores 1 all
    python -m benchmarks.forecast results/digits

prints, as Markdown, the seconds of each rule in the forecast that was made before the run
(`results/<study>/forecast.csv`), the seconds of a CPU that its jobs took by their logs, and the ratio.
"""

from argparse import ArgumentParser
from pathlib import Path

import pandas as pd

from thinkalike.workflow.forecast.finished import finished_jobs

LEAST_SHARE = 0.01
"""Share of a study's time of a rule that has a row of its own."""


def beside(forecast: pd.DataFrame, measured: pd.Series) -> pd.DataFrame:
    """Forecast and measured seconds of each rule, rules with little of either as one row, and their sums.

    Args:
        forecast: the table of a forecast.
        measured: rule → seconds that its jobs took; others of the forecast have not run, and do not count.

    Returns:
        rule, jobs, forecast, measured, ratio = forecast / measured.
    """
    table = forecast.set_index("rule").drop(index="total")
    seconds = 3600 * (table["device_hours"] + table["other_hours"])
    both = pd.DataFrame({"jobs": table["jobs"], "forecast": seconds, "measured": measured})
    both = both.dropna().astype({"jobs": int})
    is_small = (both[["forecast", "measured"]] < LEAST_SHARE * both["measured"].sum()).all(axis=1)
    sums = {
        f"{is_small.sum()} others": both[is_small].sum(),
        "total": both.sum(),
    }
    shown = pd.concat([both[~is_small], pd.DataFrame(sums).T]).rename_axis("rule").reset_index()
    return shown.assign(ratio=shown["forecast"] / shown["measured"]).astype({"jobs": int})


def main(arguments: list[str] | None = None) -> None:
    """Print the table of a study that has run."""
    parser = ArgumentParser("python -m benchmarks.forecast", description=main.__doc__)
    parser.add_argument("results", type=Path, help="folder of the study, such as results/digits")
    results: Path = parser.parse_args(arguments).results
    done = [job for job in finished_jobs(results.parent) if job.study == results.name]
    seconds = pd.Series([job.seconds for job in done], [job.rule for job in done])
    table = beside(pd.read_csv(results / "forecast.csv"), seconds.groupby(level=0).sum())
    print("| rule | jobs | forecast, s | measured, CPU s | ratio |\n|---|---|---|---|---|")
    for row in table.itertuples():
        print(
            f"| {row.rule} | {row.jobs} | {row.forecast:.1f} | {row.measured:.1f} | {row.ratio:.2f} |"
        )


if __name__ == "__main__":
    main()
