"""What can go wrong with one request. No message holds a key, or text of those whose chats are imported.

LlmError
├── about this question: the next one may well succeed
│   ├── Rejected        the request itself is not accepted (a parameter, most often: see quirks.py)
│   ├── Refused         its content is not accepted
│   └── TooLong         it does not fit into the model's context
├── passing: the same request may succeed later
│   ├── Busy            too many requests; `retry_after` when it was told
│   ├── Unavailable     no connection, no answer in time, or the server's own trouble
│   └── Garbled         the answer broke off or is none
└── about all questions: a person has to act
    ├── Unauthorised    the key is refused
    ├── QuotaSpent      the account has no money or quota left
    ├── UnknownModel    the endpoint does not know the model
    └── WrongAddress    nothing there answers chat completions, or it may not be asked
"""

from dataclasses import dataclass, field

from packages_store.errors import LoomError


class LlmError(LoomError):
    """One request did not bring an answer."""


class QuestionFailed(LlmError):
    """About this question alone."""


class Passing(LlmError):
    """The same request may succeed later; `retry_after` is in seconds, None when the provider did not say."""

    def __init__(self, message: str, advice: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, advice)
        self.retry_after = retry_after


class NeedsPerson(LlmError):
    """No request can succeed before somebody acts."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the provider said, for quirks.py."""

    status: int
    words: str = field(repr=False)
    """Everything in lower case. It may repeat the request: it is matched against, and shown to nobody."""


class Rejected(QuestionFailed):
    """The request itself is not accepted."""

    advice = "`loom engine test` shows what the endpoint accepts."

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message)
        self.refusal = refusal


class Refused(QuestionFailed):
    advice = "The provider's rules forbid it; another provider or a model of your own may answer."


class TooLong(QuestionFailed):
    advice = "Choose a model with a larger context, or set context_tokens to what this one has."


class Busy(Passing):
    """Too many requests."""


class Unavailable(Passing):
    """No connection, no answer in time, or trouble on the server's side."""


class Garbled(Passing):
    """The answer broke off, or is none."""


class Unauthorised(NeedsPerson):
    advice = "Enter a valid key for this endpoint with `loom engine key`."


class QuotaSpent(NeedsPerson):
    advice = "Top up the account at the provider, or choose another one; then Continue."


class UnknownModel(NeedsPerson):
    advice = "Choose a model that the provider offers."


class WrongAddress(NeedsPerson):
    advice = "Check the base URL; it usually ends with /v1."
