"""Gemini: what holds across the forms in which its chats come."""

import codecs
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from packages_store.model import Conversation
from packages_store.staging import Staging
from stages.parsers.choose import inspect
from tests.builders import package_in
from tests.stages.parsers.documents import Json, activity, said, thread
from tests.stages.parsers.harness import Sample, as_json, as_lines, conversations_in, imported, records_of, turns
from tests.stages.parsers.samples import SAMPLES
from tests.stages.parsers.samples.gemini_takeout import card, page, turn, workspace

ID = "a1b2c3d4e5f60718"
PAGE = f"https://gemini.google.com/app/{ID}"
ASKED, SHOWN, MARKED = "Plant lavender?", "By the wall, in full sun.", "By the **wall**, in full sun."
DRAFT: Json = {"format": "gemini-visible-chat-draft"}

MERGED = thread(
    ID,
    said("user", ASKED, "2026-08-20T10:00:00.000Z", timestamp_status="activity-prompt-exact"),
    said(
        "assistant",
        SHOWN,
        "2026-08-20T10:00:01.000Z",
        timestamp_status="inferred-from-preceding-activity-prompt",
    ),
)
DRAWN = thread(ID, said("user", ASKED, None), said("assistant", SHOWN, None)) | DRAFT
VOYAGER: Json = {
    "format": "gemini-voyager.chat.v1",
    "url": PAGE,
    "exportedAt": "2026-08-21T10:00:00.000Z",
    "items": [{"user": ASKED, "assistant": MARKED}],
}
SAVED: Json = {"url": PAGE, "messages": [{"role": "user", "content": ASKED}, {"role": "model", "content": SHOWN}]}
EXPORTED: Json = {
    "metadata": {"link": PAGE, "powered_by": "Gemini Exporter"},
    "messages": [{"role": "Prompt", "say": ASKED}, {"role": "Response", "say": MARKED}],
}
HTML = "<p>By the <strong>wall</strong>, in full sun.</p>"
ACTIVITY = [activity(f"Prompted {ASKED}", "2026-08-20T10:00:27.123Z", HTML, [ID])]
CARDS = page([card(f"Prompted&nbsp;{ASKED}", "Aug 20, 2026, 10:00:27 AM UTC", HTML, [ID])])

FORMS = {
    "threads": as_json(MERGED),
    "thread-drafts": as_json(DRAWN),
    "voyager": as_json(VOYAGER),
    "saved-chats": as_json(SAVED),
    "chat-exporter": as_json(EXPORTED),
    "takeout": as_json(ACTIVITY),
    "takeout-page": CARDS,
}


def talk(variant: str) -> Conversation:
    (found,) = conversations_in(records_of("gemini", FORMS[variant], variant))
    return found


def staged(path: Path, variants: Sequence[str]) -> Staging:
    staging = package_in(path).staging
    for variant in variants:
        staging.add(variant, [talk(variant)])
    return staging


@pytest.mark.parametrize("variant", FORMS)
def test_a_chat_has_the_platforms_own_id_in_every_form(variant: str) -> None:
    assert talk(variant).id == ID


@pytest.mark.parametrize("variants", list(permutations(["threads", "voyager", "takeout"])))
def test_a_chat_in_several_forms_is_one_with_the_words_and_the_times_of_takeout(
    tmp_path: Path, variants: Sequence[str]
) -> None:
    staging = staged(tmp_path, variants)

    found = staging.get(ID)
    assert staging.conversation_ids() == {ID}
    assert found is not None
    assert turns(found) == [("u", ASKED), ("a", MARKED)]
    assert found.messages[0].created_at == "2026-08-20T10:00:27.123Z"


@pytest.mark.parametrize("variants", list(permutations(["thread-drafts", "voyager"])))
def test_text_with_its_formatting_goes_before_the_plain_text_of_the_page(
    tmp_path: Path, variants: Sequence[str]
) -> None:
    found = staged(tmp_path, variants).get(ID)

    assert found is not None
    assert turns(found) == [("u", ASKED), ("a", MARKED)]


