"""Grok: which branch is followed, who said what, and when."""

import zipfile
from pathlib import Path

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Bid, Broken, Empty, Note, Peek, Record, Skipped
from stages.parsers.reading.peeking import peek
from stages.parsers.reading.refusals import explain
from stages.parsers.registry import PARSERS
from tests.stages.parsers.harness import (
    MemoryFile,
    as_json,
    conversations_in,
    imported,
    parser_named,
    records_of,
    turns,
)
from tests.stages.parsers.samples.grok import Json, conversation, response, when

BRANCHES = "1 message on a branch that was not followed (edited or regenerated) was left out"


def read(*conversations: object, **beside: object) -> list[Record]:
    document = {"conversations": list(conversations), "projects": [], "tasks": [], "media_posts": [], **beside}
    return records_of("grok", as_json(document))


def one(*responses: object, **head: object) -> Conversation:
    (found,) = conversations_in(read(conversation("c1", *responses, **head)))
    return found


def linked(id_: str, parent: str | None, sender: str, text: str, second: int, **other: object) -> Json:
    return response(id_, sender, text, second, parent_response_id=parent, **other)


def claims(document: object) -> list[tuple[str, Bid]]:
    """Who bids most, and what."""
    seen = peek(MemoryFile(as_json(document)))
    bids = [(parser.platform, bid) for parser in PARSERS if (bid := parser.bid(seen)) is not None]
    return [told for told in bids if told[1].weight == max(bid.weight for _, bid in bids)]


@pytest.mark.parametrize(
    "document",
    [
        {"conversations": [conversation("c1", response("r1", "human", "Hi"))], "media_posts": [{"id": "m"}]},
        {"projects": [{"id": "p"}], "conversations": [conversation("c1", response("r1", "human", "Hi"))]},
        [conversation("c1", response("r1", "human", "Hi"))],
        conversation("c1", response("r1", "human", "Hi")),
        {"conversations": [conversation("c1")]},
    ],
)
def test_conversations_beside_their_responses_are_claimed_in_every_layout(document: object) -> None:
    assert claims(document) == [("grok", Bid("", Bid.SHAPE))]


@pytest.mark.parametrize(
    "document",
    [
        [{"conversation": {"id": "c"}, "responses": []}],
        [{"conversation": "c", "responses": [response("r1", "human", "Hi")]}],
        [{"conversation": {}, "responses": {}}],
        [{"conversation": {}, "responses": [{"role": "user", "content": "Hi"}]}],
        [{"responses": [response("r1", "human", "Hi")]}],
        [{"role": "user", "content": "Hi"}],
    ],
)
def test_what_only_resembles_it_is_left_to_others(document: object) -> None:
    assert "grok" not in dict(claims(document))


def test_a_response_is_read_with_and_without_its_wrapper() -> None:
    wrapped = response("r1", "human", "Which tea?", 1)
    flattened = response("r2", "assistant", "Jasmine.", 2)["response"]

    assert turns(one(wrapped, flattened)) == [("u", "Which tea?"), ("a", "Jasmine.")]


def test_an_id_can_be_told_under_either_of_two_names() -> None:
    told: Json = {"response_id": "r9", "sender": "human", "message": "Hi", "create_time": when(1)}

    found = one(told, id=None, conversation_id="c9")

    assert (found.id, found.messages[0].id) == ("c9", "c9:r9")


@pytest.mark.parametrize(
    ("sender", "role"),
    [
        ("human", "u"),
        ("Human", "u"),
        ("HUMAN", "u"),
        ("assistant", "a"),
        ("ASSISTANT", "a"),
        ("Assistant", "a"),
        ("grok-3", "a"),
    ],
)
def test_only_a_human_is_the_user_in_any_case_of_letters(sender: str, role: str) -> None:
    assert turns(one(response("r1", sender, "Hi"))) == [(role, "Hi")]


def test_a_message_that_does_not_tell_its_sender_is_left_out_and_counted() -> None:
    records = read(conversation("c1", response("r1", "human", "Hi"), response("r2", " ", "Who?")))

    assert turns(conversations_in(records)[0]) == [("u", "Hi")]
    assert records[1:] == [Note("1 message that does not tell who wrote it was left out")]


