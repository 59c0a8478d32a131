"""Homes in which every page has something to show: each state of a package, and everything a person may have done.

`in_every_state` needs no language model: its extractor is steered, so that packages can stand still. `with_an_engine`
is for what only a paid engine brings: prices, budgets, a key, and what was asked. `fresh` and `in_safe_mode` are empty.
"""

import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packages_store.review import COLOURS
from tests.browser.harness import SteeredDaemon
from tests.doors.harness import DaemonProcess, until
from tests.exports import chatgpt_conversation
from tests.golden.__main__ import SCRIPTED
from tests.golden.reading import as_export, load
from tests.provider.harness import FakeProvider
from tests.provider.script import Script

SAMPLE = Path(__file__).resolve().parents[2] / "examples/sample-export/conversations.json"
DONE, HELD_BACK, REVIEW, RUNNING = "wren", "doubtful", "to review", "at work"
FAILED, POISONED, INTERRUPTED, STOPPED = "some failed", "set aside", "interrupted", "stopped"
EMPTY, REFUSED, PUT_AWAY, UNUSABLE = "empty", "nothing in it", "put away", "from tomorrow"
PAID, SPENT = "paid for", "no money left"
RICH = "everything"
"""A conversation of REVIEW whose messages hold whatever a message may hold."""
_MARKDOWN = """# A heading

Some **words**, a [link](https://example.org/), `code`, ~~not this~~ and a picture ![of a cat](https://example.org/x.png).

> Quoted.

1. One
2. Two

| Name | Of what |
|---|---|
| Wren | a bird |

```python
print("a long line of code that does not fit on a telephone, however small one writes it on there")
```
"""
EDITED = "significant:told-1:1"
"""A memory of HELD_BACK."""
SAID = (
    "I moved to Lisbon with my sister Anna today, and I am so happy!",
    "<memories>I married my husband Robert in Nepal today, and I cried with joy.</memories>",
)
"""One to remember, and one that repeats what a companion was told to remember: the gate holds it back."""
_PRICES = {"LOOM_ENGINE__PRICE_IN": "40", "LOOM_ENGINE__PRICE_OUT": "160", "LOOM_ENGINE__PRICE_DATE": "2026-11-23"}
_POISON_AFTER = 2


def talks(prefix: str, said: Sequence[str] = SAID[:1] * 2) -> bytes:
    """An export of conversations `<prefix>-1`, `<prefix>-2` and so on, three weeks apart."""
    begin = datetime(2024, 3, 1, 8, tzinfo=UTC)
    return json.dumps(
        [
            chatgpt_conversation(
                f"{prefix}-{number}",
                [("user", text), ("assistant", "I am **so glad** that you told me of it.\n\n- How was it?")],
                begin + timedelta(days=21 * number),
                f"{prefix.capitalize()} {number}",
            )
            for number, text in enumerate(said, start=1)
        ]
    ).encode()


def _rich() -> bytes:
    said = (("system", "Be kind."), ("user", "Tell me everything."), ("assistant", _MARKDOWN))
    messages = [
        {"id": f"{RICH}-{at}", "role": role, "content": text, "createdAt": "2024-07-01T08:00:00Z", "reasoning": "Hm."}
        for at, (role, text) in enumerate(said)
    ]
    talk = {"id": RICH, "title": "Everything", "createdAt": "2024-07-01T08:00:00Z", "messages": messages}
    export = {"format": "loom-standard", "version": 1, "originPlatform": "other", "conversations": [talk]}
    return json.dumps(export).encode()


# --- without a language model ----------------------------------------------------------------------------------------


@contextmanager
def in_every_state(home: Path) -> Iterator[SteeredDaemon]:
    """A daemon with a package in each state there is, of which none goes on; killed at the end."""
    with SteeredDaemon(home, {"LOOM_POISON_AFTER": str(_POISON_AFTER)}) as daemon:
        held = [f"{name}-2" for name in ("work", "poison", "broken", "stop")]
        daemon.steer(hold=held, fail=["fail-1", "fail-2"])
        daemon.start().wait_ready()
        _make(daemon, INTERRUPTED, talks("broken"), after_crash="hold")
        _make(daemon, POISONED, talks("poison"))
        _make(daemon, UNUSABLE, talks("newer"))
        _wait_until_held(daemon, INTERRUPTED, POISONED)
        daemon.wait_settled(quote(UNUSABLE))
        # A death counts when the item was in somebody's hands by then, which cannot be seen from here.
        while until(lambda: _significant(daemon, POISONED), f"{POISONED} to be in the middle") == "held":
            daemon.kill()
            _make_unusable(daemon.packages / UNUSABLE / "ledger.db")
            daemon.start().wait_ready()
        _make_the_others(daemon)
        yield daemon


def _make(daemon: DaemonProcess, name: str, export: bytes | None = None, **config: Any) -> None:
    daemon.api("POST", "/api/packages", body={"name": name, "config": {"user_name": "Mira", **config}})
    if export is not None:
        daemon.api("PUT", f"/api/packages/{quote(name)}/uploads?name=conversations.json", content=export)


def _wait_until_held(daemon: DaemonProcess, *names: str) -> None:
    until(lambda: all(_significant(daemon, name) == "held" for name in names), f"{names} to be in the middle")


def _significant(daemon: DaemonProcess, name: str) -> str:
    """Whether the stage is `held` at its second conversation, has `failed` at one, or neither."""
    stages = daemon.package(quote(name))["stages"]
    found = next(stage for stage in stages if stage["name"] == "significant")
    if found["failed"]:
        return "failed"
    return "held" if found["status"] == "running" and found["processed"] == 1 else ""


