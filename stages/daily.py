"""daily: what a day was about. An item is a calendar day of the package's time zone."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from packages_store.bodies import daily_file_name, with_passages
from packages_store.doubts import NewDoubt
from packages_store.model import Conversation, Memory, Passage, StageName, WorkItem
from packages_store.times import iso
from stages.contract import Bullet, Finished, StageContext, fingerprint, length_of, off_loop, off_loop_if_long
from stages.extractors.llm.gate import GATE_VERSION, reasons_against


@dataclass(frozen=True, slots=True)
class Day:
    """What one day gave: its lines as one memory, and the lines that a person should look at first."""

    memory: Memory | None
    doubts: tuple[NewDoubt, ...] = ()


class DailyStage:
    """Asks the extractor for each day's bullets, lets the quality gate sort them, and files them."""

    name = StageName.DAILY

    def concurrency(self, context: StageContext) -> int:
        return context.extractor.concurrency

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        days = _days(context)
        context.package.memories.look_at_others()
        made_from = {day: context.made_from(fingerprint(sorted(said))) for day, said in days.items()}
        return [WorkItem(day, day, f"{made_from[day]} gate-{GATE_VERSION}") for day in sorted(days)]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[Day]:
        start, end = bounds(item.id, context.persona.zone, context.persona.day_starts_at)
        parts = await off_loop(context.package.staging.between, start, end, threads=context.threads)
        bullets = await context.extractor.daily(context.persona, item.id, parts)
        length = length_of(parts)
        day = await off_loop_if_long(length, self._sorted, context, item.id, parts, bullets, threads=context.threads)
        empty = "nothing on this day stood out" if not bullets else "nothing new to be told of it"
        return Finished(item, day, empty=None if day.memory else empty)

    def _sorted(self, context: StageContext, day: str, parts: Sequence[Conversation], bullets: Sequence[Bullet]) -> Day:
        # What a file of somebody else tells of a conversation is not told again: the day is both files.
        told = context.package.memories.told_by_others(day)
        new = [bullet for bullet in bullets if bullet.conversation_id not in told]
        reasons = reasons_against(context.persona, day, parts, new)
        sound = [bullet for bullet, reason in zip(new, reasons, strict=True) if reason is None]
        doubts: list[NewDoubt] = []
        before = 0
        for bullet, reason in zip(new, reasons, strict=True):
            if reason is None:
                before += 1
            else:
                doubts.append(NewDoubt(self._filed(context, day, [bullet]), (reason,), before))
        return Day(self._filed(context, day, sound) if sound else None, tuple(doubts))

    def _filed(self, context: StageContext, day: str, bullets: Sequence[Bullet]) -> Memory:
        blank = Memory(
            id=f"daily:{day}",
            kind="daily",
            date=day,
            file_name=daily_file_name(day, context.instance_id),
            body="",
            origin=context.extractor.name,
            conversation_ids=(),
            message_ids=(),
        )
        return with_passages(blank, [_passage(bullet) for bullet in bullets])

    def store(self, context: StageContext, results: Sequence[Finished[Day]]) -> None:
        memories, doubts = context.package.memories, context.package.doubts
        for result in results:
            kept, held = doubts.sort(result.value.doubts)
            day = [result.value.memory] if result.value.memory else []
            memories.replace_for_item("daily", result.item.id, _with_kept(day, kept))
            doubts.replace_for_item("daily", result.item.id, held)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        pass

    def publish(self, context: StageContext, results: Sequence[Finished[Day]]) -> None:
        context.package.memories.publish("daily", [result.item.id for result in results])

    def finish(self, context: StageContext) -> None:
        package = context.package
        days = _days(context)
        package.memories.keep_only("daily", days)
        package.doubts.keep_only("daily", days)
        package.memories.materialise()
        package.chats.set_summaries(package.memories.all("daily"))


def _passage(bullet: Bullet) -> Passage:
    return Passage(bullet.text, bullet.conversation_id, bullet.platform, bullet.message_ids, bullet.request)


def _with_kept(days: Sequence[Memory], kept: Sequence[NewDoubt]) -> list[Memory]:
    """The day, with the lines that a person said to keep in their places."""
    if not kept:
        return list(days)
    passages = list(days[0].passages) if days else []
    for more, doubt in enumerate(kept):
        passages[doubt.position + more : doubt.position + more] = doubt.memory.passages
    return [with_passages(days[0] if days else kept[0].memory, passages)]


def _days(context: StageContext) -> dict[str, list[tuple[str, int]]]:
    """Every day on which something was said, with the conversation and hash of each message."""
    days: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for conversation_id, created_at, message_hash in context.package.staging.moments():
        days[context.persona.day_of(created_at)].append((conversation_id, message_hash))
    return days


def bounds(day: str, zone: tzinfo, starts_at: int = 0) -> tuple[str, str]:
    """The instants [start, end) of a day in a zone, from the hour `starts_at` on; 23 or 25 hours apart when clocks
    change.
    """
    first = date.fromisoformat(day)
    start = datetime.combine(first, time(starts_at), zone)
    end = datetime.combine(first + timedelta(days=1), time(starts_at), zone)
    return iso(start), iso(end)
