"""Write the JSON schema of study files anew: `python packaging/study_schema.py` in the environment of the checkout."""

import json
from pathlib import Path

from ifllm_desktop.protocol import study_schema

if __name__ == "__main__":
    target = Path(__file__).parent.parent / "resources" / "schema" / "study.schema.json"
    target.write_text(json.dumps(study_schema(), indent=1, ensure_ascii=False) + "\n", "utf-8")
