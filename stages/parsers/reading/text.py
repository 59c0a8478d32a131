"""Text and CSV out of a file, in whatever encoding it was written."""

import io

from stages.parsers.contract import SourceFile
from stages.parsers.reading.encodings import encoding_of
from stages.parsers.reading.values import Tally

UNREADABLE = "\ufffd"
"""What stands for bytes that are no text."""


class Text(io.TextIOWrapper):
    """Text that counts what could not be decoded: `lost` is the number of U+FFFD in what was read so far.

    One that a program wrote in the place of what it could not read itself is counted as well: it is lost all the same.
    """

    lost = 0

    def read(self, size: int | None = -1, /) -> str:
        return self._counted(super().read(size))

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        return self._counted(super().readline(size))

    def __next__(self) -> str:  # type: ignore[override]
        # The one of the class above reads without `readline`, which was overridden.
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def _counted(self, text: str) -> str:
        self.lost += text.count(UNREADABLE)
        return text


def open_text(file: SourceFile) -> Text:
    """The text of `file` from its first character; the caller closes it.

    The encoding is told by a byte order mark, else by zero bytes among the first four, else it is UTF-8. Bytes that
    are no text become U+FFFD. Line ends stay as they are, as the `csv` module wants them; a line ends with LF, CR or
    both. Raises SourceBroken, here or while it is read, when an archive is damaged.
    """
    with file.open() as stream:
        encoding, mark = encoding_of(stream.read(4))
    stream = file.open()
    stream.read(mark)
    return Text(stream, encoding, errors="replace", newline="")


def count_lost(text: Text, tally: Tally) -> None:
    """Have `tally` tell how much of `text` could not be decoded; to be called at the end of the reading."""
    tally.count("character[|s] could not be decoded and [was|were] replaced by U+FFFD", text.lost)
