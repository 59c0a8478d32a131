"""The turns of one conversation with an agent, gathered message by message."""

from dataclasses import dataclass, field

from stages.parsers.contract import Empty, Record, SourceFile
from stages.parsers.letta.packed import BOOT_REPLY, BOOT_THOUGHT, is_alert, texts, written
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.values import Tally, digest, is_blank

PLATFORM = "letta"


@dataclass(slots=True)
class Turns:
    """What was said, and what was told to the model. Thoughts are kept with the reply that follows them."""

    tally: Tally
    drafts: list[Draft] = field(default_factory=list)
    instructions: list[str] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)

    def instruct(self, content: object) -> None:
        """Take a system's message: a prompt, of which a chat can hold many revisions, or an alert, which is none."""
        text = self.tally.clean("\n".join(texts(content, self.tally)))
        if not is_blank(text) and not is_alert(text):
            self.instructions.append(text)

    def hear(self, content: object, at: int | None, key: str = "") -> None:
        """Take a message of the user. After an event of Letta's own, the agent still answers what was said before."""
        pieces = (written(piece, self.tally) for piece in texts(content, self.tally))
        text = self.tally.clean("\n".join(piece for piece in pieces if not is_blank(piece)))
        if text:
            self._thoughts = []
            self.drafts.append(Draft(self._key(key, "user", text, at), "user", text, at))

    def think(self, text: str) -> None:
        """Take reasoning, or the inner monologue of an agent that speaks by a tool."""
        if not is_blank(text) and text.strip() != BOOT_THOUGHT:
            self._thoughts.append(self.tally.clean(text))

    def say(self, words: str, at: int | None, key: str = "", model: str = "") -> None:
        """Take a reply of the agent."""
        if is_blank(words):
            return
        text = self.tally.clean(words)
        reasoning = "\n\n".join(self._thoughts) or None
        self._thoughts = []
        key = self._key(key, "assistant", text, at)
        self.drafts.append(Draft(key, "assistant", text, at, reasoning, self.tally.clean(model) or None))

    def _key(self, key: str, role: str, text: str, at: int | None) -> str:
        """As the source tells; else by what every export tells of the message, whatever stands before it."""
        return self.tally.clean(key) or digest(str(at or ""), role, text)[:16]

    def first(self) -> Draft | None:
        """The first turn that was not put there when the agent was made; None when nobody has spoken yet."""
        return next((draft for draft in self.drafts if draft.content.strip() != BOOT_REPLY), None)

    def conversation(self, id_: str, title: str, position: str, file: SourceFile) -> Record:
        """What was gathered, as a conversation; an agent that was only made is an empty one."""
        if self.first() is None:
            return Empty(position)
        return conversation_of(
            self.tally.clean(id_),
            PLATFORM,
            self.tally.clean(title),
            self.drafts,
            created=None,
            updated=None,
            otherwise=file.modified_at,
            instructions=self.instructions,
        )
