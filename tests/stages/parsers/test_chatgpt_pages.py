"""ChatGPT beside the export: pages of the Compliance API, and decoded share pages."""

import pytest

from packages_store.model import Edition
from stages.parsers.contract import Bid, Broken, Empty, Note, Record, Skipped
from stages.parsers.reading.peeking import peek
from tests.stages.parsers.documents import Json
from tests.stages.parsers.harness import MemoryFile, as_json, conversations_in, parser_named, records_of, turns
from tests.stages.parsers.samples.chatgpt import compliance, complied, shared

TEA = (complied("m1", "user", "Which tea?"), complied("m2", "assistant", "Jasmine."))


def read(document: object, variant: str = "compliance") -> list[Record]:
    return records_of("chatgpt", as_json(document), variant)


def page(*conversations: object, **other: object) -> dict[str, object]:
    return {"object": "list", "data": list(conversations), "has_more": False, "last_id": "w9", **other}


def test_a_page_of_the_compliance_api_is_read_in_its_order() -> None:
    (found,) = conversations_in(read(page(compliance("w1", *TEA))))

    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert (found.id, found.title, found.edition) == ("w1", "A talk", Edition.EXPORT)
    assert [one.id for one in found.messages] == ["w1:m1", "w1:m2"]
    assert (found.created_at, found.updated_at) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:28:20.000Z")
    assert found.messages[0].created_at == "2023-11-14T22:14:20.000Z"


def bid(document: object) -> Bid | None:
    return parser_named("chatgpt").bid(peek(MemoryFile(as_json(document))))


def without(name: str, conversation: Json) -> Json:
    return {key: value for key, value in conversation.items() if key != name}


def test_a_page_is_known_by_what_a_conversation_calls_itself_or_by_its_list_of_messages() -> None:
    told = compliance("w1", *TEA)

    assert bid(page(told)) == bid(page(without("messages", told))) == Bid("compliance", Bid.MARKER)
    assert bid(page(without("object", told))) == Bid("compliance", Bid.SHAPE)
    assert conversations_in(read(page(without("object", told)))) == conversations_in(read(page(told)))


def test_the_role_can_stand_in_an_author_or_by_itself() -> None:
    messages = [{**without("role", one), "author": {"role": one["role"]}} for one in TEA]

    assert conversations_in(read(page(compliance("w1", *messages)))) == conversations_in(
        read(page(compliance("w1", *TEA)))
    )


def test_the_author_can_be_an_object_and_the_content_a_value() -> None:
    message = {
        "object": "compliance.workspace.conversation.message",
        "id": "m1",
        "created_at": 1_700_000_060,
        "author": {"role": "user", "tool_name": None},
        "content": {"type": "text", "value": "See this.", "annotations": []},
        "files": {"object": "list", "data": [{"id": "file-1", "name": "plan.txt"}], "has_more": False},
    }

    (found,) = conversations_in(read([compliance("w1", message)]))

    assert turns(found) == [("u", "See this.\n[file: plan.txt]")]


def test_a_conversation_that_was_only_listed_is_skipped() -> None:
    listed = compliance("w1")
    del listed["messages"]

    assert read(page(listed, compliance("w2", *TEA)))[0] == Skipped(
        "a ChatGPT conversation that was listed without its messages"
    )


def test_a_conversation_that_goes_on_on_another_page_is_told() -> None:
    cut = compliance("w1", messages={"object": "list", "data": list(TEA), "has_more": True, "next": "m2"})

    records = read(page(cut))

    assert len(conversations_in(records)) == 1
    assert records[1:] == [
        Note("1 conversation was cut off behind a page of messages; fetch the pages that follow as well")
    ]


def test_a_list_that_goes_on_on_another_page_is_told() -> None:
    records = read(page(compliance("w1", *TEA), has_more=True))

    assert records[1:] == [Note("this is not the last page of conversations; fetch the pages that follow as well")]


def test_messages_without_an_id_or_with_the_same_are_all_kept() -> None:
    twice = complied("same", "user", "A"), complied("same", "user", "B"), complied("", "user", "C")

    (found,) = conversations_in(read([compliance("w1", *twice)]))

    assert [text for _, text in turns(found)] == ["A", "B", "C"]


def test_a_conversation_without_messages_is_empty_and_one_that_cannot_be_read_is_broken() -> None:
    odd: dict[str, object] = {"id": "m1", "speaker": "user", "body": "Hi"}

    records = read(page(compliance("w1"), compliance("w2", odd), compliance("w3", *TEA)))

    assert [type(one) for one in records[:2]] == [Empty, Broken]


def decoded(*messages: object, **other: object) -> dict[str, object]:
    return {"shared_conversation_id": "s1", "title": "Tea", "messages": list(messages), **other}


def test_a_share_page_is_read_along_its_thread() -> None:
    document = decoded(
        shared("b", "a", "assistant", "Jasmine.", create_time=1_700_000_010.0),
        shared("r", None, "system", None),
        shared("a", "r", "user", "Which tea?", create_time=1_700_000_000.0),
        shared("x", "a", "assistant", "Older.", create_time=1_700_000_005.0),
    )

    records = read(document, "share")

    (found,) = conversations_in(records)
    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert (found.id, found.title, found.edition) == ("s1", "Tea", Edition.COPY)
    assert len(records) == 2


@pytest.mark.parametrize("link", ["parent", "children"])
def test_a_share_page_can_leave_out_one_kind_of_links(link: str) -> None:
    a = {"node_id": "a", "role": "user", "text": "Q", **({} if link == "parent" else {"children": ["b"]})}
    b = {"node_id": "b", "role": "assistant", "text": "A", **({"parent": "a"} if link == "parent" else {})}

    assert turns(conversations_in(read(decoded(b, a), "share"))[0]) == [("u", "Q"), ("a", "A")]
