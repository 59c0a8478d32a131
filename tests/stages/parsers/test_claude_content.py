"""Claude: what a message shows, and what is kept of what it does not show."""

import json

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Note
from tests.stages.parsers.documents import Json
from tests.stages.parsers.harness import as_json, conversations_in, records_of, turns
from tests.stages.parsers.samples.claude import BEGUN, answer, chat, human, text, thinking, tool

TOOL_RESULT: Json = {"type": "tool_result", "tool_use_id": "t", "name": "web_search", "content": [text("68F")]}
INJECTED: Json = {"type": "injected_prompt_block", "prompt": "<userMemories>SECRET</userMemories>"}
PICTURE: Json = {"file_uuid": "f1", "file_name": "photo.jpg", "file_kind": "image"}
STAND_IN = "\n```\nThis block is not supported on your current device yet.\n```\n\n"
STAND_IN_FOR_ARTIFACTS = (
    "\n```\nViewing artifacts created via the Analysis Tool web feature preview isn’t yet supported on mobile.\n```\n\n"
)


def one(*messages: Json) -> Conversation:
    return conversations_in(records_of("claude", as_json([chat(*messages)])))[0]


def notes(*messages: Json) -> list[str]:
    records = records_of("claude", as_json([chat(*messages)]))
    return [record.text for record in records if isinstance(record, Note)]


def asked(*blocks: object, **other: object) -> str:
    """What is read of a person's message; '' when it is no turn."""
    found = turns(one(human(list(blocks), "h", **other), answer("A")))
    return found[0][1] if found[0][0] == "u" else ""


def answered(*blocks: object, **other: object) -> str:
    """What is read of an answer; '' when it is no turn."""
    found = turns(one(human("Q"), answer(list(blocks), "a", **other), human("R")))
    return found[1][1] if found[1][0] == "a" else ""


# Blocks and flat text.


@pytest.mark.parametrize("content", [None, [], "", " ", {}, [None, 3], [text("")], json.dumps([]), 7], ids=repr)
def test_without_words_in_the_blocks_the_flat_text_is_shown(content: object) -> None:
    found = one(human("Q", "h", content=content), answer("A", "a", content=content))

    assert turns(found) == [("u", "Q"), ("a", "A")]


def test_a_message_of_an_old_export_has_no_blocks_at_all() -> None:
    old: Json = {"uuid": "h", "sender": "human", "text": "Q", "created_at": BEGUN}

    assert turns(one(old, {**old, "uuid": "a", "sender": "assistant", "text": "A"})) == [("u", "Q"), ("a", "A")]


@pytest.mark.parametrize(
    "content",
    [
        [text("Words")],
        text("Words"),
        "Words",
        ["Words"],
        json.dumps([text("Words")]),
        json.dumps(text("Words")),
        json.dumps(json.dumps([text("Words")])),
        "\n" + json.dumps([text("Words")]),
    ],
    ids=[
        "blocks",
        "a block",
        "a string",
        "strings",
        "encoded blocks",
        "an encoded block",
        "blocks encoded twice",
        "encoded blocks behind a line break",
    ],
)
def test_blocks_are_read_in_every_form_they_come_in(content: object) -> None:
    found = one(human("", "h", content=content, text=""), answer("A"))

    assert turns(found)[0] == ("u", "Words")


@pytest.mark.parametrize("words", ['["a", 1]', '{"a": 1}', '"quoted"', "[1, 2", "[]x", "[" * 100_000])
def test_a_string_that_only_looks_like_blocks_is_what_was_said(words: str) -> None:
    assert turns(one(human("", "h", content=words, text="")))[0] == ("u", words)


