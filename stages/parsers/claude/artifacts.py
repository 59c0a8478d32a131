"""What Claude made beside its words: documents, pages and programs, told as titled blocks of the answer.

Artifacts are calls of a tool (`create`, `rewrite`, `update`), since 2025 also files that are written to the folder of
outputs; before that, tags in the text.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from stages.parsers.reading.values import as_list, as_text, is_blank, one_line

OUTPUTS = "/mnt/user-data/outputs/"
"""Where Claude puts the files that the person gets; what it writes elsewhere is scratch."""

_TYPES = {
    "text/html": "html",
    "image/svg+xml": "svg",
    "application/vnd.ant.react": "jsx",
    "application/vnd.ant.mermaid": "mermaid",
}
_PROSE = frozenset({"", "markdown", "md", "plaintext", "text", "txt"})
_FENCE = re.compile(r"`{3,}")
_OPENING = re.compile(r'<ant(Thinking|Artifact)\b((?:[^<>"]|"[^"]*")*)>')
_ATTRIBUTE = re.compile(r'\b(\w{1,40})="([^"]*)"')


class Artifacts:
    """The artifacts of one thread, in the order of its messages: an update is told by the title it had when created."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}  # by id: the title and the language
        self._presented: set[str] = set()

    def told_by(self, name: str, called_with: Mapping[str, object]) -> str:
        """What a call of the tool `name` made, as a titled block; '' when it made nothing for the person."""
        if "artifact" in name.casefold():
            return self._artifact(called_with)
        if name == "create_file":
            return self._file(called_with, as_text(called_with.get("file_text")))
        if name == "str_replace":
            return self._file(called_with, as_text(called_with.get("new_str")), changed=True)
        return self._presented_files(called_with) if name == "present_files" else ""

    def _artifact(self, called_with: Mapping[str, object]) -> str:
        id_, title = as_text(called_with.get("id")), one_line(as_text(called_with.get("title")), 200)
        known, language = self._known.get(id_, (id_, ""))
        title = title or known
        language = _language(as_text(called_with.get("type")), as_text(called_with.get("language"))) or language
        if id_:
            self._known[id_] = title, language
        if called_with.get("command") == "update":
            return _block(title, as_text(called_with.get("new_str")), language, changed=True)
        return _block(title, as_text(called_with.get("content")), language)

    def _file(self, called_with: Mapping[str, object], text: str, *, changed: bool = False) -> str:
        path = as_text(called_with.get("path"))
        if not path.startswith(OUTPUTS):
            return ""
        self._presented.add(path)
        file = PurePosixPath(path)
        return _block(one_line(file.name, 200), text, file.suffix[1:].casefold(), changed=changed)

    def _presented_files(self, called_with: Mapping[str, object]) -> str:
        paths = [path for path in as_list(called_with.get("filepaths")) if isinstance(path, str)]
        new = [path for path in dict.fromkeys(paths) if path not in self._presented]
        self._presented.update(new)
        return "\n".join(f"[file: {one_line(PurePosixPath(path).name, 200)}]" for path in new)


def without_tags(text: str) -> tuple[str, list[str]]:
    """`text` with a titled block for each `<antArtifact>`, and what was in each `<antThinking>`.

    A tag that is not closed is left as it is: it can be what the text is about.
    """
    pieces: list[str] = []
    thoughts: list[str] = []
    open_for_ever: set[str] = set()
    told, begin = 0, 0
    while opening := _OPENING.search(text, begin):
        kind, closing = opening[1], f"</ant{opening[1]}>"
        begin = opening.end()
        end = -1 if kind in open_for_ever else text.find(closing, begin)
        if end < 0:
            open_for_ever.add(kind)
            continue
        pieces.append(text[told : opening.start()])
        body = text[begin:end].strip("\n")
        if kind == "Thinking":
            thoughts.append(body)
        else:
            pieces.append(_tagged(opening[2], body))
        told = begin = end + len(closing)
    if not told:
        return text, thoughts
    pieces.append(text[told:])
    return "\n\n".join(piece.strip("\n") for piece in pieces if not is_blank(piece)), thoughts


def _tagged(attributes: str, body: str) -> str:
    told = dict(_ATTRIBUTE.findall(attributes))
    title = told.get("title") or told.get("identifier", "")
    return _block(one_line(title, 200), body, _language(told.get("type", ""), told.get("language", "")))


def _language(type_: str, language: str) -> str:
    return "" if type_ == "text/markdown" else language or _TYPES.get(type_, "")


def _block(title: str, body: str, language: str, *, changed: bool = False) -> str:
    """`body` under its title; a program in a fence that is longer than any in it."""
    if is_blank(body):
        return ""
    heading = ", ".join(filter(None, (title, "changed" if changed else "")))
    if language.casefold() not in _PROSE:
        fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(body)), default=0))
        body = f"{fence}{one_line(language, 40)}\n{body}\n{fence}"
    return f"[artifact: {heading}]\n{body}" if heading else f"[artifact]\n{body}"