@pytest.mark.parametrize(
    "time",
    [
        {"$date": {"$numberLong": "1786052035229"}},
        {"$date": "2026-08-06T21:33:55.229Z"},
        {"$date": 1_786_052_035_229},
        "2026-08-06T21:33:55.229000Z",
        "2026-08-06T23:33:55.229+02:00",
        1_786_052_035.229,
    ],
)
def test_times_are_told_by_mongodb_or_in_iso_for_responses_and_conversations_alike(time: object) -> None:
    found = one(response("r1", "human", "Hi", create_time=time), create_time=time, modify_time=time)

    assert found.messages[0].created_at == found.created_at == found.updated_at == "2026-08-06T21:33:55.229Z"
    assert not found.messages[0].time_inferred


@pytest.mark.parametrize("time", [None, "", {}, {"$date": None}, {"$date": {}}, {"$date": {"$numberLong": "x"}}, []])
def test_a_time_that_cannot_be_read_is_the_one_before_it(time: object) -> None:
    found = one(response("r1", "human", "A", 5), response("r2", "assistant", "B", create_time=time))

    assert [message.created_at for message in found.messages] == ["2026-08-06T21:33:25.000Z"] * 2
    assert [message.time_inferred for message in found.messages] == [False, True]


def test_a_conversation_was_changed_when_it_says_so_where_its_last_message_is_older() -> None:
    found = one(response("r1", "human", "Hi", 1), modify_time={"$date": {"$numberLong": "1786060000000"}})

    assert (found.messages[0].created_at, found.updated_at) == ("2026-08-06T21:33:21.000Z", "2026-08-06T23:46:40.000Z")


def test_the_last_message_counts_where_the_conversation_says_it_changed_earlier() -> None:
    found = one(response("r1", "human", "Hi", 90_000), modify_time="2026-08-06T21:34:12Z")

    assert found.created_at == "2026-08-06T21:33:20.600Z"
    assert found.updated_at == "2026-08-07T22:33:20.000Z"


def test_responses_without_links_are_taken_in_the_order_of_their_times() -> None:
    found = one(
        response("r4", "ASSISTANT", "Rest.", 4),
        response("r1", "human", "Which tea?", 1),
        response("r3", "human", "And now?", 3),
        response("r2", "assistant", "Jasmine.", 2),
    )

    assert [text for _, text in turns(found)] == ["Which tea?", "Jasmine.", "And now?", "Rest."]


def test_a_question_comes_before_an_answer_of_the_same_millisecond() -> None:
    assert turns(one(response("r2", "assistant", "A", 1), response("r1", "human", "Q", 1))) == [("u", "Q"), ("a", "A")]


def test_an_answer_stamped_before_its_question_follows_it_where_they_are_linked() -> None:
    found = one(linked("r1", None, "human", "Q", 2), linked("r2", "r1", "assistant", "A", 1))

    assert turns(found) == [("u", "Q"), ("a", "A")]


def test_blank_responses_are_no_messages_and_do_not_cut_the_thread() -> None:
    found = one(
        linked("r1", None, "human", "Q", 1),
        linked("r2", "r1", "assistant", " \n", 2),
        linked("r3", "r2", "human", "Again", 3),
        response("r4", "assistant", None, 4, parent_response_id="r3"),
    )

    assert turns(found) == [("u", "Q"), ("u", "Again")]


FORK = (
    linked("r1", "never exported", "human", "Q", 1),
    linked("r3", "r1", "assistant", "second", 3),
    linked("r2", "r1", "assistant", "first", 2),
)


def test_the_named_leaf_tells_the_branch_and_the_alternates_are_counted() -> None:
    records = read(conversation("c1", *FORK, leaf_response_id="r2"))

    assert turns(conversations_in(records)[0]) == [("u", "Q"), ("a", "first")]
    assert records[1:] == [Note(BRANCHES)]


@pytest.mark.parametrize("leaf", [None, "", "gone", 7])
def test_without_a_leaf_that_is_there_the_newest_one_is_followed(leaf: object) -> None:
    records = read(conversation("c1", *FORK, leaf_response_id=leaf))

    assert turns(conversations_in(records)[0]) == [("u", "Q"), ("a", "second")]
    assert records[1:] == [Note(BRANCHES)]


def test_an_answer_that_was_broken_off_does_not_hide_the_one_before_it() -> None:
    assert turns(one(*FORK, linked("r4", "r1", "assistant", "", 4))) == [("u", "Q"), ("a", "second")]


