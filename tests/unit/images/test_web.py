"""Servers that mislead: redirects, lengths, parts, words and speed that nobody asked for."""

import hashlib
import logging
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from thinkalike.errors import InputError
from thinkalike.images import downloads, web
from thinkalike.images.downloads import fetch
from thinkalike.images.web import Pace, is_private, refusal

CONTENT = bytes(range(256)) * 20
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b1A"
"""What sets the title of a terminal, clears it, and goes a line up."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(downloads, "PAUSES", (0.0,) * 4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "downloads" / "data.tgz"


@contextmanager
def answering(
    *answers: bytes | Callable[[socket.socket], None], asking: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """A server that gives these answers, the last one ever again: its port, and what it was asked.

    With `asking=False` questions are left to the answers, which are functions.
    """
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for number in count():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    if asking:
                        asked.append(connection.recv(65536).decode())
                    answer = answers[min(number, len(answers) - 1)]
                    try:
                        if callable(answer):
                            answer(connection)
                        else:
                            connection.sendall(answer)
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def redirect(location: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode("latin-1") + body


def sentence(url: str, path: Path) -> str:
    """What is said of a download that fails; one line that can be printed, and no file."""
    with pytest.raises(InputError) as error:
        fetch(url, path, checksum=SHA256)
    words = str(error.value)
    assert words.isprintable(), words
    assert len(words) < 1000
    assert not path.exists()
    return words


@pytest.fixture
def far(monkeypatch):
    """Have a port of this machine answer for every name, as if it were a server far away."""

    def through(port: int) -> str:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
        return "http://data.example/data.tgz"

    return through


# ---- redirects ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://data.example/data.tgz",
        "gopher://data.example/",
        "data:text/plain,evil",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_to_another_scheme_is_refused(location, path, far):
    with answering(redirect(location)) as (port, asked):
        words = sentence(far(port), path)
    assert f"data.example leads to {location}, which is not http or https; correct the" in words
    assert len(asked) == 1


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0"),
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]", "[2002:7f00:1::]"),
        *("user@127.0.0.1", "LOCALHOST"),
    ],
)
def test_a_redirect_into_the_network_of_this_machine_is_refused(host, path, far):
    with (
        answering(OK) as (inner, reached),
        answering(redirect(f"http://{host}:{inner}/x")) as (
            port,
            asked,
        ),
    ):
        words = sentence(far(port), path)
    assert "which is an address of this machine or its network; correct the address" in words
    assert (len(asked), reached) == (1, [])


def test_a_redirect_to_another_server_far_away_is_followed(path, far):
    with answering(redirect("http://other.example/data.tgz"), OK) as (port, asked):
        fetch(far(port), path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert [line.split()[1] for line in asked] == [
        "http://data.example/data.tgz",
        "http://other.example/data.tgz",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_address_of_one_s_own_network_may_lead_to_another_there(host, path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with answering(OK) as (inner, _), answering(redirect(f"http://{host}:{inner}/x")) as (port, _):
        fetch(f"http://127.0.0.1:{port}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT


def test_a_mirror_of_one_s_own_network_is_an_address_of_the_user_s(path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with answering(OK) as (inner, _), answering(redirect(f"//127.0.0.1:{inner}/x")) as (port, _):
        mirror = f"http://localhost:{port}"
        fetch("https://data.example/data.tgz", path, checksum=SHA256, mirror=mirror)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("address", "named", "why"),
    [
        ("http://a.example/x", "https://a.example/x", "which is not encrypted"),
        ("https://a.example/x", "http://a.example/x", ""),
        ("https://b.example/x", "https://a.example/x", ""),
        ("http://a.example:8080/x", "http://a.example/x", ""),
        ("http://localhost/x", "http://localhost:81/x", ""),
        ("http://[::1", "http://a.example/x", "which is no address"),
        ("https://10.0.0.1/x", "https://192.168.0.1/x", ""),
        (
            "https://10.0.0.1/x",
            "https://8.8.8.8/x",
            "which is an address of this machine or its network",
        ),
    ],
)
def test_where_an_address_may_lead(address, named, why):
    assert refusal(address, named) == why


def test_a_name_is_private_if_one_of_its_addresses_is(monkeypatch):
    def resolve(*addresses):
        found = [(None, None, None, "", (address, 0)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    resolve("8.8.8.8", "2001:4860:4860::8888")
    assert not is_private("data.example")
    resolve("8.8.8.8", "10.0.0.1")
    assert is_private("data.example")
    resolve("fe80::1%eth0")
    assert is_private("data.example")


def test_a_name_that_cannot_be_is_not_resolved():
    assert not is_private("a" * 70 + ".example")


@pytest.mark.parametrize(
    "location", ["http://[::1/x", "http://a.example:port/x", f"http://{'a' * 70}.example/x"]
)
def test_a_redirect_to_what_is_no_address_is_one_sentence(location, path, far, monkeypatch):
    with answering(redirect(location)) as (port, _):
        far(port)
        if "[" not in location:
            monkeypatch.setenv("no_proxy", "*")
        words = sentence(f"http://127.0.0.1:{port}/data.tgz", path)
    assert "could not be fetched" in words


@pytest.mark.parametrize("location", ["/data.tgz", ""])
def test_a_redirect_in_a_circle_is_one_sentence(location, path, far):
    with answering(redirect(location)) as (port, asked):
        words = sentence(far(port), path)
    assert "data.example redirects in a circle, or to nowhere (302); correct the address" in words
    assert len(asked) <= 12


def test_a_redirect_to_ever_new_addresses_is_one_sentence(path, far):
    with answering(*(redirect(f"/{number}") for number in range(50))) as (port, asked):
        assert "redirects in a circle" in sentence(far(port), path)
    assert len(asked) <= 12


def test_an_endless_page_beside_a_redirect_is_not_read(path, far):
    def endless(connection: socket.socket) -> None:
        connection.sendall(redirect("/there"))
        for _ in range(1000):
            connection.sendall(bytes(1_000_000))
        raise AssertionError("it was read")

    with answering(endless, OK) as (port, _):
        fetch(far(port), path, checksum=SHA256)
    assert path.read_bytes() == CONTENT


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A context of TLS for a server of this machine whose certificate is trusted."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, which makes a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [
        *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *(
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ),
        *("-keyout", str(key), "-out", str(certificate)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("no_proxy", "*")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_a_file_comes_encrypted_and_a_redirect_without_encryption_is_refused(path, trusted):
    def encrypted(answer: bytes) -> Callable[[socket.socket], None]:
        def serve(connection: socket.socket) -> None:
            with trusted.wrap_socket(connection, server_side=True) as wrapped:
                wrapped.recv(65536)
                wrapped.sendall(answer)

        return serve

    with answering(encrypted(OK), asking=False) as (port, _):
        fetch(f"https://localhost:{port}/data.tgz", path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    path.unlink()
    with answering(OK) as (inner, reached):
        away = encrypted(redirect(f"http://localhost:{inner}/x"))
        with answering(away, asking=False) as (port, _):
            words = sentence(f"https://localhost:{port}/data.tgz", path)
    assert f"leads to http://localhost:{inner}/x, which is not encrypted" in words
    assert reached == []


# ---- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        f"HTTP/1.1 404 {EVIL}\r\n\r\n",
        f"HTTP/1.1 500 {EVIL * 1000}\r\n\r\n",
        f"{EVIL} nonsense\r\n\r\n",
        f"HTTP/1.1 302 Found\r\nLocation: gopher://{EVIL}/\r\n\r\n",
        f"HTTP/1.1 302 {EVIL}\r\nLocation: /data.tgz\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: {EVIL}\r\n\r\n",
        f"HTTP/1.1 206 OK\r\nContent-Range: bytes {EVIL}\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" + f"X: {EVIL}\r\n" * 200 + "\r\n",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{EVIL}\r\n",
    ],
)
def test_what_a_server_says_is_cleaned_before_it_is_printed(answer, path, far, caplog):
    caplog.set_level(logging.INFO)
    with answering(answer.encode("latin-1")) as (port, _):
        sentence(far(port), path)
    assert all(message.isprintable() for message in caplog.messages)


# ---- lengths and parts --------------------------------------------------------------------------


@pytest.mark.parametrize("length", ["-1", "-5120", "many", "1e3", "0x10", "9" * 5000, "5, 5", "٣"])
def test_a_length_that_is_none_is_one_sentence(length, path, far):
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + CONTENT
    with answering(answer) as (port, asked):
        words = sentence(far(port), path)
    assert "data.example gives it a length of " in words
    assert " bytes; correct the address or name a mirror" in words
    assert len(asked) == 1


def part(range_: str, body: bytes, length: int | None = None) -> bytes:
    return (
        f"HTTP/1.1 206 Partial Content\r\nContent-Range: {range_}\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    ).encode() + body


@pytest.mark.parametrize("range_", ["bytes 0-5119/5120", "bytes 100-5119/5120", "", "nonsense"])
def test_a_part_that_nobody_asked_for_is_one_sentence(range_, path, far):
    with answering(part(range_, CONTENT)) as (port, asked):
        words = sentence(far(port), path)
    assert "data.example sent a part of the file that was not asked for" in words
    assert len(asked) == 5
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("range_", "length"),
    [
        ("bytes 0-4119/5120", 4120),
        ("bytes 1001-5119/5120", 4119),
        ("bytes 1000-999/5120", 0),
        ("bytes 1000-5120/5120", 4121),
        ("bytes 1000-5119/5120", 4000),
        ("bytes 1000-5119/12", 4120),
        ("bytes */5120", 4120),
        ("bytes 1000-5119/-1", 4120),
        ("lines 1000-5119/5120", 4120),
        ("", 4120),
    ],
)
def test_a_part_that_does_not_fit_is_dropped_and_the_file_asked_for_anew(range_, length, path, far):
    path.parent.mkdir()
    path.with_name("data.tgz.part").write_bytes(CONTENT[:1000])
    with answering(part(range_, CONTENT[1000:], length), OK) as (port, asked):
        fetch(far(port), path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert ["Range" in question for question in asked] == [True, False]


@pytest.mark.parametrize("range_", ["bytes 1000-5119/5120", "bytes 1000-5119/*"])
def test_a_part_that_fits_is_taken(range_, path, far):
    path.parent.mkdir()
    path.with_name("data.tgz.part").write_bytes(CONTENT[:1000])
    with answering(part(range_, CONTENT[1000:])) as (port, asked):
        fetch(far(port), path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert len(asked) == 1


# ---- speed --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrivals", "stalled"),
    [
        ([(59, 1)], False),
        ([(61, 1)], True),
        ([(30, 100_000), (61, 10), (90, 10), (123, 10)], True),
        ([(t, 1001) for t in range(1, 1000)], False),
        ([(t, 990) for t in range(1, 100)], True),
        ([(61, 61_000), (120, 1), (122, 60_999)], False),
    ],
)
def test_fewer_than_a_thousand_bytes_a_second_for_a_minute_are_a_stall(arrivals, stalled):
    now = [0.0]
    pace, error = Pace(lambda: now[0]), None
    try:
        for time, size in arrivals:
            now[0] = time
            pace.count(size)
    except TimeoutError as stall:
        error = stall
    assert bool(error) == stalled
    assert error is None or "under 1 kB/s" in str(error)


def trickle(connection: socket.socket, content: bytes, size: int) -> None:
    """Send bytes that are too few, for as long as somebody listens."""
    pause = threading.Event()
    for start in range(0, len(content), size):
        connection.sendall(content[start : start + size])
        pause.wait(0.02)


def test_a_transfer_that_stalls_is_given_up_and_taken_up_again(path, far, monkeypatch, caplog):
    monkeypatch.setattr(web, "TIMEOUT", 0.2)
    caplog.set_level(logging.WARNING)
    begun = OK[: -len(CONTENT)] + CONTENT[:3000]

    def stalling(connection: socket.socket) -> None:
        connection.sendall(begun)
        trickle(connection, CONTENT[3000:], 1)

    def rest(connection: socket.socket) -> None:
        (kept,) = (
            int(line[len("Range: bytes=") : -1])
            for line in asked[1].split("\r\n")
            if "Range" in line
        )
        connection.sendall(part(f"bytes {kept}-5119/5120", CONTENT[kept:]))

    with answering(stalling, rest) as (port, asked):
        fetch(far(port), path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    (message,) = caplog.messages
    assert "data.example cut the connection (stalled: " in message
    kept = int(asked[1].split("bytes=")[1].split("-")[0])
    assert 3000 < kept < 5000


@pytest.mark.parametrize(
    "beginning",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400;x="],
)
def test_a_head_that_trickles_is_a_stall_too(beginning, path, far, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT", 0.2)
    monkeypatch.setattr(downloads, "PAUSES", ())

    def stalling(connection: socket.socket) -> None:
        trickle(connection, beginning + b"a" * 10_000, 1)

    with answering(stalling) as (port, _):
        assert "(stalled: " in sentence(far(port), path)
