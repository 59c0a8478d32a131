"""Google AI Studio: prompts of Google Drive."""

import json
import zipfile
from pathlib import Path

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.contract import Broken, Empty, Note, Record, Skipped
from tests.stages.parsers.documents import Json
from tests.stages.parsers.harness import (
    CONTEXT,
    MODIFIED_AT,
    MemoryFile,
    as_json,
    check,
    conversations_in,
    imported,
    parser_named,
    records_of,
    turns,
)
from tests.stages.parsers.test_fixtures import FIXTURES, LIST

with_fixtures = pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
SAMPLES = FIXTURES / "gemini/aistudio"
UPLOADED = "2025-06-15T15:06:40.000Z"  # MODIFIED_AT


def chunk(role: str, text: str = "", /, **other: object) -> Json:
    return {"role": role, "text": text, **other}


def thought(text: str = "", /, **other: object) -> Json:
    return chunk("model", text, isThought=True, **other)


def prompt(*chunks: object, **other: object) -> Json:
    head: Json = {"runSettings": {"model": "models/gemini-2.5-pro"}, "systemInstruction": {}}
    return {**head, "chunkedPrompt": {"chunks": list(chunks), "pendingInputs": []}, **other}


def read(document: object) -> list[Record]:
    return records_of("gemini", as_json(document), "ai-studio")


def talk(*chunks: object, **other: object) -> Conversation:
    (found,) = conversations_in(read(prompt(*chunks, **other)))
    return found


def notes(*chunks: object, **other: object) -> list[str]:
    return [one.text for one in read(prompt(*chunks, **other)) if isinstance(one, Note)]


def named(name: str, document: object) -> Conversation:
    records = list(parser_named("gemini").read(MemoryFile(as_json(document), name), "ai-studio", CONTEXT))
    check(records)
    (found,) = conversations_in(records)
    return found


ASKED = chunk("user", "Which tea?")
ANSWERED = chunk("model", "Jasmine.")


def test_a_prompt_is_a_conversation_of_the_person_and_the_model() -> None:
    found = talk(ASKED, ANSWERED, chunk("user", "Why?"), chunk("model", "It calms."))

    assert (found.platform, found.edition) == ("gemini", Edition.EXPORT)
    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine."), ("u", "Why?"), ("a", "It calms.")]
    assert [one.model for one in found.messages] == [None, "gemini-2.5-pro", None, "gemini-2.5-pro"]


def test_the_model_is_kept_as_it_is_called_where_it_has_no_path() -> None:
    assert talk(ASKED, ANSWERED, runSettings={"model": "gemma-3"}).messages[1].model == "gemma-3"
    assert talk(ASKED, ANSWERED, runSettings={}).messages[1].model is None


def test_thoughts_are_the_reasoning_of_the_answer_that_follows() -> None:
    found = talk(ASKED, thought("They like flowers."), thought("And mornings."), ANSWERED)

    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert found.messages[1].reasoning == "They like flowers.\n\nAnd mornings."


def test_parts_that_are_thoughts_are_reasoning() -> None:
    parts = [{"text": "They like ", "thought": True}, {"text": "flowers.", "thought": True}, {"text": "Jasmine."}]

    for text in ("Jasmine.", "", "They like flowers.Jasmine.", "Jasmine. "):
        found = talk(ASKED, chunk("model", text, parts=parts))
        assert turns(found)[1][1].strip() == "Jasmine."
        assert found.messages[1].reasoning == "They like flowers."


def test_parts_of_a_thought_repeat_it() -> None:
    found = talk(
        ASKED, thought("Hm, tea.", parts=[{"text": "Hm, ", "thought": True}, {"text": "tea.", "thought": True}])
    )
    also = talk(ASKED, thought("Hm, tea.", parts=[{"text": "Hm, "}, {"text": "tea."}]), ANSWERED)

    assert turns(found) == [("u", "Which tea?")]
    assert also.messages[1].reasoning == "Hm, tea."


def test_thoughts_that_no_answer_follows_are_counted() -> None:
    assert notes(ASKED, thought("Hm."), chunk("user", "Hello?"), thought("Hm."), ANSWERED) == [
        "1 thought that no answer follows was left out"
    ]
    assert talk(ASKED, thought("old"), chunk("user", "Hello?"), ANSWERED).messages[2].reasoning is None


