"""What commands ask for, whoever answers: the running daemon over HTTP, or this process when there is none.

Answers are the values of daemon/views.py as JSON, the same from both.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

Json = dict[str, Any]
EngineAct = Literal["show", "test", "set", "key", "forget"]
Act = Literal["resume", "abort", "retry", "skip", "skip-stage"]


class Service(Protocol):
    """All methods raise LoomError with a sentence for people."""

    @property
    def goes_on(self) -> bool:
        """Whether packages are worked on after the command has ended."""
        ...

    async def packages(self) -> list[Json]:
        """Every package in a line (`PackageView`)."""
        ...

    async def package(self, name: str) -> Json:
        """One package (`PackageDetail`)."""
        ...

    async def drop_folder(self) -> Json:
        """`path`, `state` and `reason` of the drop folder, the `counts` of its files, and the `files` not yet taken."""
        ...

    async def repairs(self) -> list[Json]:
        """Everything that was repaired, oldest first (`RepairView`)."""
        ...

    async def health(self) -> Json:
        """How the daemon is: `status`, and its `checks` (`Health`)."""
        ...

    async def resume_all(self) -> Json:
        """Leave safe mode (`left_safe_mode`), or continue every package that waits for a person (`packages`)."""
        ...

    async def findings(self) -> list[Json]:
        """What an examination of the home finds (`Finding`)."""
        ...

    async def stop_after(self, name: str, until: str | None) -> None:
        """Let a package, made when there is none, stop after a stage; None lets it go on to the end."""
        ...

    async def hand_in(self, name: str, path: Path, file_name: str) -> Json:
        """Give a regular file to a package and return its upload (`UploadView`). Raises OSError of the file."""
        ...

    async def act(self, verb: Act, name: str, stage: str | None, item: str | None) -> Json:
        """Do what a person can do with a package, and return it (`PackageDetail`)."""
        ...

    async def settle(self, name: str, tell: Callable[[Json], None]) -> Json:
        """Wait until nothing of a package can run now and return it; `tell` hears of its progress now and then."""
        ...

    async def delete(self, name: str) -> Json:
        """Move a package into the trash: its `id` there, `name` and `deleted_at`."""
        ...

    async def trash(self) -> list[Json]:
        """What is in the trash, the latest first."""
        ...

    async def restore(self, entry: str) -> Json:
        """Take a package out of the trash by its id, and return it (`PackageDetail`)."""
        ...

    async def scan(self) -> list[Json]:
        """Take what is finished in the drop folder and wait for it: `file`, `package`, `outcome`, `reason` of each."""
        ...

    async def explain(self, path: Path) -> Json:
        """`path`, and the `explanation` why it was imported or was not."""
        ...

    async def conversations(self, name: str, asked: Json) -> Json:
        """A page of a package's conversations (`Page`); `asked` as in daemon/web/api/review.py, `Asked`."""
        ...

    async def change_conversations(self, name: str, change: Json) -> Json:
        """Exclude, include, tag or untag conversations (`Decided`); `change` as in the same file, `Change`."""
        ...

    async def search(self, name: str, text: str, limit: int) -> Json:
        """Messages that hold every word of a text (`Hits`)."""
        ...

    async def compare(self, name: str, path: Path, file_name: str) -> Json:
        """Compare a package with the chats.db of a companion (`Compared`). Raises OSError of the file."""
        ...

    async def commit_only(self, name: str) -> Json:
        """Commit what was reviewed and stop there, and return the package (`PackageDetail`)."""
        ...

    def export(self, name: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The finished package as a ZIP, piece by piece; whatever is wrong with it is raised before the first."""
        ...

    async def login_link(self) -> str:
        """An address that opens the page once, without a token. Raises NoDaemon."""
        ...

    async def plan(self, name: str, *, explain: bool) -> Json:
        """What would be done to a package, and what it would cost (`PackagePlan`)."""
        ...

    async def doubts(self, name: str) -> list[Json]:
        """What the quality gate holds back and nobody has decided about, by date (`DoubtView`)."""
        ...

    async def decide_doubt(self, name: str, doubt: str, *, keep: bool) -> Json:
        """Keep or drop what the gate holds back, and return it (`DoubtView`)."""
        ...

    async def lineage(self, name: str, of: str) -> Json:
        """What a memory, node or edge rests on (`Lineage`)."""
        ...

    async def impact(self, name: str, of: str) -> Json:
        """What rests on a conversation or message (`Impact`)."""
        ...

    async def settings(self, name: str, changes: Json) -> Json:
        """The settings of a package, after these changes (`PackageSettings`)."""
        ...

    async def costs(self, name: str) -> Json:
        """What a package has cost so far (`PackageCosts`)."""
        ...

    async def set_budget(self, name: str, changes: Json) -> Json:
        """Set `budget` and `budget_per_day` of a package, as far as they are given (`BudgetView`)."""
        ...

    async def engine(self, act: EngineAct, values: Json) -> Json:
        """Look at the language model, test it, `set` options of it (`EngineOptions`), or set (`key`) or forget its key.

        Returns how it is set up (`EngineView`), or how the test went (`TestView`).
        """
        ...
