"""Google Takeout, My Activity > Gemini Apps, as JSON: a log of prompts from which conversations are put together.

Records that link to chats belong to each of them (a branch is a chat of its own). The others, as all were before
August 2026, are put together by time: a conversation ends where nothing was said for longer than the gap. Records are
not sorted in the file, and times are not unique; ids come from times and prompts, so that a later export gives the
same ones.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from stages.parsers.contract import Broken, Empty, Record, Skipped, SourceFile
from stages.parsers.gemini.records import Turn, is_activity, is_of_gemini, turn_of
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_stream import Item, Records
from stages.parsers.reading.values import Tally, as_map, is_blank, milliseconds, one_line

_ENOUGH_TO_LEARN = 8
_SHARE_TO_LEARN = 0.6
# What a verb before the prompt can look like: up to a colon, or three words, two, one.
_LEADS = tuple(map(re.compile, (r"[^\n:：]{1,40}[:：]\s*", r"(?:\S+\s+){3}", r"(?:\S+\s+){2}", r"\S+\s+")))
_TWICE = "turns were in the file more than once and are kept once"


def read_activity(file: SourceFile, gap_minutes: int) -> Iterator[Record]:
    """What the file holds that is no turn, then its conversations, oldest first.

    Holds the text of all turns, but of one answer's HTML at a time.
    """
    tally = Tally()
    turns: list[Turn] = []
    with file.open() as stream:
        records = Records(stream)
        for item in records:
            found = item if isinstance(item, Broken) else _classified(item, records, tally)
            if isinstance(found, Turn):
                turns.append(found)
            else:
                yield found
    lead = _learnt_lead([turn.prompt for turn in turns if turn.answers and not turn.known])
    for id_, group in _grouped(sorted(turns), gap_minutes * 60_000):
        yield _conversation(id_, group, lead, file.modified_at, tally)
    yield from tally.notes()


def _classified(item: Item, records: Records, tally: Tally) -> Turn | Record:
    if not is_activity(item.value):
        return Broken(records.position, "an activity has a title and a time, and this has not")
    if not is_of_gemini(item.value):
        return Skipped("activity of another Google product")
    if milliseconds(as_map(item.value).get("time")) is None:
        return Broken(records.position, "its time cannot be read")
    turn = turn_of(as_map(item.value), tally)
    return turn if turn is not None else Skipped("activity that is no turn of a chat")


def _learnt_lead(prompts: Sequence[str]) -> str:
    """What stands before the prompts of an account in a language that is not known yet; '' when it cannot be told."""
    if len(prompts) < _ENOUGH_TO_LEARN:
        return ""
    for form in _LEADS:
        leads = Counter(found[0] for prompt in prompts if (found := form.match(prompt)))
        for lead, times in leads.most_common(1):
            if times >= _SHARE_TO_LEARN * len(prompts):
                return lead
    return ""


def _grouped(turns: Sequence[Turn], gap: int) -> list[tuple[str, list[tuple[Turn, str]]]]:
    """The conversations that `turns` (sorted) make, each with the answers that belong to it, oldest first."""
    groups: dict[str, list[tuple[Turn, str]]] = {}
    session, last = "", None
    for turn in turns:
        for number, chat in enumerate(turn.chats):
            groups.setdefault(chat, []).append((turn, _answer(turn, number)))
        if not turn.chats:
            if last is None or turn.at - last > gap:
                session = f"gemini-takeout-{_key(turn).replace(':', '-')}"
            last = turn.at
            groups.setdefault(session, []).append((turn, _answer(turn, 0)))
    return list(groups.items())


def _answer(turn: Turn, number: int) -> str:
    """The answer in the chat with this number: its own where there is one for each chat, else all of them."""
    if len(turn.answers) == len(turn.chats) > 1:
        return turn.answers[number]
    return "\n\n".join(dict.fromkeys(answer for answer in turn.answers if not is_blank(answer)))


def _key(turn: Turn) -> str:
    """What identifies a turn in every export: its second (others have no more) and its prompt, as the export has it."""
    prompt = unicodedata.normalize("NFC", turn.prompt).encode("utf-8", "surrogatepass")
    return f"{turn.at // 1000}:{hashlib.sha256(prompt).hexdigest()[:8]}"


def _conversation(id_: str, group: Sequence[tuple[Turn, str]], lead: str, otherwise: int, tally: Tally) -> Record:
    turns: dict[str, tuple[Turn, str]] = {}
    for turn, answer in group:
        key = _key(turn)
        if key in turns:
            tally.count(_TWICE)
        if key not in turns or len(answer) > len(turns[key][1]):
            turns[key] = turn, answer
    drafts = [draft for key, (turn, answer) in turns.items() for draft in _drafts(key, turn, answer, lead)]
    if not drafts:
        return Empty(f"conversation {id_}")
    title = one_line(next((draft.content for draft in drafts if draft.role == "user"), drafts[0].content))
    return conversation_of(id_, "gemini", title, drafts, created=None, updated=None, otherwise=otherwise)


def _drafts(key: str, turn: Turn, answer: str, lead: str) -> Iterator[Draft]:
    prompt = turn.prompt if turn.known else turn.prompt.removeprefix(lead)
    asked = "\n".join([prompt, *turn.files]).strip()
    if asked:
        yield Draft(f"{key}:u", "user", asked, turn.at)
    if not is_blank(answer):
        # The export has one time for both; the answer's comes after it.
        yield Draft(f"{key}:a", "assistant", answer, turn.at + 1, inferred=True)
