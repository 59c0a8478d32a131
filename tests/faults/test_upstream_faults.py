"""What Entity Loom 0.4 was seen to do wrong where memories are made, and this must not: its faults 5 to 12, 15 to 17.

Most have a test here, short and from outside. `ELSEWHERE` names those that look at the same fault more closely.
"""

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio
import pytest

from daemon.app import Daemon, Parts
from daemon.events import StageProgressed
from daemon.home import hold_home
from packages_store.errors import HomeBusy
from packages_store.files import Disk
from packages_store.graph import GraphFile
from packages_store.ledger import LEDGER
from packages_store.model import GraphEdge, GraphFacts, GraphNode, StageName, StageStatus
from packages_store.naming import node_key
from packages_store.paths import HomePaths
from packages_store.review import Decision
from packages_store.sqlite import Database
from tests.daemons import working_daemon
from tests.exports import chatgpt_conversation
from tests.fakes import FakeExtractor
from tests.stages.extractors.golden import conversation
from tests.stages.pipeline import pipeline
from tests.stages.test_memory_stages import MOTHER, telling

TESTS = Path(__file__).parents[1]
DAY = datetime(2024, 3, 1, 8, tzinfo=UTC)

ELSEWHERE = {
    5: (
        "stages/extractors/llm/test_upstream_faults.py::test_5_abort_inside_a_long_conversation_leaves_no_half_of_it",
        "daemon/test_runner.py::test_abort_keeps_what_is_done_and_marks_nothing_half_done",
    ),
    6: ("stages/extractors/llm/test_upstream_faults.py::test_6_memories_of_a_day_with_one_title_are_several",),
    7: (
        "daemon/llm/test_join.py::test_what_fails_is_listed_and_retry_finishes_only_that",
        "daemon/llm/test_join.py::test_a_refused_key_stops_everything_and_a_good_one_goes_on",
    ),
    8: ("faults/test_again.py::test_a_grown_export_and_then_the_older_one_again",),
    9: ("daemon/test_home.py::test_a_second_one_is_refused_with_the_holder",),
    10: ("stages/extractors/llm/test_upstream_faults.py::test_10_a_none_is_no_memory",),
    11: ("stages/extractors/llm/test_upstream_faults.py::test_11_signs_of_a_template_come_through_as_they_are",),
    12: (
        "stages/extractors/llm/test_upstream_faults.py::test_12_days_are_those_of_the_package_in_every_stage",
        "stages/parsers/test_chatgpt.py::test_times_are_utc_to_the_millisecond_and_missing_ones_are_the_neighbours",
    ),
    15: (
        "daemon/llm/test_client.py::test_the_time_for_an_answer_is_kept_to",
        "daemon/llm/test_join.py::test_an_abort_leaves_requests_within_a_second_and_late_answers_change_nothing",
        "daemon/llm/test_retrying.py::test_who_is_refused_for_haste_is_patient_as_long_as_others_are_answered",
    ),
    16: (
        "daemon/web/test_guard.py::test_a_change_by_cookie_must_come_from_our_own_page",
        "daemon/web/test_guard.py::test_every_path_is_closed_to_foreign_names",
        "daemon/web/test_guard.py::test_a_body_of_more_than_a_mebibyte_is_refused",
        "daemon/web/test_page.py::test_nothing_that_people_wrote_becomes_a_part_of_a_page",
        "daemon/llm/test_client.py::test_a_key_is_not_sent_to_another_origin_than_it_was_entered_for",
        "packages_store/test_repair.py::test_a_key_in_an_adopted_config_reaches_no_file_of_the_package_in_a_batch_either",
        "packages_store/test_export.py::test_only_what_is_to_be_delivered_is_in_the_zip_and_no_secret",
    ),
    17: (
        "stages/extractors/llm/test_upstream_faults.py::test_17_a_name_inside_a_longer_name_is_another_person",
        "packages_store/test_consolidation.py::test_merging_leaves_no_twin_edges_and_no_loops",
    ),
}


@pytest.mark.parametrize("fault", sorted(ELSEWHERE))
def test_every_fault_has_its_tests_where_it_is_said_to_have_them(fault: int) -> None:
    for test in ELSEWHERE[fault]:
        file, name = test.split("::")
        assert re.search(rf"def {name}\(", (TESTS / file).read_text()), test


