"""Gemini: chats as browser extensions save them."""

from pathlib import Path
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest

from packages_store.errors import Unrecognised
from packages_store.model import Conversation, Edition
from stages.parsers.choose import inspect
from stages.parsers.choose import read as read_member
from stages.parsers.contract import Broken, Empty, Note, ReadContext, Record, Skipped
from stages.parsers.gemini import markdown_chats
from tests.stages.parsers.archives import Member, zip_of
from tests.stages.parsers.documents import Json
from tests.stages.parsers.harness import as_json, conversations_in, imported, records_of, turns
from tests.stages.parsers.test_fixtures import FIXTURES, LIST

with_fixtures = pytest.mark.skipif(not LIST.exists(), reason="the shared fixtures are not here")
SAMPLES = FIXTURES / "gemini/exporters"

ID = "a1b2c3d4e5f60718"
PAGE = f"https://gemini.google.com/app/{ID}"
EXPORTED = "2026-06-16T12:00:00.000Z"
UNTIMED = "1 conversation tells no times; its is that of the export"


def voyager(*items: Json, **other: object) -> Json:
    return {
        "format": "gemini-voyager.chat.v1",
        "url": PAGE,
        "exportedAt": EXPORTED,
        "count": len(items),
        "title": "Tea",
        "items": list(items),
        **other,
    }


def pair(user: str, assistant: str, **other: object) -> Json:
    return {"user": user, "assistant": assistant, "starred": False, **other}


def chat(*messages: Json, **other: object) -> Json:
    """As the exporter of a simple list saves it."""
    return {"id": ID, "title": "Tea", "url": PAGE, "exportedAt": EXPORTED, "messages": list(messages), **other}


def said(role: str, content: str, /, **other: object) -> Json:
    return {"role": role, "content": content, **other}


def raw(*exchanges: list[Json], **other: object) -> Json:
    """As the exporter that copies the page with all its copies saves it."""
    return {
        "conversation_id": ID,
        "title": "Untitled",
        "url": PAGE,
        "export_timestamp": EXPORTED,
        "export_version": "2.0-raw",
        "exchanges": [{"exchange_index": number, "messages": messages} for number, messages in enumerate(exchanges)],
        **other,
    }


def copied(speaker: str, text: str | None, /, **other: object) -> Json:
    return {"speaker": speaker, "text": text, "timestamp": None, "thinking_stages": None, **other}


def index(**told: object) -> Json:
    """As an extension saves it that only finds out which chats there are."""
    return {"conversations": [{"conversationId": f"c_{ID}", "title": "Tea", "url": PAGE, **told}]}


def read(document: object) -> list[Record]:
    return records_of("gemini", as_json(document), "saved-chats")


def talk(document: object) -> Conversation:
    (found,) = conversations_in(read(document))
    return found


def notes(document: object) -> list[str]:
    return [one.text for one in read(document) if isinstance(one, Note)]


def variant_of(tmp_path: Path, document: object) -> str:
    path = tmp_path / "saved"
    path.write_bytes(as_json(document))
    (found,) = inspect(path, path.name).found
    return f"{found.platform}/{found.variant}"


ASKED, ANSWERED = said("user", "Which tea?"), said("model", "Jasmine.")


def test_a_chat_of_voyager_is_read_with_its_formatting(tmp_path: Path) -> None:
    document = voyager(pair("Which tea?", "**Jasmine**.", starred=True), pair("Why?", "It calms."))

    found = talk(document)

    assert variant_of(tmp_path, document) == "gemini/voyager"
    assert (found.id, found.title, found.edition) == (ID, "Tea", Edition.COPY)
    assert turns(found) == [("u", "Which tea?"), ("a", "**Jasmine**."), ("u", "Why?"), ("a", "It calms.")]
    assert {(one.created_at, one.time_inferred) for one in found.messages} == {(EXPORTED, True)}
    assert notes(document) == [UNTIMED]


