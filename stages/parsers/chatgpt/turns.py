"""From the messages of a thread to its turns: who said what, with what pictures, documents and reasoning."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from packages_store.model import Role
from stages.parsers.chatgpt.canvas import TOOL, Document, written
from stages.parsers.chatgpt.citations import without_marks
from stages.parsers.chatgpt.content import Names, is_hidden, pictures_of, plots_of, reasoning_of, text_of
from stages.parsers.chatgpt.instructions import instructions_of, system_prompt
from stages.parsers.reading.drafts import Draft
from stages.parsers.reading.values import Tally, as_map, as_text, is_blank, milliseconds, one_line


@dataclass(slots=True)
class Turns:
    """Gathers the turns of one thread, message by message; `end` follows the last.

    What was made for an answer that never came (a plot, a document) is a turn of its own.
    """

    tally: Tally
    names: Names
    default_model: str
    drafts: list[Draft] = field(default_factory=list)
    instructions: list[str] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)
    _plots: list[str] = field(default_factory=list)
    _documents: dict[str, Document] = field(default_factory=dict)
    _canvas: Document | None = None
    _made_by: str = ""
    _at: int | None = None

    def add(self, key: str, message: object) -> None:
        """Take the next message of the thread. One that shows nothing still tells the time for the next."""
        if not isinstance(message, dict):
            return
        role = as_map(message.get("author")).get("role")
        at = milliseconds(message.get("create_time"))
        if role == "user":
            self._add_question(key, message, at)
            return
        self._at = at or self._at
        if role == "assistant":
            self._add_answer(key, message, inferred=at is None)
        elif role == "tool":
            self._add_tool(key, message, inferred=at is None)
        elif role == "system":
            self._add_prompt(message)
        elif message:
            self.tally.count(f"message[|s] had the unknown author {one_line(str(role), 40)!r} and [was|were] left out")

    def end(self) -> None:
        """Nothing more belongs to the answer."""
        if self._plots or self._documents:
            shown = "\n".join(self._plots)
            self._append(self._made_by, "assistant", self._with_documents(shown), inferred=True)
        self._thoughts.clear()
        self._plots.clear()

    def _add_question(self, key: str, message: Mapping[str, object], at: int | None) -> None:
        text = self._text(message)
        if is_blank(text):
            self._at = at or self._at
            self._instruct(message)
            return
        self.end()
        self._at = at or self._at
        self._append(key, "user", text, inferred=at is None)

    def _add_answer(self, key: str, message: Mapping[str, object], *, inferred: bool) -> None:
        recipient = message.get("recipient")
        if isinstance(recipient, str) and recipient.startswith(TOOL):
            self._write(key, message)
            return
        content = as_map(message.get("content"))
        if content.get("content_type") == "thoughts":
            self._thoughts.append(reasoning_of(content))
            return
        text = self._text(message)
        if is_blank(text):
            self._instruct(message)
            return
        reasoning = None
        if self._thoughts:
            reasoning = self.tally.clean("\n\n".join(filter(None, self._thoughts))) or None
            self._thoughts.clear()
        if self._plots:
            text = "\n".join([*self._plots, text])
            self._plots.clear()
        self._append(key, "assistant", self._with_documents(text), inferred, reasoning, self._model(message))

    def _add_tool(self, key: str, message: Mapping[str, object], *, inferred: bool) -> None:
        pictures = pictures_of(message, self.names)
        if pictures and not is_hidden(message):
            self._append(key, "assistant", self.tally.clean(pictures), inferred, model=self._model(message))
        plots = plots_of(message, self.names)
        if plots:
            self._plots.extend(map(self.tally.clean, plots))
            self._made_by = key

    def _add_prompt(self, message: Mapping[str, object]) -> None:
        """System messages before the first turn are prompts; those behind it are notices of tools."""
        self._instruct(message)
        if not self.drafts:
            self.instructions.append(self.tally.clean(system_prompt(message)))

    def _instruct(self, message: Mapping[str, object]) -> None:
        self.instructions.extend(map(self.tally.clean, instructions_of(message)))

    def _write(self, key: str, call: Mapping[str, object]) -> None:
        document = written(call, self._canvas, self.tally)
        if document is not None:
            self._canvas = self._documents[document.name] = document
            self._made_by = key

    def _with_documents(self, text: str) -> str:
        """`text` with the documents that were written for it behind it."""
        if not self._documents:
            return text
        shown = [document.shown for document in self._documents.values()]
        self._documents.clear()
        return "\n\n".join(filter(None, [text, *shown]))

    def _text(self, message: Mapping[str, object]) -> str:
        if is_hidden(message):
            return ""
        text = self.tally.clean(text_of(message, self.tally, self.names))
        shown = without_marks(text, as_map(message.get("metadata")))
        return shown if shown is text else self.tally.clean(shown)

    def _model(self, message: Mapping[str, object]) -> str | None:
        metadata = as_map(message.get("metadata"))
        found = metadata.get("model_slug") or metadata.get("resolved_model_slug") or self.default_model
        return self.tally.clean(as_text(found)) or None

    def _append(
        self, key: str, role: Role, text: str, inferred: bool, reasoning: str | None = None, model: str | None = None
    ) -> None:
        self.drafts.append(Draft(self.tally.clean(key), role, text, self._at, reasoning, model, inferred))
