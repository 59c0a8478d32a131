"""Readers of chat exports: one file per platform, and this list of them."""

from stages.parsers.chatgpt import ChatGpt
from stages.parsers.contract import Parser
from stages.parsers.gemini import Gemini
from stages.parsers.loom_standard import LoomStandard

PARSERS: tuple[Parser, ...] = (ChatGpt(), Gemini(), LoomStandard())