def test_attachments_of_voyager_are_placeholders_and_kept_without_a_text() -> None:
    files = [
        {"name": "cat.png", "type": "image"},
        {"name": "a.pdf", "type": "application/pdf"},
        {"type": "audio/wav"},
        3,
    ]

    assert turns(talk(voyager(pair("Look", "A cat.", attachments=files[:2])))) == [
        ("u", "Look\n[image: cat.png]\n[file: a.pdf]"),
        ("a", "A cat."),
    ]
    assert turns(talk(voyager(pair("", "Hm.", attachments=files[2:]))))[0] == ("u", "[audio]\n[file]")


def test_half_a_pair_is_kept_and_the_empty_half_counted() -> None:
    document = voyager(pair("", "A report."), pair("Thanks", " "))

    assert turns(talk(document)) == [("a", "A report."), ("u", "Thanks")]
    assert notes(document)[0] == "2 messages without text were left out"


def test_a_chat_of_voyager_without_a_title_or_an_address_is_known_by_its_words() -> None:
    document = voyager(pair("Which tea?", "Jasmine."), title=None, url=None)
    longer = voyager(pair("Which tea?", "Jasmine."), pair("Why?", "It calms."), title="Gemini", url=None)

    assert talk(document).title == talk(longer).title == "Which tea?"
    assert talk(document).id == talk(longer).id
    assert talk(document).id.startswith("gemini-")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (voyager(pair("A", "B"), url="https://chatgpt.com/c/abc"), "another site than Gemini"),
        ({"format": "gemini-voyager.report.v1", "url": PAGE, "content": {"markdown": "# Report"}}, "it is a report"),
        ([{"id": ID, "url": PAGE, "sidebarTitle": "Tea"}], "nothing that was said"),
        (index(messages=[{"messageId": "r_1", "messageHash": "0a"}]), "nothing that was said"),
        (index(messages=[{"timestamp": 1, "promptPreview": "Wh"}]), "nothing that was said"),
        (index(firstMessage={"messageId": "r_1", "preview": "Wh"}), "nothing that was said"),
        ({"exported_at": EXPORTED, "conversations": []}, "Not imported: it is "),
    ],
)
def test_what_holds_no_chat_is_explained(tmp_path: Path, document: object, words: str) -> None:
    path = tmp_path / "saved.json"
    path.write_bytes(as_json(document))

    with pytest.raises(Unrecognised, match=words):
        inspect(path, path.name)


def test_a_list_of_messages_with_an_address_is_read_as_plain_text_of_the_page(tmp_path: Path) -> None:
    document = chat(ASKED, ANSWERED)

    found = talk(document)

    assert variant_of(tmp_path, document) == "gemini/saved-chats"
    assert (found.id, found.title, found.edition) == (ID, "Tea", Edition.PAGE)
    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert {(one.created_at, one.time_inferred) for one in found.messages} == {(EXPORTED, True)}
    assert notes(document) == [UNTIMED]


def test_a_chat_that_knows_when_it_began_does_not_have_the_time_of_the_export() -> None:
    document = chat(ASKED, ANSWERED, createdAt="2026-01-02T10:00:00.000Z")

    assert {(one.created_at[:10], one.time_inferred) for one in talk(document).messages} == {("2026-01-02", True)}
    assert notes(document) == []


def test_what_comes_from_the_interface_of_the_platform_keeps_its_formatting_and_its_times() -> None:
    document = chat(
        ASKED,
        said("assistant", "**Jasmine**."),
        createdAt="2026-01-02T10:00:00.000Z",
        lastMessageAt="2026-01-02T11:00:00.000Z",
        messageCount=2,
    )

    found = talk(document)

    assert found.edition == Edition.COPY
    assert (found.created_at[11:19], found.updated_at[11:19]) == ("10:00:00", "11:00:00")


