"""Which face model looks at real pictures on this computer, and where it comes from."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs

from ifllm_desktop.adapters import landmarks_facemesh, landmarks_tasks, model_fetch
from ifllm_desktop.adapters.model_fetch import FACE_LANDMARKER, PublishedModel
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.ports import Landmarker
from ifllm_desktop.settings import Settings, load_settings

_SAID_EVERY_BYTES = 500_000


def models_folder() -> Path:
    """Where fetched models are kept: among this user's data, outside of every study."""
    return Path(platformdirs.user_data_dir("ifllm_desktop", appauthor=False)) / "models"


def chosen_model(settings: Settings) -> Path | None:
    """The ``.task`` file of the Tasks model, or None for Face Mesh.

    Raises
    ------
    WorldError
        ``landmarker_none`` when neither is there, ``landmarker_mesh_gone`` when Face Mesh is asked for in vain,
        ``face_model_missing`` when the settings name a file that is not there.
    """
    if settings.landmarker != "tasks" and landmarks_facemesh.available():
        return None
    if settings.landmarker == "face_mesh":
        raise WorldError("landmarker_mesh_gone")
    path = (
        Path(settings.face_model).expanduser()
        if settings.face_model
        else models_folder() / FACE_LANDMARKER.file
    )
    if path.is_file():
        return path
    if settings.face_model:
        raise WorldError("face_model_missing", path=str(path))
    raise WorldError("landmarker_none")


def open_landmarker(settings: Settings | None = None, *, still: bool = False) -> Landmarker:
    """The landmarker that the settings choose (this computer's by default), made on the calling thread.

    Raises
    ------
    WorldError
        Of :func:`chosen_model` and of the landmarkers themselves.
    """
    model = chosen_model(settings or load_settings())
    if model is None:
        return landmarks_facemesh.FaceMeshLandmarker(still=still)
    return landmarks_tasks.TasksLandmarker(model, still=still)


def landmarker_facts(settings: Settings | None = None) -> dict[str, str]:
    """What a recording's header says of the landmarker: its name and the version of MediaPipe."""
    model = chosen_model(settings or load_settings())
    kind = landmarks_facemesh.FaceMeshLandmarker if model is None else landmarks_tasks.TasksLandmarker
    return {"name": kind.name, "mediapipe": importlib.metadata.version("mediapipe")}


def fetch_face_model(
    source: str | None, say: Callable[[str], None], *, folder: Path | None = None,
    model: PublishedModel = FACE_LANDMARKER,
) -> dict[str, Any]:  # fmt: skip
    """The report of ``gaze fetch-model``: fetches nothing when the right file is there already.

    Parameters
    ----------
    source : str or None
        Address or file; None for the publisher's own address.

    Raises
    ------
    UsageError, WorldError
        Of ``adapters.model_fetch.fetch``.
    """
    folder = folder or models_folder()
    there = model_fetch.is_there(model, folder)
    place = source or model.url
    if not there:
        said = 0

        def progress(n_bytes: int, wanted: int) -> None:
            nonlocal said
            if n_bytes - said >= _SAID_EVERY_BYTES or n_bytes == wanted:
                said = n_bytes
                say(f"fetched={n_bytes}/{wanted}")

        model_fetch.fetch(model, folder, place, progress)
    return {
        "path": str(folder / model.file), "fetched": not there, "source": None if there else place,
        "bytes": model.size_bytes, "sha256": model.sha256,
    }  # fmt: skip
