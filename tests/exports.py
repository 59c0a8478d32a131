"""Chat exports of our own making, in the shape ChatGPT delivers them."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_OPENERS = (
    "My sister Anna moved to Lisbon last week and I miss her already.",
    "I started my new job at the library today, I was so nervous.",
    "My doctor told me the migraine comes from the new glasses.",
    "Every Sunday we bake bread with my grandmother Rosa.",
    "I finally told Tom that I want to marry him and he said yes!",
    "We visited Kyoto in spring and I will never forget the gardens.",
    "How do I sort a list in Python?",
    "What is a good recipe for lentil soup?",
    "I was diagnosed with asthma and I am scared.",
    "For my birthday my friend Lena gave me a telescope.",
)
_ANSWERS = (
    "That sounds like a big step. How do you feel about it?",
    "I am glad you told me. Let us think about what you need now.",
    "Use sorted(), it returns a new list.",
    "Take red lentils, an onion and some cumin.",
)


def chatgpt_conversation(
    conversation_id: str, turns: Sequence[tuple[str, str]], start: datetime, title: str = "A chat"
) -> dict[str, Any]:
    """One conversation: `turns` are (role, text), a minute apart."""
    nodes: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None, "children": ["n0"]}}
    for number, (role, text) in enumerate(turns):
        moment = (start + timedelta(minutes=number)).timestamp()
        nodes[f"n{number}"] = {
            "id": f"n{number}",
            "parent": "root" if number == 0 else f"n{number - 1}",
            "children": [f"n{number + 1}"] if number + 1 < len(turns) else [],
            "message": {
                "id": f"{conversation_id}-m{number}",
                "author": {"role": role, "name": None, "metadata": {}},
                "create_time": moment,
                "content": {"content_type": "text", "parts": [text]},
                "status": "finished_successfully",
                "weight": 1.0,
                "recipient": "all",
                "metadata": {},
            },
        }
    end = start + timedelta(minutes=max(0, len(turns) - 1))
    return {
        "id": conversation_id,
        "conversation_id": conversation_id,
        "title": title,
        "create_time": start.timestamp(),
        "update_time": end.timestamp(),
        "mapping": nodes,
        "current_node": f"n{len(turns) - 1}",
    }


def chatgpt_export(
    conversations: int, seed: int = 0, first_day: datetime = datetime(2024, 3, 1, 8, 0, tzinfo=UTC), turns: int = 6
) -> bytes:
    """An export of some conversations, one a day from `first_day`; the same arguments give the same bytes.

    With more `turns` it is a later export of the same conversations.
    """
    found = []
    for number in range(conversations):
        chance = random.Random(f"{seed}.{number}")
        start = first_day + timedelta(days=number, minutes=chance.randrange(600))
        talk = [
            ("user", f"{chance.choice(_OPENERS)} ({seed}.{number}.{turn})")
            if turn % 2 == 0
            else ("assistant", f"{chance.choice(_ANSWERS)} ({seed}.{number}.{turn})")
            for turn in range(turns)
        ]
        found.append(chatgpt_conversation(f"{seed:08x}-{number:04d}", talk, start, f"Chat {seed}.{number}"))
    return json.dumps(found).encode()
