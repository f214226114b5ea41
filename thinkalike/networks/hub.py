"""Files of pretrained weights: from the Hugging Face Hub or a mirror of it, or from a folder.

Only two files of a repository are ever taken: config.json, and the weights as safetensors. The same
weights as a pickle, which can run code, are left where they are.

The hub's library is watched by the hooks of its HTTP client: where a server leads to, and how fast bytes
come. They do not see hf_xet, which fetches files that are stored in chunks by its own code
(HF_HUB_DISABLE_XET=1 switches it off), nor a client that the library makes anew after it could not connect.
"""

import hashlib
import os
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import (
    constants,
    get_hf_file_metadata,
    get_session,
    hf_hub_download,
    hf_hub_url,
)
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from thinkalike.errors import InputError, printable
from thinkalike.images.web import Pace, cleaned, refusal
from thinkalike.networks.config_files import CONFIG
from thinkalike.progress import log
from thinkalike.stores.atomic import system_error

WEIGHTS = "model.safetensors"

PAUSES = (1.0, 4.0, 16.0)
"""Seconds before the second attempt, the third, …; the last attempt follows the last pause."""

PASSING = (408, 429, 500, 502, 503, 504)
"""Status codes of a server that may answer otherwise a little later."""

ROOM = "make room there, or set HF_HOME to another folder"

BY_HAND = "or copy the weights into a folder by hand (pretrained.folder)"


@dataclass(frozen=True)
class Files:
    """The files of one model's weights.

    Attributes:
        weights: a safetensors file, as the hub has it.
        config: the config.json that stood beside it, if one did.
        source: of the files, for the header of our own file.
    """

    weights: Path
    config: Path | None
    source: str


def fetch(name: str, repository: str) -> Files:
    """Download the weights of a model from its repository into the hub's cache, unless they are there.

    Both files are of one commit. A connection that is cut is taken up again where it was, by the
    hub's own library; what it gives up on (a server that fails, or resets the connection) is tried
    again from the beginning. The SHA-256 that the hub gives for the weights is compared with that
    of the file, also of one that was in the cache.

    Args:
        name: of the weights in timm.
        repository: `<owner>/<name>`, with `@` and a revision if it is not the main one; empty if
            the hub does not have them.

    Raises:
        InputError: there is no repository, or the hub cannot be reached, does not have or does not
            give the files, leads to where it is not followed (`images.web.refusal`), or gave other bytes
            than it should have (which are deleted).
    """
    if not repository:
        raise InputError(
            f"timm knows no repository with the weights {name!r}; name others in `timm` of the "
            f"catalogue entry, train the model (weights: trained), {BY_HAND}"
        )
    repository, _, revision = repository.partition("@")
    with _watched():
        config = _persistently(repository, CONFIG, revision or None)
        commit = config.parent.name  # the cache is laid out as snapshots/<commit>/<file>
        weights = _persistently(repository, WEIGHTS, commit)
        _verify(weights, _checksum(repository, weights, commit), repository)
    return Files(weights, config, f"hub:{repository}@{commit}")


def find(folder: str | Path, name: str, repository: str) -> Files:
    """The weights of a model in a folder that someone has copied them to.

    Args:
        folder: with `<name>/model.safetensors` (and config.json), or `<name>.safetensors`.
        name: of the weights in timm.
        repository: where the hub has them, if it does.

    Raises:
        InputError: neither of these is there.
    """
    whole, single = Path(folder) / name, Path(folder) / f"{name}.safetensors"
    if (whole / WEIGHTS).is_file():
        config = whole / CONFIG
        return Files(whole / WEIGHTS, config if config.is_file() else None, "folder")
    if single.is_file():
        return Files(single, None, "folder")
    source = repository.partition("@")[0]
    hint = f"`hf download {source} {CONFIG} {WEIGHTS} --local-dir {whole}`"
    raise InputError(
        f"neither {whole / WEIGHTS} nor {single} is there; put one there"
        + (f", where there is a network by {hint}" if source else "")
    )


