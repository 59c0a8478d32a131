"""DeepSeek: whose a message is, what it shows, and which branch is followed."""

import json
import zipfile
from pathlib import Path
from typing import cast

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Bid, Broken, Empty, Note, Record, Skipped
from stages.parsers.reading.peeking import peek
from stages.parsers.reading.refusals import explain
from stages.parsers.registry import PARSERS
from tests.stages.parsers.documents import chatgpt
from tests.stages.parsers.documents import message as chatgpt_message
from tests.stages.parsers.harness import MemoryFile, as_json, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.deepseek import Json, answer, chat, conversation, fragment, message, node
from tests.stages.parsers.test_fixtures import EXPECTED, FIXTURES

SHARED = "deepseek/deepseek_share_anonymized.json"
BRANCHES = "1 message on a branch that was not followed (edited or regenerated) was left out"


def read(document: object) -> list[Record]:
    return records_of("deepseek", as_json(document))


def one(**nodes: Json) -> Conversation:
    """The conversation of these nodes; those without a parent follow the root."""
    (found,) = conversations_in(read([conversation("c1", {key[1:]: told for key, told in nodes.items()})]))
    return found


def api(*messages: Json, **session: object) -> Conversation:
    (found,) = conversations_in(read(answer(*messages, **session)))
    return found


def claims(document: object) -> list[tuple[str, Bid]]:
    """Who bids most, and what."""
    seen = peek(MemoryFile(as_json(document)))
    bids = [(parser.platform, bid) for parser in PARSERS if (bid := parser.bid(seen)) is not None]
    return [told for told in bids if told[1].weight == max(bid.weight for _, bid in bids)]


ASKED = node("root", fragment("REQUEST", "Which tea?"))


@pytest.mark.parametrize(
    ("document", "variant"),
    [
        ([chat("c1", "Hi")], "export"),
        ({"conversations": [chat("c1", "Hi")]}, "export"),
        (chat("c1", "Hi"), "export"),
        ([chat("c1")], "export"),
        (answer(message(1, None, "USER", fragment("REQUEST", "Hi"))), "api"),
        ({"code": 0, "data": {"biz_data": {"messages": [message(1, None, "USER")]}}}, "api"),
    ],
)
def test_fragments_in_a_mapping_and_answers_of_the_api_are_claimed_by_nobody_else(
    document: object, variant: str
) -> None:
    assert claims(document) == [("deepseek", Bid(variant, Bid.SHAPE))]


def test_the_conversations_of_chatgpt_are_its_own_although_they_have_a_mapping_as_well() -> None:
    theirs = chatgpt(chatgpt_message("user", "Hi"))

    assert [platform for platform, _ in claims([theirs])] == ["chatgpt"]
    assert [platform for platform, _ in claims([{**theirs, "inserted_at": "2025-04-29T11:59:11+08:00"}])] == ["chatgpt"]
    assert read([theirs])[0] == Skipped("no DeepSeek conversation")


@pytest.mark.parametrize(
    "document",
    [
        [{"mapping": {"1": {"message": {"content": "Hi"}}}}],
        [{"mapping": {}}],
        [{"mapping": [], "inserted_at": "2025-04-29T11:59:11+08:00"}],
        {"code": 0, "data": {"biz_data": {"messages": [{"role": "USER", "content": "Hi"}]}}},
        {"data": {"biz_data": []}},
    ],
)
def test_a_mapping_and_a_list_of_messages_alone_are_not_enough(document: object) -> None:
    assert "deepseek" not in dict(claims(document))


@pytest.mark.parametrize("kind", ["REQUEST", "FILE"])
def test_what_asks_is_the_users(kind: str) -> None:
    found = one(n1=node("root", fragment(kind, "Hi", files=[{"file_name": "a.txt"}])))

    assert [message.role for message in found.messages] == ["user"]


