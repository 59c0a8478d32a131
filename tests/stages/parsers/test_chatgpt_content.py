"""ChatGPT: every content type there is, by what a person would see of it."""

import json
from dataclasses import replace

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Note
from tests.stages.parsers.documents import Json, chatgpt, message, shown
from tests.stages.parsers.harness import CONTEXT, as_json, conversations_in, records_of, turns

PICTURE = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1", "metadata": {"dalle": None}}
DRAWN = {**PICTURE, "asset_pointer": "file-service://file-2", "metadata": {"dalle": {"prompt": "a red\nfox"}}}
SOUND = {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_3", "format": "wav"}
FILM = {"content_type": "real_time_user_audio_video_asset_pointer", "audio_asset_pointer": SOUND}


def spoken(text: str, direction: str) -> Json:
    return {"content_type": "audio_transcription", "text": text, "direction": direction, "decoding_id": None}


def one(*messages: Json | None, names: dict[str, str] | None = None, **other: object) -> Conversation:
    context = replace(CONTEXT, names=names or {})
    return conversations_in(records_of("chatgpt", as_json([chatgpt(*messages, **other)]), context=context))[0]


def said(role: str, content: Json, **other: object) -> list[tuple[str, str]]:
    """What is read of a message with this content between two others."""
    return turns(one(message("user", "Q"), message(role, **{"content": content, **other}), message("user", "R")))[1:-1]


def notes(*messages: Json) -> list[str]:
    return [one.text for one in records_of("chatgpt", as_json([chatgpt(*messages)])) if isinstance(one, Note)]


def test_text_is_its_parts_also_where_they_are_objects() -> None:
    assert said("assistant", shown("text", parts=["A", {"text": "B"}, 3, None])) == [("a", "A\nB")]


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_text_of_either_side_is_a_turn_and_of_a_tool_or_the_system_none(role: str) -> None:
    assert said(role, shown("text", parts=["Words"])) == [(role[0], "Words")]
    assert said("tool", shown("text", parts=["Words"]), name="python") == []
    assert said("system", shown("text", parts=["Words"])) == []


def test_content_without_a_type_is_text() -> None:
    assert said("user", {"parts": ["no type"]}) == [("u", "no type")]


def test_content_that_is_a_string_is_text() -> None:
    found = one(message("user", "Q"), {**message("assistant"), "content": "Plain."})

    assert turns(found) == [("u", "Q"), ("a", "Plain.")]


def test_a_picture_of_the_person_stands_where_it_stood() -> None:
    assert said("user", shown("multimodal_text", parts=[PICTURE, "What is it?"])) == [
        ("u", "[image: file_1]\nWhat is it?")
    ]


def test_a_picture_of_the_assistant_stands_where_it_stood() -> None:
    assert said("assistant", shown("multimodal_text", parts=["Here:", PICTURE])) == [("a", "Here:\n[image: file_1]")]


@pytest.mark.parametrize(("role", "direction"), [("user", "in"), ("assistant", "out")])
def test_a_chat_that_was_only_spoken_is_read_from_its_transcripts(role: str, direction: str) -> None:
    content = shown("multimodal_text", parts=[spoken("Words", direction), SOUND])

    assert turns(one(message(role, content=content), voice="cove")) == [(role[0], "Words")]


def test_what_was_spoken_is_what_the_author_said_and_the_recording_is_not_told() -> None:
    found = one(
        message("user", content=shown("multimodal_text", parts=[spoken("Can you hear me?", "in"), FILM])),
        message("assistant", content=shown("multimodal_text", parts=[SOUND, spoken("Loud and clear.", "out")])),
        message("user", "And typed."),
        voice="cove",
    )

    assert turns(found) == [("u", "Can you hear me?"), ("a", "Loud and clear."), ("u", "And typed.")]


def test_a_recording_that_nobody_wrote_down_is_told() -> None:
    assert said("user", shown("multimodal_text", parts=[FILM])) == [("u", "[audio: file_3]")]
    assert said("assistant", shown("multimodal_text", parts=[spoken("", "out"), SOUND])) == [("a", "[audio: file_3]")]


def test_an_unknown_part_with_words_is_words() -> None:
    parts = [{"content_type": "new", "text": "words"}, {"content_type": "new"}]

    assert said("assistant", shown("multimodal_text", parts=parts)) == [("a", "words")]


def test_code_to_everybody_is_an_answer_and_code_to_a_tool_is_none() -> None:
    code = shown("code", text="print(1)", language="python", response_format_name=None)

    assert said("assistant", code) == [("a", "```python\nprint(1)\n```")]
    assert said("assistant", code, recipient=None) == [("a", "```python\nprint(1)\n```")]
    assert said("assistant", code, recipient="python") == []


def test_code_with_fences_in_it_has_a_longer_one_around_it() -> None:
    assert said("assistant", shown("code", text="a ```` b", language="unknown")) == [("a", "`````\na ```` b\n`````")]


@pytest.mark.parametrize(
    "content",
    [
        shown("execution_output", text="2"),
        shown("reasoning_recap", content="6초 동안 생각함"),
        shown("tether_browsing_display", result="R", summary="S", assets=None, tether_id=None),
        shown("tether_quote", url="https://e.com", domain="e.com", text="QUOTE", title="E"),
        shown("tether_browsing_code", text="T"),
        shown("sonic_webpage", url="https://e.com", title="E", text="SCRAPED", snippet="s", ref_id="turn0search0"),
        shown("system_error", name="tool_error", text="T"),
        shown("computer_output", computer_id="71", screenshot=PICTURE, state={"title": "T"}),
        shown("citable_code_output", output_str="T", metadata={"connector_source": "Mail"}),
    ],
    ids=lambda content: str(content["content_type"]),
)
@pytest.mark.parametrize("role", ["tool", "assistant"])
def test_sources_and_results_of_tools_are_no_turn(role: str, content: Json) -> None:
    assert said(role, content) == []
    assert notes(message("user", "Q"), message(role, content=content)) == []


@pytest.mark.parametrize(
    "name",
    [
        "browser",
        "python",
        "dalle.text2im",
        "myfiles_browser",
        "file_search",
        "bio",
        "web",
        "web.run",
        "web.search",
        "canmore.create_textdoc",
        "computer.do",
        "api_tool.call_tool",
        "container.exec",
        "research_kickoff_tool.clarify_with_text",
        "a8km123",
    ],
)
def test_what_any_tool_writes_is_no_turn(name: str) -> None:
    assert said("tool", shown("text", parts=["Result."]), name=name) == []
    assert said("tool", shown("multimodal_text", parts=["Result."]), name=name) == []


@pytest.mark.parametrize(
    "name", ["browser", "myfiles_browser", "file_search", "web.run", "computer.do", "container.exec", "api_tool.call"]
)
def test_a_picture_that_a_tool_looked_at_is_no_turn(name: str) -> None:
    assert said("tool", shown("multimodal_text", parts=[PICTURE]), name=name) == []


def test_thoughts_go_to_the_answer_that_follows_with_their_summary_where_there_is_no_more() -> None:
    thoughts = [{"summary": "Looking", "content": "I look."}, {"summary": "Only this", "content": "", "chunks": []}]
    found = one(
        message("user", "Q"),
        message("assistant", content=shown("thoughts", thoughts=thoughts, source_analysis_msg_id="x")),
        message("assistant", content=shown("reasoning_recap", content="Thought for 6s")),
        message("assistant", "A"),
        message("assistant", "More"),
    )

    assert [(one.content, one.reasoning) for one in found.messages[1:]] == [
        ("A", "I look.\n\nOnly this"),
        ("More", None),
    ]


def test_thoughts_that_no_answer_followed_do_not_go_to_the_next_one() -> None:
    found = one(
        message("user", "Q"),
        message("assistant", content=shown("thoughts", thoughts=[{"content": "Lost."}])),
        message("user", "R"),
        message("assistant", "A"),
    )

    assert [(one.content, one.reasoning) for one in found.messages] == [("Q", None), ("R", None), ("A", None)]


def test_a_notice_of_the_system_between_thoughts_and_answer_does_not_lose_them() -> None:
    found = one(
        message("user", "Q"),
        message("assistant", content=shown("thoughts", thoughts=[{"content": "Hm."}])),
        message("user", "hidden", metadata={"is_visually_hidden_from_conversation": True}),
        message("system", ""),
        message("assistant", "A"),
    )

    assert found.messages[1].reasoning == "Hm."


HIDDEN = {"is_visually_hidden_from_conversation": True, "is_user_system_message": True}


def test_custom_instructions_and_memories_are_kept_once_and_are_no_turns() -> None:
    data = {"about_user_message": "I keep bees.", "about_model_message": "Be brief."}
    profile = "The user provided this. User profile:\n```I keep bees.```"
    context = shown("user_editable_context", user_profile=profile, user_instructions="```Be brief.```")
    memory = shown("model_editable_context", model_set_context="Has a dog.", repository=None)
    hidden = message("user", content=context, metadata={**HIDDEN, "user_context_message_data": data})
    found = one(
        hidden, message("assistant", content=memory), message("user", "Hi"), hidden, message("assistant", "Yes")
    )

    assert turns(found) == [("u", "Hi"), ("a", "Yes")]
    assert found.instructions == ("I keep bees.", "Be brief.", "Has a dog.")


@pytest.mark.parametrize("role", ["user", "assistant", "system"])
@pytest.mark.parametrize(
    "content",
    [
        shown("user_editable_context", user_profile="TOLD", user_instructions=""),
        shown("user_editable_context", user_profile="", user_instructions="TOLD"),
        shown("model_editable_context", model_set_context="TOLD"),
    ],
    ids=["profile", "instructions", "memory"],
)
def test_what_the_model_was_told_is_kept_and_no_turn_whoever_says_it_and_hidden_or_not(
    role: str, content: Json
) -> None:
    found = one(message("user", "Q"), message(role, content=content), message("assistant", "A"))

    assert turns(found) == [("u", "Q"), ("a", "A")]
    assert found.instructions == ("TOLD",)
    assert notes(message("user", "Q"), message(role, content=content)) == []


def test_custom_instructions_are_taken_from_their_text_where_it_is_all_there_is() -> None:
    context = shown("user_editable_context", user_profile="PROFILE", user_instructions=" ")
    found = one(message("user", content=context, metadata=HIDDEN), message("user", "Hi"))

    assert found.instructions == ("PROFILE",)


def test_custom_instructions_of_old_exports_lie_on_a_system_message() -> None:
    data = {"about_user_message": "I keep bees.", "about_model_message": None}
    old = {"author": {"role": "system"}, "metadata": {"user_context_message_data": data, **HIDDEN}}

    assert one(old, message("user", "Hi")).instructions == ("I keep bees.",)


def test_an_empty_memory_is_no_instruction() -> None:
    memory = message("assistant", content=shown("model_editable_context", model_set_context=""))

    assert one(message("system", ""), memory, message("user", "Hi")).instructions == ()


def test_the_prompt_at_the_beginning_is_an_instruction_and_a_notice_later_is_none() -> None:
    found = one(message("system", "You are a pirate."), message("user", "Hi"), message("system", "Cite your sources."))

    assert turns(found) == [("u", "Hi")]
    assert found.instructions == ("You are a pirate.",)


def canvas(tool: str, arguments: object) -> Json:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return message("assistant", content=shown("code", language="json", text=text), recipient=f"canmore.{tool}_textdoc")


POEM = canvas("create", {"name": "poem", "type": "document", "content": "Foxes run."})
CREATED = message("tool", "Successfully created text document", metadata={"canvas": {"textdoc_id": "6"}})


def test_a_document_on_the_canvas_stands_behind_the_answer_that_tells_of_it() -> None:
    found = one(message("user", "A poem"), POEM, CREATED, message("assistant", "Here it is."), message("user", "Ah"))

    assert turns(found) == [("u", "A poem"), ("a", "Here it is.\n\n[canvas: poem]\nFoxes run."), ("u", "Ah")]


def test_a_document_that_no_answer_tells_of_is_an_answer() -> None:
    found = one(message("user", "A poem"), POEM, CREATED, message("user", "Thanks"), POEM)

    assert turns(found) == [
        ("u", "A poem"),
        ("a", "[canvas: poem]\nFoxes run."),
        ("u", "Thanks"),
        ("a", "[canvas: poem]\nFoxes run."),
    ]


def test_a_document_that_was_rewritten_is_shown_as_it_then_was() -> None:
    rewrite = canvas("update", {"updates": [{"pattern": ".*", "multiple": False, "replacement": "Foxes sleep."}]})
    found = one(message("user", "A poem"), POEM, rewrite, message("assistant", "Done."))

    assert turns(found)[1] == ("a", "Done.\n\n[canvas: poem]\nFoxes sleep.")


def test_code_on_the_canvas_is_fenced() -> None:
    code = canvas("create", {"name": "sum", "type": "code/python", "content": "print(1)"})

    assert turns(one(code, message("assistant", "Done."))) == [
        ("a", "Done.\n\n[canvas: sum]\n```python\nprint(1)\n```")
    ]


def test_what_is_left_out_of_the_canvas_is_told() -> None:
    part = canvas("update", {"updates": [{"pattern": "(a+)+b", "replacement": "x"}]})

    assert notes(message("user", "Q"), part, canvas("create", '{"name": "cut off", "con')) == [
        "1 change to parts of a canvas document was left out",
        "1 canvas document could not be read",
    ]
    assert notes(message("user", "Q"), canvas("comment", {"comments": []})) == []


def test_a_drawing_is_a_turn_and_neither_its_order_nor_its_receipt_is_one() -> None:
    found = one(
        message("user", "Draw a fox"),
        message("assistant", '{"prompt": "a red fox"}', recipient="dalle.text2im"),
        message("tool", content=shown("multimodal_text", parts=[DRAWN]), name="dalle.text2im"),
        message("tool", "DALL·E displayed 1 images.", name="dalle.text2im"),
        message("assistant", "Here"),
    )

    assert turns(found) == [("u", "Draw a fox"), ("a", "[image: a red fox]"), ("a", "Here")]


def test_a_drawing_of_a_newer_tool_is_called_by_its_title() -> None:
    drawn = {**PICTURE, "metadata": {"dalle": {"gen_id": "g", "prompt": ""}}}
    titled = message(
        "tool",
        content=shown("multimodal_text", parts=[drawn]),
        name="t2uay3k.sj1i4kz",
        metadata={"image_gen_title": "Fox in snow"},
    )

    assert turns(one(message("user", "Draw"), titled))[1] == ("a", "[image: Fox in snow]")


def test_a_picture_that_a_tool_fetched_for_itself_is_no_turn() -> None:
    assert said("tool", shown("multimodal_text", parts=[PICTURE]), name="myfiles_browser") == []


def plot(url: str) -> Json:
    output = {"aggregate_result": {"messages": [{"message_type": "image", "image_url": url}, {"text": "none"}]}}
    return message("tool", content=shown("execution_output", text="2"), name="python", metadata=output)


def test_a_plot_of_running_code_stands_before_the_answer_or_is_one() -> None:
    first, second = plot("file-service://file-plot"), plot("sediment://file_plot")
    found = one(message("user", "Plot"), first, message("assistant", "Done"), message("user", "Again"), second)

    assert turns(found)[1::2] == [("a", "[image: file-plot]\nDone"), ("a", "[image: file_plot]")]


def test_what_goes_to_the_memory_of_the_platform_is_no_turn() -> None:
    found = one(
        message("user", "I like foxes"),
        message("assistant", "The user likes foxes.", recipient="bio"),
        message("tool", "Model set context updated.", name="bio"),
        message("assistant", "Noted."),
    )

    assert turns(found) == [("u", "I like foxes"), ("a", "Noted.")]


def test_the_report_of_deep_research_is_an_answer_and_its_order_is_none() -> None:
    order = shown("code", language="json", text='{"title": "Bees", "prompt": "…"}')
    result = {"is_async_task_result_message": True, "async_task_title": "Bees", "async_task_type": "research"}
    found = one(
        message("user", "Research bees"),
        message("assistant", "I will begin."),
        message("assistant", content=order, recipient="research_kickoff_tool.start_research_task"),
        message("tool", "", name="research_kickoff_tool.start_research_task"),
        message("assistant", "# Bees\nThey hum.", metadata=result),
    )

    assert turns(found) == [("u", "Research bees"), ("a", "I will begin."), ("a", "# Bees\nThey hum.")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (shown("brand_new", parts=["from parts"], text="no"), [("a", "from parts")]),
        (shown("brand_new", text="from text"), [("a", "from text")]),
        (shown("brand_new", result="from result"), [("a", "from result")]),
        (shown("brand_new", other="nothing"), []),
    ],
    ids=["parts", "text", "result", "nothing"],
)
def test_an_unknown_type_is_read_by_what_it_holds(content: Json, expected: list[tuple[str, str]]) -> None:
    assert said("assistant", content) == expected
    assert said("tool", content) == []


