"""LM Studio: what a conversation file holds, and how it is shown."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Empty, Record, Skipped
from tests.stages.parsers.harness import (
    CONTEXT,
    MODIFIED_AT,
    MemoryFile,
    as_json,
    conversations_in,
    imported,
    parser_named,
    records_of,
    turns,
)
from tests.stages.parsers.samples.lm_studio import CREATED, answered, block, chat, message, said

ASKED = message(said("user", "Which tea?"))


def read(*messages: object, **other: object) -> list[Record]:
    return records_of("lm-studio", as_json(chat(*messages, **other)))


def only(*messages: object, **other: object) -> Conversation:
    (found,) = conversations_in(read(*messages, **other))
    return found


def notes(records: Sequence[Record]) -> str:
    return repr([one for one in records if not isinstance(one, Conversation)])


def test_a_question_is_content_and_an_answer_is_steps() -> None:
    found = only(ASKED, message(answered("Jasmine.")))

    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert (found.title, found.platform, found.edition) == ("Tea", "lm-studio", Edition.EXPORT)
    assert [one.model for one in found.messages] == [None, "qwen-7b"]


def test_the_selected_version_is_shown_and_the_others_are_counted() -> None:
    records = read(ASKED, message(answered("Mint."), answered("Jasmine."), answered("Rooibos."), selected=1))

    assert turns(conversations_in(records)[0])[1] == ("a", "Jasmine.")
    assert "2 other versions of messages (regenerated or edited) were left out" in notes(records)


@pytest.mark.parametrize("selected", [7, -1, None, "1", 1.0])
def test_the_last_version_is_shown_where_the_file_does_not_tell_which(selected: object) -> None:
    assert turns(only(message(answered("Mint."), answered("Jasmine."), selected=selected))) == [("a", "Jasmine.")]


def test_an_answer_can_be_one_step_and_content_can_be_a_text() -> None:
    found = only(message({"type": "singleStep", "role": "assistant", "content": "Jasmine."}))

    assert turns(found) == [("a", "Jasmine.")]


def test_what_happened_between_the_blocks_is_not_said() -> None:
    status = {"type": "status", "statusState": {"status": "done", "text": "Loaded"}}
    debug = {"type": "debugInfoBlock", "debugInfo": "speculative decoding"}
    tool = {"type": "toolStatus", "statusState": {"status": {"type": "toolCallSucceeded"}}}
    asked = {"type": "requestConfirmToolCall", "request": {"name": "search"}}
    called = block("", content=[{"type": "toolCallRequest", "name": "search"}])
    result = block("", content=[{"type": "toolCallResult", "content": "[1]"}])

    records = read(ASKED, message(answered(status, debug, "Let me see.", asked, called, tool, result, "Jasmine.")))

    assert turns(conversations_in(records)[0])[1] == ("a", "Let me see.\n\nJasmine.")
    assert notes(records) == "[]"


def test_thoughts_are_reasoning() -> None:
    thought = block("Something calm.", style={"type": "thinking", "ended": True, "title": "Thought for 2 s"})

    answer = only(ASKED, message(answered(thought, "Jasmine."))).messages[1]

    assert (answer.content, answer.reasoning) == ("Jasmine.", "Something calm.")


def test_the_model_is_the_name_of_the_sender_else_what_made_the_block() -> None:
    made = block("Jasmine.", genInfo={"identifier": "llama-3"})

    assert only(message(answered(made, model=""))).messages[0].model == "llama-3"
    assert only(message(answered(made))).messages[0].model == "qwen-7b"


def test_pictures_and_files_are_told_by_their_names() -> None:
    picture = {"type": "file", "fileType": "image", "fileIdentifier": "17400.png", "name": "tea.png"}
    paper = {"type": "file", "fileType": "text/plain", "fileIdentifier": "17401.txt"}

    assert turns(only(message(said("user", "Look", picture)), message(said("user", paper)))) == [
        ("u", "Look\n[image: tea.png]"),
        ("u", "[file: 17401.txt]"),
    ]


def test_unknown_steps_and_parts_are_counted_by_name() -> None:
    records = read(
        ASKED, message(answered({"type": "hologram"}, block("x", content=[{"type": "smell", "text": "Mm."}])))
    )

    assert turns(conversations_in(records)[0])[1] == ("a", "Mm.")
    assert "1 message had the unknown step type 'hologram'" in notes(records)
    assert "1 message had the unknown content type 'smell'" in notes(records)


def test_system_prompts_are_instructions() -> None:
    own = {"fields": [{"key": "llm.prediction.systemPrompt", "value": "Be kind."}, {"key": "x", "value": "y"}]}

    found = only(message(said("system", "Be calm.")), ASKED, systemPrompt="Be brief.", perChatPredictionConfig=own)

    assert found.instructions == ("Be brief.", "Be kind.", "Be calm.")
    assert turns(found) == [("u", "Which tea?")]


def test_all_messages_have_the_time_of_the_conversation_and_are_marked() -> None:
    found = only(ASKED, message(answered("Jasmine.")))

    assert {(one.created_at, one.time_inferred) for one in found.messages} == {("2025-02-19T21:20:00.000Z", True)}
    assert (found.created_at, found.updated_at) == ("2025-02-19T21:20:00.000Z", "2025-02-19T21:21:05.000Z")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("1740000000000.conversation.json", "2025-02-19T21:20:00.000Z"),
        ("folder/17400000000001.conversation.json", "2025-02-19T21:20:00.000Z"),
        ("tea.json", "2025-06-15T15:06:40.000Z"),
        ("1740000000000.json", "2025-06-15T15:06:40.000Z"),
    ],
)
def test_the_name_of_the_file_is_asked_for_the_time_when_nothing_else_tells_it(name: str, meant: str) -> None:
    told = chat(ASKED, createdAt=None, userLastMessagedAt=None, assistantLastMessagedAt=0)
    assert MODIFIED_AT == 1_750_000_000_000

    (found,) = parser_named("lm-studio").read(MemoryFile(as_json(told), name), "", CONTEXT)

    assert isinstance(found, Conversation)
    assert (found.messages[0].created_at, found.messages[0].time_inferred) == (meant, True)


def test_a_conversation_is_the_same_one_when_it_is_renamed_or_goes_on() -> None:
    before = only(ASKED, message(answered("Jasmine.")))
    after = only(ASKED, message(answered("Jasmine.")), message(said("user", "And now?")), name="Evening tea")

    assert after.id == before.id
    assert [one.id for one in after.messages][:2] == [one.id for one in before.messages]


def test_conversations_of_the_same_words_at_other_times_are_two() -> None:
    assert only(ASKED).id != only(ASKED, createdAt=CREATED + 1).id


def test_an_answer_that_was_regenerated_is_another_message() -> None:
    before = only(ASKED, message(answered("Jasmine.")))
    after = only(ASKED, message(answered("Jasmine."), answered("Mint."), selected=1))

    assert before.messages[0].id == after.messages[0].id
    assert before.messages[1].id != after.messages[1].id


def test_messages_without_text_and_of_nobody_are_counted() -> None:
    records = read(ASKED, message(answered()), message(said("tool", "x")), {"versions": []}, 7)

    assert turns(conversations_in(records)[0]) == [("u", "Which tea?")]
    assert "1 message without text was left out" in notes(records)
    assert "3 messages that neither the user nor the assistant wrote were left out" in notes(records)


def test_a_conversation_that_has_not_begun_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    path.write_bytes(as_json(chat()))

    assert imported(path)[0] == [Empty("record 1, byte 0")]


def test_several_conversations_in_a_list_are_read_and_what_is_none_is_counted() -> None:
    records = records_of("lm-studio", as_json([chat(ASKED), {"messages": [{"role": "user"}]}, None, chat(createdAt=1)]))

    assert len(conversations_in(records)) == 1
    assert records.count(Skipped("no LM Studio conversation")) == 2


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [{"role": "user", "content": "hi"}]},
        {"messages": [{"versions": ["1.0"]}]},
        {"messages": [{"versions": [{"role": "user"}]}]},
        {"messages": []},
        {"createdAt": 1, "messages": []},
        {"versions": [{"role": "user", "content": "hi"}]},
    ],
    ids=lambda record: json.dumps(record)[:40],
)
def test_what_only_resembles_a_conversation_file_is_not_claimed(record: object, tmp_path: Path) -> None:
    path = tmp_path / "1740000000000.conversation.json"
    path.write_bytes(as_json(record))

    with pytest.raises(Unrecognised):
        inspect(path, path.name)