@pytest.mark.parametrize("kind", ["RESPONSE", "TEMPLATE_RESPONSE", "SOMETHING_NEW"])
def test_everything_else_is_the_assistants(kind: str) -> None:
    assert turns(one(n1=ASKED, n2=node("1", fragment(kind, "Hello"))))[1] == ("a", "Hello")


def test_thoughts_are_reasoning_and_several_are_joined() -> None:
    thought = node(
        "1",
        fragment("THINK", "Hm."),
        fragment("SEARCH", results=[{"url": "https://a"}]),
        fragment("THINK", "Aha."),
        fragment("RESPONSE", "Jasmine [citation:1]."),
        fragment("RESPONSE", "Or mint."),
    )

    found = one(n1=ASKED, n2=thought)

    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine [citation:1].\n\nOr mint.")]
    assert [message.reasoning for message in found.messages] == [None, "Hm.\n\nAha."]


def test_what_was_found_by_a_search_is_no_content() -> None:
    searched = node("1", fragment("SEARCH", "Found 2 web pages", results=[{"title": "T"}]), fragment("TIP", "By AI"))

    assert turns(one(n1=ASKED, n2=searched)) == [("u", "Which tea?")]


def test_an_unknown_fragment_is_counted_and_shown_only_where_nothing_else_is() -> None:
    nodes = {
        "1": ASKED,
        "2": node("1", fragment("CHART", "a pie"), fragment("RESPONSE", "Jasmine.")),
        "3": node("2", fragment("CHART", "a bar")),
    }

    records = read([conversation("c1", nodes)])

    assert turns(conversations_in(records)[0]) == [("u", "Which tea?"), ("a", "Jasmine."), ("a", "a bar")]
    assert records[1:] == [Note("2 messages had a fragment of the unknown type 'CHART'")]


def test_files_are_told_by_their_names_and_a_message_of_a_file_alone_is_kept() -> None:
    files = [{"file_name": "plan.webp", "is_image": True}, {"file_name": "a.pdf"}, {"id": "f9"}, {}]

    found = one(n1=node("root", fragment("FILE", files=files)), n2=node("1", fragment("RESPONSE", "Nice.")))

    assert turns(found) == [("u", "[image: plan.webp]\n[file: a.pdf]\n[file: f9]\n[file]"), ("a", "Nice.")]


def test_a_question_and_its_answer_in_one_node_are_two_messages() -> None:
    found = one(n1=node("root", fragment("REQUEST", "Q"), fragment("THINK", "Hm"), fragment("RESPONSE", "A")))

    assert turns(found) == [("u", "Q"), ("a", "A")]
    assert [message.id for message in found.messages] == ["c1:1", "c1:1~2"]
    assert [message.reasoning for message in found.messages] == [None, "Hm"]


def test_the_model_is_told_of_answers_only() -> None:
    found = one(n1=ASKED, n2=node("1", fragment("RESPONSE", "A")), n3=node("2", fragment("RESPONSE", "B"), model=""))

    assert [message.model for message in found.messages] == [None, "deepseek-reasoner", None]


def test_times_are_read_with_their_offset() -> None:
    found = one(n1=ASKED, n2=node("1", fragment("RESPONSE", "A"), at=None))

    assert (found.created_at, found.updated_at) == ("2025-04-29T03:59:11.635Z", "2025-04-29T04:44:11.402Z")
    assert [(message.created_at, message.time_inferred) for message in found.messages] == [
        ("2025-04-29T03:59:13.202Z", False),
        ("2025-04-29T03:59:13.202Z", True),
    ]


def test_an_answer_stamped_milliseconds_before_its_question_stays_behind_it() -> None:
    found = one(
        n1=node("root", fragment("REQUEST", "Q"), at="2025-04-29T23:16:23.422000+08:00"),
        n2=node("1", fragment("RESPONSE", "A"), at="2025-04-29T23:16:23.418000+08:00"),
        n3=node("2", fragment("REQUEST", "R"), at="2025-04-29T23:17:23.428000+08:00"),
        n4=node("3", fragment("RESPONSE", "B"), at="2025-04-29T23:17:23.418000+08:00"),
    )

    assert [text for _, text in turns(found)] == ["Q", "A", "R", "B"]


