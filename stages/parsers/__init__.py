"""Readers of chat exports: a file or folder per platform. `registry.py` lists them, `contract.py` says what one is."""
