"""Documents that nobody meant to write: every parser meets them without an exception, a hang or a flood of memory."""
