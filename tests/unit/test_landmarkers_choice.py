"""Which landmarker looks at real pictures: settings, what MediaPipe brings, and what was fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ifllm_desktop import compose, compose_landmarker
from ifllm_desktop.adapters import landmarks_facemesh
from ifllm_desktop.adapters.model_fetch import FACE_LANDMARKER
from ifllm_desktop.compose_landmarker import chosen_model, landmarker_facts, open_landmarker
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.settings import Settings, load_settings, settings_path


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of fetched models, empty, and settings of nobody."""
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(compose_landmarker, "models_folder", lambda: folder)
    return folder


@pytest.fixture(params=[True, False], ids=["mesh", "no mesh"])
def mesh(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether MediaPipe has Face Mesh."""
    monkeypatch.setattr(landmarks_facemesh, "available", lambda: request.param)
    return bool(request.param)


def code_of(settings: Settings) -> str:
    with pytest.raises(WorldError) as caught:
        chosen_model(settings)
    return caught.value.code


def test_that_auto_is_face_mesh_where_there_is_one_and_else_the_fetched_model(
    mesh: bool, models: Path
) -> None:
    if not mesh:
        assert code_of(Settings()) == "landmarker_none"
    fetched = models / FACE_LANDMARKER.file
    fetched.touch()
    assert chosen_model(Settings()) == (None if mesh else fetched)


def test_that_the_settings_overrule_what_is_there(mesh: bool, models: Path, tmp_path: Path) -> None:
    fetched, own = models / FACE_LANDMARKER.file, tmp_path / "own.task"
    assert code_of(Settings(landmarker="tasks")) == "landmarker_none"
    assert code_of(Settings(landmarker="tasks", face_model=str(own))) == "face_model_missing"
    fetched.touch()
    assert chosen_model(Settings(landmarker="tasks")) == fetched
    assert code_of(Settings(landmarker="tasks", face_model=str(own))) == "face_model_missing"  # never another
    own.touch()
    assert chosen_model(Settings(landmarker="tasks", face_model=str(own))) == own
    assert chosen_model(Settings(face_model=str(own))) == (None if mesh else own)
    if mesh:
        assert chosen_model(Settings(landmarker="face_mesh", face_model=str(own))) is None
    else:
        assert code_of(Settings(landmarker="face_mesh")) == "landmarker_mesh_gone"


def test_that_the_stored_settings_decide_and_a_wrong_word_falls_back(ifllm_data: Callable[..., Path]) -> None:
    model = ifllm_data("gaze", "face_landmarker.task")
    settings_path().parent.mkdir()
    settings_path().write_text(Settings(landmarker="tasks", face_model=str(model)).model_dump_json(), "utf-8")
    assert load_settings().face_model == str(model)
    assert landmarker_facts()["name"] == "tasks"
    landmarker = compose.make_landmarker("0", None)
    assert type(landmarker).__name__ == "TasksLandmarker"
    landmarker.close()
    settings_path().write_text('{"landmarker": "holograms"}', "utf-8")
    assert load_settings().landmarker == "auto"


@pytest.mark.skipif(not landmarks_facemesh.available(), reason="this MediaPipe has no Face Mesh")
def test_that_still_pictures_can_be_asked_for() -> None:
    landmarker = open_landmarker(Settings(), still=True)
    assert landmarker_facts(Settings())["name"] == getattr(landmarker, "name", "") == "face_mesh"
    landmarker.close()


def test_that_a_camera_without_a_face_model_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ifllm_desktop.adapters.clip_writer import write_clip

    clip = write_clip(tmp_path / "clip.avi", 3, (64, 64), 10.0)
    monkeypatch.setattr(landmarks_facemesh, "available", lambda: False)
    with pytest.raises(WorldError, match="landmarker_none"):
        compose.check_camera(str(clip))
