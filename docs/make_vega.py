"""Writes .dvc/plots/vega.js: the scripts that draw what `dvc plots show` shows, so that its page needs no network.

    python docs/make_vega.py

It is not committed: a megabyte, and it comes with a package that the lock pins.
"""

import sys
from pathlib import Path

import vl_convert

from ser.storage import replacing

SCRIPT = Path(__file__).parents[1] / ".dvc" / "plots" / "vega.js"

VEGA_LITE = "5.21"
"""The version: that of the templates in .dvc/plots and in DVC."""

if __name__ == "__main__":
    with replacing(Path(sys.argv[1]) if sys.argv[1:] else SCRIPT, ".js") as sibling:
        sibling.write_text(vl_convert.javascript_bundle(vl_version=VEGA_LITE), encoding="utf-8")
