"""What commands ask for, whoever answers: the running daemon over HTTP, or this process when there is none.

Answers are the values of daemon/views.py as JSON, the same from both.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

Json = dict[str, Any]
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

    async def scan(self) -> list[Json]:
        """Take what is finished in the drop folder and wait for it: `file`, `package`, `outcome`, `reason` of each."""
        ...

    async def explain(self, path: Path) -> Json:
        """`path`, and the `explanation` why it was imported or was not."""
        ...

    def export(self, name: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The finished package as a ZIP, piece by piece; whatever is wrong with it is raised before the first."""
        ...

    async def login_link(self) -> str:
        """An address that opens the page once, without a token. Raises NoDaemon."""
        ...
