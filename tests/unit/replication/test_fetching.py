"""Published tables fetched from a server or taken from a folder."""

import hashlib
import re
from pathlib import Path

import pytest

from replication.fetching import place
from replication.published import HOST, TABLES, Table
from replication.quantity import NotAvailableError, Tables
from scripts import fetch_published, replicate
from tests.support.servers import serving
from thinkalike.errors import InputError

CONTENT = b"model,accuracy\na,1\n"


def served(folder: Path, name: str = "accuracy.csv", content: bytes = CONTENT) -> Table:
    """A table, and its file where the host of the log's repository would have it."""
    table = Table("20240101-try", name, "0" * 40, hashlib.sha256(content).hexdigest())
    (folder / table.path).parent.mkdir(parents=True, exist_ok=True)
    (folder / table.path).write_bytes(content)
    return table


def test_tables_are_pinned():
    assert len({table.key for table in TABLES}) == len(TABLES)
    for table in TABLES:
        assert re.fullmatch("[0-9a-f]{40}", table.commit)
        assert re.fullmatch("[0-9a-f]{64}", table.sha256)
        assert table.path.endswith(f"{table.commit}/results/{table.experiment}/{table.file}")


def test_a_table_is_fetched_from_its_commit(tmp_path):
    table = served(tmp_path / "host")
    with serving(tmp_path / "host") as server:
        assert place(table, tmp_path / "got" / table.key, folder=None, host=server.url)
    assert (tmp_path / "got" / table.key).read_bytes() == CONTENT
    assert [asked.path.lstrip("/") for asked in server.asked] == [table.path]
    assert HOST.startswith("https://")


def test_a_table_with_another_checksum_is_refused_and_not_kept(tmp_path):
    table = served(tmp_path / "host")
    (tmp_path / "host" / table.path).write_bytes(b"model,accuracy\na,2\n")
    with (
        serving(tmp_path / "host") as server,
        pytest.raises(InputError, match=r"sha256 .* instead of .*replication\.folder"),
    ):
        place(table, tmp_path / "got.csv", folder=None, host=server.url)
    assert not (tmp_path / "got.csv").exists()
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies/20240101-try_accuracy.csv").write_bytes(b"model,accuracy\r\na,1\r\n")
    with pytest.raises(InputError, match=r"not the published table .* line ends"):
        place(table, tmp_path / "got.csv", folder=str(tmp_path / "copies"))
    assert not (tmp_path / "got.csv").exists()


def test_a_table_that_the_network_lacks_is_an_error(tmp_path):
    table = served(tmp_path / "host")
    (tmp_path / "host" / table.path).unlink()
    with (
        serving(tmp_path / "host") as server,
        pytest.raises(InputError, match=r"404.*replication\.folder"),
    ):
        place(table, tmp_path / "got.csv", folder=None, host=server.url)


@pytest.mark.parametrize("name", ["20240101-try/accuracy.csv", "20240101-try_accuracy.csv"])
def test_a_folder_of_copies_may_be_flat_or_not(tmp_path, name):
    table = served(tmp_path / "host")
    copy = tmp_path / "copies" / name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    assert place(table, tmp_path / "got.csv", folder=str(tmp_path / "copies"))
    assert (tmp_path / "got.csv").read_bytes() == copy.read_bytes()


def test_a_table_that_a_folder_lacks_is_not_available_and_no_error(tmp_path, monkeypatch, caplog):
    tables = [served(tmp_path / "host", name) for name in ("accuracy_1.csv", "accuracy_2.csv")]
    monkeypatch.setattr(fetch_published, "TABLES", tables)
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies/20240101-try_accuracy_2.csv").write_bytes(CONTENT)
    paths = {table.key: tmp_path / "got" / table.key for table in tables}
    with caplog.at_level("INFO"):
        fetch_published.main([str(p) for p in paths.values()], folder=str(tmp_path / "copies"))
    assert [path.stat().st_size for path in paths.values()] == [0, 19]
    assert "1 of 2 tables" in caplog.text
    assert Tables(paths)[tables[1].key]["a"] == 1
    with pytest.raises(NotAvailableError, match="no copy of 20240101-try/accuracy_1"):
        Tables(paths)[tables[0].key]


def test_a_folder_that_is_none_is_an_error(tmp_path):
    table = served(tmp_path / "host")
    with pytest.raises(InputError, match=r"replication\.folder: .*nowhere is not a folder"):
        place(table, tmp_path / "got.csv", folder=str(tmp_path / "nowhere"))


def test_both_scripts_take_the_tables_in_one_order():
    assert fetch_published.TABLES is TABLES
    assert replicate.TABLES is TABLES
