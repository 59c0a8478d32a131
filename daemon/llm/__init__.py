"""The language model: an endpoint that is asked over HTTP, how fast, how often, and for how much."""
