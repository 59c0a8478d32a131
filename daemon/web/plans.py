"""Plans of packages, kept for as long as nothing they were made of has changed: thousands of items take a while."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from daemon.llm.plan import PackagePlan
from daemon.llm.spending import Look, Spending
from packages_store.package import Package

_KEPT = 8


@dataclass(frozen=True, slots=True)
class _MadeOf:
    """Everything a plan depends on: the ledger as it is, and who would do what is left."""

    ledger: tuple[int, int]
    made_from: str
    options: str


class Plans:
    """Plans with all their items, of the packages that were looked at last. For any thread."""

    def __init__(self, spending: Spending) -> None:
        self._spending = spending
        self._known: OrderedDict[str, tuple[Package, _MadeOf, PackagePlan]] = OrderedDict()
        self._lock = Lock()

    def plan(self, look: Look) -> PackagePlan:
        """What would be done, why, and what it would cost."""
        package = look.context.package
        # Before: what changes while the plan is made is seen at the next look.
        made_of = _MadeOf(package.ledger.state(), look.context.made_from(""), repr(look.options))
        with self._lock:
            known = self._known.get(package.name)
        if known is None or known[0] is not package or known[1] != made_of:
            known = (package, made_of, self._spending.plan(look, explain=True))
        with self._lock:
            self._known[package.name] = known
            self._known.move_to_end(package.name)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return known[2]
