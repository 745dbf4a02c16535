from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("PySide6", "torch", "cv2", "mediapipe")


def test_that_the_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, json, ifllm_desktop.cli; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []


def test_that_a_heavy_import_would_be_seen() -> None:
    code = f"import sys, json, cv2; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == ["cv2"]