def test_an_unknown_type_is_told_once() -> None:
    new = message("assistant", content=shown("brand_new", text="A"))

    assert notes(message("user", "Q"), new, new) == ["2 messages had the unknown content type 'brand_new'"]


def test_an_unknown_author_is_told() -> None:
    assert notes(message("user", "Q"), message("critic", "Hm")) == [
        "1 message had the unknown author 'critic' and was left out"
    ]


def test_a_link_to_a_file_that_was_never_exported_stays_as_it_was_written() -> None:
    link = "[Download](sandbox:/mnt/data/bees.csv)"

    assert said("assistant", shown("text", parts=[link])) == [("a", link)]


def test_attachments_are_told_by_their_names_once() -> None:
    attached = [
        {"id": "file_1", "name": "cat.png", "mime_type": "image/png"},
        {"id": "file_9", "name": "notes.pdf", "mime_type": "application/pdf"},
        {"name": "photo.jpg", "mime_type": "image/jpeg"},
        {"id": "file_8"},
        {},
        "odd",
    ]
    content = shown("multimodal_text", parts=[PICTURE, "See"])

    found = one(message("user", content=content, metadata={"attachments": attached}))

    assert turns(found) == [
        ("u", "[image: cat.png]\nSee\n[file: notes.pdf]\n[image: photo.jpg]\n[file: file_8]\n[file]\n[file]")
    ]


