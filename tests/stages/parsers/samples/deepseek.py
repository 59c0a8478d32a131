"""Small documents of DeepSeek, built from what the documentation of the formats says."""

from tests.stages.parsers.harness import Sample, as_document

Json = dict[str, object]


def fragment(kind: str, content: object = None, **other: object) -> Json:
    """A piece of a message."""
    return {"type": kind, **({} if content is None else {"content": content}), **other}


def node(
    parent: str | None, *fragments: Json, at: object = "2025-04-29T11:59:13.202000+08:00", **other: object
) -> Json:
    """A node of the export's tree; what is added goes to its message."""
    message = {"model": "deepseek-reasoner", "inserted_at": at, "fragments": list(fragments), **other}
    return {"parent": parent, "children": [], "message": message}


def conversation(id_: str, nodes: dict[str, Json], **other: object) -> Json:
    """A conversation of the export. Nodes without a parent follow the root."""
    mapping: dict[str, Json] = {"root": {"id": "root", "parent": None, "children": [], "message": None}}
    mapping |= {key: {"id": key, **one} for key, one in nodes.items()}
    for key, one in nodes.items():
        children = mapping.get(str(one.get("parent")), {}).get("children")
        if isinstance(children, list):
            children.append(key)
    head: Json = {"id": id_, "title": "Tea", "inserted_at": "2025-04-29T11:59:11.635000+08:00"}
    return {**head, "updated_at": "2025-04-29T12:44:11.402000+08:00", "mapping": mapping, **other}


def chat(id_: str, *turns: str) -> Json:
    """A conversation of the export: question, answer, question, …"""
    nodes = {}
    for number, text in enumerate(turns, 1):
        kind = "REQUEST" if number % 2 else "RESPONSE"
        nodes[str(number)] = node(str(number - 1) if number > 1 else "root", fragment(kind, text))
    return conversation(id_, nodes)


def message(id_: int, parent: int | None, role: str, *fragments: Json, **other: object) -> Json:
    """A message as the API gives it."""
    told = {"message_id": id_, "parent_id": parent, "role": role, "inserted_at": 1_775_988_000.241 + id_}
    return {**told, "status": "FINISHED", "fragments": list(fragments), **other}


def answer(*messages: Json, **session: object) -> Json:
    """What the API answers when it is asked for a conversation."""
    head = {"id": "s1", "title": "Tea", "inserted_at": 1_775_988_000.0, "updated_at": 1_775_988_090.0, **session}
    told = {"chat_session": head, "chat_messages": list(messages), "cache_control": "REPLACE"}
    return {"code": 0, "msg": "", "data": {"biz_code": 0, "biz_msg": "", "biz_data": told}}


SAMPLES = (
    Sample("deepseek", "export", [chat("c1", "Which tea?", "Jasmine."), chat("c2", "And now?"), chat("c3")]),
    Sample(
        "deepseek",
        "api",
        [
            answer(
                message(1, None, "USER", fragment("REQUEST", "Which tea?")),
                message(2, 1, "ASSISTANT", fragment("RESPONSE", "Jasmine.")),
            )
        ],
        as_document,
        kind="document",
        is_json=False,
    ),
)