def test_a_first_question_that_was_edited_is_a_branch_although_what_it_follows_is_not_there() -> None:
    records = read(conversation("c1", *FORK, linked("r5", "never exported", "human", "Edited", 5)))

    assert turns(conversations_in(records)[0]) == [("u", "Edited")]
    left_out = "3 messages on branches that were not followed (edited or regenerated) were left out"
    assert records[1:] == [Note(left_out)]


@pytest.mark.parametrize("leaf", [None, "r1", "r2"])
def test_a_circle_of_parents_ends(leaf: str | None) -> None:
    circle = [linked("r1", "r2", "human", "Q", 1), linked("r2", "r1", "assistant", "A", 2)]

    assert len(one(*circle, leaf_response_id=leaf).messages) == 2


def test_a_long_thread_is_read_without_recursion() -> None:
    long = [linked(f"r{n}", f"r{n - 1}" if n else None, "human", str(n), n) for n in range(5000)]

    assert [text for _, text in turns(one(*long))] == [str(n) for n in range(5000)]


def test_responses_without_an_id_keep_theirs_when_the_conversation_has_grown() -> None:
    first, second = (response("", "human", text, n) for n, text in enumerate(("Q", "Q again")))

    short, longer = one(first), one(second, first, response("", "human", "Q", 0))

    assert short.messages[0].id == longer.messages[0].id
    assert len({message.id for message in longer.messages}) == 3


def test_the_model_is_the_one_that_the_answer_tells() -> None:
    found = one(
        response("r1", "human", "Q", 1, model="grok-3", metadata={"requestModelDetails": {"modelId": "other"}}),
        response("r2", "assistant", "A", 2, model="grok-4"),
    )

    assert [message.model for message in found.messages] == [None, "grok-4"]


def test_where_the_answer_does_not_tell_its_model_the_question_tells_what_was_requested() -> None:
    asked = {"metadata": {"isMozart": False, "requestModelDetails": {"modelId": "grok-3"}}, "model": ""}

    unlinked = one(response("r1", "human", "Q", 1, **asked), response("r2", "assistant", "A", 2, model=""))
    tree = one(
        response("r1", "human", "Q", 1, **asked),
        response("r2", "human", "Edited", 2),
        linked("r3", "r1", "assistant", "A", 3, model=None),
    )

    assert unlinked.messages[1].model == tree.messages[1].model == "grok-3"


def test_thoughts_of_grok_and_of_its_agents_are_reasoning_without_calls_of_tools() -> None:
    card = (
        "<xai:tool_usage_card>\n<xai:tool_usage_card_id>x</xai:tool_usage_card_id>"
        "<xai:tool_args><![CDATA[{}]]></xai:tool_args></xai:tool_usage_card>"
    )
    agents = [{"agent_id": 1, "thinking_trace": "Agent one."}, "Agent two.", {"thinking_trace": "Mine."}, 7, {}]

    found = one(
        response("r1", "human", "Q", 1, thinking_trace="never mine"),
        response("r2", "assistant", "A", 2, thinking_trace=f"Mine.{card}", agent_thinking_traces=agents),
        response("r3", "assistant", "B", 3, thinking_trace="", agent_thinking_traces=None),
    )

    assert [message.reasoning for message in found.messages] == [None, "Mine.\n\nAgent one.\n\nAgent two.", None]


def test_marks_of_sources_are_not_shown_and_artifacts_are_told_by_their_title() -> None:
    source = '<grok:render card_id="a1" card_type="citation_card"><argument name="id">3</argument></grok:render>'
    artifact = '<xaiArtifact artifact_id="x" title="Poem" contentType="text/markdown">\nRoses\n</xaiArtifact>'

    answer = one(response("r1", "assistant", f"Warm{source} rain.{source}\n\n{artifact}\nThere. <grok:render never"))

    assert turns(answer) == [("a", "Warm rain.\n\n[artifact: Poem]\n\nRoses\n\nThere. <grok:render never")]


def test_what_the_user_writes_is_left_as_it_is() -> None:
    text = "  What does <xaiArtifact> and <grok:render x>y</grok:render> mean?\n"

    assert turns(one(response("r1", "human", text))) == [("u", text)]


@pytest.mark.parametrize(
    "text",
    [
        "<grok:render a>" * 20_000,
        "<xai:tool_usage_card " * 20_000,
        "<xaiArtifact " * 20_000,
        '<xaiArtifact title="a"' + ' title="a"' * 20_000,
    ],
)
def test_marks_that_are_never_closed_take_no_time(text: str) -> None:
    assert len(one(response("r1", "assistant", f"A{text}")).messages) == 1