def test_blocks_of_text_are_joined_by_a_blank_line_and_citations_are_passed_over() -> None:
    citation = {"uuid": "u", "start_index": 0, "end_index": 3, "details": {"type": "web", "url": "https://e.com"}}
    cited = {**text("Tea is old."), "citations": [citation], "start_timestamp": BEGUN, "stop_timestamp": BEGUN}

    assert answered(cited, text(" "), TOOL_RESULT, text("\nVery old.\n")) == "Tea is old.\n\nVery old."


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param(text("Hi"), "Hi", id="text"),
        pytest.param({"type": "voice_note", "title": "Voice note", "text": "Spoken"}, "Spoken", id="voice_note"),
        pytest.param(
            {"type": "image", "source": {"type": "base64", "data": "iVBO"}}, "[image]", id="image in the file"
        ),
        pytest.param(
            {"type": "image", "file_uuid": "f9", "file_name": "cat.png"}, "[image: cat.png]", id="image by its name"
        ),
        pytest.param(
            {"type": "document", "file_uuid": "f9", "title": "Thesis.pdf"}, "[file: Thesis.pdf]", id="document"
        ),
        pytest.param({"type": "document"}, "[file]", id="document without a name"),
        pytest.param(
            {**INJECTED, "injection_source": "memory", "initial_turn_only": True}, "", id="injected_prompt_block"
        ),
        pytest.param({**TOOL_RESULT, "is_error": False, "structured_content": {"a": 1}}, "", id="tool_result"),
        pytest.param({**tool("web_search", query="q"), "message": "Searching"}, "", id="tool_use"),
        pytest.param(thinking("Hm."), "", id="thinking"),
        pytest.param({"type": "token_budget", "remaining": 190_000}, "", id="token_budget"),
        pytest.param({"type": "flag", "flag": "x"}, "", id="flag"),
        pytest.param({"type": "summaries", "summaries": []}, "", id="summaries"),
        pytest.param({"type": "brand_new", "opaque": {}}, "", id="unknown"),
        pytest.param({"type": "brand_new", "text": "Words"}, "Words", id="unknown with text"),
        pytest.param({"type": "code", "text": "print(1)"}, "print(1)", id="code"),
        pytest.param({"type": ["odd"]}, "", id="a type that is no text"),
        pytest.param({}, "", id="no type"),
    ],
)
def test_a_block_shows_what_its_type_says(block: Json, expected: str) -> None:
    assert asked(block) == expected


def test_blocks_of_unknown_types_are_counted_by_their_name_and_shown_only_in_need() -> None:
    strange: Json = {"type": "brand_new", "text": "other words"}
    message = human([text("Words"), strange, strange, {"type": "flag"}], "h")

    assert turns(one(message)) == [("u", "Words")]
    assert notes(message) == [
        "2 content blocks had the unknown type 'brand_new'",
        "1 content block had the unknown type 'flag'",
    ]


@pytest.mark.parametrize("kind", ["token_budget", "thinking", "tool_use", "tool_result"])
def test_blocks_that_are_known_to_show_nothing_are_not_counted(kind: str) -> None:
    assert notes(human("Q"), answer([text("A"), {"type": kind}])) == []


def test_a_prompt_that_was_put_in_is_never_shown_and_counted() -> None:
    glued = human([INJECTED], "h1", text=f"Hello {INJECTED['prompt']}")

    assert asked(text("Make a report."), INJECTED) == "Make a report."
    assert turns(one(glued)) == [("u", "Hello ")]
    assert notes(human([text("Hi"), INJECTED])) == ["1 prompt that claude.ai had put into a message was left out"]


# Thoughts, tools, and what the official export glues together.


def test_thinking_is_reasoning_and_its_summaries_where_it_is_empty() -> None:
    found = one(
        human("Q"),
        answer([thinking("I look.", "Looking"), thinking("", "Only a summary", ""), text("A")]),
        answer("More"),
    )

    assert [said.reasoning for said in found.messages] == [None, "I look.\n\nOnly a summary", None]


def test_a_message_of_nothing_but_thoughts_and_tools_is_no_turn_and_its_thoughts_go_to_the_answer() -> None:
    found = one(
        human("Q"),
        answer([thinking("First."), tool("web_search", query="q"), TOOL_RESULT], text=f"First.{STAND_IN}"),
        answer([thinking("Then."), text("A")]),
        answer([thinking("Lost.")], text="Lost."),
        human("R"),
        answer("B"),
    )

    assert turns(found) == [("u", "Q"), ("a", "A"), ("u", "R"), ("a", "B")]
    assert [said.reasoning for said in found.messages] == [None, "First.\n\nThen.", None, None]


