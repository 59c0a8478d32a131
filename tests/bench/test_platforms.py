"""The documents of every platform: each is claimed by its parser, which finds in it exactly what was put in."""

from pathlib import Path

import pytest

from bench.generate import Workload, write_export
from bench.parsing import decode, messages_in
from bench.platforms.forms import FORMS, Form, check, documents, write
from bench.platforms.told import Told, tell
from stages.parsers.registry import PARSERS

SMALL = Workload(conversations=12, messages=120, size=200_000)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "chatgpt.json"
    write_export(path, SMALL)
    return path


@pytest.fixture(scope="module")
def told(export: Path) -> list[Told]:
    return tell(export)


def form_of(platform: str) -> Form:
    return next(form for form in FORMS if form.platform == platform)


def test_every_platform_is_measured() -> None:
    assert {form.platform for form in FORMS} | {"chatgpt"} == {parser.platform for parser in PARSERS}


def test_all_messages_of_the_export_are_told(told: list[Told]) -> None:
    assert len(told) == SMALL.conversations
    assert sum(len(one.turns) for one in told) == SMALL.messages


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.platform}-{form.variant}")
def test_a_parser_finds_in_its_document_exactly_what_was_put_in(form: Form, told: list[Told], tmp_path: Path) -> None:
    document = write(form, told, tmp_path)

    decode(document.floor)
    assert messages_in(document.path) == sum(len(one.turns) for one in form.shape(told))


def test_all_documents_of_an_export_lie_beside_it(export: Path) -> None:
    found = list(documents(export))

    assert len({document.path for document in found}) == 1 + len(FORMS)
    assert {document.path.parent for document in found} == {export.parent}


def test_the_same_is_written_every_time(told: list[Told], tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()

    first, second = ([write(form, told, folder).path.read_bytes() for form in FORMS] for folder in folders)

    assert first == second


def test_a_lost_message_is_noticed(told: list[Told], tmp_path: Path) -> None:
    document = write(form_of("grok"), told, tmp_path)
    longer = told[0]._replace(turns=[*told[0].turns, told[1].turns[0]])

    with pytest.raises(RuntimeError, match="of which 11 hold what was put in"):
        check("grok", "", [longer, *told[1:]], document.path)


def test_a_document_of_another_platform_is_noticed(told: list[Told], tmp_path: Path) -> None:
    document = write(form_of("grok"), told, tmp_path)

    with pytest.raises(RuntimeError, match="is claimed by"):
        check("deepseek", "export", told, document.path)
