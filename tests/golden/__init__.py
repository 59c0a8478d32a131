"""A golden set of conversations by which engines are judged: `make eval`."""