def test_what_the_official_export_glues_together_comes_apart() -> None:
    blocks = [thinking("I should search."), text("Let me look."), tool("web_search", q="q"), TOOL_RESULT, text("Here.")]

    found = one(human("Q"), answer(blocks, "a", text=f"I should search.Let me look.{STAND_IN}Here."))

    assert (found.messages[1].content, found.messages[1].reasoning) == ("Let me look.\n\nHere.", "I should search.")


@pytest.mark.parametrize(
    ("glued", "expected"),
    [
        (f"Before.{STAND_IN}After.", "Before.\n\nAfter."),
        (f"{STAND_IN}{STAND_IN}{STAND_IN}After.", "After."),
        (f"Before.{STAND_IN_FOR_ARTIFACTS}", "Before."),
        (STAND_IN_FOR_ARTIFACTS.replace("’", "'") + "After.", "After."),
        ("A.\nThis block is not supported on your current device yet.\nB.", "A.\n\nB."),
        (STAND_IN, ""),
    ],
    ids=["a block", "several blocks", "an artifact", "a straight apostrophe", "without a fence", "nothing else"],
)
def test_stand_ins_for_what_a_telephone_cannot_show_are_taken_out(glued: str, expected: str) -> None:
    assert answered(text=glued) == expected
    assert answered(text(glued)) == expected


def test_a_person_may_quote_a_stand_in() -> None:
    words = "What is\n```\nThis block is not supported on your current device yet.\n```\n?"

    assert asked(text(words)) == words


def test_tags_of_thought_in_the_text_of_2024_are_reasoning() -> None:
    found = one(human("Q"), answer("<antThinking>Is it long?</antThinking>\n\nHere it is."))

    assert (found.messages[1].content, found.messages[1].reasoning) == ("Here it is.", "Is it long?")


# Artifacts.


def made(command: str = "create", **other: object) -> Json:
    return tool("artifacts", **{"id": "a1", "command": command, "type": "text/markdown", "title": "Poem", **other})


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (made(content="Foxes run.", version_uuid="v1"), "[artifact: Poem]\nFoxes run."),
        (made(content="Foxes run.", language="markdown"), "[artifact: Poem]\nFoxes run."),
        (made("rewrite", content="Foxes sit."), "[artifact: Poem]\nFoxes sit."),
        (made("update", old_str="run", new_str="leap"), "[artifact: Poem, changed]\nleap"),
        (made(content="x = 1", type="application/vnd.ant.code", language="python", title="a.py"), "a.py"),
        (made(content="<p>", type="text/html"), "[artifact: Poem]\n```html\n<p>\n```"),
        (made(content="```\n", type="text/html"), "[artifact: Poem]\n````html\n```\n\n````"),
        (made(content="A", title=None), "[artifact: a1]\nA"),
        (made(content="A", title=None, id=None), "[artifact]\nA"),
        (tool("create_artifact", title="T", content="A"), "[artifact: T]\nA"),
        ({**made(), "input": json.dumps({"title": "T", "command": "create", "content": "A"})}, "[artifact: T]\nA"),
        (tool("create_file", path="/mnt/user-data/outputs/plan.md", file_text="# Plan"), "[artifact: plan.md]\n# Plan"),
        (
            tool("create_file", path="/mnt/user-data/outputs/a.py", file_text="x"),
            "[artifact: a.py]\n```py\nx\n```",
        ),
        (
            tool("str_replace", path="/mnt/user-data/outputs/plan.md", old_str="a", new_str="b"),
            "[artifact: plan.md, changed]\nb",
        ),
        (tool("present_files", filepaths=["/mnt/user-data/outputs/deck.pptx", 3]), "[file: deck.pptx]"),
    ],
    ids=[
        "create",
        "create in markdown",
        "rewrite",
        "update",
        "code",
        "page",
        "fences in it",
        "no title",
        "no title and no id",
        "create_artifact",
        "encoded input",
        "create_file",
        "create_file of a program",
        "str_replace",
        "present_files",
    ],
)
def test_an_artifact_stands_below_the_answer_with_its_title(call: Json, expected: str) -> None:
    found = answered(text("Here."), call, text("Enjoy."))

    assert found.startswith("Here.\n\nEnjoy.\n\n[")
    assert expected in found


