"""The published tables, and what our code makes of them."""

import hashlib
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from replication.quantities import COLUMNS, UNEXPLAINED, Quantity, compare, quantities

from replication import analyses
from replication.analyses import Tables, groups
from replication.fetching import place
from replication.published import HOST, TABLES, Table
from scripts import fetch_published, replicate
from tests.support.servers import serving
from thinkalike.errors import InputError

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
def test_the_script_writes_the_table_and_counts_it(paths, replicated, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    snakemake = SimpleNamespace(
        rule="replicate",
        input=SimpleNamespace(tables=[str(path) for path in paths.values()]),
        output=SimpleNamespace(table=str(tmp_path / "table.csv")),
        wildcards={},
        threads=1,
        log=[str(tmp_path / "job.log")],
    )
    runpy.run_path("scripts/replicate.py", {"snakemake": snakemake}, run_name="__main__")
    written = pd.read_csv(tmp_path / "table.csv", keep_default_na=False, dtype=str)
    pd.testing.assert_frame_equal(written, replicated.astype(written.dtypes.to_dict()))
    assert list(written.columns) == COLUMNS
    log = (tmp_path / "job.log").read_text()
    assert f"{(replicated['same'] == 'yes').sum()} yes, 12 no" in log
    assert "published the same, ours differs" in log


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


def test_an_answer_against_what_is_known_is_called_unexplained(monkeypatch):
    monkeypatch.setattr(
        "replication.quantities.quantities",
        lambda: [
            Quantity("e", "as known", "1", lambda _: "1", "Why."),
            Quantity("e", "not as known", "1", lambda _: "2", "Why."),
            Quantity("e", "wrong in the log", "1", lambda _: "2", "Why not.", same=False),
            Quantity("e", "right after all", "1", lambda _: "1", "Why not.", same=False),
        ],
    )
    table = compare(Tables({}))
    assert list(table["same"]) == ["yes", "no", "no", "yes"]
    assert list(table["reason"]) == ["Why.", UNEXPLAINED, "Why not.", UNEXPLAINED]


def test_every_known_difference_has_a_reason_and_no_row_stands_twice():
    every = list(quantities())
    assert all(quantity.reason for quantity in every if not quantity.same)
    named = [(quantity.entry, quantity.quantity) for quantity in every]
    assert len(set(named)) == len(named)
    assert all(quantity.published for quantity in every)


def test_tables_are_pinned():
    assert len({table.key for table in TABLES}) == len(TABLES)
    for table in TABLES:
        assert re.fullmatch("[0-9a-f]{40}", table.commit)
        assert re.fullmatch("[0-9a-f]{64}", table.sha256)
        assert table.path.endswith(f"{table.commit}/results/{table.experiment}/{table.file}")


# Fetching ---------------------------------------------------------------------------------------


def made(folder: Path, name: str = "table.csv", content: bytes = b"model,accuracy\na,1\n") -> Table:
    """A table, and its file where the host of the log's repository would have it."""
    table = Table("20240101-try", name, "0" * 40, hashlib.sha256(content).hexdigest())
    (folder / table.path).parent.mkdir(parents=True, exist_ok=True)
    (folder / table.path).write_bytes(content)
    return table


def test_a_table_is_fetched_from_its_commit(tmp_path):
    table = made(tmp_path / "host")
    with serving(tmp_path / "host") as server:
        assert place(table, tmp_path / "got" / table.key, folder=None, host=server.url)
    assert (tmp_path / "got" / table.key).read_bytes() == b"model,accuracy\na,1\n"
    assert [asked.path.lstrip("/") for asked in server.asked] == [table.path]
    assert HOST.startswith("https://")


def test_a_table_with_another_checksum_is_refused_and_not_kept(tmp_path):
    table = made(tmp_path / "host")
    (tmp_path / "host" / table.path).write_bytes(b"model,accuracy\na,2\n")
    with (
        serving(tmp_path / "host") as server,
        pytest.raises(InputError, match=r"sha256 .* instead of .*replication\.folder"),
    ):
        place(table, tmp_path / "got.csv", folder=None, host=server.url)
    assert not (tmp_path / "got.csv").exists()
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies/20240101-try_table.csv").write_bytes(b"model,accuracy\r\na,1\r\n")
    with pytest.raises(InputError, match=r"not the published table .* line ends"):
        place(table, tmp_path / "got.csv", folder=str(tmp_path / "copies"))
    assert not (tmp_path / "got.csv").exists()


def test_a_table_that_the_network_lacks_is_an_error(tmp_path):
    table = made(tmp_path / "host")
    (tmp_path / "host" / table.path).unlink()
    with (
        serving(tmp_path / "host") as server,
        pytest.raises(InputError, match=r"404.*replication\.folder"),
    ):
        place(table, tmp_path / "got.csv", folder=None, host=server.url)


@pytest.mark.parametrize("name", ["20240101-try/table.csv", "20240101-try_table.csv"])
def test_a_folder_of_copies_may_be_flat_or_not(tmp_path, name):
    table = made(tmp_path / "host")
    copy = tmp_path / "copies" / name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"model,accuracy\na,1\n")
    assert place(table, tmp_path / "got.csv", folder=str(tmp_path / "copies"))
    assert (tmp_path / "got.csv").read_bytes() == copy.read_bytes()


