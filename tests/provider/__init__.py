"""A provider of language models that does what a test tells it: real HTTP, in a process of its own."""
