"""Open WebUI: which branch is followed, what is folded into a text, and what the times mean."""

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Bid, Broken, Empty, Note, Record, Skipped
from stages.parsers.reading.peeking import peek
from stages.parsers.registry import PARSERS
from tests.stages.parsers.harness import MemoryFile, as_json, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples.open_webui import BEGIN, Json, bare, chat, message, talk
from tests.stages.parsers.test_fixtures import EXPECTED, FIXTURES

SHARED = "open-webui/openwebui-export.json"

REASONED = (
    '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n'
    "> First.\n> \n> a &lt; b &amp;&amp; c\n</details>\n"
)
CALLED = (
    '<details type="tool_calls" done="true" name="x" arguments="{&quot;a&quot;: 1}">\n'
    "<summary>Tool Executed</summary>\n</details>\n"
)


def read(document: object) -> list[Record]:
    return records_of("open-webui", as_json(document))


def one(*messages: Json, **inner: object) -> Conversation:
    (found,) = conversations_in(read([chat("c1", *messages, **inner)]))
    return found


def answered(content: object, **other: object) -> Conversation:
    """A question and an answer with this content."""
    return one(message("q", None, "user", "Q"), message("a", "q", "assistant", content, 1, **other))


def claims(document: object) -> list[tuple[str, Bid]]:
    """Who bids most, and what."""
    seen = peek(MemoryFile(as_json(document)))
    bids = [(parser.platform, bid) for parser in PARSERS if (bid := parser.bid(seen)) is not None]
    return [told for told in bids if told[1].weight == max(bid.weight for _, bid in bids)]


@pytest.mark.parametrize(
    ("document", "variant", "id_"),
    [
        ([chat("c1", *talk("Hi"))], "chats", "c1"),
        (chat("c1", *talk("Hi")), "chats", "c1"),
        ({"data": [chat("c1", *talk("Hi"))]}, "chats", "c1"),
        ([bare(*talk("Hi"))], "bare", "b1"),
        (bare(*talk("Hi")), "bare", "b1"),
        ({"title": "Old", "messages": [message("m0", None, "user", "Hi")], "id": "b2"}, "bare", "b2"),
    ],
)
def test_a_list_of_chats_and_one_chat_with_and_without_its_wrapper_are_read_alike(
    document: object, variant: str, id_: str
) -> None:
    (found,) = conversations_in(read(document))

    assert claims(document) == [("open-webui", Bid(variant, Bid.SHAPE))]
    assert (found.id, turns(found)) == (id_, [("u", "Hi")])


@pytest.mark.parametrize(
    "document",
    [
        [{"role": "user", "content": "Hi"}],
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": "Hi", "id": "1", "timestamp": 1, "parentId": None}]},
        {"history": {"messages": {"1": {"role": "user", "content": "Hi"}}}},
        {"history": {"messages": [{"role": "user", "content": "Hi"}], "currentId": "1"}},
        {"chat": {"title": "x"}, "history": []},
    ],
)
def test_messages_of_any_other_shape_are_left_to_others(document: object) -> None:
    assert "open-webui" not in dict(claims(document))


FORK = (
    message("q", None, "user", "Q"),
    message("a1", "q", "assistant", "first", 1),
    message("a2", "q", "assistant", "kept", 2),
    message("a3", "q", "assistant", "third", 3),
)


def test_the_chat_is_walked_from_the_current_message_to_its_first_and_others_are_counted() -> None:
    records = read([chat("c1", *FORK, current="a2")])

    assert turns(conversations_in(records)[0]) == [("u", "Q"), ("a", "kept")]
    assert records[1:] == [Note("2 messages on branches that were not followed (edited or regenerated) were left out")]


@pytest.mark.parametrize("current", ["gone", 7, [], ""])
def test_without_a_current_message_the_newest_end_is_followed(current: object) -> None:
    assert turns(one(*FORK, current=current)) == [("u", "Q"), ("a", "third")]


def test_a_circle_of_parents_ends() -> None:
    circle = [message("a", "b", "user", "A", 1), message("b", "a", "assistant", "B", 2)]

    assert len(one(*circle).messages) == 2


def test_an_answer_that_failed_does_not_cut_the_thread() -> None:
    found = one(
        message("q", None, "user", "Q"),
        message("e", "q", "assistant", "", 1, error={"content": "boom"}),
        message("r", "e", "user", "Again", 2),
    )

    assert turns(found) == [("u", "Q"), ("u", "Again")]


