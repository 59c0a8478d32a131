"""Grok: the export of an xAI account, and what tools make of it.

`{"conversations": [{"conversation": {id, title, create_time, modify_time, leaf_response_id, …}, "responses":
[{"response": {_id, parent_response_id, sender, message, model, create_time, …}}, …]}], "projects", "tasks",
"media_posts"}`. A response is a message of either side. Some tools leave the inner wrapper out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from stages.parsers.contract import (
    Bid,
    Broken,
    Empty,
    NotAChat,
    Peek,
    ReadContext,
    Record,
    Skipped,
    SourceFile,
    Variant,
)
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.refusals import records_have
from stages.parsers.reading.trees import distinct, follow
from stages.parsers.reading.values import (
    Tally,
    as_list,
    as_map,
    as_text,
    digest,
    is_blank,
    milliseconds,
    one_line,
)

_ADVICE = "The conversations are in prod-grok-backend.json."
_USERS = frozenset({"human", "user"})

# Marks of sources and calls of tools. None holds another one of its kind: so each is looked through once.
_CARD = re.compile(r"<(grok:render|xai:tool_usage_card)\b(?!_)[^<>]*>(?:(?!<\1\b).)*?</\1>", re.DOTALL)
_ARTIFACT = re.compile(r"<xaiArtifact\b([^<>]*)>")
_TITLE = re.compile(r'\btitle="([^"]*)"')


class Grok:
    """Reads Grok's conversations."""

    platform = "grok"
    title = "Grok"
    variants = (
        Variant(
            "",
            "export of the xAI account: `prod-grok-backend.json`, alone or in the ZIP",
            "the branch that was shown last, with text, reasoning, model, pictures and files as placeholders",
        ),
    )
    not_chats = (
        NotAChat(
            lambda peek: any(_is_account(record) for record in peek.records),
            "it tells about an xAI account, its sessions and its keys; it holds no messages.",
            _ADVICE,
        ),
        NotAChat(records_have("balance_map"), "it tells what an xAI account has paid; it holds no messages.", _ADVICE),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of conversations beside their responses."""
        found = peek.kind == "json" and any(_is_conversation(record) for record in peek.records)
        return Bid("", Bid.SHAPE) if found else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. A conversation that came twice, under two ids, is kept twice, and told in a note."""
        del variant, context
        return read_each(file, partial(_record, set()))


def _is_account(record: object) -> bool:
    told = as_map(record)
    return "user" in told and ("sessions" in told or "api_keys" in told) and "conversations" not in told


def _is_conversation(record: object) -> bool:
    told = as_map(record)
    head, responses = told.get("conversation"), told.get("responses")
    if not isinstance(head, dict) or not isinstance(responses, list):
        return False
    if not responses:
        return "create_time" in head and "modify_time" in head
    return any("sender" in one and "message" in one for one in map(_unwrapped, responses))


def _unwrapped(entry: object) -> Mapping[str, object]:
    told = as_map(entry)
    return as_map(told.get("response")) or told


def _record(seen: set[str], item: Item, reading: Reading) -> Record:
    told, tally = item.value, reading.tally
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a conversation is an object, and this is none")
    if not _is_conversation(told):
        return Skipped("no Grok conversation")
    head = as_map(told["conversation"])
    drafts = _drafts(head, _by_key(map(_unwrapped, as_list(told["responses"]))), tally)
    if not drafts:
        return Empty(reading.records.position)
    if _came_before(drafts, seen):
        tally.count("conversation[ was|s were] in the file before, under another id; both were kept")
    # The conversation's own time can lag behind its last messages by days.
    told_end = milliseconds(_plain(head.get("modify_time")))
    last = max((draft.at for draft in drafts if draft.at is not None), default=None)
    return conversation_of(
        tally.clean(_id_of(head, drafts)),
        Grok.platform,
        tally.clean(as_text(head.get("title"))),
        drafts,
        created=_at(head),
        updated=max(filter(None, (told_end, last)), default=None),
        otherwise=reading.file.modified_at,
    )


def _came_before(drafts: Iterable[Draft], seen: set[str]) -> bool:
    """Whether another conversation of the file says the same. All that is kept of each is a digest."""
    said = digest(*(f"{draft.role} {draft.at} {draft.content}" for draft in drafts))
    before = said in seen
    seen.add(said)
    return before


def _id_of(head: Mapping[str, object], drafts: list[Draft]) -> str:
    for name in ("id", "conversation_id"):
        if found := as_text(head.get(name)):
            return found
    first = drafts[0]
    return f"grok-{digest(str(first.at), first.content)[:16]}"


def _by_key(responses: Iterable[Mapping[str, object]]) -> dict[str, Mapping[str, object]]:
    """The responses by their ids, in the order of their times: the file has them in any order."""
    ordered = [response for *_, response in sorted(_timed(responses), key=lambda timed: timed[:2])]
    return dict(zip(distinct(map(_key_of, ordered)), ordered, strict=True))


def _timed(responses: Iterable[Mapping[str, object]]) -> Iterator[tuple[int, bool, Mapping[str, object]]]:
    """Each with its time, else that of the one before it; and whether it is an answer, which follows its question."""
    at = 0
    for response in responses:
        at = _at(response) or at
        yield at, not _is_users(response), response


def _key_of(response: Mapping[str, object]) -> str:
    for name in ("_id", "response_id"):
        if found := as_text(response.get(name)):
            return found
    return digest(as_text(response.get("sender")), str(_at(response)), as_text(response.get("message")))[:16]


def _drafts(head: Mapping[str, object], responses: Mapping[str, Mapping[str, object]], tally: Tally) -> list[Draft]:
    """The branch that was shown last.

    `leaf_response_id` is rarely there, and can name a response that the export does not hold. The first question names
    such a one as well: it is a beginning, not a broken link.
    """
    parents = {key: as_text(response.get("parent_response_id")) for key, response in responses.items()}
    shown: dict[str, list[Draft]] = {}
    asked: Mapping[str, object] = {}
    for key, response in responses.items():
        draft = _draft(key, response, responses.get(parents[key], asked), tally)
        if draft is not None:
            shown[key] = [draft]
        if _is_users(response):
            asked = response
    return follow(parents, shown, as_text(head.get("leaf_response_id")), tally)


def _draft(key: str, response: Mapping[str, object], asked: Mapping[str, object], tally: Tally) -> Draft | None:
    """None for what shows nothing: an answer that was broken off, or a sender that is not told."""
    by_user = _is_users(response)
    content = tally.clean(_content(response, by_user))
    if is_blank(content):
        return None
    if is_blank(as_text(response.get("sender"))):
        tally.count("message[|s] that [does|do] not tell who wrote [it|them] [was|were] left out")
        return None
    return Draft(
        key=tally.clean(key),
        role="user" if by_user else "assistant",
        content=content,
        at=_at(response),
        reasoning=None if by_user else tally.clean(_reasoning(response)) or None,
        model=None if by_user else tally.clean(_model(response, asked)) or None,
    )


def _is_users(response: Mapping[str, object]) -> bool:
    """Whether the user wrote it. Every other sender is Grok: `assistant` in any case, or the name of a model."""
    return as_text(response.get("sender")).strip().casefold() in _USERS


def _content(response: Mapping[str, object], by_user: bool) -> str:
    text = as_text(response.get("message"))
    if not by_user:
        text = _ARTIFACT.sub(_artifact_heading, _CARD.sub("", text)).replace("</xaiArtifact>", "").strip()
    pieces = [text]
    # What Grok drew is attached to its answer like a file, without a name or a kind.
    kind = "file" if by_user else "image"
    pieces.extend(_placeholder(kind, attached) for attached in as_list(response.get("file_attachments")))
    pieces.extend("[image]" for url in as_list(response.get("generated_image_urls")) if url)
    return "\n".join(filter(None, pieces))


def _artifact_heading(tag: re.Match[str]) -> str:
    title = _TITLE.search(tag[1])
    return f"[artifact: {one_line(title[1], 200)}]\n" if title else "[artifact]\n"


def _placeholder(kind: str, attached: object) -> str:
    """What stands for an attachment: its id as a rule, an object with its name where a tool wrote the file."""
    told = as_map(attached)
    names = (attached, *(told.get(name) for name in ("file_name", "name", "id")))
    name = next((one_line(name, 200) for name in names if isinstance(name, str) and not is_blank(name)), "")
    return f"[{kind}: {name}]" if name else f"[{kind}]"


def _reasoning(response: Mapping[str, object]) -> str:
    agents = as_list(response.get("agent_thinking_traces"))
    traces = (as_text(trace) or as_text(as_map(trace).get("thinking_trace")) for trace in (response, *agents))
    thoughts = (_CARD.sub("", trace).strip() for trace in traces)
    return "\n\n".join(dict.fromkeys(filter(None, thoughts)))


def _model(response: Mapping[str, object], asked: Mapping[str, object]) -> str:
    """What answered. In 2025 only the question told it, by what was requested."""
    return as_text(response.get("model")) or _requested(response) or _requested(asked)


def _requested(response: Mapping[str, object]) -> str:
    return as_text(as_map(as_map(response.get("metadata")).get("requestModelDetails")).get("modelId"))


def _at(told: Mapping[str, object]) -> int | None:
    return milliseconds(_plain(told.get("create_time")))


def _plain(time: object) -> object:
    """A time without what MongoDB puts around it: `{"$date": {"$numberLong": "1786052035229"}}`."""
    for name in ("$date", "$numberLong"):
        if isinstance(time, dict):
            time = time.get(name, time)
    return time