def test_all_chats_in_one_file_are_the_same_as_each_in_its_own(tmp_path: Path) -> None:
    one, two = chat(ASKED, ANSWERED), chat(said("user", "And now?"), url=PAGE + "aa")

    for document in ([one, two], {"exportedAt": EXPORTED, "totalChats": 2, "chats": [one, two]}):
        assert variant_of(tmp_path, document) == "gemini/saved-chats"
        assert conversations_in(read(document)) == [talk(one), talk(two)]


def test_times_that_are_those_of_the_export_are_marked_as_inferred() -> None:
    at = "2026-06-16T11:59:58.000Z"
    document = {
        "export_info": {"timestamp": EXPORTED, "source": "Gemini Chat Exporter v1.0.2", "total_chats": 2},
        "chats": [
            {
                "id": "current-chat-1781611200000",
                "title": "Gemini Chat",
                "url": PAGE,
                "messages": [
                    said("user", "Which tea?", timestamp=at, word_count=2),
                    said("assistant", "Jasmine.", timestamp=at),
                ],
            },
            {"id": "sidebar-chat-0", "title": "Seeds", "url": PAGE, "type": "sidebar_reference", "messages": []},
        ],
    }

    records = read(document)

    (found,) = conversations_in(records)
    assert (found.id, found.title) == (ID, "Which tea?")
    assert {(one.created_at, one.time_inferred) for one in found.messages} == {(at, True)}
    assert records[1:] == [Skipped("a chat of which only the name was saved"), Note(UNTIMED)]


def test_times_before_the_export_are_the_messages_own() -> None:
    document = chat(said("user", "A", timestamp="2026-06-15T08:00:00Z"), said("model", "B", timestamp=None))

    found = talk(document)

    assert [(one.created_at[:10], one.time_inferred) for one in found.messages] == [
        ("2026-06-15", False),
        ("2026-06-15", True),
    ]
    assert notes(document) == []


@pytest.mark.parametrize("id_", ["current-chat-1234567890", "sidebar-chat-3", "", None, 7])
def test_an_id_that_an_exporter_made_up_is_not_the_chats(id_: object) -> None:
    first = talk(chat(ASKED, ANSWERED, id=id_, url="https://gemini.google.com/app"))
    again = talk(chat(ASKED, ANSWERED, said("user", "Why?"), id="current-chat-99", url="https://gemini.google.com/app"))

    assert first.id == again.id
    assert first.id.startswith("gemini-")


@pytest.mark.parametrize(
    "told",
    [
        {"url": f"https://gemini.google.com/u/1/app/c_{ID}?hl=en"},
        {"url": f"https://gemini.google.com/gem/tea-maker/{ID}"},
        {"url": f"https://gemini.google.com/chat/{ID}#x", "id": "current-chat-1"},
        {"url": "https://gemini.google.com/app", "id": f"c_{ID}"},
        {"url": "https://gemini.google.com/app", "id": None, "conversationId": ID},
        {"url": "https://gemini.google.com/app", "id": None, "conversation_id": ID},
    ],
)
def test_the_id_is_the_platforms_own_wherever_it_is_told(told: Json) -> None:
    assert talk(chat(ASKED, **told)).id == ID


@pytest.mark.parametrize(
    ("role", "side"),
    [
        ("user", "u"),
        ("human", "u"),
        ("Prompt", "u"),
        ("model", "a"),
        ("assistant", "a"),
        ("Gemini", "a"),
        ("bot", "a"),
        ("Response", "a"),
    ],
)
def test_the_sides_have_many_names(role: str, side: str) -> None:
    assert turns(talk(chat(said(role, "A")))) == [(side, "A")]
    assert turns(talk(voyager() | {"format": None, "items": [{"role": role, "text": "A"}]})) == [(side, "A")]


def test_messages_of_neither_side_are_counted() -> None:
    assert notes(chat(ASKED, said("system", "x"), {"content": "y"}))[0] == "2 messages of neither side were left out"