def test_a_chat_without_a_history_is_read_from_its_list_of_messages() -> None:
    listed = [{"role": "user", "content": "Q", "id": "m1"}, {"role": "assistant", "content": "A"}]
    told = chat("c1", messages=listed)

    (found,) = conversations_in(read([told]))

    assert turns(found) == [("u", "Q"), ("a", "A")]
    assert [one.id for one in found.messages] == ["c1:m1", "c1:2"]


def test_folded_reasoning_is_reasoning_no_longer_escaped_and_quoted() -> None:
    found = answered(f"{REASONED}\nThe answer is > 1 &amp; more.")

    assert turns(found)[1] == ("a", "The answer is > 1 &amp; more.")
    assert found.messages[1].reasoning == "First.\n\na < b && c"


def test_reasoning_whose_quotes_are_escaped_as_well_is_read_alike() -> None:
    text = '<details type="reasoning" done="true"><summary>Thought</summary>&gt; Let me see...</details>255'

    found = answered(text)

    assert (turns(found)[1], found.messages[1].reasoning) == (("a", "255"), "Let me see...")


def test_several_thoughts_are_joined_and_folded_calls_of_tools_are_left_out() -> None:
    found = answered(f"{REASONED}Looking.\n{CALLED}{REASONED.replace('First', 'Second')}Done.")

    assert turns(found)[1] == ("a", "Looking.\n\nDone.")
    assert found.messages[1].reasoning == "First.\n\na < b && c\n\nSecond.\n\na < b && c"


def test_details_that_are_part_of_the_answer_stay() -> None:
    text = "Here:\n<details><summary>Spoiler</summary>secret</details>\n<details open>more</details>"

    assert turns(answered(f"{REASONED}{text}"))[1] == ("a", text)


def test_details_that_a_user_typed_stay() -> None:
    assert turns(one(message("q", None, "user", REASONED))) == [("u", REASONED)]


def test_details_that_were_never_closed_stay() -> None:
    text = 'A<details type="reasoning" done="false">\n<summary>Thinking…</summary>\n> half'

    assert turns(answered(text))[1] == ("a", text)


@pytest.mark.parametrize(
    "text", ['<details type="reasoning">' * 20_000, "<details " * 20_000, "<details>" * 20_000 + "</details>"]
)
def test_details_without_an_end_take_no_time(text: str) -> None:
    assert len(answered(text).messages) == 2


def test_reasoning_put_out_beside_the_text_is_read_from_its_content_else_from_its_summary() -> None:
    output = [
        {"type": "reasoning", "content": [{"type": "output_text", "text": "Hm."}], "summary": None},
        {"type": "reasoning", "summary": [{"type": "output_text", "text": "Short."}]},
        {"type": "function_call", "name": "x"},
        {"type": "message", "content": [{"type": "output_text", "text": "255"}]},
    ]

    found = answered("255", output=output)

    assert (turns(found)[1], found.messages[1].reasoning) == (("a", "255"), "Hm.\n\nShort.")


def test_reasoning_told_in_both_places_is_told_once() -> None:
    output = [{"type": "reasoning", "content": [{"type": "output_text", "text": "First.\n\na < b && c"}]}]

    assert answered(f"{REASONED}255", output=output).messages[1].reasoning == "First.\n\na < b && c"


def test_an_answer_that_is_only_put_out_is_read_from_there() -> None:
    output = [{"type": "message", "content": [{"type": "output_text", "text": "255"}]}]

    assert turns(answered("", output=output))[1] == ("a", "255")


def test_content_can_be_a_list_of_parts() -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAA"}},
        {"type": "video", "video": {}},
        "and this",
        7,
        {"text": "no type"},
    ]

    records = read([chat("c1", message("q", None, "user", parts))])

    assert turns(conversations_in(records)[0]) == [("u", "What is this?\nand this\nno type\n[image]")]
    assert {record.text for record in records if isinstance(record, Note)} == {
        "1 message had a part of the unknown type 'video'",
        "1 message had a part of the unknown type ''",
    }


def test_files_are_told_by_their_names_and_a_message_of_a_file_alone_is_kept() -> None:
    files = [
        {"type": "file", "name": "spec.pdf"},
        {"type": "image", "url": "data:image/png;base64,AAA"},
        {"type": "file", "file": {"filename": "b.txt"}},
        {"type": "image", "name": "cat.png"},
        7,
    ]

    found = one(message("q", None, "user", "", files=files))

    assert turns(found) == [("u", "[file: spec.pdf]\n[image]\n[file: b.txt]\n[image: cat.png]\n[file]")]