@pytest.mark.parametrize(
    "call",
    [
        made(content=""),
        made(content=None),
        tool("create_file", path="/home/claude/scratch.py", file_text="x"),
        tool("create_file", path=None, file_text="x"),
        tool("str_replace", path="/home/claude/scratch.py", new_str="x"),
        tool("present_files", filepaths="odd"),
        tool("web_search", query="q", content="c"),
        {"type": "tool_use", "name": "artifacts", "input": None},
        {"type": "tool_use"},
    ],
    ids=[
        "an empty artifact",
        "an artifact without content",
        "a scratch file",
        "a file without a path",
        "a change of a scratch file",
        "files that are no list",
        "another tool",
        "no input",
        "no name",
    ],
)
def test_a_call_that_made_nothing_for_the_person_leaves_nothing(call: Json) -> None:
    assert answered(text("Here."), call) == "Here."


def test_an_update_is_told_by_the_title_and_language_that_the_artifact_was_created_with() -> None:
    found = one(
        human("Q"),
        answer([text("A"), made(content="<p>", type="text/html", title="Page")]),
        human("R"),
        answer([text("B"), tool("artifacts", id="a1", command="update", old_str="<p>", new_str="<b>")]),
    )

    assert found.messages[3].content == "B\n\n[artifact: Page, changed]\n```html\n<b>\n```"


def test_a_file_that_was_written_here_is_not_told_of_again_when_it_is_presented() -> None:
    path = "/mnt/user-data/outputs/plan.md"
    write, present = tool("create_file", path=path, file_text="# Plan"), tool("present_files", filepaths=[path, path])

    assert answered(text("Here."), write, present) == "Here.\n\n[artifact: plan.md]\n# Plan"


def test_an_artifact_without_a_word_goes_to_the_answer_that_follows_else_it_is_counted() -> None:
    alone = answer([made(content="Foxes run."), TOOL_RESULT])

    assert turns(one(human("Q"), alone, answer("There."))) == [
        ("u", "Q"),
        ("a", "[artifact: Poem]\nFoxes run.\n\nThere."),
    ]
    assert turns(one(human("Q"), alone, human(""), answer("There.")))[1] == (
        "a",
        "[artifact: Poem]\nFoxes run.\n\nThere.",
    )
    assert turns(one(human("Q"), alone, human("R"), answer("B"))) == [("u", "Q"), ("u", "R"), ("a", "B")]
    assert notes(human("Q"), alone) == ["1 artifact came without a word of an answer and was left out"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            'Here:\n\n<antArtifact identifier="p" type="text/html" title="A page">\n<p>Hi</p>\n</antArtifact>\n\nBye.',
            "Here:\n\n[artifact: A page]\n```html\n<p>Hi</p>\n```\n\nBye.",
        ),
        (
            '<antArtifact identifier="poem" type="text/markdown">Foxes.</antArtifact>',
            "[artifact: poem]\nFoxes.",
        ),
        (
            '<antArtifact type="application/vnd.ant.code" language="python" title="a > b">x</antArtifact>',
            "[artifact: a > b]\n```python\nx\n```",
        ),
        (
            '<antThinking>H</antThinking><antArtifact title="T">A</antArtifact><antArtifact title="U">B</antArtifact>',
            "[artifact: T]\nA\n\n[artifact: U]\nB",
        ),
        ("The tag <antThinking> opens it.", "The tag <antThinking> opens it."),
        ("<antThinking> or <antArtifact>B</antArtifact>", "<antThinking> or \n\n[artifact]\nB"),
        ("<antArtifact title='x'>", "<antArtifact title='x'>"),
        ("<antArtifactual>", "<antArtifactual>"),
    ],
    ids=[
        "an artifact",
        "an artifact by its identifier",
        "an artifact in a language",
        "thoughts and two artifacts",
        "a tag that is not closed",
        "a tag that is not closed before another",
        "an opening tag alone",
        "another tag",
    ],
)
def test_tags_of_artifacts_in_the_text_become_titled_blocks(words: str, expected: str) -> None:
    assert answered(text(words)) == expected


def test_a_person_may_write_such_tags() -> None:
    assert asked(text("<antThinking>x</antThinking>")) == "<antThinking>x</antThinking>"


# Attachments.


def pasted(content: object = "A LONG PASTE", name: object = "") -> Json:
    return {"file_name": name, "file_size": 12, "file_type": "txt", "extracted_content": content}


