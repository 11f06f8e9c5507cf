"""One Typer command per DVC stage, named after it."""
