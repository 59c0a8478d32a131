"""What CAI Tools saves for other programs: no ids, no times; one chat a file."""

from collections.abc import Iterator, Sequence

from packages_store.model import Edition, Role
from stages.parsers.character_ai.shown import PLATFORM, id_by_opening, key_of, said
from stages.parsers.contract import Broken, Empty, ReadContext, Record, SourceFile
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.values import Tally, as_list, as_text, is_blank
from stages.parsers.sillytavern.chat import Log
from stages.parsers.sillytavern.lines import Said

_NOBODY_ASKED = "<|BEGIN-VISIBLE-CHAT|>"
"""What text-generation-webui writes in the place of the question before a greeting."""


def read_tavern(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """A Tavern log, all dates of which are the moment of the export; another export of the chat has other ones."""
    log = Log(Tally())
    yield from log.read(file)
    if log.said:
        yield conversation_of(
            id_by_opening(log.title(), log.said),
            PLATFORM,
            log.title(),
            [draft._replace(inferred=True) for draft in log.drafts(context.zone)],
            created=None,
            updated=None,
            otherwise=file.modified_at,
            edition=Edition.COPY,
        )
    elif log.lines:
        yield Empty("the whole file")
    yield from log.tally.notes()


def read_pairs(file: SourceFile) -> Iterator[Record]:
    """`{"internal", "visible", "data", "data_visible"}`, each the same list of pairs: a question and its answer."""
    tally = Tally()
    pairs: list[object] = []
    with file.open() as stream:
        records = Records(stream)
        for item in records:
            if isinstance(item, Broken):
                yield item
            else:
                pairs.append(item.value)
    messages = list(_said_in(as_list(records.envelope.get("visible")) or pairs, tally))
    if messages:
        yield conversation_of(
            id_by_opening("", messages),
            PLATFORM,
            "",
            [Draft(key_of(one), one.role, one.text, None) for one in messages],
            created=None,
            updated=None,
            otherwise=file.modified_at,
            edition=Edition.COPY,
        )
    elif records.wrapping != "none":
        yield Empty("the whole file")
    yield from tally.notes()


def _said_in(pairs: Sequence[object], tally: Tally) -> Iterator[Said]:
    roles: tuple[Role, Role] = ("user", "assistant")
    for pair in pairs:
        for role, told in zip(roles, as_list(pair), strict=False):
            text = tally.clean(as_text(told))
            if not is_blank(text) and text != _NOBODY_ASKED:
                yield said(role, text)
