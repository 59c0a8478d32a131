"""Tells what was said from what was put into a chat by a program: system prompts, stored memories, orders to a model.

Front ends and people paste such text into messages. A memory that rests on it would be a memory of a memory, or of an
instruction, and would come back stronger with every import.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from stages.extractors.llm.likeness import Runs, contained, runs_of, words_in
from stages.extractors.llm.marked import Marked

_BLOCK = re.compile(
    r"<(?P<tag>system|instructions?|custom_instructions|memor(?:y|ies)|core_memor(?:y|ies)|long_term_memory|context"
    r"|persona|user_profile|retrieved|world_info|lorebook)\b[^>\n]{0,120}>.*?(?:</(?P=tag)>|\Z)"
    r"|<\|im_start\|>system.*?(?:<\|im_end\|>|\Z)|<<SYS>>.*?(?:<</SYS>>|\Z)"
    r"|^[^\S\n]*#{1,3}[^\S\n]*(?:daily|significant) memory\b.*?(?:\[via:[^\]\n]*\]|\Z)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
"""A stretch that a program put in, with its marks."""

_STORED = re.compile(
    r"\[chat:[^\]\n]{1,300}\]\s{0,9}\[via:"
    r"|^\W{0,4}(?:system(?: prompt| message| note)?|custom instructions?|(?:relevant|retrieved|saved|stored"
    r"|long[- ]term) memor(?:y|ies)|core memories|model set context|memory (?:context|bank|log)"
    r"|user (?:profile|bio|context)|about the user|author'?s note|world info|gespeicherte erinnerungen)"
    r"\b[^\n:]{0,60}[:\]]",
    re.IGNORECASE | re.MULTILINE,
)
"""How stored memories and settings are headed."""

ORDERS = Marked(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|preceding|all|any|system)\b"
    r"[^.\n]{0,20}\b(?:instructions?|prompts?|directives|guidelines)\b"
    r"|\b(?:ignoriere?|vergiss|missachte)\b[^.\n]{0,30}\b(?:anweisung(?:en)?|vorgaben|prompts?)\b"
    r"|\bignore[zr]?\b[^.\n]{0,30}\b(?:instructions précédentes|consignes)\b"
    r"|\b(?:ignora|olvida|ignore|esqueça|dimentica)\b[^.\n]{0,30}\b(?:instrucciones|instruções|istruzioni)\b"
    r"|игнорируй[^.\n]{0,30}(?:инструкци|указани)|忽略[^。\n]{0,12}(?:指令|指示|提示)|指示を(?:すべて)?無視"
    r"|\{\{(?:char|user)\}\}|\bstay in character\b|\[(?:OOC|system)\b|<START>|^\W{0,4}your (?:task|role|job) is to\b",
    words=(
        *("instruction", "prompt", "directive", "guideline", "anweisung", "vorgaben", "consignes", "instruccion"),
        *("instruç", "istruzion", "инструкци", "указани", "指令", "指示", "提示"),
        *("{{", "stay in character", "[ooc", "[system", "<start>", "your task", "your role", "your job"),
    ),
    flags=re.IGNORECASE | re.MULTILINE,
)
"""Orders to a model."""

_ROLE = re.compile(
    r"^\W{0,4}(?:you are|act as|du bist|tu es|vous êtes|eres|você é|sei) (?:now )?(?:an?|the|eine?|une?|uma?|uno?) "
    r"(?:[\w'-]+ ){0,4}?(?:assistant|chatbot|bot|ai|ki|ia|language model|companion|character|persona|assistent"
    r"|asistente|assistente)\b",
    re.IGNORECASE | re.MULTILINE,
)
_DIRECTIVES = re.compile(
    r"\b(?:respond|reply|answer (?:in|as|the|every)|your (?:task|goal|role|personality|name) is|do not|stay in|helpful"
    r"|role ?-?play|antworte|hilfreich|réponds|responde|rispondi)\b",
    re.IGNORECASE,
)
"""A paragraph that gives a role and directives for it is a system prompt; "You are an AI, and I trust you" is none."""

_ECHO = 0.6
_ECHO_RUN = 4
"""A paragraph of which so much stands, in runs of so many words, in the chat's instructions repeats them."""

_PARTING = re.compile(r"\n[^\S\n]*\n\s*")


@dataclass(frozen=True, slots=True)
class Sifted:
    """A message in two: what was said, and what was put in."""

    said: str
    injected: str


def runs_in(texts: Iterable[str]) -> Runs:
    """The runs of words of a chat's instructions, to find what repeats them."""
    return Runs().union(*(runs_of(words_in(text), _ECHO_RUN) for text in texts))


def repeats(text: str, runs: Runs) -> bool:
    """Whether most of `text` stands in the instructions whose `runs` these are."""
    words = words_in(text) if runs else []
    return len(words) >= _ECHO_RUN and contained(runs_of(words, _ECHO_RUN), runs) >= _ECHO


def sift(text: str, instructions: Runs = frozenset()) -> Sifted:
    """Part a message, paragraph by paragraph, from what was put into it; `instructions` as `runs_in` gives them."""
    injected = [block.group() for block in _BLOCK.finditer(text)]
    said: list[str] = []
    for paragraph in _PARTING.split(_BLOCK.sub("\n\n", text) if injected else text):
        (injected if _is_put_in(paragraph) or repeats(paragraph, instructions) else said).append(paragraph)
    return Sifted("\n\n".join(said).strip(), "\n\n".join(injected).strip())


def _is_put_in(paragraph: str) -> bool:
    if _STORED.search(paragraph) or ORDERS.found_in(paragraph):
        return True
    return _ROLE.search(paragraph) is not None and _DIRECTIVES.search(paragraph) is not None