def test_chunks_of_the_model_that_follow_each_other_are_one_answer() -> None:
    found = talk(
        ASKED,
        chunk("model", "Jasmine.", createTime="2026-01-02T10:00:05Z"),
        chunk("model", "Or mint.", createTime="2026-01-02T10:00:09Z"),
    )

    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.\n\nOr mint.")]
    assert found.messages[1].created_at == "2026-01-02T10:00:05.000Z"


def test_questions_that_follow_each_other_stay_apart() -> None:
    assert turns(talk(chunk("user", "A"), chunk("user", "B"))) == [("u", "A"), ("u", "B")]


def test_the_parts_of_a_chunk_repeat_its_text_and_are_not_added_to_it() -> None:
    pieces = [{"text": "Jas"}, {"text": "mine"}, {"text": "."}]

    assert turns(talk(ASKED, chunk("model", "Jasmine.", parts=pieces)))[1] == ("a", "Jasmine.")
    assert turns(talk(ASKED, chunk("model", "Jasmine!", parts=pieces)))[1] == ("a", "Jasmine!")
    assert turns(talk(ASKED, {"role": "model", "parts": pieces}))[1] == ("a", "Jasmine.")


def test_an_answer_streamed_in_thousands_of_parts_is_one_text() -> None:
    pieces = [{"text": f"{number} "} for number in range(2502)]
    whole = "".join(str(piece["text"]) for piece in pieces)

    assert turns(talk(ASKED, chunk("model", whole, parts=pieces)))[1] == ("a", whole)