class _Paced(httpx2.SyncByteStream):
    """Bytes of an answer as they come; where they stall, the library goes on as after a cut."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        pace = Pace()
        for chunk in self._stream:
            try:
                pace.count(len(chunk))
            except TimeoutError as error:
                raise httpx2.ReadTimeout(str(error)) from None
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _follow(request: httpx2.Request) -> None:
    """Refuse a request to where the hub must not lead."""
    if why := refusal(str(request.url), constants.ENDPOINT):
        raise InputError(
            f"{constants.ENDPOINT} leads to {cleaned(request.url)}, {why}; set HF_ENDPOINT to another "
            f"mirror, {BY_HAND}"
        )


def _watch(response: httpx2.Response) -> None:
    """Clean what a server says, which the library prints, and watch over its bytes."""
    for key, value in response.headers.items():
        response.headers[key] = printable(value)
    response.stream = _Paced(response.stream)


@contextmanager
def _watched() -> Iterator[None]:
    """While open, the hub's library asks and reads under our eyes."""
    client = get_session()
    before = client.event_hooks
    client.event_hooks = {
        "request": [*before["request"], _follow],
        "response": [*before["response"], _watch],
    }
    try:
        yield
    finally:
        client.event_hooks = before


def _persistently(repository: str, file: str, revision: str | None) -> Path:
    """Path of a file in the hub's cache; after errors that may pass the download is tried again."""
    pauses = iter(PAUSES)
    while True:
        try:
            with warnings.catch_warnings():
                # the library knows the size before it downloads, and only warns
                warnings.filterwarnings("error", "Not enough free disk space", UserWarning)
                return Path(hf_hub_download(repository, file, revision=revision))
        # RuntimeError: of hf_xet, which the library downloads with where a file is stored in chunks
        except (HTTPError, OSError, RuntimeError, UserWarning) as error:
            pause = next(pauses, None)
            if pause is None or not _may_pass(error):
                raise _refused(repository, file, error) from None
            log.warning("%s of %s: %s; again in %g s", file, repository, _brief(error), pause)
            time.sleep(pause)


def _may_pass(error: Exception) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in PASSING
    # The library has tried several times before it says that nothing is to be had. Errors with a
    # number are the system's, and the warning the library's, of a disk that is full.
    final = isinstance(error, (LocalEntryNotFoundError, UserWarning))
    return not final and not system_error(error)


def _refused(repository: str, file: str, error: Exception) -> InputError:
    """The error in a sentence that says what to do."""
    what = f"{file} of {repository} could not be fetched from {constants.ENDPOINT}"
    cause = error.__cause__ or error
    match error:
        case GatedRepoError():
            return InputError(
                f"{what}: it is given to those only who have accepted its terms; accept them on its "
                f"page and set HF_TOKEN, {BY_HAND}"
            )
        case RepositoryNotFoundError():
            return InputError(
                f"{what}: there is no such repository, or it is private; correct `timm` in the "
                f"catalogue entry or HF_ENDPOINT, set HF_TOKEN, {BY_HAND}"
            )
        case RemoteEntryNotFoundError() | RevisionNotFoundError():
            return InputError(
                f"{what}: the repository does not have it; choose other weights in `timm` of the "
                f"catalogue entry, {BY_HAND}"
            )
        case HfHubHTTPError():
            return InputError(
                f"{what}: the server answers {error.response.status_code}; run again later, set "
                f"HF_ENDPOINT to a mirror, {BY_HAND}"
            )
        case UserWarning():
            return InputError(f"{what}: {_brief(error)} {ROOM}")
        case _ if number := system_error(error):
            path = getattr(error, "filename", None) or constants.HF_HOME
            return InputError(f"{what}: {os.strerror(number)} ({path}); {ROOM}")
    return InputError(
        f"{what} ({_brief(cause)}); run it where there is a network, set HF_ENDPOINT to a mirror, "
        f"{BY_HAND}"
    )


def _checksum(repository: str, path: Path, commit: str) -> str | None:
    """The SHA-256 that the hub gives for a file in the cache, or None if it gives none."""
    if path.is_symlink():
        # to a file that bears the checksum as its name, so that no network is needed
        etag: str | None = path.readlink().name
    else:
        url = hf_hub_url(repository, path.name, revision=commit)
        try:
            etag = get_hf_file_metadata(url, retry_on_errors=True).etag
        except (HTTPError, OSError) as error:
            raise _refused(repository, path.name, error) from None
    return etag if etag and re.fullmatch("[0-9a-f]{64}", etag) else None


def _verify(path: Path, expected: str | None, repository: str) -> None:
    if expected is None:
        log.warning("%s gives no SHA-256 for %s of %s", constants.ENDPOINT, path.name, repository)
        return
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise InputError(
            f"{path.name} of {repository} came from {constants.ENDPOINT} with SHA-256 {actual[:12]}… "
            f"instead of {expected[:12]}… and was deleted; run again, set HF_ENDPOINT to another "
            f"mirror, {BY_HAND}"
        )


def _brief(error: BaseException) -> str:
    return cleaned((str(error).strip() or type(error).__name__).splitlines()[0])
