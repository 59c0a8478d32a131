"""What a model says that can do all three tasks: the same answer to the same question, always a usable one."""

import json
import re
from typing import Any

_LABEL = re.compile(r"^\[[0-9a-f]{8,} (m\d+)\] (.*)$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MET = re.compile(r"met ([A-Z]\w+) about the \w+")


def remembers(body: dict[str, Any]) -> str:
    """The answer to a question about a conversation, a day, or some memories."""
    material = body["messages"][1]["content"]
    parts = _parts(material)
    wanted = json.dumps(body.get("response_format")) + body["messages"][0]["content"]
    if '"bullets"' in wanted:
        return json.dumps({"bullets": [_bullet(part) for part in parts[:2]]})
    if '"nodes"' in wanted:
        return json.dumps(_facts(parts))
    if '"memory"' in wanted:
        return json.dumps({"memory": [_moment(parts)]})
    return json.dumps({"text": "The sea is wide and grey, and it comes and goes."})


def _parts(material: str) -> list[tuple[str, str, str]]:
    """(reference, label, text) of everything that is shown."""
    found = list(_LABEL.finditer(material))
    fence = material.rfind("===", 0, material.rfind(" ends ==="))
    ends = [one.start() for one in found[1:]] + [fence] * bool(found)
    return [(one[1], one[2], material[one.end() : end].strip()) for one, end in zip(found, ends, strict=True)]


def _moment(parts: list[tuple[str, str, str]]) -> dict[str, Any]:
    ref, label, text = parts[0]
    person = label.partition(",")[0]
    date = _DATE.findall(label)[0]
    return {"title": " ".join(text.split()[:4]), "date": date, "prose": f"{person} told me: {text}", "evidence": [ref]}


def _bullet(part: tuple[str, str, str]) -> dict[str, Any]:
    ref, label, text = part
    return {"text": f"{label.partition(',')[0]} said: {text}", "refs": [ref]}


def _facts(parts: list[tuple[str, str, str]]) -> dict[str, Any]:
    nodes, edges = [], []
    for ref, _label, text in parts:
        if (met := _MET.search(text)) is not None:
            sure = {"confidence": 0.9, "memories": [ref]}
            nodes.append({"type": "person", "name": met[1], "description": f"{met[1]} was met.", **sure})
            edges.append({"from": "me", "to": met[1], "type": "heard_of", "evidence": met[0], **sure})
    return {"nodes": nodes, "edges": edges}


REMEMBERS = "tests.provider.remembering:remembers"
"""For `Script.content`."""
