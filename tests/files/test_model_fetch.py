"""The face model is fetched whole and right, or not at all: from a server of the test's own, and from a file."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ifllm_desktop.adapters.model_fetch import FACE_LANDMARKER, PublishedModel, fetch, is_there
from ifllm_desktop.compose_landmarker import fetch_face_model
from ifllm_desktop.domain.errors import UsageError, WorldError

CONTENT = bytes(range(256)) * 1000
MODEL = PublishedModel("model.task", "", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


class Server(BaseHTTPRequestHandler):
    """Each path is one way to answer."""

    secret = Path()

    def do_GET(self) -> None:
        answers: dict[str, Callable[[], None]] = {
            "/right": lambda: self.answer(CONTENT),
            "/other": lambda: self.answer(CONTENT[:-1] + b"x"),
            "/short": lambda: self.answer(CONTENT[:-1]),
            "/endless": lambda: self.answer(CONTENT * 50, length=None),
            "/cut": lambda: self.answer(CONTENT[:100_000], length=len(CONTENT)),
            "/gone": lambda: self.send_error(404),
            "/moved": lambda: self.move("/right"),
            "/to-file": lambda: self.move(self.secret.as_uri()),
            "/to-ftp": lambda: self.move("ftp://127.0.0.1/model"),
            "/circle": lambda: self.move("/circle"),
            "/silent": lambda: threading.Event().wait(1.5),
        }
        answers[self.path]()

    def answer(self, content: bytes, length: int | None = -1) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(len(content) if length < 0 else length))
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            self.server.hung_up = True  # type: ignore[attr-defined]

    def move(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a server on this computer."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    Server.secret = tmp_path / "secret"
    Server.secret.write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


def nothing(_n_bytes: int, _wanted: int) -> None:
    """Progress that nobody sees."""


@pytest.mark.parametrize("path", ["/right", "/moved"])
def test_that_the_right_file_is_kept_whole(path: str, server: str, tmp_path: Path) -> None:
    folder, seen = tmp_path / "new" / "models", []
    assert not is_there(MODEL, folder)
    kept = fetch(MODEL, folder, server + path, lambda n, wanted: seen.append((n, wanted)))
    assert kept == folder / "model.task" and kept.read_bytes() == CONTENT and is_there(MODEL, folder)
    assert seen == sorted(seen) and len(seen) > 2 and seen[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in folder.iterdir()] == ["model.task"]


@pytest.mark.parametrize(("path", "code", "words"), [
    ("/other", "model_wrong", ""), ("/short", "model_wrong", ""), ("/endless", "model_wrong", ""),
    ("/cut", "model_unreachable", "cut"), ("/gone", "model_unreachable", "404"),
    ("/to-file", "model_unreachable", "may be followed"), ("/to-ftp", "model_unreachable", "may be followed"),
    ("/circle", "model_unreachable", "may be followed"), ("/silent", "model_unreachable", "not answer"),
])  # fmt: skip
def test_that_anything_else_is_refused_and_leaves_what_was_there(
    path: str, code: str, words: str, server: str, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    before = folder / "model.task"
    before.write_bytes(b"an older one")
    with pytest.raises(WorldError) as caught:
        fetch(MODEL, folder, server + path, nothing, timeout_s=0.5)
    assert caught.value.code == code and words in str(caught.value.params.get("reason", ""))
    assert before.read_bytes() == b"an older one" and list(folder.iterdir()) == [before]


def test_that_no_more_than_what_is_wanted_is_read(server: str, tmp_path: Path) -> None:
    seen: list[int] = []
    with pytest.raises(WorldError, match="model_wrong"):
        fetch(MODEL, tmp_path, server + "/endless", lambda n, _wanted: seen.append(n))
    assert max(seen) == len(CONTENT) + 1


def test_that_a_server_that_is_not_there_is_said(server: str, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="model_unreachable"):
        fetch(MODEL, tmp_path, "http://127.0.0.1:9/model", nothing, timeout_s=2.0)
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize("source", ["file:///etc/hostname", "ftp://127.0.0.1/model", "data://x", "HTTPX://x"])
def test_that_other_kinds_of_addresses_are_wrong_usage(source: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="model_source"):
        fetch(MODEL, tmp_path, source, nothing)


def test_that_a_file_is_taken_without_a_network(tmp_path: Path) -> None:
    source, folder = tmp_path / "carried.task", tmp_path / "models"
    with pytest.raises(WorldError, match="model_file_missing"):
        fetch(MODEL, folder, str(source), nothing)
    source.write_bytes(CONTENT[1:])
    with pytest.raises(WorldError, match="model_wrong"):
        fetch(MODEL, folder, str(source), nothing)
    assert not folder.exists()
    source.write_bytes(CONTENT)
    assert fetch(MODEL, folder, str(source), nothing).read_bytes() == CONTENT


def test_that_a_failure_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, folder = tmp_path / "carried.task", tmp_path / "models"
    source.write_bytes(CONTENT)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(MODEL, folder, str(source), nothing)
    assert list(folder.iterdir()) == []


def test_that_what_is_there_is_not_fetched_again_unless_it_is_damaged(server: str, tmp_path: Path) -> None:
    said: list[str] = []
    first = fetch_face_model(server + "/right", said.append, folder=tmp_path, model=MODEL)
    assert first["fetched"] and first["source"] == server + "/right" and first["sha256"] == MODEL.sha256
    assert said[-1] == f"fetched={len(CONTENT)}/{len(CONTENT)}"
    again = fetch_face_model(server + "/gone", said.append, folder=tmp_path, model=MODEL)
    assert not again["fetched"] and again["source"] is None
    Path(first["path"]).write_bytes(CONTENT[:1000])
    assert fetch_face_model(server + "/right", said.append, folder=tmp_path, model=MODEL)["fetched"]


def test_that_the_published_model_is_the_one_that_is_known(
    ifllm_data: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from ifllm_desktop import cli, compose_landmarker

    monkeypatch.setattr(compose_landmarker, "models_folder", lambda: tmp_path)
    model = ifllm_data("gaze", "face_landmarker.task")
    assert cli.main(["gaze", "fetch-model", "--from", str(model), "--json"]) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert report["fetched"] and report["bytes"] == FACE_LANDMARKER.size_bytes == model.stat().st_size
    assert (tmp_path / FACE_LANDMARKER.file).read_bytes() == model.read_bytes()
    assert "fetched=" in output.err
    assert cli.main(["gaze", "fetch-model"]) == 0
    assert "there already" in capsys.readouterr().out