@pytest.mark.parametrize(
    "manifest",
    [
        {"exportedAt": EXPORTED, "total": 1, "conversations": [{"id": ID, "title": "Tea", "url": PAGE}]},
        [{"id": ID, "title": "Tea", "url": PAGE, "createdAt": EXPORTED, "messageCount": 2}],
    ],
)
def test_an_index_of_chats_beside_them_is_explained_and_they_are_read(tmp_path: Path, manifest: object) -> None:
    path = tmp_path / "export.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("_urls_index.json", as_json(manifest))
        archive.writestr("Tea.json", as_json(chat(ASKED, ANSWERED)))

    records, ignored = imported(path)

    assert [len(one.messages) for one in conversations_in(records)] == [2]
    assert [(name, "nothing that was said" in reason) for name, reason in ignored] == [("_urls_index.json", True)]


def test_copies_that_the_page_holds_are_one_message_each() -> None:
    document = raw(
        [
            *(copied("User", "Which tea?", message_type="user_input", duplicate_index=number) for number in range(3)),
            copied(
                "Gemini",
                None,
                message_type="thinking",
                thinking_stages=[
                    {"stage_name": "Tea", "text": "They like flowers."},
                    {"stage_name": "", "text": "Yes."},
                ],
            ),
            copied("Gemini", "Jas", message_type="assistant_response", duplicate_index=0),
            copied("Gemini", "Jasmine.", message_type="assistant_response", duplicate_index=1),
            copied("Gemini", "", message_type="assistant_response", duplicate_index=2),
        ],
        [copied("User", "Which tea?"), copied("Gemini", "Jasmine, again.")],
    )

    found = talk(document)

    assert (found.id, found.title, found.edition) == (ID, "Which tea?", Edition.PAGE)
    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine."), ("u", "Which tea?"), ("a", "Jasmine, again.")]
    assert found.messages[1].reasoning == "Tea: They like flowers.\nYes."
    assert notes(document) == ["3 copies of messages, as the page holds them, were left out", UNTIMED]


def test_a_raw_copy_of_a_page_is_known_by_its_address(tmp_path: Path) -> None:
    assert variant_of(tmp_path, raw([copied("User", "A")])) == "gemini/saved-chats"


def test_messages_keep_their_ids_when_the_beginning_is_loaded_later() -> None:
    short, longer = talk(chat(said("user", "Why?"))), talk(chat(ASKED, ANSWERED, said("user", "Why?")))

    assert short.messages[0].id == longer.messages[2].id


def test_a_chat_without_messages_is_empty_and_other_records_are_told() -> None:
    records = read([chat(), chat(ASKED) | {"url": "https://example.org/app/1"}, 3, {"url": PAGE}, chat(ASKED)])

    assert [type(one) for one in records[:5]] == [Empty, Skipped, Broken, Skipped, Conversation]


@pytest.mark.parametrize("url", ["https://chatgpt.com/c/abc", f"https://example.org/?u={PAGE}", "Gemini", "", None, 3])
def test_messages_without_an_address_of_gemini_are_nobodys(tmp_path: Path, url: object) -> None:
    path = tmp_path / "saved.json"
    path.write_bytes(as_json(chat(ASKED, ANSWERED, url=url)))

    with pytest.raises(Unrecognised):
        inspect(path, path.name)


def test_a_chat_of_the_gemini_exporter_is_read_under_the_id_of_its_link(tmp_path: Path) -> None:
    document = {
        "metadata": {
            "title": "Tea",
            "link": PAGE,
            "powered_by": "Gemini Exporter (https://www.ai-chat-exporter.com)",
            "dates": {"created": "06/15/2026 08:30:00", "updated": "06/15/2026 08:31:00"},
        },
        "messages": [{"role": "Prompt", "say": "Which tea?"}, {"role": "Response", "say": "Jasmine."}],
    }

    assert variant_of(tmp_path, document) == "gemini/chat-exporter"
    (found,) = conversations_in(imported(tmp_path / "saved")[0])
    assert (found.id, found.platform, found.title) == (ID, "gemini", "Tea")
    assert turns(found) == [("u", "Which tea?"), ("a", "Jasmine.")]