def test_ids_of_nodes_are_small_numbers_and_stand_behind_that_of_the_conversation() -> None:
    ids = [
        message.id
        for found in conversations_in(read([chat("c1", "Q", "A"), chat("c2", "R")]))
        for message in found.messages
    ]

    assert ids == ["c1:1", "c1:2", "c2:1"]


def test_a_title_can_be_empty() -> None:
    (found,) = conversations_in(read([chat("c1", "Q") | {"title": ""}]))

    assert found.title is None


def test_without_parents_the_lists_of_children_tell_the_tree() -> None:
    told = chat("c1", "A", "B", "C")
    for one_ in cast(dict[str, Json], told["mapping"]).values():
        one_.pop("parent")
    told["mapping"] = dict(reversed(cast(dict[str, Json], told["mapping"]).items()))

    assert [text for _, text in turns(conversations_in(read([told]))[0])] == ["A", "B", "C"]


def test_without_lists_of_children_the_parents_tell_the_tree() -> None:
    told = chat("c1", "A", "B", "C")
    for one_ in cast(dict[str, Json], told["mapping"]).values():
        del one_["children"]
    told["mapping"] = dict(reversed(cast(dict[str, Json], told["mapping"]).items()))

    assert [text for _, text in turns(conversations_in(read([told]))[0])] == ["A", "B", "C"]


def test_without_any_link_the_order_of_the_file_counts() -> None:
    told = chat("c1", "A", "B", "C")
    for one_ in cast(dict[str, Json], told["mapping"]).values():
        del one_["parent"], one_["children"]

    assert [text for _, text in turns(conversations_in(read([told]))[0])] == ["A", "B", "C"]


FORK = {
    "1": ASKED,
    "2": node("1", fragment("RESPONSE", "old"), at="2025-04-29T12:00:00+08:00"),
    "3": node("1", fragment("RESPONSE", "new"), at="2025-04-29T12:05:00+08:00"),
}


@pytest.mark.parametrize("current", [2, "2"], ids=repr)
def test_the_current_message_tells_the_branch_and_the_others_are_counted(current: object) -> None:
    records = read([conversation("c1", FORK, current_message_id=current)])

    assert turns(conversations_in(records)[0]) == [("u", "Which tea?"), ("a", "old")]
    assert records[1:] == [Note(BRANCHES)]


@pytest.mark.parametrize("current", [None, 9, "gone", True, [], "root"])
def test_without_a_current_message_the_newest_end_is_followed_not_the_first_child(current: object) -> None:
    records = read([conversation("c1", FORK, current_message_id=current)])

    assert turns(conversations_in(records)[0]) == [("u", "Which tea?"), ("a", "new")]


def test_a_circle_of_parents_ends() -> None:
    nodes = {"1": node("2", fragment("REQUEST", "Q")), "2": node("1", fragment("RESPONSE", "A"))}

    assert len(conversations_in(read([conversation("c1", nodes, current_message_id=1)]))[0].messages) == 2


def test_the_api_tells_the_roles_and_times_in_seconds() -> None:
    found = api(
        message(1, None, "USER", fragment("REQUEST", "Which tea?")),
        message(2, 1, "ASSISTANT", fragment("THINK", "Hm."), fragment("RESPONSE", "Jasmine."), model="V3"),
    )

    assert (found.id, found.title, found.created_at) == ("s1", "Tea", "2026-04-12T10:00:00.000Z")
    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert [(one.created_at, one.reasoning, one.model) for one in found.messages] == [
        ("2026-04-12T10:00:01.241Z", None, None),
        ("2026-04-12T10:00:02.241Z", "Hm.", "V3"),
    ]


def test_the_api_follows_the_current_message_of_the_session() -> None:
    fork = [
        message(1, None, "USER", fragment("REQUEST", "Q")),
        message(2, 1, "ASSISTANT", fragment("RESPONSE", "old")),
        message(3, 1, "ASSISTANT", fragment("RESPONSE", "new")),
    ]

    assert turns(api(*fork, current_message_id=2))[1] == ("a", "old")
    assert turns(api(*fork, current_message_id=None))[1] == ("a", "new")


