"""Where the files that ship with the program stand: the one place that knows.

Icons, the theme, translations, calibration plans and the demo study stand in ``resources/`` at the top of a
checkout. The wheel carries the same folder inside the package, because site-packages has no top of its own,
and a frozen bundle unpacks it where the boot loader says. Nothing else asks where the program runs from.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ifllm_desktop.domain.errors import DataError

__all__ = ["resource_path"]

PACKAGED_NAME = "_resources"
"""Name of the folder inside the installed package (see the wheel target in pyproject.toml)."""


def resource_path(*parts: str) -> Path:
    """Path of a file or folder that ships with the program.

    Parameters
    ----------
    *parts
        Steps below the resource folder, for instance ``"demo", "study.yaml"``. None gives the folder itself.

    Returns
    -------
    pathlib.Path
        Absolute path of something that exists.

    Raises
    ------
    DataError
        ``resource_missing`` with the parameter ``name`` (the parts joined by ``/``), when no place has it or
        when the parts lead out of the resource folder.
    """
    name = "/".join(parts)
    for root in _roots():
        path = root.joinpath(*parts).resolve()
        if path.is_relative_to(root) and path.exists():
            return path
    raise DataError("resource_missing", name=name)


def _roots() -> list[Path]:
    """Folders that may hold the resources, the most special first; each absolute, not each existing."""
    package = Path(__file__).resolve().parent
    roots = [package / PACKAGED_NAME]
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        roots.insert(0, Path(bundle).resolve() / "ifllm_desktop" / PACKAGED_NAME)
    elif (package.parent / "pyproject.toml").is_file():
        # Without this test, site-packages/resources of somebody else would be taken for ours.
        roots.append(package.parent / "resources")
    return roots