MAKER = "Powered by Gemini Exporter (https://www.ai-chat-exporter.com)"
BERLIN = ReadContext(ZoneInfo("Europe/Berlin"))


def read_text(text: str) -> list[Record]:
    return records_of("gemini", text.encode(), "chat-exporter-markdown", BERLIN)


def talk_in(text: str) -> Conversation:
    (found,) = conversations_in(read_text(text))
    return found


def test_a_chat_that_the_gemini_exporter_saved_as_markdown_is_read(tmp_path: Path) -> None:
    path = tmp_path / "Tea"
    answer = "**Jasmine**:\n\n## Why\n\n- it calms"
    path.write_text(f"# Tea\n\n## Prompt:\nWhich tea?\nTell me.\n\n## Response:\n{answer}\n\n---\n{MAKER}\n")

    (found,) = conversations_in(imported(path)[0])

    assert [one.variant for one in inspect(path, "Tea").found] == ["chat-exporter-markdown"]
    assert (found.title, found.platform, found.edition) == ("Tea", "gemini", Edition.COPY)
    assert turns(found) == [("u", "Which tea?\nTell me."), ("a", answer)]
    assert all(one.time_inferred for one in found.messages)


def test_markdown_of_a_localized_exporter_has_times_in_the_zone_of_the_package(tmp_path: Path) -> None:
    text = "# Té\n\n## User:\n> 15/6/2026 08:30:00\n\n¿Qué té?\n\n## Gemini:\n> 15/6/2026 08:30:09\n\nJazmín.\n"
    path = tmp_path / "Te.md"
    path.write_text(text)

    found = talk_in(text)

    assert [one.variant for one in inspect(path, "Te.md").found] == ["chat-exporter-markdown"]
    assert turns(found) == [("u", "¿Qué té?"), ("a", "Jazmín.")]
    assert [one.created_at for one in found.messages] == ["2026-06-15T06:30:00.000Z", "2026-06-15T06:30:09.000Z"]


def test_a_quote_with_which_an_answer_begins_is_no_time() -> None:
    assert turns(talk_in("# T\n## User:\nHi\n## Gemini:\n> 3 cups\n\nof tea\n")) == [
        ("u", "Hi"),
        ("a", "> 3 cups\n\nof tea"),
    ]


def test_a_message_that_markdown_holds_twice_is_read_once_and_counted() -> None:
    once = "## Prompt:\nWhich tea?\n\n"

    records = read_text(f"# Tea\n\n{once}{once}## Response:\nJasmine.\n\n{MAKER}")

    assert turns(conversations_in(records)[0]) == [("u", "Which tea?"), ("a", "Jasmine.")]
    assert any("repeated the one before" in one.text for one in records if isinstance(one, Note))


def test_days_and_months_of_markdown_that_could_be_exchanged_are_told() -> None:
    records = read_text("# T\n## User:\n> 5/6/2026 08:30:00\nHi\n## Gemini:\n> 5/6/2026 08:31:00\nHello\n")

    assert any("month/day or day/month" in one.text for one in records if isinstance(one, Note))


def test_dates_and_link_above_the_first_prompt_are_those_of_the_chat() -> None:
    head = f"**Created:** 6/15/2026 8:30:00\n**Updated:** 6/15/2026 8:31:00\n**Link:** [{PAGE}]({PAGE})"

    found = talk_in(f"# Tea\n\n{head}\n\n## Prompt:\nWhich tea?\n\n## Response:\nJasmine.\n")

    assert (found.id, found.created_at, found.updated_at) == (
        ID,
        "2026-06-15T06:30:00.000Z",
        "2026-06-15T06:31:00.000Z",
    )


