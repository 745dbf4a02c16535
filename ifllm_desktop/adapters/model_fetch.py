"""Fetches the face model once, when a person asks for it, and keeps only what has the right checksum."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ifllm_desktop.domain.errors import UsageError, WorldError

Progress = Callable[[int, int], None]

_CHUNK = 1 << 16
_TIMEOUT_S = 30.0
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://")  # one letter is a drive of Windows
_SCHEMES = ("https", "http")
"""Plain http only where it is asked for; what comes is judged by its checksum, not by the way it came."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model file as its publisher offers it.

    Attributes
    ----------
    file : str
        Name it is kept under.
    url : str
        Where its publisher has it.
    """

    file: str
    url: str
    size_bytes: int
    sha256: str


FACE_LANDMARKER = PublishedModel(
    "face_landmarker.task",
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
    3_758_596,
    "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
)
"""MediaPipe's FaceLandmarker, float16, version 1 (Apache-2.0)."""


def is_there(model: PublishedModel, folder: Path) -> bool:
    """Whether the model stands in a folder as its publisher made it."""
    try:
        content = (folder / model.file).read_bytes()
    except OSError:
        return False
    return _is_right(content, model)


def fetch(
    model: PublishedModel, folder: Path, source: str, progress: Progress, timeout_s: float = _TIMEOUT_S
) -> Path:
    """Put the model into a folder, whole or not at all, and return its path.

    Parameters
    ----------
    source : str
        An address (https, or http) or a file of this computer.
    progress : callable
        Is told how many of how many bytes are there.
    timeout_s : float
        How long the other side may keep silent.

    Raises
    ------
    UsageError
        ``model_source`` for an address of another kind.
    WorldError
        ``model_unreachable`` when nothing or not all of it comes, ``model_file_missing`` when there is no such
        file, ``model_wrong`` when it is another file than the publisher's.
    OSError
        When the folder cannot be written to.
    """
    try:
        stream = _open(source, timeout_s)
        with stream:
            content = _read(stream, model, progress)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise WorldError("model_unreachable", source=source, reason=_reason(error)) from error
    if not _is_right(content, model):
        raise WorldError("model_wrong", source=source, n_bytes=len(content), wanted=model.size_bytes)
    return _keep(content, folder / model.file)


def _open(source: str, timeout_s: float) -> IO[bytes] | Any:
    url = _URL.match(source)
    if url is None:
        path = Path(source)
        if not path.is_file():
            raise WorldError("model_file_missing", path=source)
        return path.open("rb")
    if url["scheme"].lower() not in _SCHEMES:
        raise UsageError("model_source", source=source)
    return _opener().open(source, timeout=timeout_s)


def _opener() -> urllib.request.OpenerDirector:
    """Speaks http and https, and neither ``file:`` nor anything else, not even when it is sent there."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        _Redirects(), urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows only to http and https, and never from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        allowed = ("https",) if req.type == "https" else _SCHEMES
        if newurl.split(":", 1)[0].lower() not in allowed:
            fp.close()
            raise urllib.error.URLError("it leads nowhere that may be followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _read(stream: IO[bytes], model: PublishedModel, progress: Progress) -> bytes:
    """Everything, but no more than one byte over what is wanted: a wrong file may be of any size."""
    content = io.BytesIO()
    while chunk := stream.read(min(_CHUNK, model.size_bytes + 1 - content.tell())):
        content.write(chunk)
        progress(content.tell(), model.size_bytes)
    announced = getattr(stream, "length", None)  # what a server said would come and has not
    if announced and content.tell() <= model.size_bytes:
        raise http.client.IncompleteRead(content.getvalue(), announced)
    return content.getvalue()


def _is_right(content: bytes, model: PublishedModel) -> bool:
    return len(content) == model.size_bytes and hashlib.sha256(content).hexdigest() == model.sha256


def _keep(content: bytes, path: Path) -> Path:
    """Write under another name, onto the disk, then give it its name: nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):  # it has its name by now
            Path(name).unlink()
    return path


def _reason(error: Exception) -> str:
    """Half a sentence without addresses and file names."""
    if isinstance(error, urllib.error.HTTPError):
        lost = 300 <= error.code < 400
        return "it leads nowhere that may be followed" if lost else f"the server answers {error.code}"
    if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
        return "it does not answer"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection was cut"
    reason = getattr(error, "reason", error)  # what urllib wraps, or the error itself
    words = reason if isinstance(reason, str) else getattr(reason, "strerror", None)
    return words.lower() if isinstance(words, str) and words else type(reason).__name__
