"""The one error tree. Every error says what happened, to what, and what to do next.

LoomError
├── StoreError
│   ├── HomeBusy            another daemon holds this home
│   ├── PackageNotFound
│   ├── InvalidName         a package name that cannot be a folder
│   ├── UnknownItem         a package holds no memory, node, conversation … of this id
│   ├── NotAllowed          a value that cannot be kept, such as a tag of two lines
│   ├── ChangedMeanwhile    what is to be changed reads otherwise than whoever changes it has seen
│   ├── PackageUnusable     repair could not make it usable; the other packages work
│   ├── FileDamaged         a file of ours that cannot be read; it is quarantined by repair
│   └── NewerFormat         written by a newer version; left untouched
├── StageError
│   ├── StageBusy           the package's stage lock is held
│   ├── StageNotReady       what it needs is not completed
│   └── NothingToDo         asked to continue or retry where nothing waits
├── ItemFailed              an expected failure of one item
├── EngineStopped           the language model cannot be asked before somebody acts, or before some time has passed
├── Unrecognised            no parser claims a file, or several do
├── SourceBroken            a file is recognised but cannot be read (to its end)
└── Repairing               changes are accepted after the repair
"""


class LoomError(Exception):
    """What went wrong, in a sentence a person understands; `advice` says what to do next."""

    advice: str = ""

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        if advice is not None:
            self.advice = advice

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.advice}".rstrip()


class StoreError(LoomError):
    """Something about what lies on disk."""


class HomeBusy(StoreError):
    """Another process holds the home. `holder` is what it wrote about itself, empty when it has not yet."""

    advice = "Use that daemon, or stop it first."

    def __init__(self, message: str, holder: dict[str, object]) -> None:
        super().__init__(message)
        self.holder = holder


class PackageNotFound(StoreError):
    advice = "`loom packages` lists those that exist."


class UnknownItem(StoreError):
    """Asked for by an id, or decided about, and not there (any more)."""

    advice = "Look again: it may have changed meanwhile."


class NotAllowed(StoreError):
    """A value that cannot be kept, or means nothing; the message says why."""


class ChangedMeanwhile(StoreError):
    advice = "Look at it as it is now, then change it again."


class PackageUnusable(StoreError):
    """A package that could not be repaired; the message says why. It is tried again whenever it is asked for."""


class InvalidName(StoreError):
    advice = "Use 1 to 64 letters, digits, spaces, '-', '_' or '.', beginning with a letter or digit."


class FileDamaged(StoreError):
    """A file of ours cannot be read. `path` is relative to the package."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} cannot be read: {why}.")
        self.path = path
        self.why = why


class NewerFormat(StoreError):
    advice = "Install the newer version of entity-loom; nothing was changed."


class StageError(LoomError):
    """A stage cannot be started, stopped or retried now."""


class StageBusy(StageError):
    advice = "Wait for it, or abort it first."


class StageNotReady(StageError):
    advice = "The stages before it come first."


class NothingToDo(StageError):
    advice = "`loom status` shows where each stage stands."


class ItemFailed(LoomError):
    """An expected failure of one item; the others go on.

    `retryable` says that the reason may pass without a change of the content.
    """

    def __init__(self, message: str, advice: str | None = None, *, retryable: bool = False) -> None:
        super().__init__(message, advice)
        self.retryable = retryable


class EngineStopped(LoomError):
    """The language model cannot be asked: its stage ends, and nothing more is sent.

    `retry_in` is in seconds when it is worth trying again by itself (nobody answers), None when a person has to act
    (the key is refused, the model does not exist). `is_spent`: the budget is used up, and a person may raise it; with
    `retry_in` it is the budget of a day, and there is another one then.
    """

    def __init__(
        self, message: str, advice: str | None = None, *, retry_in: float | None = None, is_spent: bool = False
    ) -> None:
        super().__init__(message, advice)
        self.retry_in = retry_in
        self.is_spent = is_spent


class Unrecognised(LoomError):
    """No parser claims the file, or several claim it equally. The message says which and why."""

    advice = "docs/formats.md lists what is read."


class SourceBroken(LoomError):
    """A recognised file cannot be read to its end. `position` is a byte offset or a record number, in words."""

    def __init__(self, message: str, position: str, advice: str | None = None) -> None:
        super().__init__(f"{message} ({position})", advice)
        self.position = position


class Repairing(LoomError):
    advice = "Try again in a moment."
