"""daily: what a day was about. An item is a calendar day of the package's time zone."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from packages_store.memories import daily_body, daily_file_name
from packages_store.model import Memory, StageName, WorkItem
from packages_store.times import iso, parse_iso
from stages.contract import Bullet, Finished, StageContext, fingerprint, off_loop


class DailyStage:
    """Asks the extractor for each day's bullets, and files them."""

    name = StageName.DAILY

    def concurrency(self, context: StageContext) -> int:
        return context.extractor.concurrency

    def plan(self, context: StageContext) -> Sequence[WorkItem]:
        made_by = (context.extractor.name, context.extractor.version, context.persona)
        days = _days(context)
        return [WorkItem(day, day, fingerprint(sorted(days[day]), *made_by)) for day in sorted(days)]

    async def process(self, context: StageContext, item: WorkItem) -> Finished[tuple[Memory, ...]]:
        start, end = bounds(item.id, context.persona.zone)
        parts = await off_loop(context.package.staging.between, start, end)
        bullets = await context.extractor.daily(context.persona, item.id, parts)
        memories = (self._filed(context, item.id, bullets),) if bullets else ()
        return Finished(item, memories, empty=None if bullets else "nothing on this day stood out")

    def _filed(self, context: StageContext, day: str, bullets: Sequence[Bullet]) -> Memory:
        lines = [(bullet.text, bullet.conversation_id, bullet.platform) for bullet in bullets]
        return Memory(
            id=f"daily:{day}",
            kind="daily",
            date=day,
            file_name=daily_file_name(day, context.package.config.instance_id),
            body=daily_body(day, lines),
            origin=context.extractor.name,
            conversation_ids=tuple(dict.fromkeys(bullet.conversation_id for bullet in bullets)),
            message_ids=tuple(dict.fromkeys(message_id for bullet in bullets for message_id in bullet.message_ids)),
            requests=tuple(dict.fromkeys(bullet.request for bullet in bullets if bullet.request)),
        )

    def store(self, context: StageContext, results: Sequence[Finished[tuple[Memory, ...]]]) -> None:
        for result in results:
            context.package.memories.replace_for_item("daily", result.item.id, result.value)

    def store_failure(self, context: StageContext, item: WorkItem, reason: str) -> None:
        pass

    def publish(self, context: StageContext, results: Sequence[Finished[tuple[Memory, ...]]]) -> None:
        context.package.memories.publish("daily", [result.item.id for result in results])

    def finish(self, context: StageContext) -> None:
        context.package.memories.keep_only("daily", _days(context))
        context.package.memories.materialise()
        context.package.chats.set_summaries(context.package.memories.all("daily"))


def _days(context: StageContext) -> dict[str, list[tuple[str, int]]]:
    """Every day on which something was said, with the conversation and hash of each message."""
    days: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for conversation_id, created_at, message_hash in context.package.staging.moments():
        days[local_day(created_at, context.persona.zone)].append((conversation_id, message_hash))
    return days


def local_day(instant: str, zone: tzinfo) -> str:
    """The calendar day, `YYYY-MM-DD`, of an instant in a zone."""
    return parse_iso(instant).astimezone(zone).date().isoformat()


def bounds(day: str, zone: tzinfo) -> tuple[str, str]:
    """The instants [start, end) of a calendar day in a zone; 23 or 25 hours apart when clocks change."""
    first = date.fromisoformat(day)
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(first + timedelta(days=1), time(), zone)
    return iso(start), iso(end)
