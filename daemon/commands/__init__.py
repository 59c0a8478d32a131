"""What the commands of `loom` do once they are understood (daemon/cli.py)."""
