"""The prompts: texts in stages/prompts with named places, filled once and with nothing but what the owner set.

Imported text never comes near a place: it is joined into the material of a question (material.py), and what is filled
in is not looked at again. So nothing that somebody wrote in a chat can act as a template.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from stages.contract import Persona
from stages.extractors.sentences import fold

_PLACE = re.compile(r"\[\[(\w+)\]\]")
_NAME_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Prompt:
    """The instructions for one kind of question."""

    name: str
    """Such as `significant-1.2`: the version of what all prompts begin with, then that of this one."""
    text: str

    @lru_cache(maxsize=64)  # noqa: B019 - a prompt is as small as its key; it is asked for with every question
    def filled(self, persona: Persona) -> str:
        """The instructions for this persona, the same bytes at every call. A line whose place is empty is left out."""
        places = {
            "entity": entity_of(persona),
            "person": person_of(persona),
            "entity_pronouns": fold(persona.entity_pronouns),
            "person_pronouns": fold(persona.user_pronouns),
            "relationship": fold(persona.relationship),
            "notes": persona.notes.strip(),
        }
        return "\n".join(
            _PLACE.sub(lambda place: places[place[1]], line) if "[[" in line else line
            for line in self.text.split("\n")
            if "[[" not in line or all(places[name] for name in _PLACE.findall(line))
        )


def load_prompt(name: str) -> Prompt:
    """The prompt `name` of stages/prompts, after what all of them begin with."""
    shared, shared_version = _read("common")
    text, version = _read(name)
    return Prompt(f"{name}-{shared_version}.{version}", f"{shared}\n\n{text}")


def _read(name: str) -> tuple[str, str]:
    """A text of stages/prompts and its version, which its first line says."""
    content = files("stages").joinpath("prompts", f"{name}.md").read_text("utf-8")
    first, _, text = content.partition("\n")
    return text.strip(), first.removeprefix("version: ")


def entity_of(persona: Persona) -> str:
    """What the entity is called, in one line."""
    return fold(persona.entity_name)[:_NAME_LIMIT] or "Companion"


def person_of(persona: Persona) -> str:
    """What the person is called, in one line."""
    return fold(persona.user_name)[:_NAME_LIMIT] or "my person"
