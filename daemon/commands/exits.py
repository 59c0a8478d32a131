"""How commands end: the exit codes, which scripts rely on (R-98), and which error has which."""

from enum import IntEnum

from daemon.settings import SettingsError
from packages_store.errors import HomeBusy, InvalidName, LoomError, Repairing


class Exit(IntEnum):
    """The exit codes of `loom`. BUDGET: an import stopped because what it may cost is spent."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    ALREADY_RUNNING = 3
    PARTIAL = 4
    BUDGET = 5
    TEMPORARY = 75
    INTERRUPTED = 130


class Unavailable(LoomError):
    """The daemon cannot be asked just now."""

    advice = "Try again in a moment."


class NoDaemon(LoomError):
    """The command means nothing without a running daemon."""

    advice = "Start it with `loom serve`."


def exit_code(error: BaseException) -> Exit:
    """The exit code of a command that ended in this error."""
    match error:
        case HomeBusy():
            return Exit.ALREADY_RUNNING
        case Unavailable() | Repairing():
            return Exit.TEMPORARY
        case SettingsError() | InvalidName():
            return Exit.USAGE
        case _:
            return Exit.FAILURE
