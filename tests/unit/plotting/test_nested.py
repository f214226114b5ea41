"""The first images against all; the script that draws comparisons."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scripts import plot_comparisons
from thinkalike.plotting.nested import nested
from thinkalike.plotting.style import styled
from thinkalike.stores.tables import write_table

MODELS = ["a", "b", "c", "d"]
OF = {
    "names": {model: f"model {model}" for model in MODELS},
    "families": {"a": "cnn", "b": "cnn", "c": "transformer", "d": "hybrid"},
}
COSINE = ("gradcam", "cosine")


def pairs(models: list[str] = MODELS, seed: int = 0) -> pd.DataFrame:
    table = pd.DataFrame(list(combinations(models, 2)), columns=["model_a", "model_b"])
    random = np.random.default_rng(seed)
    table["mean"] = random.uniform(0.2, 0.9, len(table))
    table["std"] = random.uniform(0.05, 0.2, len(table))
    return table.assign(dissimilarity=np.sqrt(2 * (1 - table["mean"])))


def test_nested_draws_a_line_per_method_and_a_row_per_metric():
    cases = [
        (method, metric) for method in ("gradcam", "kernelshap") for metric in ("cosine", "rbf")
    ]
    tables = {}
    for i, case in enumerate(cases):
        tables[*case, "all"] = tables[*case, "all_64"] = pairs(seed=i)
        tables[*case, "all_8"] = pairs(seed=i + 9)
    with styled():
        figure, table = nested(tables)
        assert len(figure.axes) == 2 * 4
        assert [[*line.get_xdata()] for line in figure.axes[0].lines] == [[8, 64]] * 2
    assert len(table) == 8
    assert (table.loc[table["n"] == 64, "largest_difference"] == 0).all()
    np.testing.assert_allclose(table.loc[table["n"] == 64, "pearson"], 1)


@pytest.mark.parametrize("subsets", [["all"], ["all", "all_2", "all_4"]])
def test_the_script_draws_the_nested_subsets_that_there_are(tmp_path, subsets):
    cases = [f"{method}/cosine/{subset}" for method in ("gradcam", "lrp") for subset in subsets]
    tables = [str(tmp_path / f"{i}.parquet") for i, _ in enumerate(cases)]
    for i, path in enumerate(tables):
        write_table(pairs(seed=i), path)
    for i in range(2):
        points = pd.DataFrame({"model": MODELS, "x": np.arange(4) + i, "y": [0, 1, 0, 1]})
        write_table(points, tmp_path / f"pca{i}.csv")
        shares = {"measure": ["pca_share_x", "pca_share_y"], "value": [0.6, 0.3]}
        write_table(pd.DataFrame(shares), tmp_path / f"quality{i}.csv")
    figures = {
        name: [str(tmp_path / f"{name}.{end}") for end in ("svg", "png", "csv")]
        for name in ("pca_comparison", "mean_and_spread", "nested")
    }
    if len(subsets) == 1:
        figures["nested"] = []
    plot_comparisons.main(
        pca=[str(tmp_path / f"pca{i}.csv") for i in range(2)],
        quality=[str(tmp_path / f"quality{i}.csv") for i in range(2)],
        pairs=tables,
        **figures,
        cases=cases,
        untrained=[],
        **OF,
    )
    assert all(Path(path).stat().st_size > 0 for paths in figures.values() for path in paths)
    assert set(pd.read_csv(tmp_path / "mean_and_spread.csv")["method"]) == {"gradcam", "lrp"}
    if figures["nested"]:
        table = pd.read_csv(tmp_path / "nested.csv")
        assert table["n"].tolist() == [2, 4, 2, 4]
        # against the table of all images of the same method
        expected = np.abs(pairs(seed=4)["dissimilarity"] - pairs(seed=3)["dissimilarity"]).mean()
        assert table["mean_difference"][2] == pytest.approx(expected)
    else:
        assert not (tmp_path / "nested.csv").exists()