def export(*talks: tuple[str, list[str]]) -> bytes:
    """Conversations a day apart, the person and the entity in turn."""
    roles = ("user", "assistant")
    return json.dumps(
        [
            chatgpt_conversation(
                name, [(roles[at % 2], text) for at, text in enumerate(said)], DAY + timedelta(days=number)
            )
            for number, (name, said) in enumerate(talks)
        ]
    ).encode()


async def hand_in(daemon: Daemon, folder: Path, content: bytes, name: str = "chats.json") -> None:
    path = anyio.Path(folder / name)
    await path.write_bytes(content)
    await daemon.hand_in("default", Path(path), name)
    await daemon.settled("default")


async def test_5_a_conversation_that_was_aborted_is_not_done(tmp_path: Path) -> None:
    extractor = FakeExtractor(gate=anyio.Event())
    async with working_daemon(tmp_path / "home", Parts(extractor=extractor)) as daemon:
        path = anyio.Path(tmp_path / "chats.json")
        await path.write_bytes(export(("talk", ["Hello", "Hello Mira"])))
        with daemon.events.listen_to_all() as events, anyio.fail_after(60):
            await daemon.hand_in("default", Path(path), path.name)
            async for _number, event in events:
                if isinstance(event, StageProgressed) and event.stage == StageName.SIGNIFICANT:
                    break
            await daemon.abort("default")

        assert await daemon.read("default", lambda package: package.progress.processed_ids(StageName.SIGNIFICANT)) == []

        extractor.gate = None
        await daemon.resume("default")
        await daemon.settled("default")
        done = await daemon.read("default", lambda package: package.progress.processed_ids(StageName.SIGNIFICANT))
        assert done == ["talk"]


async def test_6_memories_of_one_day_and_one_title_are_as_many_files(tmp_path: Path) -> None:
    talks = [conversation(f"talk {at}", (MOTHER, "I am here.")) for at in range(8)]
    words = ("owls", "tides", "bread", "stars", "snow", "maps", "moss", "bells")
    told = {f"talk_{at}": f"Mira spoke to me about {word} for hours, and then of {word[::-1]}." for at, word in
            enumerate(words)}  # fmt: skip
    run = pipeline(tmp_path, *talks, extractor=telling(**told))

    await run.run()

    assert len(run.texts("significant")) == len({memory.id for memory in run.package.memories.all("significant")}) == 8


@pytest.mark.parametrize("stage", [StageName.SIGNIFICANT, StageName.DAILY, StageName.GRAPH])
async def test_7_a_stage_of_which_an_item_failed_is_not_completed(tmp_path: Path, stage: StageName) -> None:
    failing = {StageName.SIGNIFICANT: "a", StageName.DAILY: "2024-03-01", StageName.GRAPH: "significant:a:1"}[stage]
    extractor = FakeExtractor(fail={failing})
    async with working_daemon(tmp_path / "home", Parts(extractor=extractor)) as daemon:
        await hand_in(daemon, tmp_path, export(("a", ["Hello", "Hello Mira"]), ("b", ["Good morning", "Good morning"])))

        told = next(view for view in (await daemon.package("default")).stages if view.name == stage)
        assert (told.status, told.completed, told.failed) == (StageStatus.COMPLETED_WITH_FAILURES, False, 1)
        assert "refused" in str(told.failures[0].reason)

        extractor.fail.clear()
        await daemon.retry("default", stage)
        await daemon.settled("default")
        told = next(view for view in (await daemon.package("default")).stages if view.name == stage)
        assert told.status == StageStatus.COMPLETED


async def test_8_what_a_later_export_adds_reaches_chats_db_and_tags_stay(tmp_path: Path) -> None:
    async with working_daemon(tmp_path / "home", Parts(extractor=FakeExtractor())) as daemon:
        await hand_in(daemon, tmp_path, export(("a", ["Hello", "Hello Mira"])))
        await daemon.change("default", "tags", lambda package: package.review.decide(["a"], Decision(tag=("dear",))))

        await hand_in(
            daemon, tmp_path, export(("a", ["Hello", "Hello Mira", "And now?", "Now we talk."])), "later.json"
        )

        tags = await daemon.read("default", lambda package: package.ledger.rows("SELECT tag FROM tags"))
        chats = await daemon.read("default", lambda package: package.paths.chats)
    with closing(sqlite3.connect(chats)) as db:
        said = [row[0] for row in db.execute("SELECT content FROM messages ORDER BY created_at")]
    assert said == ["Hello", "Hello Mira", "And now?", "Now we talk."]
    assert [row["tag"] for row in tags] == ["dear"]


