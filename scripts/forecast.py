"""Print what the study will take: jobs, forward passes, hours and disk (rule forecast)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.forecast.forecast import study_forecast
from thinkalike.workflow.jobs import run


def main(table: str, snakefile: str, config: Mapping[str, Any]) -> None:
    forecast = study_forecast(snakefile, config)
    write_table(forecast.table, table)
    log.info("\n%s", forecast)
    print(forecast)


if __name__ == "__main__":
    run(main, snakemake)
