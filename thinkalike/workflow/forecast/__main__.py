"""Print what a study will take: python -m thinkalike.workflow.forecast --configfile studies/quick.yaml"""

import sys
from argparse import ArgumentParser
from pathlib import Path

from thinkalike.errors import InputError
from thinkalike.workflow.forecast.forecast import study_forecast
from thinkalike.workflow.forecast.plan import read_config


def main() -> None:
    """Print jobs, forward passes, hours and disk that are left of a study.

    The arguments are those of Snakemake of the same names.
    """
    parser = ArgumentParser("python -m thinkalike.workflow.forecast", description=main.__doc__)
    parser.add_argument("targets", nargs="*", default=["all"], help="rules or files (default: all)")
    parser.add_argument("--snakefile", type=Path, default=Path("Snakefile"))
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], help="overlays")
    arguments = parser.parse_args()
    base = arguments.snakefile.with_name("config.yaml")
    try:
        config = read_config([base, *arguments.configfile])
        print(study_forecast(arguments.snakefile, config, arguments.targets))
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
