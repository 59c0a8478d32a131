"""`loom help TOPIC`: what the options of a command cannot say."""

from importlib.resources import files

from daemon.commands.exits import Exit
from daemon.commands.output import answer, refuse, say

_FOLDER = files("daemon").joinpath("help")


def topics() -> dict[str, str]:
    """Every topic with its first line."""
    texts = {file.name.removesuffix(".txt"): file.read_text("utf-8") for file in _FOLDER.iterdir()}
    return {name: texts[name].partition("\n")[0] for name in sorted(texts)}


def explain_topic(topic: str | None, *, as_json: bool) -> Exit:
    """A topic, or the list of them."""
    known = topics()
    if topic is None:
        if as_json:
            answer(known)
        for name, line in known.items() if not as_json else ():
            say(f"  loom help {name:12} {line}")
        return Exit.OK
    if topic not in known:
        refuse(f"There is no topic {topic!r}.", f"There are: {', '.join(known)}.", as_json=as_json)
        return Exit.USAGE
    text = _FOLDER.joinpath(f"{topic}.txt").read_text("utf-8").rstrip("\n")
    if as_json:
        answer({"topic": topic, "text": text})
    else:
        say(text)
    return Exit.OK
