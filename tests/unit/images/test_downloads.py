"""Downloads from real servers on the loopback, good and bad."""

import hashlib
import logging
import shutil
import socket
import ssl
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.disks import small_disk
from tests.support.servers import serving
from thinkalike.errors import InputError
from thinkalike.images import downloads, web
from thinkalike.images.downloads import fetch, file_name

CONTENT = np.random.default_rng(0).bytes(1_000_000)
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(downloads, "PAUSES", (0.0,) * 4)


@pytest.fixture
def served(tmp_path):
    """The folder that is served, with the file `data.tgz`."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "data.tgz").write_bytes(CONTENT)
    return tmp_path / "served"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "downloads" / "data.tgz"


def part(path: Path) -> Path:
    return path.with_name("data.tgz.part")


# ---- a download ---------------------------------------------------------------------------------


@pytest.mark.parametrize("checksum", [MD5, SHA256, f"md5:{MD5[4:].upper()}"])
def test_a_file_is_fetched_and_not_a_second_time(checksum, served, path):
    with serving(served) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=checksum)
        fetch(f"{server.url}/data.tgz", path, checksum=checksum)
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == ["data.tgz"]
    assert len(server.asked) == 1


def test_a_file_without_a_known_length_is_fetched(served, path):
    with serving(served, length=False) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT


def test_an_address_may_have_escapes_and_a_query(served, path):
    (served / "my data.tgz").write_bytes(CONTENT)
    with serving(served) as server:
        fetch(f"{server.url}/my%20data.tgz?download=1", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_cut_connection_is_taken_up_where_it_was_cut(served, path):
    with serving(served, troubles=2, cut_after=300_000) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert [asked.range for asked in server.asked] == [None, "bytes=300000-", "bytes=600000-"]
    assert sum(asked.sent for asked in server.asked) == len(CONTENT)


def test_the_next_call_fetches_the_rest_only(served, path, monkeypatch):
    monkeypatch.setattr(downloads, "PAUSES", ())
    with serving(served, troubles=1, cut_after=123_456) as server:
        url = f"{server.url}/data.tgz"
        with pytest.raises(InputError, match=r"cut the connection.*go on from 123456 bytes"):
            fetch(url, path, checksum=SHA256)
        assert part(path).read_bytes() == CONTENT[:123_456]
        assert not path.exists()
        fetch(url, path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert server.asked[1].range == "bytes=123456-"
    assert server.asked[1].sent == len(CONTENT) - 123_456


def test_a_server_without_ranges_sends_it_all_again(served, path):
    with serving(served, troubles=1, cut_after=300_000, ranges=False) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert [asked.sent for asked in server.asked] == [300_000, len(CONTENT)]


@pytest.mark.parametrize("extra", [0, 10])
def test_a_beginning_as_long_as_the_file_but_another_is_dropped(extra, served, path):
    path.parent.mkdir()
    part(path).write_bytes(bytes(len(CONTENT) + extra))
    with serving(served) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert [asked.status for asked in server.asked] == [416, 200]


def test_a_download_that_was_killed_before_its_last_step_is_not_repeated(served, path):
    path.parent.mkdir()
    part(path).write_bytes(CONTENT)
    with serving(served) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert server.asked == []


def test_a_connection_without_a_byte_for_long_counts_as_cut(path, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/data.tgz"
        with pytest.raises(InputError, match=r"127\.0\.0\.1:\d+ cannot be reached \(timed out\)"):
            fetch(url, path, checksum=SHA256)


@pytest.mark.parametrize(
    "error",
    [ssl.SSLEOFError(8, "EOF occurred"), ConnectionResetError(104, "reset"), IncompleteRead(b"")],
)
def test_a_connection_that_ends_with_an_error_is_taken_up_again(error, served, path, monkeypatch):
    chunks, read1 = [0], HTTPResponse.read1

    def failing(response, size):
        chunks[0] += 1
        if chunks[0] == 3:
            raise error
        return read1(response, size)

    monkeypatch.setattr(HTTPResponse, "read1", failing)
    with serving(served) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    first, second = server.asked
    assert first.range is None
    assert int(second.range.removeprefix("bytes=").removesuffix("-")) > 0
    assert second.sent < first.sent


def test_a_full_disk_is_not_called_a_cut_connection(served, path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads, "tqdm", full)
    sentence = f"there is no space left to write {part(path)}; make room there and run again"
    with serving(served) as server, pytest.raises(InputError, match=sentence):
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert len(server.asked) == 1


def test_what_does_not_fit_is_refused_before_a_byte_is_written(served, path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=300_000))
    sentence = r"data\.tgz\.part: 1\.0 MB are to come and 0\.3 MB are free; make room there"
    with serving(served) as server, pytest.raises(InputError, match=sentence):
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert not part(path).exists()
    # but the rest of it would fit
    part(path).write_bytes(CONTENT[:800_000])
    with serving(served) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_download_without_an_end_fills_the_disk_and_no_more(served, tmp_path):
    with small_disk(tmp_path) as disk:
        path = disk.folder / "data.tgz"
        disk.fill(free=400_000)
        sentence = f"there is no space left to write {part(path)}; make room there and run again"
        with serving(served, length=False) as server, pytest.raises(InputError, match=sentence):
            fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
        (disk.folder / "filler").unlink()
        kept = part(path).stat().st_size
        assert 0 < kept <= 500_000
        with serving(served) as server:
            fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
        assert [asked.range for asked in server.asked] == [f"bytes={kept}-"]
        assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(status, served, path, caplog):
    caplog.set_level(logging.WARNING)
    with serving(served, troubles=4, status=status) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert [asked.status for asked in server.asked] == [status] * 4 + [200]
    assert len(caplog.messages) == 4
    assert f"answers {status}" in caplog.messages[0]


def test_a_server_in_lasting_trouble_is_left_after_five_attempts(served, path):
    with (
        serving(served, troubles=99, status=500) as server,
        pytest.raises(InputError, match=r"answers 500 .*; name a mirror .*, or copy the file to"),
    ):
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert len(server.asked) == 5
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_not_asked_for_again(status, served, path):
    with (
        serving(served, troubles=99, status=status) as server,
        pytest.raises(
            InputError, match=rf"answers {status} .*; correct the address or name a mirror"
        ),
    ):
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert len(server.asked) == 1


def test_pauses_grow(served, path, monkeypatch):
    monkeypatch.undo()
    slept = []
    monkeypatch.setattr(downloads.time, "sleep", slept.append)
    with serving(served, troubles=99, status=500) as server, pytest.raises(InputError):
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert len(slept) == len(server.asked) - 1 >= 3
    assert slept == sorted(set(slept))


def test_without_a_server_the_ways_out_are_named(path, served):
    with serving(served) as server:
        url = f"{server.url}/data.tgz"
        host = server.url.removeprefix("http://")
    with pytest.raises(InputError) as e:
        fetch(url, path, checksum=SHA256)
    assert f"{host} cannot be reached" in str(e.value)
    assert "name a mirror (a folder or an address that has data.tgz)" in str(e.value)
    assert f"or copy the file to {path} by hand" in str(e.value)
    path.write_bytes(CONTENT)
    fetch(url, path, checksum=SHA256)


def test_a_host_that_is_none_is_named(path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(InputError, match=r"nowhere\.invalid cannot be reached"):
        fetch("https://nowhere.invalid/data.tgz", path, checksum=SHA256)


# ---- the checksum -------------------------------------------------------------------------------


def test_wrong_content_is_deleted_and_said(served, path):
    found = hashlib.md5(b"a page that says: please log in").hexdigest()
    with (
        serving(served, content=b"a page that says: please log in") as server,
        pytest.raises(
            InputError,
            match=rf"data\.tgz has md5 {found} instead of {MD5[4:]}; what was downloaded was deleted; run",
        ),
    ):
        fetch(f"{server.url}/data.tgz", path, checksum=MD5)
    assert list(path.parent.iterdir()) == []


def test_the_rest_of_another_file_is_found_out(served, path):
    path.parent.mkdir()
    part(path).write_bytes(b"x" * 1000)
    with serving(served) as server:
        url = f"{server.url}/data.tgz"
        with pytest.raises(InputError, match="was downloaded was deleted; run again"):
            fetch(url, path, checksum=SHA256)
        fetch(url, path, checksum=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_damaged_file_is_replaced(served, path, caplog):
    caplog.set_level(logging.WARNING)
    path.parent.mkdir()
    path.write_bytes(CONTENT[:-1])
    with serving(served) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert "fetching it anew" in caplog.text


def test_a_file_with_another_checksum_stays_until_there_is_a_better_one(served, path):
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with serving(served, content=b"wrong") as server, pytest.raises(InputError):
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "checksum", ["", MD5[4:], "md5:", MD5[:-1], f"sha1:{'0' * 40}", f"md5:{'g' * 32}", "sha256:0"]
)
def test_a_checksum_that_is_none_is_refused_before_anything_is_fetched(checksum, served, path):
    with serving(served) as server, pytest.raises(InputError, match=r"is none; give md5:<32 hexad"):
        fetch(f"{server.url}/data.tgz", path, checksum=checksum)
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        *("", "data.tgz", "file:///etc/passwd", "ftp://host/a.tgz", "https://host", "https:///a"),
        *(
            "https://[::1",
            "https://host/a%00.tgz",
            "https://host/a%1b[2J.tgz",
            "https://h\x1b/a.tgz",
        ),
        *(f"https://host/{'a' * 300}.tgz", "https://host/%0a", "https://host/%E2%80%AEgzt.a"),
    ],
)
def test_an_address_that_is_none_is_refused(url, path):
    with pytest.raises(InputError, match="is not the address of a file; give http"):
        fetch(url, path, checksum=MD5)


def test_the_name_of_a_file_is_never_a_path():
    assert file_name("https://host/a/b%2Fc.tgz?x=/y") == "c.tgz"
    with pytest.raises(InputError):
        file_name("https://host/a/%2E%2E")


# ---- mirrors ------------------------------------------------------------------------------------


def test_a_folder_is_a_mirror(served, path):
    fetch("https://nowhere.invalid/a/data.tgz", path, checksum=SHA256, mirror=str(served))
    assert path.read_bytes() == CONTENT
    assert (served / "data.tgz").read_bytes() == CONTENT


def test_an_address_is_a_mirror(served, path):
    (served / "deep").mkdir()
    (served / "data.tgz").rename(served / "deep" / "data.tgz")
    for ending in ("", "/"):
        path.unlink(missing_ok=True)
        with serving(served) as server:
            mirror = f"{server.url}/deep{ending}"
            fetch("https://nowhere.invalid/a/data.tgz", path, checksum=SHA256, mirror=mirror)
        assert path.read_bytes() == CONTENT
        assert [asked.path for asked in server.asked] == ["/deep/data.tgz"]


def test_a_mirror_that_lacks_the_file_is_named(tmp_path, path):
    with pytest.raises(InputError, match=r"empty/data\.tgz is missing on the mirror; put it there"):
        fetch("https://host/data.tgz", path, checksum=SHA256, mirror=str(tmp_path / "empty"))


def test_what_a_mirror_has_is_verified_and_left_to_it(served, path):
    (served / "data.tgz").write_bytes(b"another file")
    told = (
        r"served/data\.tgz has sha256 .* only the copy of it was deleted; put the right file there$"
    )
    with pytest.raises(InputError, match=told):
        fetch("https://host/data.tgz", path, checksum=SHA256, mirror=str(served))
    assert list(path.parent.iterdir()) == []
    assert (served / "data.tgz").read_bytes() == b"another file"


def test_a_mirror_of_another_kind_is_refused(path):
    with pytest.raises(InputError, match=r"'ftp://host/a/data\.tgz' is not the address of a file"):
        fetch("https://host/data.tgz", path, checksum=SHA256, mirror="ftp://host/a")


# ---- progress -----------------------------------------------------------------------------------


def test_progress_is_a_line_per_tenth_in_a_log(served, path, caplog, monkeypatch):
    monkeypatch.setattr(web, "CHUNK", 10_000)
    caplog.set_level(logging.INFO)
    with serving(served) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert caplog.messages == [f"data.tgz: {tenth / 10} of 1.0 MB" for tenth in range(1, 11)]


def test_progress_is_a_bar_on_a_terminal(served, path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with serving(served) as server:
        fetch(f"{server.url}/data.tgz", path, checksum=SHA256)
    assert "data.tgz: 100%" in capsys.readouterr().err
