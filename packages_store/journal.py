"""What language models answered, and what it cost: nothing that was answered is ever asked, or paid for, again (R-29).

An answer is durable before anybody looks at it. It is known by the fingerprint of its request, which covers everything
that decides it and nothing of where the package lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from packages_store.model import StageName
from packages_store.sqlite import Database, Row
from packages_store.times import Clock, iso

_ANEW = "Asked anew by a person."
"""How the verdict on an answer begins that is not to be found again."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the provider counted them. `cached` are among `input`, `reasoning` among `output`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
        )


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An answer that has just come in. `cost` is in US dollars, None when the price is not known."""

    fingerprint: str
    stage: StageName
    item: str
    prompt: str
    model: str
    text: str
    finish: str
    usage: Usage
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class JournalledAnswer:
    """An answer in the journal. `verdict`: None while nobody has looked at it, '' when accepted, else why not."""

    key: int
    fingerprint: str
    text: str
    finish: str
    verdict: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What answers came to. `cost` covers those of known price; `unpriced` counts the others."""

    stage: StageName
    model: str
    answers: int
    usage: Usage
    cost: Decimal
    unpriced: int


class Journal:
    """The answers of one package."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def find(self, fingerprint: str) -> JournalledAnswer | None:
        """The latest answer to this request, also one that was rejected: it was paid for, and says what it says.

        None when there is none, or when a person wants the request to be answered anew.
        """
        row = self._db.one(
            "SELECT key, fingerprint, text, finish, verdict FROM answers"
            " WHERE fingerprint = ? AND coalesce(verdict, '') NOT LIKE ? ORDER BY key DESC LIMIT 1",
            (fingerprint, f"{_ANEW}%"),
        )
        return None if row is None else JournalledAnswer(*row)

    def known(self) -> set[str]:
        """The requests to which there are answers, or were."""
        return {row[0] for row in self._db.rows("SELECT DISTINCT fingerprint FROM answers")}

    def record(self, answer: NewAnswer) -> JournalledAnswer:
        """Keep an answer; it is durable when this returns."""
        return self.write([answer], ())[0]

    def write(self, answers: Sequence[NewAnswer], accepted: Sequence[int]) -> list[JournalledAnswer]:
        """Keep some answers, and note that earlier ones (by key) were accepted: all durable when this returns."""
        with self._db.transaction():
            self._db.many("UPDATE answers SET verdict = '' WHERE key = ?", [(key,) for key in accepted])
            return [self._inserted(answer) for answer in answers]

    def _inserted(self, answer: NewAnswer) -> JournalledAnswer:
        key = self._db.insert(
            "INSERT INTO answers (fingerprint, stage, item, prompt, model, at, text, finish, input_tokens,"
            " output_tokens, cached_tokens, reasoning_tokens, cost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                answer.fingerprint,
                answer.stage,
                answer.item,
                answer.prompt,
                answer.model,
                iso(self._clock()),
                answer.text,
                answer.finish,
                answer.usage.input,
                answer.usage.output,
                answer.usage.cached,
                answer.usage.reasoning,
                None if answer.cost is None else str(answer.cost),
            ),
        )
        return JournalledAnswer(key, answer.fingerprint, answer.text, answer.finish, None)

    def judge(self, key: int, verdict: str) -> None:
        """Say that an answer was accepted ('') or why it was not."""
        self._db.execute("UPDATE answers SET verdict = ? WHERE key = ? AND verdict IS NOT ?", (verdict, key, verdict))

    def forget(self, stage: StageName, item: str) -> int:
        """Let a person have an item answered anew: none of its answers is found again. Returns how many there were."""
        return self._forget(stage, item, "1")

    def forget_rejected(self, stage: StageName, item: str) -> int:
        """Let a person have a failed item tried again: what could not be used is asked for anew, the rest is kept.

        So is what was cut off: to put the same question again would bring the same end. Returns how many there were.
        """
        return self._forget(stage, item, "verdict <> '' AND finish <> 'length'")

    def _forget(self, stage: StageName, item: str, which: str) -> int:
        return self._db.execute(
            "UPDATE answers SET verdict = rtrim(? || coalesce(verdict, ''))"  # noqa: S608 - constants only
            f" WHERE stage = ? AND item = ? AND coalesce(verdict, '') NOT LIKE ? AND {which}",
            (f"{_ANEW} ", stage, item, f"{_ANEW}%"),
        )

    def has_unused(self) -> bool:
        """Whether there are answers for items that are not done: they were interrupted, or failed in part."""
        row = self._db.one(
            "SELECT 1 FROM items i WHERE coalesce(i.\"end\", '') NOT IN ('done', 'empty', 'skipped')"
            " AND EXISTS (SELECT 1 FROM answers a WHERE a.stage = i.stage AND a.item = i.id) LIMIT 1"
        )
        return row is not None

    def spent(self, since: str = "") -> list[Spent]:
        """What was spent from the instant `since` on, by stage and model, in order of their first answer."""
        rows = self._db.rows(
            "SELECT stage, model, cost, input_tokens, output_tokens, cached_tokens, reasoning_tokens FROM answers"
            " WHERE at >= ? ORDER BY key",
            (since,),
        )
        sums: dict[tuple[str, str], Spent] = {}
        for row in rows:
            before = sums.get((row["stage"], row["model"])) or Spent(
                StageName(row["stage"]), row["model"], 0, Usage(), Decimal(0), 0
            )
            sums[row["stage"], row["model"]] = _plus(before, row)
        return list(sums.values())

    def total(self, since: str = "") -> Decimal:
        """What all answers of known price have cost from the instant `since` on, in US dollars."""
        rows = self._db.rows("SELECT cost FROM answers WHERE at >= ? AND cost IS NOT NULL", (since,))
        return sum((Decimal(row[0]) for row in rows), Decimal(0))

    def usage(self, fingerprint: str) -> Usage | None:
        """What the answer to a request took, when there is one that can be used or that nobody has looked at yet."""
        row = self._db.one(
            "SELECT input_tokens, output_tokens, cached_tokens, reasoning_tokens FROM answers"
            " WHERE fingerprint = ? AND coalesce(verdict, '') = '' ORDER BY key DESC LIMIT 1",
            (fingerprint,),
        )
        return None if row is None else Usage(*row)

    def fingerprints(self, item: str) -> list[str]:
        """The requests whose answers were accepted for an item, in order."""
        rows = self._db.rows("SELECT DISTINCT fingerprint FROM answers WHERE item = ? AND verdict = ''", (item,))
        return [row[0] for row in rows]


def _plus(before: Spent, row: Row) -> Spent:
    usage = Usage(row["input_tokens"], row["output_tokens"], row["cached_tokens"], row["reasoning_tokens"])
    is_priced = row["cost"] is not None
    return Spent(
        before.stage,
        before.model,
        before.answers + 1,
        before.usage + usage,
        before.cost + (Decimal(row["cost"]) if is_priced else 0),
        before.unpriced + (not is_priced),
    )