def test_a_table_that_a_folder_lacks_is_not_available_and_no_error(tmp_path, monkeypatch):
    tables = [made(tmp_path / "host", "one.csv"), made(tmp_path / "host", "two.csv")]
    monkeypatch.setattr(fetch_published, "TABLES", tables)
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies/20240101-try_two.csv").write_bytes(b"model,accuracy\na,1\n")
    paths = {table.key: tmp_path / "got" / table.key for table in tables}
    fetch_published.main([str(p) for p in paths.values()], folder=str(tmp_path / "copies"))
    assert [path.stat().st_size for path in paths.values()] == [0, 19]
    assert Tables(paths).accuracy(tables[1].key)["a"] == 1
    with pytest.raises(analyses.NotAvailableError, match="no copy of 20240101-try/one"):
        Tables(paths).accuracy(tables[0].key)


def test_a_folder_that_is_none_is_an_error(tmp_path):
    table = made(tmp_path / "host")
    with pytest.raises(InputError, match=r"replication\.folder: .*nowhere is not a folder"):
        place(table, tmp_path / "got.csv", folder=str(tmp_path / "nowhere"))


def test_the_script_hands_its_folder_over(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "empty").mkdir()
    outputs = [str(tmp_path / "got" / table.key) for table in TABLES]
    snakemake = SimpleNamespace(
        rule="fetch_published",
        output=SimpleNamespace(tables=outputs),
        params=SimpleNamespace(folder=str(tmp_path / "empty")),
        wildcards={},
        threads=1,
        log=[str(tmp_path / "job.log")],
    )
    runpy.run_path("scripts/fetch_published.py", {"snakemake": snakemake}, run_name="__main__")
    assert all(Path(path).stat().st_size == 0 for path in outputs)
    assert f"0 of {len(TABLES)} tables" in (tmp_path / "job.log").read_text()


def test_both_scripts_take_the_tables_in_one_order():
    assert fetch_published.TABLES is TABLES
    assert replicate.TABLES is TABLES


# Analyses on tables whose answer is known -------------------------------------------------------


def test_groups_name_all_but_the_largest():
    assert groups(list("abcd"), [1, 1, 1, 1]) == "one community"
    assert groups(list("dcba"), [2, 2, 1, 2]) == "b | rest"
    assert groups(list("abcd"), [1, 2, 1, 2]) == "a, c | rest"
    assert groups(list("abcdef"), [3, 1, 2, 2, 2, 1]) == "a | b, f | rest"


def square(path: Path, matrix: np.ndarray) -> Tables:
    names = list("abcdefgh")[: len(matrix)]
    pd.DataFrame(matrix, names, names).to_csv(path)
    return Tables({"t": path})


@pytest.mark.parametrize("blank", [0, 1, 5, 64, 127])
def test_blank_maps_are_recovered_from_the_diagonal(tmp_path, blank):
    p, n = blank / 128, 128
    matrix = np.zeros((2, 2))
    matrix[0, 0] = np.sqrt(p**2 + p * (1 - p) * n / (n - 1))
    tables = square(tmp_path / "rms.csv", matrix)
    assert analyses.blank_maps_from_rms(tables, "t", images=128, models=["a"]) == (
        f"{blank}, others 0"
    )
    tables = square(tmp_path / "mean.csv", np.diag([1 - p, 1]))
    assert analyses.blank_maps_from_mean(tables, "t", images=128, models=["b"]) == (
        f"0, others {blank}"
    )


def test_the_correlation_of_the_log_counts_the_diagonal_and_ours_does_not(tmp_path):
    rng = np.random.default_rng(0)
    matrices = {}
    for name in ("x", "y"):
        cells = np.triu(rng.random((6, 6)), 1)
        matrices[name] = cells + cells.T + 5 * np.eye(6)
        pd.DataFrame(matrices[name], list("abcdef"), list("abcdef")).to_csv(tmp_path / name)
    tables = Tables({name: tmp_path / name for name in matrices})
    x, y = matrices.values()
    whole = pd.Series(x.ravel()).corr(pd.Series(y.ravel()))
    assert analyses.correlation_with_diagonal(tables, "x", "y") == f"{whole:.6f}"
    assert whole > 0.9
    pairs = [(i, j) for i in range(6) for j in range(i)]
    above = [pd.Series([matrix[pair] for pair in pairs]) for matrix in (x, y)]
    for ranks, method in ((False, "pearson"), (True, "spearman")):
        expected = above[0].corr(above[1], method=method)
        found = analyses.correlation_of_pairs(tables, "x", "y", ranks=ranks)
        assert found == f"{expected:.3f}"
        assert abs(expected) < 0.6
