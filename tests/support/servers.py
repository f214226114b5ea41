"""A web server on the loopback that serves a folder, and misbehaves when told to."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch
from urllib.parse import unquote, urlsplit


@dataclass
class Asked:
    """A request and what came of it."""

    path: str
    range: str | None
    status: int
    sent: int


@dataclass
class Server:
    """What is served, how badly, and what was asked for.

    The first `troubles` requests are answered with `status` (if it is set), or cut off after
    `cut_after` bytes of the body (if that is set). Both may be changed while the server runs.
    """

    url: str
    folder: Path
    troubles: int = 0
    status: int | None = None
    cut_after: int | None = None
    content: bytes | None = None
    """Sent in place of every file."""
    ranges: bool = True
    """Whether a Range is obeyed; otherwise the whole file is sent."""
    length: bool = True
    """Whether Content-Length is told; otherwise the end of the connection is that of the file."""
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serving(folder: Path, **switches: object) -> Iterator[Server]:
    """Serve a folder at `Server.url` (no slash at its end) for as long as the block lasts.

    Args:
        folder: whose files are served, under their paths in it.
        switches: fields of `Server`.
    """
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        server = Server(f"http://127.0.0.1:{http.server_port}", folder, **switches)
        handler.server_state = server
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        # a proxy of this machine does not know its loopback
        with patch.dict(os.environ, {"no_proxy": "127.0.0.1"}):
            try:
                yield server
            finally:
                http.shutdown()
                thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_state: Server

    def do_GET(self) -> None:
        server = self.server_state
        troubled = len(server.asked) < server.troubles
        wanted = self.headers.get("Range")
        asked = Asked(self.path, wanted, 200, 0)
        server.asked.append(asked)
        file = server.folder / unquote(urlsplit(self.path).path).lstrip("/")
        if troubled and server.status is not None:
            asked.status = server.status
        elif not file.is_file():
            asked.status = 404
        if asked.status != 200:
            self.send_error(asked.status)
            return
        content = file.read_bytes() if server.content is None else server.content
        body = content
        if wanted and server.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            asked.status = 206 if start < len(content) else 416
            body = content[start:]
        self.send_response(asked.status)
        if asked.status == 206:
            last = len(content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
        if server.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if troubled and server.cut_after is not None:
            body = body[: server.cut_after]
        asked.sent = len(body)
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: `Server.asked` tells more."""
