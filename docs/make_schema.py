"""Makes params.schema.json, by which editors complete and check params.yaml.

python docs/make_schema.py
"""

import json
from pathlib import Path

from ser.params import Params

SCHEMA = Path(__file__).resolve().parent.parent / "params.schema.json"


def schema() -> str:
    """The schema of params.yaml as JSON Schema: names, types, ranges, choices."""
    return json.dumps({"title": "params.yaml"} | Params.model_json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
