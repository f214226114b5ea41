"""Files of web servers, as far as a server can be believed: addresses, parts, lengths, speed.

A server decides where it redirects to and what it says. It is not followed to another scheme, nor into
the network of this machine; its words are cleaned before they are printed; a part of a file counts only
where it is the part that was asked for.
"""

import http.client
import io
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
)

from thinkalike.errors import InputError, printable

TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as cut."""

SLOWEST = 1000
"""Bytes a second; a connection that gives less for `TIMEOUT` seconds counts as cut."""

CHUNK = 1 << 18
"""Bytes that are read at a time, at most."""

WORDS = 200
"""Characters of what a server says that are printed, at most."""


class UnfinishedError(Exception):
    """An attempt that failed, where another one may succeed."""


class OtherPartError(UnfinishedError):
    """The server does not go on where the file on the disk ends: another attempt begins anew."""


@dataclass(frozen=True)
class Body:
    """The bytes that a server sends.

    Attributes:
        start: number of the first byte in the file.
        total: bytes of the whole file; None if the server does not say.
        chunks: of bytes.
    """

    start: int
    total: int | None
    chunks: Iterator[bytes]


class Pace:
    """A watch over the bytes of one connection.

    Args:
        clock: seconds; only differences count.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since, self._bytes = clock(), 0

    def count(self, size: int) -> None:
        """Count bytes that have arrived.

        Raises:
            TimeoutError: fewer than `SLOWEST` a second came in the last `TIMEOUT` seconds.
        """
        self._bytes += size
        seconds = self._clock() - self._since
        if seconds < TIMEOUT:
            return
        if self._bytes < SLOWEST * seconds:
            raise TimeoutError(
                f"stalled: {self._bytes} bytes in {seconds:.0f} s, under {SLOWEST / 1000:g} kB/s"
            )
        self._since, self._bytes = self._clock(), 0


