"""manifest.json: what a package says it holds."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packages_store.config import PackageConfig
from packages_store.files import Disk
from packages_store.manifest import write_manifest
from packages_store.model import Conversation, GraphEdge, GraphFacts, GraphNode, Memory, Message
from packages_store.package import Package
from packages_store.paths import PackagePaths
from packages_store.times import utc_now

T0 = "2024-02-29T23:59:59.999Z"
T1 = "2024-03-01T00:00:00.001Z"


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Package]:
    package = Package("winter", PackagePaths(tmp_path), Disk(), utc_now)
    package.save_config(PackageConfig(entity_name="Nova", user_name="Kim"))
    yield package
    package.close()


def fill(package: Package) -> None:
    messages = (Message("m1", "user", "hello", T0), Message("m2", "assistant", "hi", T1))
    package.chats.write([Conversation("c1", None, "gemini", T0, T1, messages)])
    memory = Memory("d", "daily", "2024-03-01", "2024-03-01_entity-loom.md", "text\n", "offline", ("c1",), ("m1",))
    package.memories.replace_for_item("daily", "2024-03-01", [memory])
    me = GraphNode("self", "me", "me", "", 1.0, ("d",), "2024-03-01", "2024-03-01")
    ann = GraphNode("person", "ann", "Ann", "", 1.0, ("d",), "2024-03-01", "2024-03-01")
    knows = GraphEdge(("self", "me"), ("person", "ann"), "knows", "", 1.0, ("d",), "2024-03-01", "2024-03-01")
    package.graph.put_facts("a", GraphFacts((me, ann), (knows,)))
    package.graph.consolidate()


def manifest(package: Package) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(package.paths.manifest.read_bytes())
    return content


def test_a_manifest_counts_what_there_is_and_hashes_every_memory(package: Package) -> None:
    fill(package)

    write_manifest(package)

    written = manifest(package)
    version = written.pop("generatedBy").pop("version")
    assert isinstance(version, str)
    assert written == {
        "format": "entity-loom-package",
        "formatVersion": 1,
        "package": "winter",
        "entityName": "Nova",
        "userName": "Kim",
        "counts": {
            "conversations": 1,
            "messages": 2,
            "memories": {"daily": 1, "significant": 0},
            "nodes": 2,
            "edges": 1,
        },
        "dateRange": {"from": T0, "to": T1},
        "files": [
            {
                "path": "memories/daily/2024-03-01_entity-loom.md",
                "size": 5,
                "sha256": hashlib.sha256(b"text\n").hexdigest(),
            }
        ],
    }


def test_an_empty_package_has_a_manifest_too(package: Package) -> None:
    write_manifest(package)

    assert manifest(package)["dateRange"] is None
    assert manifest(package)["files"] == []
    assert not package.chats.exists
    assert not package.graph.exists


def test_the_same_package_gives_the_same_bytes_and_no_second_write(package: Package) -> None:
    fill(package)
    write_manifest(package)
    before = package.paths.manifest.stat()

    write_manifest(package)

    assert package.paths.manifest.stat() == before


def test_a_manifest_that_no_longer_says_the_truth_is_written_again(package: Package) -> None:
    write_manifest(package)

    fill(package)
    write_manifest(package)

    assert manifest(package)["counts"]["messages"] == 2
    assert package.paths.manifest.stat().st_mode & 0o777 == 0o600