def test_a_chat_in_the_archive_or_in_a_folder_is_a_chat() -> None:
    told = chat("c1", *talk("Hi")) | {"archived": True, "pinned": True, "folder_id": "f", "meta": {"tags": ["x"]}}

    (found,) = conversations_in(read([told]))

    assert turns(found) == [("u", "Hi")]


def test_times_are_seconds_or_milliseconds() -> None:
    wrapped = one(message("q", None, "user", "Q"), message("a", "q", "assistant", "A", timestamp=1000 * (BEGIN + 60)))
    (alone,) = conversations_in(read(bare(message("q", None, "user", "Q", timestamp=None))))

    assert (wrapped.created_at, wrapped.updated_at) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:28:20.000Z")
    assert [one_.created_at for one_ in wrapped.messages] == ["2023-11-14T22:13:20.000Z", "2023-11-14T22:14:20.000Z"]
    assert (alone.created_at, alone.messages[0].time_inferred) == ("2023-11-14T22:13:20.000Z", True)


def test_a_chat_was_begun_when_its_record_says_so_else_when_the_chat_itself_does() -> None:
    told = chat("c1", *talk("Hi"), timestamp=1000 * (BEGIN - 60))
    other = {**told, "created_at": None}

    begun = [found.created_at for found in conversations_in(read([told])) + conversations_in(read([other]))]

    assert begun == ["2023-11-14T22:13:20.000Z", "2023-11-14T22:12:20.000Z"]


def test_the_model_is_the_one_of_each_answer() -> None:
    found = one(
        message("q", None, "user", "Q", models=["llama3"], model="never"),
        message("a", "q", "assistant", "A", 1, model="llama3.1:latest"),
        message("b", "a", "assistant", "B", 2),
    )

    assert [one_.model for one_ in found.messages] == [None, "llama3.1:latest", None]


def test_system_prompts_are_instructions_and_no_turns() -> None:
    found = one(
        message("s", None, "system", "Be kind."),
        message("q", "s", "user", "Q"),
        params={"system": "Be brief."},
        system="Be calm.",
    )

    assert found.instructions == ("Be brief.", "Be calm.", "Be kind.")
    assert turns(found) == [("u", "Q")]


def test_the_title_of_the_record_counts_else_that_of_the_chat() -> None:
    (named, unnamed) = conversations_in(
        read([chat("c1", *talk("A")) | {"title": "Mine"}, chat("c2", *talk("B")) | {"title": None}])
    )

    assert (named.title, unnamed.title) == ("Mine", "Tea")


def test_a_bare_chat_without_an_id_has_the_same_one_when_it_has_grown() -> None:
    short = conversations_in(read(bare(*talk("Q"), id="")))[0]
    longer = conversations_in(read(bare(*talk("Q", "A"), id="", title="Other")))[0]

    assert short.id == longer.id != conversations_in(read(bare(*talk("R"), id="")))[0].id


def test_records_that_are_no_chats_are_told_apart() -> None:
    records = read([7, {"id": "x", "chat": {}}, chat("c1"), chat("c2", *talk("Q"))])

    assert [type(record) for record in records] == [Broken, Skipped, Empty, Conversation]


def test_a_long_chat_is_read_without_recursion() -> None:
    assert len(one(*talk(*map(str, range(5000)))).messages) == 5000


@pytest.mark.skipif(SHARED not in EXPECTED, reason="the shared fixtures are not here")
def test_the_shared_export_has_reasoning_in_two_places_a_call_of_a_tool_and_a_plain_chat() -> None:
    reasoning, tool, plain = conversations_in(imported(FIXTURES / SHARED)[0])

    assert turns(reasoning)[1] == ("a", "255")
    assert reasoning.messages[1].reasoning == (
        "15 * 17 = 15 * 10 + 15 * 7 = 150 + 105 = 255\n\nLet me break this down..."
    )
    assert (turns(tool)[1], tool.messages[1].reasoning) == (("a", "The weather in Paris is 18C with rain."), None)
    assert [one_.model for one_ in plain.messages] == [None, "llama3.1:latest"]
    assert plain.messages[1].created_at == "2023-11-14T22:46:45.000Z"