@contextmanager
def opened(url: str, start: int) -> Iterator[Body]:
    """Ask a web server for a file from a byte on.

    Args:
        url: http or https.
        start: bytes that are on the disk already. A server may send the file from its beginning all
            the same.

    Raises:
        InputError: the server refuses, leads where it is not followed, or gives a length that is none.
        OtherPartError: it sends another part of the file, or has no more of it.
        UnfinishedError: it cannot be reached or is in trouble; also while chunks are read.
    """
    host = urlsplit(url).netloc
    request = Request(url, headers={"User-Agent": "thinkalike"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = _opener(url).open(request, timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        raise _answer(url, start, error) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise UnfinishedError(f"{host} cannot be reached ({cleaned(reason)})") from None
    except InputError:
        raise
    except ValueError as error:
        raise _unfetchable(url, f"{host} leads to what is no address ({cleaned(error)})") from None
    with response:
        length = _length(url, response)
        first, total = 0, length
        if response.status == 206:
            first, total = start, _whole(host, start, response, length)
        yield Body(first, total, _chunks(response, host))


def cleaned(words: object) -> str:
    """What a server says, as one short line that can be printed."""
    text = printable(" ".join(str(words).split()))
    return text if len(text) <= WORDS else f"{text[:WORDS]}…"


def refusal(address: str, named: str) -> str:
    """Why an address that a server gave is not followed; empty if it is.

    Args:
        address: where the server leads to.
        named: the address that the user gave. Its host may be private, and lead to other private
            ones; http may lead to http.
    """
    try:
        new, old = urlsplit(address), urlsplit(named)
        host = new.hostname or ""
    except ValueError:
        return "which is no address"
    if new.scheme not in ("http", "https") or not host:
        return "which is not http or https"
    if new.scheme == "http" and old.scheme == "https":
        return "which is not encrypted"
    if host != old.hostname and is_private(host) and not is_private(old.hostname or ""):
        return "which is an address of this machine or its network"
    return ""


def is_private(host: str) -> bool:
    """Whether a host is this machine or one of its own network: loopback, link-local, private.

    A name is resolved, and private if one of its addresses is. A name that this machine cannot
    resolve is not: then nothing is connected to, or a proxy resolves it.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(_is_inner(str(address[0])) for *_, address in found)


def _is_inner(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        # an IPv4 address in the clothes of IPv6
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return not ip.is_global or ip.is_multicast


class _Redirects(HTTPRedirectHandler):
    """Redirects to where the user's own address may lead, and to nowhere else."""

    def __init__(self, named: str) -> None:
        self._named = named

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        if why := refusal(newurl, self._named):
            raise _unfetchable(self._named, _leads(req.full_url, newurl, why))
        # the caller would read whatever a server sends beside a redirect, endless as it may be
        fp.close()
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Watched(io.RawIOBase):
    """Bytes of a connection as they come, header and body, watched over by a `Pace`."""

    def __init__(self, raw: Any) -> None:
        self._raw, self._pace = raw, Pace()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = cast("int", self._raw.readinto(buffer))
        if size:
            self._pace.count(size)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_Watched(sock.makefile("rb", buffering=0)))


class _Connection(http.client.HTTPConnection):
    response_class = _Response


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Response


class _Handler(HTTPHandler):
    def http_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(HTTPSHandler):
    def https_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req)


def _opener(url: str) -> OpenerDirector:
    return build_opener(_Handler, _SecureHandler, _Redirects(url))


def _answer(url: str, start: int, error: HTTPError) -> Exception:
    """What is made of an answer that is not the file."""
    host = urlsplit(url).netloc
    if error.code == 416:
        return OtherPartError(f"{host} has no more than {start} bytes of it")
    if 300 <= error.code < 400:
        why = refusal(error.url, url)
        circle = f"{host} redirects in a circle, or to nowhere ({error.code})"
        return _unfetchable(url, _leads(url, error.url, why) if why else circle)
    answer = f"{host} answers {error.code} {cleaned(error.reason)}"
    if error.code == 429 or error.code >= 500:
        return UnfinishedError(answer)
    return _unfetchable(url, answer)


def _leads(url: str, address: str, why: str) -> str:
    return f"{urlsplit(url).netloc} leads to {cleaned(address)}, {why}"


def _unfetchable(url: str, words: str) -> InputError:
    return InputError(f"{url} could not be fetched: {words}; correct the address or name a mirror")


def _length(url: str, response: Any) -> int | None:
    """Bytes that the server says it sends, None if it does not; http.client takes nonsense for that."""
    said = response.headers.get("Content-Length")
    if said is not None and not re.fullmatch(r"[0-9]{1,18}", said.strip()):
        host = urlsplit(url).netloc
        raise _unfetchable(url, f"{host} gives it a length of {cleaned(said)} bytes")
    return cast("int | None", response.length)


def _whole(host: str, start: int, response: Any, length: int | None) -> int:
    """Bytes of the whole file, by the answer to a question for a part of it.

    Raises:
        OtherPartError: it is another part, or says of itself what cannot be.
    """
    said = response.headers.get("Content-Range", "")
    found = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", said.strip())
    if found is None or not start:
        raise OtherPartError(f"{host} sent a part of the file that was not asked for")
    first, last = int(found[1]), int(found[2])
    total = last + 1 if found[3] == "*" else int(found[3])
    if first != start or not first <= last < total or length not in (None, last + 1 - first):
        raise OtherPartError(f"{host} sent another part of the file than asked for")
    return total


def _chunks(response: IO[bytes], host: str) -> Iterator[bytes]:
    """Bytes as they arrive, so that what came before a connection stalls is kept."""
    # around the reading alone: an error in writing is not the network's
    try:
        while chunk := response.read1(CHUNK):  # type: ignore[attr-defined]
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise UnfinishedError(f"{host} cut the connection ({cleaned(error)})") from None
