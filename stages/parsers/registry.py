"""Every reader there is: those of this project in alphabetical order, and those that other packages bring."""

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points

from stages.parsers.character_ai.parser import CharacterAi
from stages.parsers.chatgpt.parser import ChatGpt
from stages.parsers.claude.parser import Claude
from stages.parsers.contract import NotAChat, Parser, Parsers, Variant
from stages.parsers.copilot import Copilot
from stages.parsers.deepseek import DeepSeek
from stages.parsers.gemini.parser import Gemini
from stages.parsers.grok import Grok
from stages.parsers.janitor_ai import JanitorAi
from stages.parsers.kindroid.parser import Kindroid
from stages.parsers.le_chat import LeChat
from stages.parsers.letta.parser import Letta
from stages.parsers.librechat import LibreChat
from stages.parsers.lm_studio import LmStudio
from stages.parsers.loom_standard import LoomStandard
from stages.parsers.open_webui import OpenWebUi
from stages.parsers.perplexity import Perplexity
from stages.parsers.replika import Replika
from stages.parsers.sillytavern.parser import SillyTavern
from stages.parsers.typingmind import TypingMind

PARSERS: tuple[Parser, ...] = (
    CharacterAi(),
    ChatGpt(),
    Claude(),
    Copilot(),
    DeepSeek(),
    Gemini(),
    Grok(),
    JanitorAi(),
    Kindroid(),
    LeChat(),
    Letta(),
    LibreChat(),
    LmStudio(),
    LoomStandard(),
    OpenWebUi(),
    Perplexity(),
    Replika(),
    SillyTavern(),
    TypingMind(),
)

GROUP = "entity_loom.parsers"
"""The group of entry points under which a package names its parsers: a class that is called without arguments, or an
object (https://packaging.python.org/en/latest/specifications/entry-points/)."""


def load_parsers(found: Iterable[EntryPoint] | None = None) -> Parsers:
    """Those of this project, then those of other packages, by the names of package and entry point.

    `found` replaces what is installed. A parser is left out when it cannot be loaded, when it is none, and when another
    one has its name: those of this project come first, and nothing takes their place. Importing what others wrote runs
    it: to be called once for a process.
    """
    parsers, problems = list(PARSERS), list[str]()
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=_order):
        try:
            parser = _loaded(entry)
            problem = _objection(parser, parsers)
        except Exception as error:  # noqa: BLE001 - whatever a package raises must not keep the others from being used
            problem = f"it cannot be loaded: {type(error).__name__}: {error}"
        else:
            if problem is None:
                parsers.append(parser)
        if problem is not None:
            problems.append(f"The parser {entry.name!r} of {_package(entry)} is left out: {problem}.")
    return Parsers(tuple(parsers), tuple(problems))


def _loaded(entry: EntryPoint) -> Parser:
    loaded: Parser | type[Parser] = entry.load()
    return loaded() if isinstance(loaded, type) else loaded


def _objection(parser: Parser, others: Iterable[Parser]) -> str | None:
    """Why it cannot be used, None when it can. Reading it may raise anything."""
    flaws = list(_flaws(parser))
    if flaws:
        return f"it is no parser, because {' and '.join(flaws)} (see stages/parsers/contract.py)"
    if any(other.platform == parser.platform for other in others):
        return f"there is one for {parser.platform!r} already"
    return None


def _flaws(parser: object) -> Iterator[str]:
    platform = getattr(parser, "platform", None)
    if not isinstance(platform, str) or not platform or platform != platform.lower().strip():
        yield "its platform is no name in lower case"
    if not isinstance(getattr(parser, "title", None), str):
        yield "it has no title"
    variants, not_chats = getattr(parser, "variants", None), getattr(parser, "not_chats", None)
    if not isinstance(variants, tuple) or not variants or not all(isinstance(one, Variant) for one in variants):
        yield "it has no variants"
    if not isinstance(not_chats, tuple) or not all(isinstance(one, NotAChat) for one in not_chats):
        yield "it does not say what is no chat"
    for name in ("bid", "read"):
        if not callable(getattr(parser, name, None)):
            yield f"it cannot {name}"


def _order(entry: EntryPoint) -> tuple[str, str, str]:
    return _package(entry), entry.name, entry.value


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unnamed package"
