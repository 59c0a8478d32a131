"""Replika: the CSV of the community's backup scripts, `Timestamp,From,Text,Reaction,ID`.

One account has one chat that never ends, so that a file is a slice of it, and so are the others that the scripts leave
beside it (`.old`, `.new`, `.limit`, one for each month). Rows stand newest first; a script turns them around.

Nothing in a file names the account. A chat is known by its oldest message, whose id nobody else's has; a slice that
begins later is known by the messages that it shares with what is here (`Conversation.excerpt`).
"""

from collections.abc import Iterator, Mapping

from packages_store.model import Role
from stages.parsers.contract import Bid, Broken, Empty, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.tables import Row, columns_of, oldest_first, read_rows
from stages.parsers.reading.values import Tally, digest, is_blank, milliseconds

_COLUMNS = frozenset({"timestamp", "from", "text", "reaction", "id"})
_ROLES: Mapping[str, Role] = {"me": "user", "rep": "assistant"}
_NO_REACTION = ("", "none")


class Replika:
    """Reads backups of a Replika chat."""

    platform = "replika"
    title = "Replika"
    variants = (
        Variant(
            "",
            "CSV of the backup scripts (`chat_backup.csv`, and the `.old`, `.new` and `.limit` files beside it)",
            "every message with its time, as one conversation for each account: files of one account join where they"
            " share a message; no reactions",
        ),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """A CSV with all of the five columns."""
        return Bid("", Bid.SHAPE) if columns_of(peek) >= _COLUMNS else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Holds the whole chat; times without a zone are UTC, as the platform serves them."""
        del variant, context
        tally = Tally()
        drafts: dict[str, Draft] = {}
        for row in read_rows(file, _COLUMNS, tally):
            if isinstance(row, Broken):
                yield row
            elif draft := _draft(row, tally):
                if draft.key in drafts:
                    tally.count("message[ was|s were] in the file more than once and [is|are] kept once")
                drafts.setdefault(draft.key, draft)
        if drafts:
            in_order = oldest_first(list(drafts.values()), lambda draft: draft.at)
            yield conversation_of(
                f"{self.platform}-{digest(in_order[0].key)[:16]}",
                self.platform,
                self.title,
                in_order,
                created=None,
                updated=None,
                otherwise=file.modified_at,
                excerpt=True,
            )
        else:
            yield Empty("the whole file")
        yield from tally.notes()


def _draft(row: Row, tally: Tally) -> Draft | None:
    role = _ROLES.get(row.fields["from"].strip().casefold())
    text = tally.clean(row.fields["text"].replace("\\n", "\n"))
    if role is None:
        tally.count("message[|s] that neither the user nor the Replika wrote [was|were] left out")
        return None
    if is_blank(text):
        tally.count("message[|s] without text [was|were] left out")
        return None
    if row.fields["reaction"].strip().casefold() not in _NO_REACTION:
        tally.count("message[|s] had a reaction, which is not imported")
    key = tally.clean(row.fields["id"].strip()) or digest(row.fields["timestamp"], role, text)[:16]
    return Draft(key, role, text, milliseconds(row.fields["timestamp"]))
