"""Writes answers into a package's journal: those that come in while one is being written go together.

Each of them is durable before anybody looks at it, and sixteen at once cost not much more than one.
"""

from dataclasses import dataclass

import anyio

from packages_store.journal import Journal, JournalledAnswer, NewAnswer
from stages.contract import off_loop


@dataclass(slots=True, eq=False)
class _Note:
    """An answer to be written, and what became of that."""

    new: NewAnswer
    kept: JournalledAnswer | None = None
    trouble: Exception | None = None


class Scribe:
    """Used on the event loop, by many tasks at once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._writing = anyio.Lock()
        self._notes: list[_Note] = []
        self._accepted: list[int] = []

    async def record(self, new: NewAnswer) -> JournalledAnswer:
        """Keep an answer, whatever becomes of the task that asked; it is durable when this returns. Raises OSError."""
        note = _Note(new)
        self._notes.append(note)
        with anyio.CancelScope(shield=True):
            async with self._writing:
                if note.kept is None and note.trouble is None:
                    await self._write()
        if note.kept is None:
            raise note.trouble or RuntimeError("an answer was not written")
        return note.kept

    def accept(self, key: int) -> None:
        """Note, with the next answer or `flush`, that an answer was accepted; a crash that loses it does no harm."""
        self._accepted.append(key)

    async def flush(self) -> None:
        """Write what is noted, when nobody else does."""
        with anyio.CancelScope(shield=True):
            async with self._writing:
                if self._notes or self._accepted:
                    await self._write()

    async def _write(self) -> None:
        notes, self._notes = self._notes, []
        accepted, self._accepted = self._accepted, []
        try:
            kept = await off_loop(self._journal.write, [note.new for note in notes], accepted)
        except Exception as trouble:  # noqa: BLE001 - whoever waits for an answer is told; nobody is passed over
            for note in notes:
                note.trouble = trouble
        else:
            for note, answer in zip(notes, kept, strict=True):
                note.kept = answer