def test_the_api_of_earlier_times_had_one_text_instead_of_fragments() -> None:
    old = message(2, 1, "ASSISTANT", content="Jasmine.", thinking_content="Hm.")
    asked = message(1, None, "USER", content="Which tea?", files=[{"file_name": "a.pdf"}])

    found = api(asked, old)

    assert turns(found) == [("u", "Which tea?\n[file: a.pdf]"), ("a", "Jasmine.")]
    assert found.messages[1].reasoning == "Hm."


def test_messages_of_the_api_without_an_id_are_counted() -> None:
    nameless = message(1, None, "USER", fragment("REQUEST", "Q")) | {"message_id": None}

    records = read(answer(message(1, None, "USER", fragment("REQUEST", "Q")), nameless))

    assert records[1:] == [Note("1 message without an id of its own was left out")]


def test_a_shared_conversation_has_no_id_and_gets_one_that_stays_when_it_has_grown() -> None:
    def shared(*messages: Json, title: str) -> str:
        document = {"data": {"biz_data": {"title": title, "messages": list(messages)}}}
        return conversations_in(read(document))[0].id

    first, second = (
        message(1, None, "USER", fragment("REQUEST", "Q")),
        message(2, 1, "ASSISTANT", fragment("RESPONSE", "A")),
    )

    assert shared(first, title="T") == shared(first, second, title="U")
    assert shared(first, title="T") != shared(message(1, None, "USER", fragment("REQUEST", "R")), title="T")


def test_a_shared_conversation_tells_its_title_beside_its_messages() -> None:
    messages = [message(1, None, "USER", fragment("REQUEST", "Q"))]

    (found,) = conversations_in(read({"data": {"biz_data": {"title": "Herbs", "messages": messages}}}))

    assert (found.title, turns(found)) == ("Herbs", [("u", "Q")])


def test_records_that_are_no_conversations_are_told_apart() -> None:
    records = read(
        [7, {"name": "x"}, chat("c1"), {"mapping": {"a": None, "b": 3}, "inserted_at": None}, chat("c2", "Q")]
    )

    assert [type(record) for record in records] == [Broken, Skipped, Empty, Empty, Conversation]


def test_the_zip_of_an_account_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deepseek_data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("user.json", as_json({"user_id": "u", "mobile": None, "oauth_profiles": []}))
        archive.writestr("conversations.json", as_json([chat("c1", "Q", "A")]))

    records, ignored = imported(path)

    assert [turns(found) for found in conversations_in(records)] == [[("u", "Q"), ("a", "A")]]
    assert [name for name, _ in ignored] == ["user.json"]


def test_the_account_beside_the_conversations_is_explained() -> None:
    account: Json = {
        "user_id": "u",
        "email": None,
        "mobile": {"mobile_number": "1", "area_code": "+0"},
        "oauth_profiles": [],
    }

    told, advice = explain(peek(MemoryFile(as_json(account))), PARSERS)

    assert told == "it tells about a DeepSeek account; it holds no messages."
    assert "conversations.json" in advice
    assert "deepseek" not in dict(claims(account))


@pytest.mark.skipif(SHARED not in EXPECTED, reason="the shared fixtures are not here")
def test_the_third_message_of_the_shared_conversation_is_a_picture_alone() -> None:
    (found,) = conversations_in(imported(FIXTURES / SHARED)[0])

    assert [message.role for message in found.messages] == EXPECTED[SHARED]["roles"]
    assert found.title == "Balcony herb plan"
    assert [message.content for message in found.messages][2:] == [
        "[image: balcony-layout.webp]",
        "Place the heavier pots along the exposed edge.",
    ]
    assert found.messages[0].created_at > found.messages[1].created_at
    assert "web pages" not in json.dumps([message.content for message in found.messages])
