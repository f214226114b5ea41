"""The published numbers of the log, and what our code makes of its tables."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from replication.log import compare, quantities
from replication.published import TABLES
from replication.quantity import COLUMNS, UNEXPLAINED, Quantity, Tables
from scripts import fetch_published, replicate

ROOT = Path(__file__).resolve().parents[3]
COPIES = ROOT.parent / "shared/reference/matrices"
needs_copies = pytest.mark.skipif(
    not COPIES.is_dir(), reason="no copies of the published tables beside the repository"
)


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, Path]:
    """The published tables as far as there are copies, laid out as the rule does."""
    folder = tmp_path_factory.mktemp("published")
    found = {table.key: folder / table.key for table in TABLES}
    fetch_published.main([str(path) for path in found.values()], folder=str(COPIES))
    return found


@pytest.fixture(scope="module")
def replicated(paths) -> pd.DataFrame:
    return compare(Tables(paths))


@needs_copies
def test_every_published_number_comes_out_or_the_row_says_why_not(replicated):
    assert set(replicated["same"]) <= {"yes", "no", "n/a"}
    assert (replicated.loc[replicated["same"] == "yes", "published"] != "").all()
    others = replicated[replicated["same"] != "yes"]
    assert (others["reason"].str.len() > 20).all()
    assert not replicated["reason"].str.contains("Nobody has explained").any()
    assert (replicated["same"] == "yes").sum() >= 70


@needs_copies
def test_what_is_not_the_same_is_what_the_log_got_wrong(replicated):
    no = replicated[replicated["same"] == "no"]
    assert list(zip(no["published"], no["ours"], strict=True)) == [
        ("0.695880", "0.549"),
        ("0.672233", "0.521"),
        ("0.642113", "0.097"),
        ("0.641272", "0.084"),
        ("a few percent", "0.1387 / 0.1484"),
        ("0.262163", "0.262380"),
        ("0.405371", "0.405601"),
        ("6 of 6", "4 of 6"),
        ("the same", "differs"),
        ("not checked", "4 of 6"),
        ("complete and ward", "ward and weighted"),
        ("all dendrograms seem random", "1/2002"),
    ]


@needs_copies
def test_only_rows_without_their_table_are_not_available(paths, replicated):
    missing = {key for key, path in paths.items() if path.stat().st_size == 0}
    reasons = replicated.loc[replicated["same"] == "n/a", "reason"]
    named = {
        match[1] for match in map(re.compile(r"no copy of (\S+\.csv)").search, reasons) if match
    }
    assert named <= missing
    assert reasons.str.contains("no copy of|never published").all()


@needs_copies
@pytest.mark.parametrize(
    "key",
    [
        "20240410-gradcam-256/20240410_1129_similarity_matrix_gradcam_cosine.csv",
        "20240417-gradcam-256-only-same-prediction/"
        "20240417_1037_similarity_matrix_gradcam_rbf_only_matching.csv",
        "20240531-accuracy-not-resized/accuracy_model_specific_transforms-val_1024.csv",
        "20240620-gradcam-kernelshap-ig-128/dissimilarity_matrix_kernelshap_rbf.csv",
        "20240704-integratedgradients-abs-value/dissimilarity_matrix_integratedgradients_rbf.csv",
    ],
)
def test_another_table_is_not_taken_for_the_published_one(paths, replicated, tmp_path, key):
    table = pd.read_csv(paths[key], index_col=0)
    draws = np.random.default_rng(0).permutation(len(table))
    # the same numbers for other models: sums and extremes stay, who is who does not
    values = table.to_numpy()[draws]
    changed = pd.DataFrame(
        values[:, draws] if table.shape[1] > 1 else values, table.index, table.columns
    )
    changed.iloc[0, -1] = changed.iloc[-1, 0] = 0.987654
    changed.to_csv(tmp_path / "changed.csv")
    ours = compare(Tables({**paths, key: tmp_path / "changed.csv"}))
    flipped = (replicated["same"] == "yes") & (ours["same"] == "no")
    assert flipped.sum() >= 1
    assert (ours.loc[flipped, "reason"] == UNEXPLAINED).all()
    # what does not read that table is as it was
    experiments = replicated.loc[ours["ours"] != replicated["ours"], "entry"].str[:8]
    assert set(experiments) <= {key[:8], "20240704", "20240831", "20240922"}


@needs_copies
def test_the_script_writes_the_table_and_counts_it(paths, replicated, tmp_path, caplog):
    with caplog.at_level("INFO"):
        replicate.main([str(path) for path in paths.values()], str(tmp_path / "table.csv"))
    written = pd.read_csv(tmp_path / "table.csv", keep_default_na=False, dtype=str)
    pd.testing.assert_frame_equal(written, replicated.astype(written.dtypes.to_dict()))
    assert list(written.columns) == COLUMNS
    assert f"{(replicated['same'] == 'yes').sum()} yes, 12 no" in caplog.text
    assert "published the same, ours differs" in caplog.text


def test_without_any_table_only_what_needs_none_is_answered(tmp_path):
    table = compare(Tables({}))
    answered = table[table["same"] != "n/a"]
    assert list(answered["ours"]) == [
        "0.262380",
        "0.405601",
        "0.2173 / 0.0887",
        "0.2173 / 0.0887",
        "11648",
    ]
    assert (table.loc[table["same"] == "n/a", "ours"] == "not available").all()


@pytest.mark.parametrize(
    ("ours", "known_as_same", "same", "reason"),
    [
        ("1", True, "yes", "Why."),
        ("2", True, "no", UNEXPLAINED),
        ("2", False, "no", "Why."),
        ("1", False, "yes", UNEXPLAINED),
    ],
)
def test_an_answer_against_what_is_known_is_called_unexplained(ours, known_as_same, same, reason):
    quantity = Quantity("e", "q", "1", lambda: ours, [], "Why.", known_as_same)
    row = quantity.answered(Tables({}))
    assert (row.ours, row.same, row.reason) == (ours, same, reason)


def test_every_known_difference_has_a_reason_and_no_row_stands_twice():
    every = list(quantities())
    assert all(quantity.reason for quantity in every if not quantity.same)
    named = [(quantity.entry, quantity.quantity) for quantity in every]
    assert len(set(named)) == len(named)
    assert all(quantity.published for quantity in every)