def test_code_and_its_result_are_fenced_blocks_of_the_answer() -> None:
    found = talk(
        ASKED,
        {"role": "model", "executableCode": {"language": "PYTHON", "code": "print(2+2)\n"}},
        {"role": "model", "codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "4\n"}},
        chunk("model", "It is 4."),
    )

    assert turns(found)[1] == ("a", "```python\nprint(2+2)\n```\n\n```\n4\n```\n\nIt is 4.")


def test_code_among_the_parts_stays_where_it_was_written() -> None:
    parts = [
        {"text": "Let me see. "},
        {"executableCode": {"language": "LANGUAGE_UNSPECIFIED", "code": "```\nx"}},
        {"codeExecutionResult": {"output": ""}},
        {"text": "Done."},
    ]

    assert turns(talk(ASKED, chunk("model", "Let me see. Done.", parts=parts)))[1] == (
        "a",
        "Let me see. \n````\n```\nx\n````\nDone.",
    )


@pytest.mark.parametrize(
    ("asset", "placeholder"),
    [
        ({"driveDocument": {"id": "d1"}}, "[file: d1]"),
        ({"driveDocument": {"id": "d1", "name": "report.pdf"}}, "[file: report.pdf]"),
        ({"driveImage": {"id": "d2"}}, "[image: d2]"),
        ({"driveAudio": {"id": "d3"}}, "[audio: d3]"),
        ({"driveVideo": {"id": "d4"}}, "[video: d4]"),
        ({"inlineFile": {"mimeType": "text/plain", "data": "QQ=="}}, "[file]"),
        ({"inlineFile": {"mimeType": "image/png", "data": "QQ=="}}, "[image]"),
        ({"inlineImage": {"mimeType": "image/png", "data": "QQ=="}}, "[image]"),
        ({"inlineData": {"mimeType": "audio/wav", "data": "QQ=="}}, "[audio]"),
        ({"youtubeVideo": {"id": "dQw4"}}, "[video: dQw4]"),
    ],
)
def test_a_file_is_a_placeholder_with_its_name_alone_or_behind_the_text(asset: Json, placeholder: str) -> None:
    assert turns(talk(chunk("user", "", **asset)))[0] == ("u", placeholder)
    assert turns(talk(chunk("user", "Look:", **asset)))[0] == ("u", f"Look:\n{placeholder}")
    assert turns(talk(ASKED, {"role": "model", "parts": [asset]}))[1] == ("a", placeholder)
    assert turns(talk(ASKED, chunk("model", "", parts=[asset], **asset)))[1] == ("a", placeholder)


def test_what_came_before_an_error_is_kept_and_the_error_counted() -> None:
    chunks = (
        ASKED,
        chunk("model", "Jas", errorMessage="cut off"),
        chunk("user", "?"),
        chunk("model", errorMessage="no"),
    )

    assert turns(talk(*chunks)) == [("u", "Which tea?"), ("a", "Jas"), ("u", "?")]
    assert notes(*chunks)[0] == "2 answers ended with an error, which was left out"


def test_chunks_that_are_empty_or_of_nobody_are_counted() -> None:
    chunks: list[object] = [ASKED, chunk("model"), chunk("system", "x"), {"text": "y"}, 3, None, "z", [], ANSWERED]

    assert turns(talk(*chunks)) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert notes(*chunks) == ["7 chunks without text, or of neither side, were left out"]


def test_what_a_chunk_tells_about_itself_is_neither_text_nor_unknown() -> None:
    about: Json = {
        "tokenCount": 3,
        "finishReason": "STOP",
        "thinkingBudget": -1,
        "thoughtSignatures": ["QQ=="],
        "isEdited": True,
        "safetyRatings": [{"category": "x"}],
        "branchChildren": [{"promptId": "prompts/abc"}],
    }
    parts = [{"text": "Jasmine.", "thoughtSignature": "QQ=="}]

    plain = read(prompt(ASKED, ANSWERED))

    assert read(prompt({**ASKED, **about}, {**ANSWERED, **about, "parts": parts}, applets=[{"id": "x"}])) == plain


def test_what_is_told_of_a_video_is_no_unknown_content() -> None:
    shown = {"role": "user", "driveVideo": {"id": "v1"}, "videoMetadata": {"fps": 1}}

    assert turns(talk(shown)) == [("u", "[video: v1]")]
    assert notes(shown, chunk("model", "", videoMetadata={"fps": 1})) == [
        "1 chunk without text, or of neither side, was left out"
    ]


def test_settings_of_the_run_but_the_model_change_nothing() -> None:
    settings = {"model": "models/gemini-2.5-pro", "temperature": 1, "topP": 0.9, "topK": 64, "maxOutputTokens": 9}

    assert read(prompt(ASKED, ANSWERED, runSettings={**settings, "safetySettings": [{}], "thinkingBudget": 7})) == read(
        prompt(ASKED, ANSWERED)
    )


def test_content_of_an_unknown_kind_is_counted_by_its_name() -> None:
    assert notes(ASKED, {"role": "model", "hologram": {"id": "h"}}) == ["1 chunk had the unknown content 'hologram'"]


def test_what_was_typed_and_never_sent_is_no_turn() -> None:
    pending = {"chunks": [ASKED], "pendingInputs": [{"role": "user", "text": ""}, {"role": "user", "text": "And"}]}
    document = prompt() | {"chunkedPrompt": pending}

    records = read(document)

    assert turns(conversations_in(records)[0]) == [("u", "Which tea?")]
    assert records[-1] == Note("1 question was never sent and is left out")


@pytest.mark.parametrize("told", [{"text": "Be brief."}, {"parts": [{"text": "Be "}, {"text": "brief."}]}, "Be brief."])
def test_a_system_instruction_is_kept_and_is_no_turn(told: object) -> None:
    found = talk(ASKED, systemInstruction=told)

    assert found.instructions == ("Be brief.",)
    assert turns(found) == [("u", "Which tea?")]


@pytest.mark.parametrize("told", [{}, None, "", {"text": " "}, {"parts": []}, [], 3])
def test_no_system_instruction_is_none(told: object) -> None:
    assert talk(ASKED, systemInstruction=told).instructions == ()


PARENT: Json = {"promptId": "prompts/abc", "displayName": "Older"}


def forked(*after: Json, parent: Json = PARENT) -> Conversation:
    return talk(ASKED, chunk("model", "Jasmine.", branchParent=parent), *after)


def test_forks_of_a_prompt_are_conversations_of_their_own() -> None:
    original = talk(ASKED, ANSWERED, chunk("user", "Why?"))
    ids = [
        original.id,
        forked(chunk("user", "Hot?")).id,
        forked(chunk("user", "Cold?")).id,
        forked(chunk("user", "Hot?"), parent={"promptId": "prompts/other"}).id,
    ]

    assert len(set(ids)) == len(ids)


def test_a_fork_keeps_its_id_when_it_grows() -> None:
    grown = [chunk("user", "Hot?"), chunk("model", "Yes."), chunk("user", "Now?")]
    short, longer = forked(*grown[:1]), forked(*grown)

    assert short.id == longer.id
    assert [one.id for one in short.messages] == [one.id for one in longer.messages[:3]]


def test_an_answer_beside_another_is_no_fork_of_a_prompt() -> None:
    beside = chunk("model", "Jasmine.", branchParent={"id": "c1"}, branchChildren=[{"id": "c2"}])

    assert talk(ASKED, beside).id == talk(ASKED, ANSWERED).id


def test_a_prompt_that_was_forked_says_so() -> None:
    parent = {"promptId": "prompts/abc", "displayName": "Older"}

    assert notes(chunk("user", "Which tea?", branchParent=parent, branchChildren=[{"promptId": "x"}]), ANSWERED) == [
        "1 prompt was forked from another one, with which it begins alike"
    ]


def test_sources_of_an_answer_are_not_in_its_text_and_are_counted() -> None:
    answer = chunk("model", "Jasmine.", grounding={"groundingChunks": [{"web": {"uri": "https://example.org"}}]})

    assert turns(talk(ASKED, answer, citations=[{"uri": "x", "text": "y"}]))[1] == ("a", "Jasmine.")
    assert notes(ASKED, answer) == ["1 answer names sources on the web, which are not kept"]


def test_chunks_with_a_time_have_it_and_the_others_get_one_marked_as_inferred() -> None:
    found = talk(ASKED, chunk("model", "Jasmine.", createTime="2026-01-02T10:00:05.250Z"), chunk("user", "Why?"))

    assert [(one.created_at, one.time_inferred) for one in found.messages] == [
        ("2026-01-02T10:00:05.250Z", True),
        ("2026-01-02T10:00:05.250Z", False),
        ("2026-01-02T10:00:05.250Z", True),
    ]


def test_a_prompt_without_any_time_gets_that_of_its_file_marked_as_inferred() -> None:
    assert {(one.created_at, one.time_inferred) for one in talk(ASKED, ANSWERED).messages} == {(UPLOADED, True)}
    assert MODIFIED_AT == 1_750_000_000_000


def test_a_prompt_that_a_tool_dated_has_these_dates() -> None:
    found = talk(ASKED, ANSWERED, createTime="2026-01-02T10:00:00Z", updateTime="2026-01-02T11:00:00Z")

    assert (found.created_at, found.updated_at) == ("2026-01-02T10:00:00.000Z", "2026-01-02T11:00:00.000Z")
    assert {(one.created_at, one.time_inferred) for one in found.messages} == {("2026-01-02T10:00:00.000Z", True)}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Tea with Wren", "Tea with Wren"),
        ("Takeout/Drive/Google AI Studio/Tea v2.5", "Tea v2.5"),
        ("folder\\Tea.json", "Tea"),
        ("Tea.txt", "Tea"),
        ("a" * 64, "Which tea?"),
        ("", "Which tea?"),
    ],
)
def test_the_title_is_the_name_of_the_file_and_the_id_is_not(name: str, title: str) -> None:
    found = named(name, prompt(ASKED, ANSWERED))

    assert found.title == title
    assert found.id == talk(ASKED, ANSWERED).id