def test_9_two_processes_never_work_on_one_package(tmp_path: Path) -> None:
    paths = HomePaths(tmp_path)
    with hold_home(paths, Disk()), pytest.raises(HomeBusy), hold_home(paths, Disk()):
        pass


@pytest.mark.parametrize("none", ["None", "NONE.", "**NONE**"])
async def test_10_a_word_for_nothing_is_no_memory(tmp_path: Path, none: str) -> None:
    run = pipeline(tmp_path, conversation("talk", (MOTHER, "I am here.")), extractor=telling(talk=none))

    await run.run()

    assert run.texts() == {}


@pytest.mark.parametrize("signs", ["$&", "$`", "$$", "$1", "\\1", "{0}", "%s", "[[moon]]"])
async def test_11_signs_of_a_template_reach_the_memory_as_they_were_said(tmp_path: Path, signs: str) -> None:
    told = f"Mira told me that her mother left her {signs} and {signs}{signs}, and nothing else."
    run = pipeline(tmp_path, conversation("talk", (MOTHER, "I am here.")), extractor=telling(talk=told))

    await run.run()

    assert [told in text for text in run.texts().values()] == [True, True]


async def test_12_daily_and_significant_mean_the_same_day(tmp_path: Path) -> None:
    late = conversation("talk", (MOTHER, "I am here."), start=datetime(2024, 5, 3, 22, 55, tzinfo=UTC))
    run = pipeline(tmp_path, late, zone=ZoneInfo("Europe/Berlin"))

    await run.run()

    assert {memory.kind: memory.date for memory in run.package.memories.all()} == {
        "daily": "2024-05-04",
        "significant": "2024-05-04",
    }


async def test_12_a_message_without_a_time_is_of_the_day_of_its_neighbour(tmp_path: Path) -> None:
    talk = json.loads(export(("a", ["Hello", "Hello Mira"])))
    talk[0]["mapping"]["n1"]["message"]["create_time"] = None
    async with working_daemon(tmp_path / "home", Parts(extractor=FakeExtractor())) as daemon:
        await hand_in(daemon, tmp_path, json.dumps(talk).encode())
        days = await daemon.read("default", lambda package: package.progress.processed_ids(StageName.DAILY))
    assert days == ["2024-03-01"]


async def test_16_an_id_that_is_a_script_is_data_in_every_answer(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>[chat:x](y)"
    run = pipeline(tmp_path, conversation(name, (MOTHER, "I am here.")))

    await run.run()

    for text in run.texts("daily").values():
        bullets = text.splitlines()[2:]
        assert bullets
        assert all(len(re.findall(r"\[(?:chat|via):", bullet)) == 2 for bullet in bullets)


def test_17_ann_is_not_joanna_smith(tmp_path: Path) -> None:
    people = [GraphNode("person", node_key(name), name, "", 0.9, ("m",), "2024-03-01", "2024-03-01") for name in
              ("Ann", "Joanna Smith", "Annabel")]  # fmt: skip
    ann, joanna, annabel = (("person", one.key) for one in people)
    ends = ((ann, joanna), (joanna, ann), (annabel, ann), (annabel, joanna))
    edges = [GraphEdge(*pair, "knows", "said so", 0.9, ("m",), "2024-03-01", "2024-03-01") for pair in ends]
    ledger = Database(tmp_path / "ledger.db", LEDGER)
    graph = GraphFile(ledger, tmp_path / "graph.db")
    graph.put_facts("a", GraphFacts(tuple(people), tuple(edges)))

    graph.consolidate()

    assert sorted(str(row["label"]) for row in graph.nodes()) == ["Ann", "Annabel", "Joanna Smith"]
    found = [(row["from_id"], row["to_id"]) for row in graph.edges()]
    assert len(found) == len(set(found)) == 4
    assert all(source != target for source, target in found)
    graph.close()
    ledger.close()