def test_attachments_are_told_by_what_is_known_of_them() -> None:
    asked = response("r1", "human", "See", 1, file_attachments=["id-1", {"file_name": "cat.png", "id": "x"}, {}, 7, ""])
    drawn = response(
        "r2", "assistant", "", 2, file_attachments=["id-2"], generated_image_urls=["https://a/b.jpg", None]
    )
    only = response("r3", "human", "", 3, file_attachments=["id-3"])

    assert turns(one(asked, drawn, only)) == [
        ("u", "See\n[file: id-1]\n[file: cat.png]\n[file]\n[file]\n[file]"),
        ("a", "[image: id-2]\n[image]"),
        ("u", "[file: id-3]"),
    ]


def test_a_conversation_saved_twice_under_two_ids_is_kept_twice_and_told() -> None:
    same = [response("r1", "human", "Hi", 1), response("r2", "assistant", "Hello", 2)]

    records = read(conversation("c1", *same), conversation("c2", *same), conversation("c3", *same[:1]))

    assert [found.id for found in conversations_in(records)] == ["c1", "c2", "c3"]
    assert records[3:] == [Note("1 conversation was in the file before, under another id; both were kept")]


def test_a_conversation_without_an_id_has_the_same_one_when_it_has_grown() -> None:
    short = one(response("r1", "human", "Hi", 1), id=None)
    longer = one(response("r1", "human", "Hi", 1), response("r2", "assistant", "Hello", 2), id=None, title="Other")

    assert short.id == longer.id != one(response("r1", "human", "Else", 1), id=None).id


def test_a_conversation_without_a_message_is_empty_and_what_is_none_is_told_apart() -> None:
    records = read(conversation("c1"), conversation("c2", response("r1", "human", "")), 7, {"id": "p"}, [])

    assert records == [
        Empty("record 1, byte 19"),
        Empty(records[1].position if isinstance(records[1], Empty) else ""),
        Broken(
            records[2].position if isinstance(records[2], Broken) else "",
            "a conversation is an object, and this is none",
        ),
        Skipped("no Grok conversation"),
        Broken(
            records[4].position if isinstance(records[4], Broken) else "",
            "a conversation is an object, and this is none",
        ),
    ]


def test_halves_of_characters_are_replaced_everywhere() -> None:
    found = one(
        response("r\ud83d", "assistant", "a\ud83d", thinking_trace="b\0", model="m\ud83d"), id="c\0", title="t\0"
    )

    message = found.messages[0]
    assert (found.id, found.title, message.id) == ("c\ufffd", "t\ufffd", "c\ufffd:r\ufffd")
    assert (message.content, message.reasoning, message.model) == ("a\ufffd", "b\ufffd", "m\ufffd")


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"user": {"email": "a@b"}, "sessions": [{}], "api_keys": []}, "an xAI account, its sessions"),
        ({"balance_map": {}}, "what an xAI account has paid"),
    ],
)
def test_the_siblings_of_the_export_are_explained(document: object, what: str) -> None:
    told, advice = explain(peek(MemoryFile(as_json(document))), PARSERS)

    assert what in told
    assert "prod-grok-backend.json" in advice
    assert "grok" not in dict(claims(document))


def test_in_the_zip_of_an_account_only_the_conversations_are_read(tmp_path: Path) -> None:
    folder = "ttl/30d/export_data/6f0c"
    members = {
        "prod-grok-backend.json": {
            "conversations": [conversation("c1", response("r1", "human", "Hi"))],
            "projects": [],
        },
        "prod-mc-auth-mgmt-api.json": {"user": {"email": "a@b"}, "sessions": [{}], "api_keys": []},
        "prod-mc-billing.json": {"balance_map": {}},
    }
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{folder}/prod-mc-asset-server/0a1b/content", b"\x89PNG\r\n\x1a\n\0\0")
        for name, told in members.items():
            archive.writestr(f"{folder}/{name}", as_json(told))

    records, ignored = imported(path)

    assert [(found.id, turns(found)) for found in conversations_in(records)] == [("c1", [("u", "Hi")])]
    assert sorted(name.rpartition("/")[2] for name, _ in ignored) == [
        "content",
        "prod-mc-auth-mgmt-api.json",
        "prod-mc-billing.json",
    ]


def test_nothing_is_claimed_of_what_is_no_json() -> None:
    assert parser_named("grok").bid(Peek("text", head="conversation responses")) is None
