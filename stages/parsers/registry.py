"""Every reader there is, in alphabetical order."""

from stages.parsers.character_ai.parser import CharacterAi
from stages.parsers.chatgpt.parser import ChatGpt
from stages.parsers.claude.parser import Claude
from stages.parsers.contract import Parser
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
