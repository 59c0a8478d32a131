"""Door 3: the HTTP API, the event stream and the pages. Nothing here decides anything about packages: `Daemon` does."""
