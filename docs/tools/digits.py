"""Put what the default study says on its pages: `python -m docs.tools.digits [FOLDER]`.

FOLDER has the results of the default study, by default results/digits. The tables are on
docs/measured/digits.md, by cosine over all images, and on docs/measured/benchmarks.md.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from docs.tools.markers import write_part
from thinkalike.plotting.style import method_name

PAGE, COSTS = Path("docs/measured/digits.md"), Path("docs/measured/benchmarks.md")
COLUMNS = {
    "mean": "raw s",
    "chance": "s⁰",
    "rho": "ρ",
    "standard_error": "error over images",
    "seed_std": "over seeds",
}
PARTS = ("constant", "class", "image")
SCALED = ("integrated_gradients", "lrp")
SHORT = 10
"""Rules that took less than so many seconds of a processor are in one line."""


def verdict(results: Path) -> str:
    """The verdict in short, a quotation."""
    _, _, rest = (results / "verdict.md").read_text().partition("## In short\n")
    return "> " + rest.partition("##")[0].strip()


def similarities(results: Path) -> pd.DataFrame:
    """Medians over pairs of trained networks, the untrained control, and images that order the pairs."""
    pairs = pd.read_csv(results / "pairs.csv").query("subset == 'all' and metric == 'cosine'")
    table = _medians(pairs, list(COLUMNS)).rename(columns=COLUMNS)
    control = pairs.query("category == 'control'").groupby("method")["rho"]
    table["untrained"] = [
        f"{_number(low)} to {_number(high)}"
        for low, high in zip(control.min()[table.index], control.max()[table.index], strict=True)
    ]
    counts = [results / f"statistics/{method}/cosine/image_count.csv" for method in table.index]
    table["n*"] = [f"{pd.read_csv(path)['needed'].item():.0f}" for path in counts]
    return _named(table)


def parts(results: Path) -> pd.DataFrame:
    """Medians of what maps of all images, of one class, and of one image share."""
    pairs = pd.read_csv(results / "pairs.csv").query("subset == 'all' and metric == 'cosine'")
    return _named(_medians(pairs, list(PARTS)))


def seeds(results: Path) -> pd.DataFrame:
    """Similarity above chance of two seeds of one network: mean, and standard deviation over pairs."""
    rows = {}
    for folder in sorted((results / "dissimilarity").iterdir()):
        rho = pd.read_csv(folder / "cosine/all_seeds.csv").groupby("architecture")["rho"]
        rows[folder.name] = {
            f"{name} ({len(values)})": _number(values.mean())
            + (f" ± {_number(values.std())}" if len(values) > 1 else "")
            for name, values in rho
        }
    return _named(pd.DataFrame.from_dict(rows, orient="index").rename_axis("method"))


def scales(results: Path) -> pd.DataFrame:
    """Median similarity above chance at every scale, of networks that are trained."""
    parts = []
    for method in SCALED:
        table = pd.read_parquet(results / f"scales/{method}.parquet")
        trained = ~(table["model_a"] + table["model_b"]).str.contains("untrained")
        medians = table[trained].pivot_table("rho", "kind", "scale", aggfunc="median")
        parts.append(medians.assign(method=method).reset_index().set_index("method"))
    both = pd.concat(parts)
    order = [0, *sorted((s for s in both.columns if s != "kind" and s > 0), reverse=True), -1]
    names = {0: "as computed", -1: "segments"}
    numbers = both[order].map(_number).rename(columns=lambda s: names.get(s, f"{s} × {s}"))
    numbers.insert(0, "of", both["kind"].replace({"pair": "pairs", "moved": "moved images"}))
    return _named(numbers)


def families(results: Path) -> pd.DataFrame:
    """Tests of families by cosine."""
    table = pd.read_csv(results / "statistics/families.csv").query("metric == 'cosine'")
    columns = {
        "permanova_p": "PERMANOVA p",
        "permanova_p_holm": "p, all tests",
        "permdisp_p": "PERMDISP p",
        "smallest_p": "least p",
    }
    table = table.set_index("method")[list(columns)].rename(columns=columns)
    return _named(table.map(lambda p: _number(p, digits=3)))


def deletion(results: Path) -> pd.DataFrame:
    """Medians over trained networks of the predictions that are lost with what maps rate highest."""
    table = pd.read_csv(results / "statistics/deletion.csv")
    trained = table[~table["model"].str.contains("untrained")]
    kinds = ["own", "other", "mismatched", "untrained"]
    lost = trained.groupby("method", sort=False)[[f"{kind}_lost" for kind in kinds]].median()
    lost.columns = pd.Index(["own map", "another model's", "of another image", "untrained"])
    lost = lost.map(lambda share: f"{share:.0%}")
    mute = trained[trained["mute"].astype(str) == "True"].groupby("method")["model"]
    lost["mute for"] = mute.agg(", ".join).reindex(lost.index).fillna("")
    return _named(lost)


def accuracies(results: Path) -> pd.DataFrame:
    """Accuracy of each network on the part that was held out, and on the images of the study."""
    table = pd.read_csv(results / "predictions/accuracy.csv")
    columns = {"val_accuracy": "on val", "accuracy": "on the images of the study"}
    table = table.set_index("model")[list(columns)].rename(columns=columns)
    return table.map(lambda share: f"{share:.3f}").reset_index()


def costs(results: Path) -> pd.DataFrame:
    """Jobs, seconds of a processor and largest memory of every rule."""
    folder = results / "benchmarks"
    parts = []
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).with_suffix("").parts[0]
        parts.append(pd.read_csv(path, sep="\t")[["cpu_time", "max_rss"]].assign(rule=rule))
    jobs = pd.concat(parts)
    seconds = jobs.groupby("rule")["cpu_time"].sum()
    jobs["rule"] = jobs["rule"].where(jobs["rule"].map(seconds) >= SHORT, "others")
    table = jobs.groupby("rule").agg(
        jobs=("cpu_time", "size"),
        seconds=("cpu_time", "sum"),
        longest=("cpu_time", "max"),
        peak=("max_rss", "max"),
    )
    table = table.sort_values("seconds", ascending=False)
    total = [
        table["jobs"].sum(),
        table["seconds"].sum(),
        table["longest"].max(),
        table["peak"].max(),
    ]
    table.loc["all"] = total
    table = table.round().astype(int).rename(columns={"peak": "peak MB"})
    return table.reset_index()


def markdown(table: pd.DataFrame) -> str:
    """Rows of a table in Markdown, without the index."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _number(value: float, digits: int = 2) -> str:
    """So many digits behind the point, without the zero before it; nothing for what is missing."""
    if np.isnan(value):
        return ""
    return f"{value:.{digits}f}".replace("0.", ".", 1).replace("-", "−")


def _medians(pairs: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Medians over the pairs of trained networks of different architectures, by method."""
    apart = pairs[pairs["category"].isin(["same family", "different families"])]
    return apart.groupby("method", sort=False)[columns].median().map(_number)


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Methods of the index by their titles, in a column."""
    named = table.rename(index=method_name).reset_index(names="method")
    return named.rename(columns={"method": ""}).fillna("")


def main(results: Path) -> None:
    """Write all tables."""
    write_part(PAGE, "verdict", verdict(results))
    for table in (similarities, parts, seeds, scales, families, deletion, accuracies):
        write_part(PAGE, table.__name__, markdown(table(results)))
    write_part(COSTS, "costs", markdown(costs(results)))


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "results/digits"))