def test_a_chat_without_a_link_has_one_id_as_json_and_as_markdown_and_when_it_grows() -> None:
    text = "# Tea\n## Prompt:\nWhich tea?\n## Response:\nJasmine.\n"
    as_object = {
        "metadata": {"title": "Tea", "powered_by": "Gemini Exporter"},
        "messages": [{"role": "Prompt", "say": "Which tea?"}],
    }
    (other,) = conversations_in(records_of("gemini", as_json(as_object), "chat-exporter"))

    assert talk_in(text).id == talk_in(f"{text}## Prompt:\nWhy?\n").id == other.id


def test_markdown_in_which_nothing_is_said_is_empty() -> None:
    for nothing in (f"# Tea\n\n## Prompt:\n\n{MAKER}", "# Tea", ""):
        assert isinstance(read_text(nothing)[0], Empty)


@pytest.mark.parametrize(
    "text",
    [
        "# Tea\n\nPowered by Gemini Exporter",
        "# Tea\n\n## Prompt:\nWhich tea?\n\n## Response:\nJasmine.\n\nPowered by ChatGPT Exporter",
        f"# Tea\n\n## Prompt:\nSee {PAGE}\n\n## Response:\nJasmine.\n",
        f"## Prompt:\nno title\n\n{MAKER}",
        "# Notes\n\n## User: Wren\n\n## Gemini: a model\n",
    ],
)
def test_markdown_that_is_no_chat_of_gemini_is_nobodys(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.md"
    path.write_text(text)

    with pytest.raises(Unrecognised):
        inspect(path, "x.md")


@pytest.mark.parametrize("filler", ["\n", "## Prompt:\n", "> 1/1/", "**Created:** ", "# ", "---\n", "Powered by "])
def test_markdown_of_one_thing_over_and_over_is_read_at_once(filler: str) -> None:
    assert read_text(f"# Tea\n{filler * 20_000}## Prompt:\n{filler * 20_000}")


def test_markdown_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown_chats, "LARGEST", 20)

    assert [type(one) for one in read_text(f"# Tea\n\n## Prompt:\nWhich tea?\n{MAKER}")] == [Broken]


def test_markdown_in_a_damaged_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    text = f"# Tea\n\n## Prompt:\n{'Which tea? ' * 50_000}\n\n{MAKER}"
    path.write_bytes(zip_of(Member("Tea.md", text.encode(), crc=1)))

    records = list(read_member(path, "Tea.md", "gemini", "chat-exporter-markdown", BERLIN))

    assert [type(one) for one in records] == [Broken]


@pytest.mark.parametrize(
    "name", ["messages", "items", "exchanges", "url", "title", "exportedAt", "createdAt", "id", "format"]
)
@pytest.mark.parametrize("odd", [None, 3, "odd", ["odd", 3, None, {"messages": [{"speaker": 3}]}], {"a": 1}, True])
def test_members_of_an_odd_type_do_no_harm(name: str, odd: object) -> None:
    for document in (chat(ASKED), voyager(pair("A", "B")), raw([copied("User", "A")])):
        assert read({**document, name: odd})


@with_fixtures
def test_a_chat_of_a_list_of_messages_is_read() -> None:
    (found,) = conversations_in(imported(SAMPLES / "danielheyman-readme-example.json")[0])

    assert (found.id, found.title) == ("abc123", "Chat Title")
    assert turns(found) == [("u", "Hello!"), ("a", "Hi there!")]
    assert found.messages[0].created_at == "2024-02-04T12:00:00.000Z"


@with_fixtures
def test_a_chat_with_the_times_of_its_export_is_read() -> None:
    (found,) = conversations_in(imported(SAMPLES / "louisjo-readme-example.json")[0])

    assert found.title == "Chat about JavaScript"
    assert [one.role for one in found.messages] == ["user", "assistant"]
    assert all(one.time_inferred for one in found.messages)
