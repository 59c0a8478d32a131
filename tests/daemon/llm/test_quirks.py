"""What a rejection teaches, from the words of real providers, and how a question is put then."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.llm.asking import body_of, is_strict, tokens_of
from daemon.llm.errors import Rejected
from daemon.llm.exchange import Message, Request
from daemon.llm.faults import Fault, error_of
from daemon.llm.quirks import Form, LimitName, QuirkBook, Quirks, learn, simpler, told
from packages_store.files import Disk
from tests.daemon.llm.asking import SCHEMA, request
from tests.provider import wordings
from tests.provider.wordings import Refusal


def learned(quirks: Quirks, said: Refusal) -> Quirks | None:
    """What is learned from an answer like this."""
    error = error_of(Fault(said.status, said.body, None, "https://here", "muse-1", has_key=True))
    assert isinstance(error, Rejected), f"{said} is taken for {type(error).__name__}"
    return learn(quirks, error.refusal)


def every(situation: dict[Any, Callable[..., Refusal]], *given: object) -> list[Any]:
    """One case for each provider that is known in a situation."""
    return [pytest.param(say(*given), id=name) for name, say in situation.items()]


@pytest.mark.parametrize("said", [*every(wordings.FORMAT_UNKNOWN, "json_schema")])
def test_a_schema_that_is_not_taken_leads_to_json_and_json_to_words(said: Refusal) -> None:
    first = learned(Quirks(), said)
    assert first == Quirks(form=Form.OBJECT)

    second = learned(first, said)
    assert second == Quirks(form=Form.TEXT)

    assert learned(second, said) is None


@pytest.mark.parametrize("said", every(wordings.TEMPERATURE_REFUSED))
def test_a_refused_temperature_is_left_out(said: Refusal) -> None:
    assert learned(Quirks(), said) == Quirks(takes_temperature=False)


@pytest.mark.parametrize("only", [1.0, 0.6])
def test_the_only_temperature_that_is_taken_is_used(only: float) -> None:
    said = wordings.ONLY_ONE_TEMPERATURE["openai"](only)

    assert learned(Quirks(), said) == Quirks(only_temperature=only)
    assert learned(Quirks(only_temperature=0.3), said) == Quirks(only_temperature=only)


@pytest.mark.parametrize("said", every(wordings.COMPLETION_TOKENS_WANTED))
def test_a_model_that_wants_max_completion_tokens_gets_it(said: Refusal) -> None:
    assert learned(Quirks(), said) == Quirks(limit_name=LimitName.MAX_COMPLETION_TOKENS)


@pytest.mark.parametrize("said", every(wordings.MAX_TOKENS_WANTED))
def test_a_server_that_knows_only_max_tokens_gets_it(said: Refusal) -> None:
    assert learned(Quirks(limit_name=LimitName.MAX_COMPLETION_TOKENS), said) == Quirks()


@pytest.mark.parametrize("said", every(wordings.OUTPUT_TOO_LONG, 4096, 8192))
def test_the_longest_answer_a_model_gives_is_learned(said: Refusal) -> None:
    assert learned(Quirks(), said) == Quirks(most_output=4096)
    assert learned(Quirks(most_output=2000), said) != Quirks(most_output=4096)


@pytest.mark.parametrize("said", every(wordings.SYSTEM_REFUSED))
def test_a_model_without_system_messages_gets_none(said: Refusal) -> None:
    assert learned(Quirks(), said) == Quirks(takes_system=False)


def test_a_rejection_that_names_nothing_we_send_teaches_nothing() -> None:
    assert learned(Quirks(), wordings.openai_error(400, "We could not parse the JSON body of your request.")) is None


def test_an_ignored_schema_is_told_in_words_from_then_on() -> None:
    assert simpler(Quirks()) == Quirks(form=Form.OBJECT)
    assert simpler(Quirks(form=Form.TEXT)) == Quirks(form=Form.TEXT)


def test_what_is_special_is_told_in_sentences() -> None:
    quirks = Quirks(Form.TEXT, only_temperature=0.6, limit_name=LimitName.MAX_COMPLETION_TOKENS, most_output=4096)

    assert list(told(quirks)) == [
        "It is asked for JSON in words only.",
        "It insists on the temperature 0.6.",
        "It wants max_completion_tokens.",
        "Its answers may have at most 4096 tokens.",
    ]
    assert "It takes no temperature." in told(Quirks(takes_temperature=False))
    assert "It takes no system message." in told(Quirks(takes_system=False))


# --- the body that follows from it ---------------------------------------------------------------------------------


def body(quirks: Quirks, asked: Request | None = None) -> dict[str, Any]:
    """The body as the provider reads it."""
    read = json.loads(body_of(asked or request(), "muse-1", quirks))
    assert isinstance(read, dict)
    return read


def test_a_question_is_put_the_usual_way() -> None:
    assert body(Quirks()) == {
        "model": "muse-1",
        "stream": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
        "temperature": 0.0,
        "max_tokens": 100,
        "messages": [
            {"role": "system", "content": "You keep memories."},
            {"role": "user", "content": "What is it?"},
        ],
    }


@pytest.mark.parametrize("form", [Form.OBJECT, Form.TEXT])
def test_a_schema_that_cannot_be_sent_stands_in_the_first_message(form: Form) -> None:
    sent = body(Quirks(form=form))

    assert sent.get("response_format") == ({"type": "json_object"} if form is Form.OBJECT else None)
    assert json.dumps(SCHEMA) in sent["messages"][0]["content"]
    assert "JSON" in sent["messages"][0]["content"]
    assert sent["messages"][1]["content"] == "What is it?"


def test_parameters_are_sent_as_the_model_wants_them() -> None:
    assert "temperature" not in body(Quirks(takes_temperature=False))
    assert body(Quirks(only_temperature=0.6))["temperature"] == 0.6
    assert "temperature" not in body(Quirks(only_temperature=0.6), request(temperature=None))
    wanted = body(Quirks(limit_name=LimitName.MAX_COMPLETION_TOKENS, most_output=64))
    assert wanted["max_completion_tokens"] == 64
    assert "max_tokens" not in wanted


def test_without_system_messages_the_user_says_it_all() -> None:
    messages = (
        Message("system", "one"),
        Message("user", "two"),
        Message("assistant", "three"),
        Message("user", "four"),
    )
    asked = Request(messages, 10)

    sent = body(Quirks(takes_system=False), asked)["messages"]

    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert sent[0]["content"] == "one\n\ntwo"
    only_system = Request((Message("system", "one"),), 10)
    assert body(Quirks(takes_system=False), only_system)["messages"] == [{"role": "user", "content": "one"}]


def test_a_question_for_text_has_no_form() -> None:
    assert "response_format" not in body(Quirks(), request(schema=None))
    assert "JSON" not in body(Quirks(form=Form.TEXT), request(schema=None))["messages"][0]["content"]


def test_equal_questions_have_equal_bodies_also_with_what_no_encoding_knows() -> None:
    odd = request("lone \ud83d surrogate, ünïcode, 日本")

    assert body_of(odd, "m", Quirks()) == body_of(odd, "m", Quirks())
    assert body(Quirks(), odd)["messages"][1]["content"] == "lone ? surrogate, ünïcode, 日本"


def test_the_constant_part_of_a_body_comes_first() -> None:
    one, other = (body_of(request(text), "m", Quirks()) for text in ("first", "second"))
    same = len("".join(x for x, y in zip(one.decode(), other.decode(), strict=False) if x == y))

    assert one[: one.index(b"first")] == other[: other.index(b"second")]
    assert same > len(one) - 20


def test_only_schemas_that_leave_nothing_open_are_called_strict() -> None:
    nested = {"type": "object", "properties": {"inner": SCHEMA, "list": {"type": "array", "items": SCHEMA}}}
    closed = nested | {"required": ["inner", "list"], "additionalProperties": False}

    assert is_strict(closed)
    assert not is_strict(nested)
    assert not is_strict(closed | {"required": ["inner"]})
    assert not is_strict({"anyOf": [SCHEMA, {"type": "object", "properties": {"x": {"type": "string"}}}]})


def test_a_request_takes_the_tokens_it_sends_or_may_get() -> None:
    assert tokens_of(request("x" * 4000, most_tokens=10)) == (4000 + len("You keep memories.")) // 4
    assert tokens_of(request("x", most_tokens=5000)) == 5000


# --- remembered ----------------------------------------------------------------------------------------------------


def test_what_was_learned_is_remembered_for_the_endpoint_and_the_model(tmp_path: Path) -> None:
    quirks = Quirks(form=Form.TEXT, only_temperature=0.6, most_output=4096)
    QuirkBook(tmp_path, Disk()).note("http://a/v1", "muse-1", quirks)
    QuirkBook(tmp_path, Disk()).note("http://a/v1", "muse-2", replace(quirks, form=Form.OBJECT))

    book = QuirkBook(tmp_path, Disk())

    assert book.find("http://a/v1", "muse-1") == quirks
    assert book.find("http://a/v1", "muse-2") == replace(quirks, form=Form.OBJECT)
    assert book.find("http://b/v1", "muse-1") is None


def test_a_damaged_book_is_begun_anew(tmp_path: Path) -> None:
    book = QuirkBook(tmp_path, Disk())
    book.note("http://a/v1", "m", Quirks())
    (tmp_path / "engine" / "quirks.json").write_text('{"x": {"form": "song"}}')

    assert book.find("http://a/v1", "m") is None
    book.note("http://a/v1", "m", Quirks(takes_system=False))

    assert book.find("http://a/v1", "m") == Quirks(takes_system=False)
