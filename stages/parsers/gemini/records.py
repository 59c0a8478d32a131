"""One activity of a Google account: whether it is a turn of a chat with Gemini, and what was said in it.

The same shape holds the activity of every Google product, in the language of the account. What is said about it here
was measured by several projects on real exports. An export has it as JSON, which is read here, or as a web page
(`pages.py`): what both tell is an `Activity`, so that both make the same turns.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from stages.parsers.contract import Broken, Record, Skipped
from stages.parsers.gemini.markdown import images_of, markdown_of
from stages.parsers.gemini.titles import prompt_of, tells_of_a_canvas, tells_of_something_else
from stages.parsers.gemini.turns import Said, Turn
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, is_blank, milliseconds

_CHAT = re.compile(
    r"https?://(?:gemini|bard)\.google\.com/(?:u/\d+/)?(?:app|chat|gem/[^/]+)/(?:c/)?(?:c_)?([A-Za-z0-9_-]{6,64})"
)
_KINDS = (
    ("image", re.compile(r"\.(?:png|jpe?g|gif|webp|heic|heif|avif|bmp|tiff?|svg)$", re.IGNORECASE)),
    ("audio", re.compile(r"\.(?:wav|mp3|m4a|ogg|oga|opus|flac|aac|amr)$", re.IGNORECASE)),
)
# en, zh; elsewhere the pictures are found by their names.
_GENERATED = re.compile(r"\s*(\d{1,2})\s*(?:generated images?|张生成的图片)\s*[.。]?\s*")
_MOST_PICTURES = 20
_LISTED = re.compile(r"\s*[-–]\s+(.*)", re.DOTALL)
_NO_TURN = Skipped("activity that is no turn of a chat")
_CANVAS = Skipped("canvases, which are no turns of a chat")


class Remark(NamedTuple):
    """What an export tells beside the title: `Attached 1 file.`, then `- note.txt` with its name in the archive."""

    text: str
    url: str = ""


class Activity(NamedTuple):
    """What either form tells of one activity."""

    title: str
    at: int
    sure: bool
    """Whether the zone of `at` was told."""
    answers: Sequence[str] = ()
    """As HTML."""
    chats: tuple[str, ...] = ()
    """Ids of the conversations it belongs to: several where a chat was branched."""
    remarks: Sequence[Remark] = ()
    stored: Sequence[str] = ()
    """Names under which the archive holds files of the person's and of Gemini's."""


def is_activity(record: object) -> bool:
    """Whether it is a record of any Google product."""
    told = as_map(record)
    return isinstance(told.get("title"), str) and isinstance(told.get("time"), str)


def is_of_gemini(record: object) -> bool:
    """Whether it is Gemini's: by the product it names, or by a link to a chat.

    A browser's history links to chats as well: there, only a record that names no product is Gemini's.
    """
    told = as_map(record)
    product = " ".join(filter(None, map(as_text, (told.get("header"), *as_list(told.get("products"))))))
    if is_name_of_gemini(product) or _linked(told):
        return True
    return is_blank(product) and bool(chats_in(as_text(told.get("titleUrl"))))


def is_name_of_gemini(product: str) -> bool:
    """Whether a product, as the account's language calls it, is Gemini."""
    name = product.casefold()
    return "gemini" in name or "bard" in name


def chats_in(text: str) -> tuple[str, ...]:
    """The ids of the conversations whose addresses are in `text`."""
    return tuple(dict.fromkeys(_CHAT.findall(text)))


def counts_pictures(remark: str) -> bool:
    """Whether a remark tells how many pictures Gemini made."""
    return _GENERATED.fullmatch(remark) is not None


def turn_in_record(record: object, records: Records, tally: Tally) -> Turn | Record:
    """The turn that a record of the JSON form is, the last one of `records`; else what is to be said about it."""
    if not is_activity(record):
        return Broken(records.position, "an activity has a title and a time, and this has not")
    if not is_of_gemini(record):
        return Skipped("activity of another Google product")
    told = as_map(record)
    at = milliseconds(told.get("time"))
    if at is None:
        return Broken(records.position, "its time cannot be read")
    items = map(as_map, as_list(told.get("safeHtmlItem")))
    files = [as_text(one) or as_text(as_map(one).get("name")) for one in as_list(told.get("attachedFiles"))]
    return turn_of(
        Activity(
            as_text(told.get("title")),
            at,
            sure=True,
            answers=[html for item in items if (html := as_text(item.get("html")))],
            chats=_linked(told) or chats_in(as_text(told.get("titleUrl"))),
            remarks=[
                Remark(as_text(one.get("name")), as_text(one.get("url")))
                for one in map(as_map, as_list(told.get("subtitles")))
            ],
            stored=[*files, as_text(told.get("imageFile")), *map(as_text, as_list(told.get("audioFiles")))],
        ),
        tally,
    )


def turn_of(activity: Activity, tally: Tally) -> Turn | Skipped:
    """The turn that an activity of Gemini's is.

    It is one when there is an answer, when a prompt is told in words that are known, or, in a language that is not,
    when it links to a chat and does not tell of something else.
    """
    title = tally.clean(activity.title)
    prompt, known = prompt_of(title)
    linked = bool(activity.chats and prompt and not tells_of_something_else(title))
    if not (activity.answers or known or linked):
        return _CANVAS if tells_of_a_canvas(title) else _NO_TURN
    attached, made = _files(activity)
    answers = [markdown_of(html) for html in activity.answers]
    if made:
        answers = ["\n\n".join(filter(None, (*answers[:1], *made))), *answers[1:]]
    said = Said(prompt, tuple(map(tally.clean, answers)), tuple(map(tally.clean, attached)))
    return Turn.of(activity.at, said, chats=activity.chats, known=known, sure=activity.sure)


def _linked(told: Mapping[str, object]) -> tuple[str, ...]:
    return chats_in(" ".join(as_text(as_map(detail).get("url")) for detail in as_list(told.get("details"))))


def _files(activity: Activity) -> tuple[list[str], list[str]]:
    """Placeholders of what the person attached, and of the pictures that Gemini made and its answers do not show."""
    uploads = [(name, unquote(remark.url)) for remark in activity.remarks if (name := _file_name(remark))]
    shown = {unquote(source) for html in activity.answers for source in images_of(html)}
    placed = shown.union(stored for _, stored in uploads)
    others = [name for name in dict.fromkeys(activity.stored) if name and name not in placed]
    generated = sum(int(found[1]) for remark in activity.remarks if (found := _GENERATED.fullmatch(remark.text)))
    attached = [_placeholder(name) for name, _ in uploads]
    if not generated or shown:
        return [*attached, *map(_placeholder, others)], []
    return attached, [*map(_placeholder, others)] or ["[image]"] * min(generated, _MOST_PICTURES)


def _file_name(remark: Remark) -> str:
    """What the person called a file, of which there is a remark; '' when it is of something else."""
    name = _LISTED.match(remark.text)
    return (name[1].strip() or unquote(remark.url)) if name else ""


def _placeholder(name: str) -> str:
    kind = next((kind for kind, form in _KINDS if form.search(name)), "file")
    return f"[{kind}: {name}]"