def _make_unusable(ledger: Path) -> None:
    """As if a later version of the program had written it."""
    with closing(sqlite3.connect(ledger)) as opened:
        opened.execute("PRAGMA user_version = 999")


def _make_the_others(daemon: SteeredDaemon) -> None:
    _make(daemon, DONE, SAMPLE.read_bytes())
    _make(daemon, HELD_BACK, talks("told", SAID * 2))
    _make(daemon, REVIEW, talks("review", SAID * 2), pause_before_commit=True)
    daemon.api("PUT", f"/api/packages/{quote(REVIEW)}/uploads?name=rich.json", content=_rich())
    _make(daemon, RUNNING, talks("work"))
    _make(daemon, FAILED, talks("fail"))
    _make(daemon, STOPPED, talks("stop"))
    _make(daemon, PUT_AWAY, talks("away"))
    _make(daemon, REFUSED, b"There is no chat in this.")
    _make(daemon, EMPTY)
    _make(daemon, "thrown away")
    daemon.api("DELETE", "/api/packages/thrown%20away")
    (daemon.inbox / "a link.zip").symlink_to(SAMPLE)
    daemon.drop(b"", "empty.json", EMPTY)
    for name in (DONE, HELD_BACK, FAILED, PUT_AWAY):
        daemon.wait_settled(quote(name))
    daemon.wait_settled(quote(REVIEW), uploads=2)
    _wait_until_held(daemon, RUNNING, STOPPED)
    daemon.api("POST", f"/api/packages/{STOPPED}/abort")
    daemon.wait_settled(STOPPED)
    _by_hand(daemon)


def _by_hand(daemon: DaemonProcess) -> None:
    """What a person may do to a package: edit, tag, leave out, compare, delete, decide."""
    archive = daemon.ask("GET", f"/api/packages/{quote(HELD_BACK)}/export").body
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        chats = opened.read("chats.db")
    for name in (HELD_BACK, REVIEW):
        daemon.api("PUT", f"/api/packages/{quote(name)}/comparison?name=chats.db", content=chats)
    colours = {f"in {colour}": colour for colour in COLOURS}
    for name, word in ((DONE, "Oma"), (REVIEW, "Robert")):
        package = f"/api/packages/{quote(name)}"
        daemon.api("PUT", f"{package}/tag-sets", body={"name": "Colours", "tags": colours})
        daemon.api("POST", f"{package}/conversations/change", body={"choice": {}, "tag": list(colours)})
        daemon.api("POST", f"{package}/conversations/change", body={"choice": {"text": word}, "excluded": True})
    edit = {"conversation": RICH, "message": f"{RICH}:{RICH}-1", "content": "Something else"}
    daemon.api("PUT", f"/api/packages/{quote(REVIEW)}/conversations/messages", body=edit)
    package = f"/api/packages/{DONE}"
    daemon.wait_settled(DONE)
    deleted = daemon.api("GET", f"{package}/memories?kind=significant")["memories"][0]
    daemon.api("DELETE", f"{package}/memories/one?id={quote(deleted['id'], safe='')}")
    node = next(one for one in daemon.api("GET", f"{package}/graph/nodes")["nodes"] if one["type"] != "self")
    daemon.api("POST", f"{package}/graph/edits", body={"act": "rename", "node": node["id"], "text": "Somebody"})
    _proposal(daemon)
    kept, dropped, *_ = daemon.api("GET", f"/api/packages/{quote(HELD_BACK)}/doubts")["doubts"]
    daemon.api("POST", f"/api/packages/{quote(HELD_BACK)}/doubts/keep", body={"id": kept["id"]})
    daemon.api("POST", f"/api/packages/{quote(HELD_BACK)}/doubts/drop", body={"id": dropped["id"]})
    for name in (DONE, HELD_BACK):
        daemon.wait_settled(quote(name))


def _proposal(daemon: DaemonProcess) -> None:
    """A memory that a person has edited, and that its stage would write otherwise by now."""
    package = f"/api/packages/{quote(HELD_BACK)}"
    daemon.api("PUT", f"{package}/memories/one", body={"id": EDITED, "text": "As I tell it.", "title": "Mine"})
    daemon.api("PUT", f"{package}/settings", body={"user_name": "Mirabel"})
    daemon.wait_settled(quote(HELD_BACK))


# --- with one --------------------------------------------------------------------------------------------------------


@contextmanager
def with_an_engine(home: Path) -> Iterator[DaemonProcess]:
    """A daemon with an engine that costs something; one of its packages has no money left."""
    with FakeProvider() as provider:
        provider.play(Script(content=SCRIPTED))
        with DaemonProcess(home, _PRICES) as daemon:
            daemon.start().wait_ready()
            daemon.api("PUT", "/api/engine", body={"base_url": provider.base_url, "model": "wren-writer"})
            daemon.api("PUT", "/api/engine/key", body={"key": "not-a-real-key"})
            export = json.dumps(as_export(load())).encode()
            _make(daemon, PAID, export, budget="none", ask_before_paid=False)
            _make(daemon, SPENT, export, budget=5)
            daemon.wait_settled(quote(PAID))
            daemon.wait_settled(quote(SPENT))
            yield daemon


# --- without packages ------------------------------------------------------------------------------------------------


@contextmanager
def fresh(home: Path) -> Iterator[DaemonProcess]:
    """A daemon on a home that nobody has used."""
    with DaemonProcess(home) as daemon:
        yield daemon.start().wait_ready()


@contextmanager
def in_safe_mode(home: Path) -> Iterator[DaemonProcess]:
    """A daemon that died right after its start, and works on nothing until somebody says so."""
    with DaemonProcess(home, {"LOOM_SAFE_MODE_AFTER": "1"}) as daemon:
        daemon.start().wait_ready().kill()
        yield daemon.start().wait_ready()
