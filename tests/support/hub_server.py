"""A small hub on the loopback, which speaks what huggingface_hub asks, and fails when it is told to."""

import hashlib
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from threading import Thread
from time import sleep

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What is served, and how badly.

    Attributes:
        files: `<owner>/<name>/<file>` → content.
        checksums: the same → SHA-256 that is claimed, where it is not the right one.
        gated: repositories that ask for terms to be accepted.
        trouble: taken from the front, one for each GET of weights: the bytes after which the
            connection is closed, `reset`, `trickle` (fifty bytes a second), or the number of a status.
        away: where weights lie instead; None for this server itself.
        said: more headers of every answer.
        served: method, path and range of every request.
        address: of the server.
    """

    files: dict[str, bytes]
    checksums: dict[str, str] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    trouble: list[int | str] = field(default_factory=list)
    away: str | None = None
    said: dict[str, str] = field(default_factory=dict)
    served: list[tuple[str, str, str]] = field(default_factory=list)
    address: str = ""


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve on a free port of the loopback while the block runs."""

    class Handler(_Handler):
        served_hub = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served_hub: Hub

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        hub = self.served_hub
        hub.served.append((self.command, self.path, self.headers.get("Range", "")))
        if stored := re.fullmatch("/stored/(.+)", self.path):
            self.send_content(hub.files[stored[1]], body=body)
            return
        asked = re.fullmatch("/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path)
        if not asked:  # the library is curious about other things too
            self.refuse(404, "")
            return
        repository, revision, file = asked.groups()
        name = f"{repository}/{file}"
        assert revision in ("main", COMMIT)
        if repository in hub.gated:
            self.refuse(403, "GatedRepo")
        elif not any(known.startswith(f"{repository}/") for known in hub.files):
            self.refuse(401, "RepoNotFound")  # as the hub does, for what is missing or private
        elif name not in hub.files:
            self.refuse(404, "EntryNotFound")
        elif file.endswith(".json"):
            digest = hashlib.sha1(hub.files[name]).hexdigest()
            self.send_content(hub.files[name], body=body, headers={"ETag": f'"{digest}"'})
        else:  # a large file lies elsewhere
            content = hub.files[name]
            digest = hub.checksums.get(name, hashlib.sha256(content).hexdigest())
            self.send_response(302)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Etag", f'"{digest}"')
            self.send_header("X-Linked-Size", str(len(content)))
            elsewhere = hub.address.replace("127.0.0.1", "localhost")
            self.send_header("Location", hub.away or f"{elsewhere}/stored/{name}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def end_headers(self) -> None:
        for key, value in self.served_hub.said.items():
            self.send_header(key, value)
        super().end_headers()

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_content(
        self, content: bytes, *, body: bool, headers: dict[str, str] | None = None
    ) -> None:
        start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
        weights = body and headers is None
        trouble = self.served_hub.trouble.pop(0) if weights and self.served_hub.trouble else None
        if trouble not in (None, "reset", "trickle") and isinstance(trouble, str):
            self.refuse(int(trouble), "")
            return
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if not body:
            return
        if trouble is None:
            self.wfile.write(content[start:])
            return
        self.close_connection = True
        if trouble == "trickle":
            with suppress(OSError):  # until nobody listens any more
                for byte in content[start:]:
                    self.wfile.write(bytes([byte]))
                    sleep(0.02)
            return
        self.wfile.write(content[start : 1000 if trouble == "reset" else start + int(trouble)])
        if trouble == "reset":  # without a word of farewell
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
