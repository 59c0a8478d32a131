"""What stands around the prompt in the title of an activity, in the language of the account.

The texts are those that were seen in real exports, or in the readers that other projects wrote for theirs. What stands
before the prompts of an account in another language is learnt from its titles.
"""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

_BEFORE_PROMPT = (
    "Prompted with:",
    "Prompted",
    "Branched",
    "Answered",
    "Asked Gemini:",
    "Asked",
    "Said",
    "Live Prompt",
    "Added chat from link:",
    "Eingegebener Prompt:",
    "送信したメッセージ:",
    "분기된",
    "Prompt :",
    "Gav instruktionen",
    "Fez uma pergunta:",
    "Perguntou:",
    "Has dicho:",
    "Hiciste la petición",
    "Preguntó:",
    "Preguntado",
    "Υποβλήθηκε το ερώτημα",
    "已提示",
)
"""en, de, ja, ko, fr, sv, pt, es, el, zh. Of two that begin alike, the longer stands first."""

_BEHIND_PROMPT = ("と入力しました",)
_NO_PROMPT = (
    "Created",
    "Used",
    "Selected",
    "Gave feedback",
    "Cleared",
    "Added",
    "Shared",
    "Deleted",
    "Visited",
    "使用:",
    "フィードバックを送信しました",
)
_CANVAS = re.compile(r"Created\s(?:Gemini\s)?Canvas\b")

_ENOUGH_TO_LEARN = 8
_SHARE_TO_LEARN = 0.6
_LOOKED_AT = 2000
# What a verb before the prompt can look like: up to a colon, or three words, two, one.
_LEADS = tuple(map(re.compile, (r"[^\n:：]{1,40}[:：]\s*", r"(?:\S+\s+){3}", r"(?:\S+\s+){2}", r"\S+\s+")))


def _any_of(texts: Iterable[str]) -> str:
    """A pattern for any of `texts`, in which blanks may be of any kind, and colons wide."""
    return "|".join(re.escape(text).replace(r"\ ", r"\s").replace(":", "[:：]") for text in texts)


_PREFIX = re.compile(rf"(?:{_any_of(_BEFORE_PROMPT)})(?:\s|(?<=[:：示])|$)")
_SUFFIX = re.compile(rf"\s?(?:{_any_of(_BEHIND_PROMPT)})$")
_OTHER_VERB = re.compile(rf"(?:{_any_of(_NO_PROMPT)})(?:\s|(?<=[:：])|:|$)")


def prompt_of(title: str) -> tuple[str, bool]:
    """The prompt in `title`, and whether what stands around it was recognised (and is gone)."""
    prefix = _PREFIX.match(title)
    if prefix:
        return title[prefix.end() :].strip(), True
    suffix = _SUFFIX.search(title)
    return (title[: suffix.start()].strip(), True) if suffix else (title.strip(), False)


def tells_of_something_else(title: str) -> bool:
    """Whether it begins with a verb that is known to introduce no prompt: feedback, settings, a canvas."""
    return _OTHER_VERB.match(title) is not None


def tells_of_a_canvas(title: str) -> bool:
    """Whether it tells that a canvas (a document or an app) was made."""
    return _CANVAS.match(title) is not None


def learnt_lead(titles: Iterable[str]) -> str:
    """What stands before the prompt in most of `titles`, which are of answers; '' when it cannot be told."""
    looked_at = list(islice(titles, _LOOKED_AT))
    if len(looked_at) < _ENOUGH_TO_LEARN:
        return ""
    for form in _LEADS:
        leads = Counter(found[0] for title in looked_at if (found := form.match(title)))
        for lead, times in leads.most_common(1):
            if times >= _SHARE_TO_LEARN * len(looked_at):
                return lead
    return ""


def without_lead(title: str, lead: str) -> str:
    """`title` without the `lead` that was learnt; '' when it is nothing else."""
    return "" if lead and title == lead.strip() else title.removeprefix(lead)