def test_a_title_that_a_tool_added_goes_before_the_name_of_the_file() -> None:
    assert named("x.json", prompt(ASKED, title="Tea")).title == "Tea"
    assert named("x.json", prompt(ASKED, displayName="Tea")).title == "Tea"


def test_the_id_stays_when_the_prompt_grows_and_differs_for_another_answer() -> None:
    short, longer = talk(ASKED, ANSWERED), talk(ASKED, ANSWERED, chunk("model", "Or mint."), chunk("user", "Why?"))

    assert short.id == longer.id
    assert short.id.startswith("aistudio-")
    assert [one.id for one in short.messages] == [one.id for one in longer.messages[:2]]
    assert talk(ASKED, chunk("model", "Mint.")).id != short.id


def test_an_id_in_the_document_is_the_id() -> None:
    assert talk(ASKED, id="1AbC").id == "aistudio-1AbC"


def test_messages_keep_their_ids_when_one_between_them_is_taken_out() -> None:
    more = talk(ASKED, ANSWERED, chunk("user", "Why?"), chunk("model", "Because."))
    less = talk(ASKED, chunk("user", "Why?"), chunk("model", "Because."), id=more.id.removeprefix("aistudio-"))

    assert [one.id for one in less.messages] == [more.messages[place].id for place in (0, 2, 3)]


