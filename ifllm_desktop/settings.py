"""What belongs to this computer and not to a study: recent studies, theme, text size, camera."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_RECENT = 12


class Settings(BaseModel):
    """Settings of this user on this computer. Unknown keys of other versions are dropped, bad values defaulted."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    theme: Literal["system", "light", "dark"] = "system"
    text_scale: Literal[100, 125, 150] = 100
    camera: str = "0"
    recent_studies: tuple[str, ...] = Field(default=())
    station_id: str = "station-1"

    def with_recent(self, study: Path) -> Settings:
        """The same with a study moved to the front of the recent ones."""
        path = str(study.resolve())
        others = tuple(p for p in self.recent_studies if p != path)
        return self.model_copy(update={"recent_studies": (path, *others)[:MAX_RECENT]})


def settings_path() -> Path:
    """``$IFLLM_CONFIG_DIR/settings.json`` or the place that the system provides."""
    folder = os.environ.get("IFLLM_CONFIG_DIR") or platformdirs.user_config_dir(
        "ifllm_desktop", appauthor=False
    )
    return Path(folder) / "settings.json"


def load_settings() -> Settings:
    """The stored settings, or defaults when there are none or they cannot be read."""
    try:
        return Settings.model_validate(json.loads(settings_path().read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return Settings()


def save_settings(settings: Settings) -> None:
    """Store the settings at once and whole. Raises ``OSError``."""
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(settings.model_dump_json(indent=2), encoding="utf-8")
    draft.replace(path)
