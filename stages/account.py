"""What was met while one file was read: every record of it is counted once."""

from collections import Counter
from dataclasses import dataclass, field

from packages_store.model import Conversation, SourceReport
from packages_store.staging import Staged
from stages.parsers.contract import Broken, Empty, Note, Record, Skipped

_KEPT_SENTENCES = 50
"""Broken records that are named in the account; more are counted."""


@dataclass(slots=True)
class Account:
    """What was met while one file was read."""

    records: int = 0
    conversations: int = 0
    messages: int = 0
    empty: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    broken_count: int = 0
    notes: list[str] = field(default_factory=list)
    staged: Staged = field(default_factory=Staged)

    def count(self, record: Record) -> None:
        """Take one record into the account."""
        match record:
            case Conversation(messages=messages):
                self.records += 1
                self.conversations += 1
                self.messages += len(messages)
            case Note(text):
                self.notes.append(text)
            case Empty():
                self.records += 1
                self.empty += 1
            case Skipped(reason, count):
                self.records += count
                self.skipped[reason] += count
            case Broken(position, why):
                self.records += 1
                self.broken_count += 1
                if len(self.broken) < _KEPT_SENTENCES:
                    self.broken.append(f"{position}: {why}")

    def report(self) -> SourceReport:
        """The account as it is kept."""
        more = self.broken_count - len(self.broken)
        return SourceReport(
            records=self.records,
            conversations=self.conversations,
            messages=self.messages,
            empty=self.empty,
            skipped=dict(self.skipped),
            broken=tuple(self.broken) + ((f"and {more} more",) if more else ()),
            notes=tuple(self.notes),
        )
