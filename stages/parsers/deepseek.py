"""DeepSeek: the official export, and a conversation as the page's own API or a shared link gives it.

The export is a list of `{id, title, inserted_at, updated_at, mapping: {node id: {id, parent, children, message:
{model, inserted_at, fragments}}}}`, the API `{"data": {"biz_data": {chat_session, chat_messages}}}` (`messages` where
the conversation was shared), whose messages have a `role`. In the export only the fragments tell who wrote a message.
"""

from collections.abc import Iterator, Mapping, Sequence

from packages_store.model import Role
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
from stages.parsers.reading.trees import follow
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

EXPORT = "export"
API = "api"
_KEPT = "the branch that was shown last, with text, reasoning, model, pictures and files as placeholders"

_ASKING = frozenset({"REQUEST", "FILE"})
_SHOWN = frozenset({"REQUEST", "RESPONSE", "TEMPLATE_RESPONSE"})
_THOUGHTS = frozenset({"THINK"})
_NEVER_SHOWN = frozenset({"SEARCH", "TIP"})
"""Pages that were found, and the line below an answer that says a machine wrote it."""
_KNOWN = _ASKING | _SHOWN | _THOUGHTS | _NEVER_SHOWN

_Fragments = Sequence[Mapping[str, object]]


class DeepSeek:
    """Reads DeepSeek's conversations. The variant is for people: records are told apart one by one."""

    platform = "deepseek"
    title = "DeepSeek"
    variants = (
        Variant(EXPORT, "official export: `conversations.json`, alone or in the ZIP", _KEPT),
        Variant(API, "one conversation as the page's own API or a shared link gives it", _KEPT),
    )
    not_chats = (
        NotAChat(
            records_have("user_id", "mobile", "oauth_profiles"),
            "it tells about a DeepSeek account; it holds no messages.",
            "The messages are in conversations.json.",
        ),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of fragments. ChatGPT has a `mapping` as well: there an author wrote what is in it."""
        if peek.kind != "json":
            return None
        if any(_is_export(record) for record in peek.records):
            return Bid(EXPORT, Bid.SHAPE)
        return Bid(API, Bid.SHAPE) if any(_answer(record) for record in peek.records) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Branches that were not followed are counted in a note."""
        del variant, context
        return read_each(file, _record)


def _is_export(record: object) -> bool:
    """Whether it is a conversation of the export, be it an empty one."""
    told = as_map(record)
    mapping = told.get("mapping")
    if not isinstance(mapping, dict):
        return False
    messages = [as_map(as_map(node).get("message")) for node in mapping.values()]
    if any("author" in message for message in messages):
        return False
    return any(isinstance(message.get("fragments"), list) for message in messages) or "inserted_at" in told


def _answer(record: object) -> Mapping[str, object]:
    """What the API answers when it is asked for a conversation; an empty object when the record is none."""
    told = as_map(as_map(as_map(record).get("data")).get("biz_data"))
    return told if any("message_id" in as_map(message) for message in _listed(told)) else {}


def _listed(answer: Mapping[str, object]) -> Sequence[object]:
    return as_list(answer.get("chat_messages")) or as_list(answer.get("messages"))


def _record(item: Item, reading: Reading) -> Record:
    told = item.value
    if not isinstance(told, dict):
        return Broken(reading.records.position, "a conversation is an object, and this is none")
    if _is_export(told):
        nodes = as_map(told["mapping"])
        messages = {key: as_map(as_map(node).get("message")) for key, node in nodes.items()}
        return _conversation(told, messages, _parents(nodes), reading)
    if answer := _answer(told):
        messages = {id_: message for message in map(as_map, _listed(answer)) if (id_ := _id(message.get("message_id")))}
        without_id = len(_listed(answer)) - len(messages)
        reading.tally.count("message[|s] without an id of [its|their] own [was|were] left out", without_id)
        parents = {key: _id(message.get("parent_id")) for key, message in messages.items()}
        return _conversation(as_map(answer.get("chat_session")) or answer, messages, parents, reading)
    return Skipped("no DeepSeek conversation")


def _id(value: object) -> str:
    """The id of a message, which is a small number, counted in each conversation."""
    return str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""


def _parents(nodes: Mapping[str, object]) -> dict[str, str]:
    """The parent of every node: as it tells itself, else as a list of children tells."""
    told = {key: _id(as_map(node).get("parent")) for key, node in nodes.items()}
    by_children = {_id(child): key for key, node in nodes.items() for child in as_list(as_map(node).get("children"))}
    return {key: parent if parent in nodes else by_children.get(key, "") for key, parent in told.items()}


def _conversation(
    head: Mapping[str, object],
    messages: Mapping[str, Mapping[str, object]],
    parents: Mapping[str, str],
    reading: Reading,
) -> Record:
    tally = reading.tally
    shown = {key: list(_drafts(key, message, tally)) for key, message in messages.items()}
    drafts = follow(parents, shown, _id(head.get("current_message_id")), tally)
    if not drafts:
        return Empty(reading.records.position)
    first = drafts[0]
    return conversation_of(
        tally.clean(as_text(head.get("id"))) or f"deepseek-{digest(str(first.at), first.content)[:16]}",
        DeepSeek.platform,
        tally.clean(as_text(head.get("title"))),
        drafts,
        created=milliseconds(head.get("inserted_at")),
        updated=milliseconds(head.get("updated_at")),
        otherwise=reading.file.modified_at,
    )


def _drafts(key: str, message: Mapping[str, object], tally: Tally) -> Iterator[Draft]:
    """One as a rule; two where a question and its answer are in one node."""
    fragments = _fragments(message)
    told = as_text(message.get("role")).casefold()
    if told in ("user", "assistant"):
        sides: list[tuple[Role, _Fragments]] = [("user" if told == "user" else "assistant", fragments)]
    else:
        sides = [("user", [one for one in fragments if _kind(one) in _ASKING])]
        sides += [("assistant", [one for one in fragments if _kind(one) not in _ASKING])]
    for role, side in sides:
        content = tally.clean(_content(side, tally))
        if not is_blank(content):
            yield Draft(
                key=tally.clean(key),
                role=role,
                content=content,
                at=milliseconds(message.get("inserted_at")),
                reasoning=tally.clean(_joined(side, _THOUGHTS)) or None,
                model=tally.clean(as_text(message.get("model"))) or None if role == "assistant" else None,
            )


def _fragments(message: Mapping[str, object]) -> _Fragments:
    """What a message is made of. The API of early 2025 had one text of each kind instead."""
    found = [as_map(fragment) for fragment in as_list(message.get("fragments"))]
    if not found and "role" in message:
        found = [{"type": "THINK", "content": message.get("thinking_content")}]
        found += [{"type": "RESPONSE", "content": message.get("content")}]
    return [*found, {"type": "FILE", "files": message["files"]}] if message.get("files") else found


def _kind(fragment: Mapping[str, object]) -> str:
    return as_text(fragment.get("type"))


def _content(fragments: _Fragments, tally: Tally) -> str:
    """What the fragments show, with a placeholder for each file."""
    unknown = frozenset(map(_kind, fragments)) - _KNOWN
    for kind in sorted(unknown):
        tally.count(f"message[|s] had a fragment of the unknown type {one_line(kind, 40)!r}")
    files = (_placeholder(as_map(file)) for fragment in fragments for file in as_list(fragment.get("files")))
    pieces = [_joined(fragments, _SHOWN), *dict.fromkeys(files)]
    return "\n".join(filter(None, pieces)) or _joined(fragments, unknown)


def _joined(fragments: _Fragments, kinds: frozenset[str]) -> str:
    texts = (as_text(fragment.get("content")) for fragment in fragments if _kind(fragment) in kinds)
    return "\n\n".join(text for text in texts if not is_blank(text))


def _placeholder(file: Mapping[str, object]) -> str:
    kind = "image" if file.get("is_image") is True else "file"
    name = one_line(as_text(file.get("file_name")) or as_text(file.get("id")), 200)
    return f"[{kind}: {name}]" if name else f"[{kind}]"
