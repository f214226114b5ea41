"""Agreement of predictions, accuracy, and correlations with similarity, against scipy and by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from scripts import correlate_agreement
from thinkalike.compare.predictions import accuracy_reached, accuracy_table, agreement
from thinkalike.errors import InputError
from thinkalike.stores.tables import write_table

REPOSITORY = Path(__file__).parents[3]
REFERENCE = REPOSITORY.parent / "shared" / "reference" / "matrices"
PUBLISHED = "20240417-gradcam-256-only-same-prediction_20240417_1037"

MODELS = ["a", "b", "c", "d"]


def test_agreement_counts_images_with_equal_names_of_classes():
    predicted = np.array(
        [["cat", "cat", "dog"], ["dog", "cat", "dog"], ["cat", "cat", "cat"]], object
    )
    assert agreement(predicted).tolist() == [[3, 2, 2], [2, 3, 1], [2, 1, 3]]


def test_accuracy_is_that_of_the_images_and_of_the_training_where_it_is_known():
    tables = [pd.DataFrame({"correct": column}) for column in ([True, False], [True, True])]
    table = accuracy_table(["a", "b"], tables, [{"accuracy": 0.75, "images": 400}, {}])
    assert table["correct"].tolist() == [1, 2]
    assert table["accuracy"].tolist() == [0.5, 1]
    assert table["val_images"].tolist() == [400, 0]
    assert table["val_accuracy"][0] == 0.75
    assert np.isnan(table["val_accuracy"][1])


def correlated(
    folder: Path, counts: pd.DataFrame, squares: dict[str, pd.DataFrame], untrained: list[str]
) -> pd.DataFrame:
    """What correlate_agreement makes of square tables of counts and similarities."""
    models = list(counts.columns)
    images = int(counts.to_numpy().max())
    upper = np.triu_indices(len(models), 1)
    names = {"model_a": np.array(models)[upper[0]], "model_b": np.array(models)[upper[1]]}
    same = counts.to_numpy()[upper]
    write_table(
        pd.DataFrame({**names, "same": same, "different": images - same}), folder / "same.parquet"
    )
    for case, square in squares.items():
        stem = folder / case.replace("/", "_")
        mean = square.to_numpy()[upper]
        table = pd.DataFrame({**names, "mean": mean, "dissimilarity": np.sqrt(2 * (1 - mean))})
        write_table(table, f"{stem}.parquet")
        write_table(square, f"{stem}.csv", index=True)
    stems = [str(folder / case.replace("/", "_")) for case in squares]
    correlate_agreement.main(
        agreement=str(folder / "same.parquet"),
        dissimilarities=[f"{stem}.parquet" for stem in stems],
        similarities=[f"{stem}.csv" for stem in stems],
        correlations=str(folder / "correlations.csv"),
        cases=list(squares),
        untrained=untrained,
    )
    return pd.read_csv(folder / "correlations.csv").set_index(["metric", "subset"])


def squares(seed: int = 0, models: list[str] = MODELS) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(seed)
    size = (len(models), len(models))
    counts, values = random.integers(10, 90, size), random.random(size)
    counts, values = counts + counts.T, (values + values.T) / 2
    np.fill_diagonal(counts, 200)
    np.fill_diagonal(values, 1)
    index = pd.Index(models, name="model")
    return (
        pd.DataFrame(counts, index=index, columns=models),
        pd.DataFrame(values, index=index, columns=models),
    )


@pytest.mark.parametrize("bar", [0.0, 0.7])
def test_a_model_that_reaches_its_bar_has_a_row(bar):
    header = {"accuracy": 0.7, "images": 40, "code": "abc"}
    assert accuracy_reached("vit", header, bar).to_dict("records") == [
        {"model": "vit", "accuracy": 0.7, "images": 40, "accuracy_at_least": bar}
    ]


def test_a_model_under_its_bar_is_refused_with_what_can_be_done():
    with pytest.raises(
        InputError,
        match=r"vit reaches an accuracy of 0\.699 on val, under .*, 0\.7; .* lower the bar",
    ):
        accuracy_reached("vit", {"accuracy": 0.699, "images": 40}, 0.7)


def test_correlations_of_agreement_are_scipys_with_and_without_the_diagonal(tmp_path):
    counts, similarity = squares()
    row = correlated(tmp_path, counts, {"lrp/rbf/all_64": similarity}, ["d"]).loc["rbf", "all_64"]
    upper = np.triu_indices(4, 1)
    x, y = counts.to_numpy()[upper], similarity.to_numpy()[upper]
    assert row["pairs"] == 6
    assert row["pearson"] == pytest.approx(pearsonr(x, np.sqrt(2 * (1 - y))).statistic)
    assert row["spearman"] == pytest.approx(spearmanr(x, 1 - y).statistic)
    assert row["pearson_similarity"] == pytest.approx(pearsonr(x, y).statistic)
    assert row["spearman_similarity"] == pytest.approx(spearmanr(x, y).statistic)
    assert row["pairs_trained"] == 3
    trained = np.triu_indices(3, 1)
    expected = pearsonr(counts.to_numpy()[trained], similarity.to_numpy()[trained]).statistic
    assert row["pearson_similarity_trained"] == pytest.approx(expected)
    cells = pearsonr(counts.to_numpy().ravel(), similarity.to_numpy().ravel()).statistic
    assert row["pearson_with_diagonal"] == pytest.approx(cells)


def test_a_pair_without_an_image_is_left_out_of_all_correlations(tmp_path):
    counts, similarity = squares()
    similarity.loc["a", "b"] = similarity.loc["b", "a"] = np.nan
    row = correlated(tmp_path, counts, {"lrp/rbf/matching": similarity}, []).loc["rbf", "matching"]
    assert row["pairs"] == 5
    there = similarity.notna().to_numpy()
    expected = pearsonr(counts.to_numpy()[there], similarity.to_numpy()[there]).statistic
    assert row["pearson_with_diagonal"] == pytest.approx(expected)
    assert np.isfinite(row["spearman_similarity"])


def test_models_that_always_agree_have_no_correlation(tmp_path):
    counts, similarity = squares()
    counts.loc[:, :] = 200
    row = correlated(tmp_path, counts, {"lrp/rbf/all": similarity}, []).loc["rbf", "all"]
    assert row[["pearson", "spearman_similarity", "pearson_with_diagonal"]].isna().all()


def test_a_similarity_of_other_models_is_refused(tmp_path):
    counts, similarity = squares()
    correlated(tmp_path, counts, {"lrp/rbf/all": similarity}, [])
    write_table(squares(models=["a", "b", "c", "z"])[1], tmp_path / "other.csv", index=True)
    with pytest.raises(InputError, match=r"other\.csv is about other models than .*same\.parquet"):
        correlate_agreement.main(
            agreement=str(tmp_path / "same.parquet"),
            dissimilarities=[str(tmp_path / "lrp_rbf_all.parquet")],
            similarities=[str(tmp_path / "other.csv")],
            correlations=str(tmp_path / "new.csv"),
            cases=["lrp/rbf/all"],
            untrained=[],
        )


@pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="the published matrices are not in the repository"
)
def test_the_four_published_correlations_come_from_the_diagonal(tmp_path):
    def published(name: str) -> pd.DataFrame:
        return pd.read_csv(REFERENCE / f"{PUBLISHED}_{name}.csv", index_col=0)

    counts = published("gradcam_same_predictions_count")
    tables = {
        f"gradcam/{metric}/{subset}": published(f"similarity_matrix_gradcam_{metric}{end}")
        for metric in ("cosine", "rbf")
        for subset, end in (("all", ""), ("matching", "_only_matching"))
    }
    found = correlated(tmp_path, counts, tables, [])
    assert found["pearson_with_diagonal"].round(6).tolist() == [
        0.695880,
        0.672233,
        0.642113,
        0.641272,
    ]
    assert found["pearson_similarity"].round(3).tolist() == [0.549, 0.521, 0.097, 0.084]
    assert found["spearman_similarity"].round(3).tolist() == [0.478, 0.448, 0.055, 0.041]
