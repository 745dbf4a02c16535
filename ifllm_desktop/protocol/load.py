"""Reads a study: the file, its topics, and the rules between them.

Whatever is wrong in a file comes out as one ``DataError("protocol_invalid", path, line, key, problem)``, the
first in the order of the file, so that a researcher can mend it without knowing this program.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol.between_keys import check_protocol
from ifllm_desktop.protocol.document import Document
from ifllm_desktop.protocol.draws import check_draws
from ifllm_desktop.protocol.study import PROTOCOL_SCHEMA_VERSION, StudyProtocol
from ifllm_desktop.protocol.task_topics import check_tasks
from ifllm_desktop.protocol.topics import load_topics

STUDY_FILE = "study.yaml"


def load_protocol(path: Path, language: str | None = None) -> StudyProtocol:
    """The study of a ``study.yaml`` or of the folder that holds one, checked together with its topics.

    Parameters
    ----------
    language : str or None
        Language of the texts, one of the study's; None for its first.

    Raises
    ------
    DataError
        ``study_missing``, ``protocol_invalid``, ``protocol_newer``, ``topics_missing``; ``language_unknown`` for a
        language that the study does not have.
    OSError
        When a file is there but cannot be read.
    """
    path = path / STUDY_FILE if path.is_dir() else path
    if not path.exists():
        raise DataError("study_missing", path=str(path.parent if path.name == STUDY_FILE else path))
    document = Document(path)
    data = document.data if isinstance(document.data, dict) else {}
    version = data.get("schema_version")
    if type(version) is int and version > PROTOCOL_SCHEMA_VERSION:
        raise DataError("protocol_newer", path=str(path), version=version, known=PROTOCOL_SCHEMA_VERSION)
    languages = _languages(data)
    if language is not None and language not in languages:
        raise DataError("language_unknown", language=language, known=", ".join(languages))
    wanted = language or (languages[0] if languages else "")
    protocol = document.validated(StudyProtocol, wanted, languages)
    protocol._sha256 = hashlib.sha256(document.content).hexdigest()
    protocol._folder = path.parent
    protocol._read_in = wanted
    check_protocol(document, protocol)
    check_draws(document, protocol)
    folder = Path(protocol.topics)
    if folder.is_absolute() or ".." in folder.parts:
        raise document.invalid(("topics",), "must name a folder inside the study")
    if not protocol.topics_folder.is_dir():
        raise document.invalid(("topics",), f"there is no folder {protocol.topics} beside this file")
    check_tasks(document, protocol, load_topics(protocol.topics_folder, wanted, languages))
    return protocol


def load_editions(path: Path) -> dict[str, tuple[StudyProtocol, dict[str, Topic]]]:
    """The study in each of its languages, its own first: the file and its topics, by language code.

    Raises as :func:`load_protocol` does.
    """
    own = load_protocol(path)
    editions = {}
    for code in own.all_languages:
        protocol = own if code == own.read_in else load_protocol(path, code)
        editions[code] = (protocol, load_topics(protocol.topics_folder, code, own.all_languages))
    return editions


def _languages(data: dict[str, Any]) -> tuple[str, ...]:
    """The languages that the file names, its own first, whatever else is wrong with it."""
    own, more = data.get("language"), data.get("languages")
    named = [own, *(more if isinstance(more, list) else [])]
    return tuple(dict.fromkeys(code for code in named if isinstance(code, str) and code))
