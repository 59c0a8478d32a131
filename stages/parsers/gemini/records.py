"""One record of Google's activity: whether it is a turn of a chat with Gemini, and what was said in it.

The same shape holds the activity of every Google product, in the language of the account. What is said about a record
here was measured by several projects on real exports; the texts of affixes are those that were seen.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from stages.parsers.gemini.markdown import images_of, markdown_of
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, milliseconds

_LINK = re.compile(
    r"https?://(?:gemini|bard)\.google\.com/(?:u/\d+/)?(?:app|chat|gem/[^/]+)/(?:c/)?(?:c_)?([A-Za-z0-9_-]{6,64})"
)
_IMAGE_NAME = re.compile(r"\.(?:png|jpe?g|gif|webp|heic|heif|avif|bmp|tiff?)$", re.IGNORECASE)

# en, de, ja, ko, fr, sv, pt, es, el, zh; of two that begin alike, the longer first.
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
_BEHIND_PROMPT = ("と入力しました",)
_NO_PROMPT = (
    "Created",
    "Used",
    "Selected preferred draft",
    "Gave feedback",
    "Cleared previous feedback",
    "Added",
    "Shared",
    "Deleted",
    "使用:",
    "フィードバックを送信しました",
)
_PREFIX = re.compile(rf"(?:{'|'.join(map(re.escape, _BEFORE_PROMPT))})(?:\s|(?<=[:示])|$)")
_SUFFIX = re.compile(rf"\s?(?:{'|'.join(map(re.escape, _BEHIND_PROMPT))})$")
_OTHER_VERB = re.compile(rf"(?:{'|'.join(map(re.escape, _NO_PROMPT))})(?:\s|(?<=:)|:|$)")


class Turn(NamedTuple):
    """A prompt with its answers. Sorts by time, then by what was said: never by the place in the file."""

    at: int
    prompt: str
    answers: tuple[str, ...]
    files: tuple[str, ...]
    """Placeholders of what the person attached."""
    chats: tuple[str, ...]
    """Ids of the conversations it belongs to: several where a chat was branched."""
    known: bool
    """Whether what stands before the prompt was recognised and is gone."""


def is_activity(record: object) -> bool:
    """Whether it is a record of any Google product."""
    told = as_map(record)
    return isinstance(told.get("title"), str) and isinstance(told.get("time"), str)


def is_of_gemini(record: object) -> bool:
    """Whether it is Gemini's: by a link to a chat, or by the product it names."""
    told = as_map(record)
    products = [as_text(product) for product in as_list(told.get("products"))]
    product = " ".join([as_text(told.get("header")), *products]).casefold()
    return "gemini" in product or "bard" in product or bool(_chats(told))


def turn_of(record: Mapping[str, object], tally: Tally) -> Turn | None:
    """The turn that a record of Gemini's is, None when it is none (feedback, settings, a canvas) or has no time."""
    title = tally.clean(as_text(record.get("title")))
    items = map(as_map, as_list(record.get("safeHtmlItem")))
    htmls = [html for item in items if (html := as_text(item.get("html")))]
    chats = _chats(record)
    prompt, known = _prompt(title)
    at = milliseconds(record.get("time"))
    if at is None or not (htmls or known or (chats and title and not _OTHER_VERB.match(title))):
        return None
    answers = tuple(tally.clean(markdown_of(html)) for html in htmls)
    made = {image for html in htmls for image in images_of(html)}
    return Turn(at, prompt, answers, tuple(_files(record, made, tally)), chats, known)


def _prompt(title: str) -> tuple[str, bool]:
    prefix = _PREFIX.match(title)
    if prefix:
        return title[prefix.end() :].strip(), True
    suffix = _SUFFIX.search(title)
    return (title[: suffix.start()].strip(), True) if suffix else (title.strip(), False)


def _chats(told: Mapping[str, object]) -> tuple[str, ...]:
    urls = [as_text(as_map(detail).get("url")) for detail in as_list(told.get("details"))]
    found = (_LINK.match(url) for url in [*urls, as_text(told.get("titleUrl"))])
    return tuple(dict.fromkeys(link[1] for link in found if link))


def _files(record: Mapping[str, object], made: set[str], tally: Tally) -> list[str]:
    """Placeholders of the files of a record, without the images that Gemini made for the answer."""
    attached = [as_text(one) or as_text(as_map(one).get("name")) for one in as_list(record.get("attachedFiles"))]
    names = dict.fromkeys([*attached, as_text(record.get("imageFile"))])
    return [_placeholder(tally.clean(name)) for name in names if name and name not in made]


def _placeholder(name: str) -> str:
    return f"[{'image' if _IMAGE_NAME.search(name) else 'file'}: {name}]"
