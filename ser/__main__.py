"""``python -m ser``: the command `ser`."""

from ser.cli.main import app

app(prog_name="ser")
