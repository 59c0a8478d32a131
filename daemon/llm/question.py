"""What a person is asked before a language model is paid, and their answer: two facts of the package."""

import json
from dataclasses import dataclass
from typing import Self

from packages_store.package import Package

_QUESTION = "cost question"
_APPROVED = "cost approved"


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence, empty when nobody has to be asked, and why it is asked.

    `seen` is what it was made from, and `subject` what the answer holds for.
    """

    why: str = ""
    seen: str = ""
    subject: str = ""
    sentence: str = ""

    @classmethod
    def of(cls, package: Package) -> Self:
        """The latest question."""
        return cls(*json.loads(package.fact(_QUESTION) or "[]"))

    def keep(self, package: Package) -> None:
        """Make it the latest one."""
        package.set_fact(_QUESTION, json.dumps([self.why, self.seen, self.subject, self.sentence]))

    def is_answered(self, package: Package) -> bool:
        """Whether a person has said that the model may be paid."""
        return bool(self.subject) and package.fact(_APPROVED) == self.subject


def open_question(package: Package) -> str | None:
    """What a person is asked now before the next paid stage."""
    question = Question.of(package)
    return None if question.is_answered(package) else question.sentence or None


def approve(package: Package) -> None:
    """A person says that the model may be paid."""
    question = Question.of(package)
    if question.sentence:
        package.set_fact(_APPROVED, question.subject)
