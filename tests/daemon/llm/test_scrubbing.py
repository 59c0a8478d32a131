"""What a provider said, made fit to be shown."""

from daemon.llm.scrubbing import fit_to_show, without_key
from daemon.llm.secrets import Secret
from tests.daemon.llm.asking import CANARY

KEY = Secret(CANARY)


def test_the_key_is_taken_out_whole_in_pieces_and_masked() -> None:
    said = f"Key {CANARY} is bad. {CANARY[:14]}... too. sk-CAN****ARY as well. Bearer {CANARY[5:]}"

    shown = fit_to_show(said, KEY, [])

    assert "CANARY" not in shown
    assert "sk-CAN" not in shown
    assert shown.startswith("Key [key] is bad.")


def test_what_repeats_the_request_is_taken_out() -> None:
    private = ["I was in hospital\nin March and told nobody."]

    shown = fit_to_show('Invalid input: "I was in hospital in March" is not a number', None, private)

    assert shown == 'Invalid input: "…" is not a number'


def test_only_the_beginning_is_shown_in_one_line() -> None:
    shown = fit_to_show("a\n\n b\t" + "c" * 1000, None, [])

    assert shown.startswith("a b ccc")
    assert len(shown) == 301


def test_without_a_key_nothing_is_hidden() -> None:
    assert without_key("as it is", None) == "as it is"
    assert fit_to_show("as it is", None, ["something else entirely"]) == "as it is"