@pytest.mark.parametrize("variants", list(permutations(["takeout", "takeout-page"])))
def test_both_forms_of_takeout_give_each_message_once(tmp_path: Path, variants: Sequence[str]) -> None:
    found = staged(tmp_path, variants).get(ID)

    assert found is not None
    assert [one.created_at[:19] for one in found.messages] == ["2026-08-20T10:00:27"] * 2
    assert found.messages[0].created_at.endswith(".123Z")


CHUNKS: Json = {"chunkedPrompt": {"chunks": [{"role": "user", "text": "A"}]}}
TURNS = workspace(turn("user", 0, "A"))
HEAD: Json = {"sessionId": "s1", "projectHash": "abc"}
SESSION: Json = HEAD | {"messages": [{"id": "u", "type": "user", "content": "A"}]}


@pytest.mark.parametrize(
    ("document", "variant"),
    [
        (CHUNKS | SAVED | MERGED, "threads"),
        (CHUNKS | SAVED | DRAWN, "thread-drafts"),
        (CHUNKS | SAVED | VOYAGER, "voyager"),
        (CHUNKS | EXPORTED, "chat-exporter"),
        (SAVED | SESSION | TURNS | CHUNKS, "ai-studio"),
        (SAVED | SESSION | TURNS, "workspace"),
        (SAVED | SESSION, "gemini-cli"),
        ([SAVED | ACTIVITY[0]], "takeout"),
        (SAVED, "saved-chats"),
    ],
)
def test_what_fits_two_forms_is_read_as_the_surer_one(tmp_path: Path, document: object, variant: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(as_json(document))

    assert [one.variant for one in inspect(path, "x").found] == [variant]


LONG = "word " * 80_000
"""More than the part of a file that is looked at as text."""


BEGINNING_LONG = {
    "threads": as_json({"messages": [said("user", LONG)], "format": "gemini-thread-activity-merged-draft"}),
    "thread-drafts": as_json({"messages": [said("user", LONG)], **DRAFT}),
    "voyager": as_json({"items": [{"user": LONG, "assistant": "B"}], "format": VOYAGER["format"], "url": PAGE}),
    "saved-chats": as_json({"messages": [{"role": "user", "content": LONG}], "url": PAGE}),
    "chat-exporter": as_json({"messages": [{"role": "Prompt", "say": LONG}], "metadata": EXPORTED["metadata"]}),
    "ai-studio": as_json({"systemInstruction": {"text": LONG}, **CHUNKS}),
    "workspace": as_json({"title": LONG, "conversation_turns": TURNS["conversation_turns"]}),
    "gemini-cli": as_json({"messages": [{"id": "u", "type": "user", "content": LONG}], "summary": "A"} | HEAD),
    "gemini-cli (lines)": as_lines([{"summary": LONG} | HEAD, {"id": "u", "type": "user", "content": "A"}]),
    "takeout": as_json([{"title": f"Prompted {LONG}", "time": "2026-08-20T10:00:00.000Z", "header": "Gemini Apps"}]),
    "takeout-page": page([card(f"Prompted&nbsp;{LONG}", "Aug 20, 2026, 10:00:27 AM UTC", "<p>a</p>")]).replace(
        b"</style>", b".x{y:z}" * 20_000 + b"</style>"
    ),
}


@pytest.mark.parametrize("form", BEGINNING_LONG)
def test_a_long_first_message_hides_nothing(tmp_path: Path, form: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(BEGINNING_LONG[form])

    assert [one.variant for one in inspect(path, "x").found] == [form.partition(" ")[0]]


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.platform == "gemini"], ids=lambda one: one.variant)
def test_a_byte_order_mark_changes_nothing(tmp_path: Path, sample: Sample) -> None:
    plain, marked = tmp_path / "plain", tmp_path / "marked"
    plain.write_bytes(sample.data())
    marked.write_bytes(codecs.BOM_UTF8 + sample.data())

    expected = [turns(one) for one in conversations_in(imported(plain)[0])]

    assert expected
    assert [turns(one) for one in conversations_in(imported(marked)[0])] == expected
