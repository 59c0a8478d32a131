"""Every reader there is, in alphabetical order."""

from stages.parsers.chatgpt.parser import ChatGpt
from stages.parsers.contract import Parser
from stages.parsers.gemini.parser import Gemini
from stages.parsers.loom_standard import LoomStandard

PARSERS: tuple[Parser, ...] = (
    ChatGpt(),
    Gemini(),
    LoomStandard(),
)
