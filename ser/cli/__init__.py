"""The command `ser`: one module per subcommand."""