def test_chunks_beside_settings_are_a_prompt_as_well() -> None:
    document = {"runSettings": {}, "chunks": [ASKED, ANSWERED]}

    assert turns(conversations_in(read(document))[0]) == [("u", "Which tea?"), ("a", "Jasmine.")]


def test_a_prompt_in_which_nothing_was_said_is_empty() -> None:
    assert isinstance(read(prompt())[0], Empty)
    assert isinstance(read({"chunkedPrompt": {"pendingInputs": [{"text": ""}]}})[0], Empty)


def test_other_records_in_a_list_of_prompts_are_told() -> None:
    assert [type(one) for one in read([3, {"runSettings": {}}, prompt(ASKED)])[:2]] == [Broken, Skipped]


def test_a_prompt_is_known_by_its_content_without_an_extension_and_in_a_zip(tmp_path: Path) -> None:
    archive = tmp_path / "takeout-001.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("Takeout/Drive/Google AI Studio/Tea with Wren", as_json(prompt(ASKED, ANSWERED)))
        zipped.writestr("Takeout/Drive/Google AI Studio/applet_access_history.json", b"{}")
        zipped.writestr("Takeout/Drive/Google AI Studio/photo.png", b"\x89PNG\0\0")

    records, ignored = imported(archive)

    (found,) = conversations_in(records)
    assert (found.title, len(found.messages)) == ("Tea with Wren", 2)
    assert len(ignored) == 2


@pytest.mark.parametrize("content", [{"freeform": {"text": "x"}}, {"structured": {"examples": [{"text": "x"}]}}, {}])
def test_settings_without_a_chat_are_explained(tmp_path: Path, content: Json) -> None:
    path = tmp_path / "old prompt"
    path.write_bytes(as_json({"runSettings": {}, **content}))

    with pytest.raises(Unrecognised, match="settings of Google AI Studio"):
        inspect(path, path.name)


@pytest.mark.parametrize("name", ["text", "parts", "role", "isThought", "createTime", "inlineFile", "executableCode"])
@pytest.mark.parametrize("odd", [None, 3, "odd", ["odd", 3, None, {"text": []}], {"a": 1}, True])
def test_members_of_an_odd_type_do_no_harm(name: str, odd: object) -> None:
    assert talk(ASKED, {**ANSWERED, name: odd}, ANSWERED).messages[0].content == "Which tea?"


@with_fixtures
def test_a_prompt_with_code_has_its_thoughts_and_ends_with_the_answer() -> None:
    (found,) = conversations_in(imported(SAMPLES / "polylogue-code_execution_prompt.json")[0])

    assert [one.role for one in found.messages] == ["user", "assistant"]
    assert found.messages[1].reasoning == "I should use code execution."
    assert found.messages[1].content.startswith("```python\nprint(2+2)\n```")
    assert found.messages[1].content.endswith("The answer is 4.")


@with_fixtures
def test_a_prompt_of_plain_text_keeps_its_turns_and_times() -> None:
    (found,) = conversations_in(imported(SAMPLES / "polylogue-text_only_prompt.json")[0])

    assert [one.role for one in found.messages] == ["user", "assistant", "user", "assistant"]
    assert (found.id, found.title) == ("aistudio-gem-text-only", "Capital trivia")
    assert [one.created_at[11:19] for one in found.messages] == ["08:00:00", "08:00:05", "08:00:20", "08:00:30"]
    assert not any(one.time_inferred for one in found.messages)


@with_fixtures
def test_a_prompt_with_a_document_names_it() -> None:
    (found,) = conversations_in(imported(SAMPLES / "polylogue-multi_turn_prompt.json")[0])

    assert found.messages[0].content == "Summarize this doc.\n[file: report.pdf]"
    assert found.messages[1].reasoning == "Reading the document..."
    assert len(found.messages) == 4


@with_fixtures
def test_a_prompt_with_an_empty_chunk_and_an_error_tells_both() -> None:
    path = SAMPLES / "polylogue-branching_session.json"
    records, _ = imported(path)

    (found,) = conversations_in(records)
    told = [one.text for one in records if isinstance(one, Note)]
    assert [one.role for one in found.messages] == ["user", "assistant"]
    for one in json.loads(path.read_bytes())["chunkedPrompt"]["chunks"]:
        assert one["text"] in "".join(message.content for message in found.messages)
    assert "1 chunk without text, or of neither side, was left out" in told
    assert "1 answer ended with an error, which was left out" in told
