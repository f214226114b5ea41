"""The workflow, and what each of its rules gives to its script by name: written to names.json."""

import json

from snakemake.iocontainers import Namedlist


include: "Snakefile"


def names(values):
    """Names of inputs, outputs or params, and the number of those without a name."""
    counts = [len(value) if isinstance(value, Namedlist) else 1 for _, value in values.items()]
    return {"names": list(values.keys()), "unnamed": len(values) - sum(counts)}


with open("names.json", "w") as file:
    json.dump(
        {
            each.name: {
                "script": each.script,
                "wildcards": sorted(each.wildcard_names),
                **{
                    place: names(getattr(each, place))
                    for place in ("input", "output", "params", "log")
                },
            }
            for each in workflow.rules
        },
        file,
    )