def test_a_message_of_nothing_but_an_attachment_is_a_turn() -> None:
    found = one(message("user", metadata={"attachments": [{"id": "f", "name": "a.txt", "mime_type": "text/plain"}]}))

    assert turns(found) == [("u", "[file: a.txt]")]


@pytest.mark.parametrize("key", ["file_1", "file_1.dat"])
@pytest.mark.parametrize("pointer", ["sediment://file_1", "file-service://file_1", "sediment://file_1?shared=x"])
def test_a_picture_is_called_as_the_other_files_of_the_export_say(key: str, pointer: str) -> None:
    content = shown("multimodal_text", parts=[{**PICTURE, "asset_pointer": pointer}])

    assert turns(one(message("user", content=content), names={key: "cat.png"})) == [("u", "[image: cat.png]")]


def test_attachments_recordings_and_plots_are_called_so_too() -> None:
    names = {"file_3": "memo.wav", "file_9": "plan.pdf", "file-plot": "bees.png"}
    found = one(
        message("user", content=shown("multimodal_text", parts=[FILM]), metadata={"attachments": [{"id": "file_9"}]}),
        plot("file-service://file-plot"),
        message("assistant", "Done"),
        names=names,
    )

    assert turns(found) == [("u", "[audio: memo.wav]\n[file: plan.pdf]"), ("a", "[image: bees.png]\nDone")]


def test_names_are_not_asked_for_what_has_one() -> None:
    class Slow(dict[str, str]):
        def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
            raise AssertionError(key)

    attached = [{"id": "file_1", "name": "cat.png", "mime_type": "image/png"}]
    content = shown("multimodal_text", parts=[PICTURE])

    found = one(message("user", content=content, metadata={"attachments": attached}), names=Slow())

    assert turns(found) == [("u", "[image: cat.png]")]
