"""The same conversations as the files of every platform."""
