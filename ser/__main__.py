"""``python -m ser``: the command `ser`."""

from ser.cli import app

app(prog_name="ser")
