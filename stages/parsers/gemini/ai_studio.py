"""Google AI Studio: a prompt as it lies in Google Drive, mostly as a file without an extension.

`{"runSettings": {"model"}, "systemInstruction": {"text"}, "chunkedPrompt": {"chunks": [{"role": "user"|"model", "text",
"isThought"?, "parts"?, "createTime"?}]}}`. There is no id and no title, and in most files no time. An answer is a row
of chunks: thoughts, code, results, text. The `parts` of a chunk are what it was streamed in, and repeat its text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stages.parsers.contract import Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, is_blank, milliseconds, one_line

_FENCE = re.compile(r"`{3,}")
_ASSET = re.compile(r"(?:drive|file|inline|youtube)(Audio|Data|Document|File|Image|Video)")
_EXTENSION = re.compile(r"\.(?:json|txt)$", re.IGNORECASE)
_COPY_OF_BYTES = re.compile(r"[0-9a-f]{64}")
# Objects that a chunk can hold besides its files.
_KNOWN = frozenset({"branchParent", "codeExecutionResult", "executableCode", "grounding", "videoMetadata"})


def holds_prompts(peek: Peek) -> bool:
    """Whether a record is a prompt with chunks, be there none yet."""
    return any(_chunks(as_map(record)) is not None for record in peek.records)


def read_prompts(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """The prompt in the file. Its title, which nothing else tells, is the name of the file."""
    del context
    return read_each(file, _record)


def spoken(parts: Sequence[object]) -> tuple[str, str]:
    """What `parts` of Google's interface show (text, code and results in fences, files as placeholders), and thought.

    A part is a text, or an object with `text`, `thought`, `executableCode`, `inlineData` and the like; of others
    (calls of functions) nothing is shown.
    """
    pieces: list[str] = []
    run: list[str] = []
    thoughts: list[str] = []
    for part in parts:
        told = {"text": part} if isinstance(part, str) else as_map(part)
        (thoughts if told.get("thought") is True else run).append(as_text(told.get("text")))
        if blocks := list(_blocks(told)):
            pieces += ["".join(run), *blocks]
            run = []
    pieces.append("".join(run))
    return "\n".join(piece for piece in pieces if not is_blank(piece)), "".join(thoughts)


def _blocks(told: Mapping[str, object]) -> Iterator[str]:
    """Code, results and files of a part or a chunk."""
    for name, value in told.items():
        if not isinstance(value, dict):
            continue
        if name == "executableCode":
            yield from _fenced(as_text(value.get("code")), as_text(value.get("language")).casefold())
        elif name == "codeExecutionResult":
            yield from _fenced(as_text(value.get("output")), "")
        elif found := _ASSET.fullmatch(name):
            yield _placeholder(found[1].casefold(), value)


def _fenced(code: str, language: str) -> Iterator[str]:
    """`code` in a fence that is longer than any in it, unless there is none."""
    if not is_blank(code):
        fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(code)), default=0))
        yield f"{fence}{'' if 'unspecified' in language else language}\n{code.rstrip()}\n{fence}"


def _placeholder(kind: str, asset: Mapping[str, object]) -> str:
    if kind not in ("audio", "image", "video"):
        told = as_text(asset.get("mimeType")).partition("/")[0]
        kind = told if told in ("audio", "image", "video") else "file"
    names = (as_text(asset.get(name)) for name in ("name", "displayName", "fileUri", "id"))
    name = one_line(next(filter(None, names), ""), 200)
    return f"[{kind}: {name}]" if name else f"[{kind}]"


def _chunks(told: Mapping[str, object]) -> Sequence[object] | None:
    """The chunks of a prompt; None when it is none."""
    prompt = as_map(told.get("chunkedPrompt"))
    for chunks in (prompt.get("chunks"), told.get("chunks") if "runSettings" in told else None):
        if isinstance(chunks, list):
            return chunks
    return () if isinstance(prompt.get("pendingInputs"), list) else None


def _record(item: Item, reading: Reading) -> Record:
    told, tally = item.value, reading.tally
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a prompt is an object, and this is none")
    chunks = _chunks(told)
    if chunks is None:
        return Skipped("no prompt of AI Studio")
    model = tally.clean(as_text(as_map(told.get("runSettings")).get("model"))).removeprefix("models/")
    turns = _Turns(tally, model or None)
    for chunk in map(as_map, chunks):
        turns.add(chunk)
    drafts = turns.ended()
    _tell_of(told, chunks, tally)
    if not drafts:
        return Empty(reading.records.position)
    return conversation_of(
        _id_of(told, turns, tally),
        "gemini",
        tally.clean(_title_of(told, reading)).strip() or one_line(drafts[0].content),
        drafts,
        created=milliseconds(told.get("createTime")),
        updated=milliseconds(told.get("updateTime")),
        otherwise=reading.file.modified_at,
        instructions=[tally.clean(_instruction(told.get("systemInstruction")))],
    )


def _tell_of(told: Mapping[str, object], chunks: Sequence[object], tally: Tally) -> None:
    """Count what is in a prompt and not in its conversation."""
    held = [as_map(chunk) for chunk in chunks]
    if any(chunk.get("branchParent") for chunk in held):
        tally.count("prompt[ was|s were] forked from another one, with which [it begins|they begin] alike")
    cited = sum(bool(chunk.get("grounding")) for chunk in held)
    tally.count("answer[ names|s name] sources on the web, which are not kept", cited)
    pending = map(as_map, as_list(as_map(told.get("chunkedPrompt")).get("pendingInputs")))
    unsent = sum(not is_blank(as_text(one.get("text"))) for one in pending)
    tally.count("question[ was|s were] never sent and [is|are] left out", unsent)


def _id_of(told: Mapping[str, object], turns: "_Turns", tally: Tally) -> str:
    """By the id that tools add, else by how it begins: a prompt grows with every question.

    Forks begin like the prompt they were made from: they are known by it, and by what was asked in them first.
    """
    return "aistudio-" + (tally.clean(as_text(told.get("id"))) or digest(*turns.beginning(), *turns.fork)[:16])


def _title_of(told: Mapping[str, object], reading: Reading) -> str:
    """As a tool added it, else the name of the file, which is the title in Drive; '' when that tells nothing."""
    title = as_text(told.get("title")) or as_text(told.get("displayName"))
    if title or reading.records.wrapping != "single":
        return title
    name = _EXTENSION.sub("", re.split(r"[/\\]", reading.file.name)[-1])
    return "" if _COPY_OF_BYTES.fullmatch(name) else name


def _instruction(told: object) -> str:
    """The system instruction, in any of its forms: a text, `{"text"}`, `{"parts": [{"text"}]}`, or none."""
    if isinstance(told, str):
        return told
    return as_text(as_map(told).get("text")) or spoken(as_list(as_map(told).get("parts")))[0]


def _parts(chunk: Mapping[str, object]) -> list[object]:
    """What a chunk is made of, each text once: `text` is that of the parts, of all or of those that are no thought."""
    parts = list(as_list(chunk.get("parts")))
    text = as_text(chunk.get("text"))
    texts = [(as_text(part.get("text")), part.get("thought") is True) for part in map(as_map, parts)]
    told = ("".join(said for said, thought in texts if not thought), "".join(said for said, _ in texts))
    if is_blank(text) or text in told:
        return parts
    return [
        {"text": text},
        *(part if part.get("thought") is True else {**part, "text": ""} for part in map(as_map, parts)),
    ]


@dataclass(slots=True)
class _Turns:
    """Gathers the turns of one prompt, chunk by chunk: chunks of the model that follow each other are one answer."""

    tally: Tally
    model: str | None
    _drafts: list[Draft] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    """What the answer shows so far."""
    _thoughts: list[str] = field(default_factory=list)
    _key: str = ""
    _at: int | None = None
    _begins: dict[str, str] = field(default_factory=dict)
    fork: tuple[str, ...] = ()
    """Of a prompt that was forked, the id of the other one and, once there is one, the first question of its own."""

    def add(self, chunk: Mapping[str, object]) -> None:
        """Take the next chunk."""
        role = chunk.get("role")
        text, thoughts = self._spoken(chunk)
        if as_text(chunk.get("errorMessage")):
            self.tally.count("answer[|s] ended with an error, which was left out")
        if role == "user" and not is_blank(text):
            self._end_answer()
            self.fork += (text,) if len(self.fork) == 1 else ()
            self._drafts.append(Draft(self._begun("u", chunk, text), "user", text, _time_of(chunk)))
        elif role == "model" and not is_blank(text + thoughts):
            self._thoughts.append(thoughts)
            if not is_blank(text):
                if not self._pieces:
                    self._key, self._at = self._begun("a", chunk, text), _time_of(chunk)
                self._pieces.append(text)
        else:
            self._leave_out(chunk)
        parent = as_text(as_map(chunk.get("branchParent")).get("promptId"))
        self.fork = (parent,) if parent else self.fork

    def ended(self) -> list[Draft]:
        """The turns, when there is no chunk left."""
        self._end_answer()
        return self._drafts

    def beginning(self) -> Iterator[str]:
        """What was asked first, and how the first answer begins."""
        return (self._begins.get(side, "") for side in "ua")

    def _spoken(self, chunk: Mapping[str, object]) -> tuple[str, str]:
        text, thoughts = spoken(_parts(chunk))
        blocks = [block for block in _blocks(chunk) if block not in text]
        shown = "\n".join(filter(None, [text, *blocks]))
        if chunk.get("isThought") is True:
            shown, thoughts = "", "\n".join(filter(None, [thoughts, shown]))
        return self.tally.clean(shown), self.tally.clean(thoughts)

    def _begun(self, side: str, chunk: Mapping[str, object], text: str) -> str:
        """The key of a message that begins with `chunk`."""
        self._begins.setdefault(side, text)
        return self.tally.clean(as_text(chunk.get("id"))) or f"{side}:{digest(text)[:12]}"

    def _end_answer(self) -> None:
        thoughts = "\n\n".join(thought for thought in self._thoughts if not is_blank(thought))
        if self._pieces:
            text = "\n\n".join(self._pieces)
            self._drafts.append(Draft(self._key, "assistant", text, self._at, thoughts or None, self.model))
        elif thoughts:
            self.tally.count("thought[|s] that no answer follows [was|were] left out")
        self._pieces, self._thoughts = [], []

    def _leave_out(self, chunk: Mapping[str, object]) -> None:
        held = [name for name, value in chunk.items() if isinstance(value, dict)]
        unknown = [name for name in held if name not in _KNOWN and not _ASSET.fullmatch(name)]
        for name in unknown:
            self.tally.count(f"chunk[|s] had the unknown content {one_line(name, 40)!r}")
        if not unknown:
            self.tally.count("chunk[|s] without text, or of neither side, [was|were] left out")


def _time_of(chunk: Mapping[str, object]) -> int | None:
    return milliseconds(chunk.get("createTime"))