@pytest.mark.parametrize(
    ("words", "attachments", "expected"),
    [
        ("", [pasted()], "A LONG PASTE"),
        ("", [pasted(name=None)], "A LONG PASTE"),
        ("Look:", [pasted()], "Look:\n\nA LONG PASTE"),
        ("Look:", [pasted(name="paste.txt"), pasted("B", "pasted-text-2.txt")], "Look:\n\nA LONG PASTE\n\nB"),
        ("", [pasted("# Notes", "notes.md")], "[file: notes.md]\n# Notes"),
        ("Look:", [pasted("# Notes", "notes.md")], "Look:\n\n[file: notes.md]"),
        ("Look:", [pasted("", "notes.md")], "Look:\n\n[file: notes.md]"),
        ("Look:", [pasted(None, "cat.png")], "Look:\n\n[image: cat.png]"),
        ("Look:", [{}, None, "odd", 3], "Look:\n\n[file]"),
        ("Look:", "no list", "Look:"),
    ],
    ids=[
        "a paste alone",
        "a paste without a name",
        "a paste behind words",
        "pastes with names",
        "a document alone",
        "a document behind words",
        "a document without its text",
        "a picture without its text",
        "odd ones",
        "no list",
    ],
)
def test_pasted_text_is_what_was_said_and_a_document_is_told_by_its_name(
    words: str, attachments: object, expected: str
) -> None:
    assert asked(text(words), attachments=attachments) == expected


def test_documents_whose_text_is_not_imported_are_counted() -> None:
    message = human("Look:", "h", attachments=[pasted("# Notes", "notes.md"), pasted("# More", "more.md")])

    assert notes(message) == ["2 attached documents are told of by name; what is in them was not imported"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"files": [PICTURE]}, "[image: photo.jpg]"),
        ({"files": [PICTURE], "files_v2": [PICTURE]}, "[image: photo.jpg]"),
        ({"files": [{"file_name": "photo.jpg"}], "files_v2": [{"file_name": "photo.jpg"}]}, "[image: photo.jpg]"),
        ({"files": [{"file_name": "a.pdf"}, {"file_name": "a.pdf", "file_uuid": "f"}]}, "[file: a.pdf]\n[file: a.pdf]"),
        ({"files": [{**PICTURE, "file_uuid": "f1"}, {**PICTURE, "file_uuid": "f2"}]}, "[image: photo.jpg]\n" * 2),
        ({"files": [{"file_uuid": "f", "file_kind": "document"}]}, "[file]"),
        ({"files": [{"file_uuid": "f", "file_name": "x", "file_kind": "image"}]}, "[image: x]"),
        ({"files": [{}, None, 3], "files_v2": "odd", "sync_sources": [{"file_name": "x"}]}, ""),
    ],
    ids=[
        "a picture",
        "again in files_v2",
        "again in files_v2 without ids",
        "two of one name, one with an id",
        "two of one name by their ids",
        "no name",
        "a picture by its kind",
        "odd ones and sync_sources",
    ],
)
def test_files_are_told_once_by_their_names_also_when_nothing_is_said(told: Json, expected: str) -> None:
    assert asked(text(""), **told) == expected.strip()


def test_a_file_that_is_among_the_attachments_too_is_told_once() -> None:
    told = asked(text("Look:"), attachments=[pasted("# N", "n.md")], files=[{"file_name": "n.md", "file_uuid": "f"}])

    assert told == "Look:\n\n[file: n.md]"


def test_a_picture_among_the_blocks_is_named_as_in_the_list_of_files_and_told_once() -> None:
    assert asked({"type": "image", "file_uuid": "f1"}, text("What is it?"), files=[PICTURE]) == (
        "What is it?\n\n[image: photo.jpg]"
    )


def test_an_attachment_of_which_there_is_only_the_name_is_no_message_of_its_own() -> None:
    message = human("", "h", attachments=[{"file_name": "evidence.json", "file_type": "application/json"}])

    assert turns(one(message, answer("A"))) == [("a", "A")]
    assert notes(message) == ["1 message was nothing but an attachment that is not in the export, and was left out"]


def test_files_of_an_answer_are_told_as_well() -> None:
    assert answered(text("Here."), files=[{"file_name": "plot.png", "file_uuid": "f"}]) == "Here.\n\n[image: plot.png]"
