"""Where people's models usually are. A preset is a beginning: everything in it can be set otherwise.

Sources: the providers' own pages on their OpenAI-compatible endpoints. Anthropic's ignores `response_format`; OpenAI
takes `max_completion_tokens` for every model and `max_tokens` for some.
"""

from dataclasses import dataclass, field

from daemon.llm.outbound import origin_of
from daemon.llm.quirks import Form, LimitName, Quirks


@dataclass(frozen=True, slots=True)
class Preset:
    """An endpoint. `in_flight` is how many requests it is given at once at most, until somebody sets another number."""

    name: str
    title: str
    base_url: str
    needs_key: bool
    in_flight: int
    quirks: Quirks = field(default_factory=Quirks)


PRESETS: tuple[Preset, ...] = (
    Preset("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", needs_key=True, in_flight=16),
    Preset(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        needs_key=True,
        in_flight=16,
        quirks=Quirks(limit_name=LimitName.MAX_COMPLETION_TOKENS),
    ),
    Preset(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com/v1",
        needs_key=True,
        in_flight=8,
        quirks=Quirks(form=Form.TEXT),
    ),
    Preset("google", "Google", "https://generativelanguage.googleapis.com/v1beta/openai", needs_key=True, in_flight=8),
    # On one's own machine more at once is no faster, except where many requests share one pass through the model.
    Preset("ollama", "Ollama", "http://127.0.0.1:11434/v1", needs_key=False, in_flight=2),
    Preset("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", needs_key=False, in_flight=1),
    Preset("vllm", "vLLM", "http://127.0.0.1:8000/v1", needs_key=False, in_flight=32),
    Preset("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1", needs_key=False, in_flight=1),
)

_OTHER = Preset("other", "Another endpoint", "", needs_key=False, in_flight=8)


def preset(name: str) -> Preset | None:
    """The preset of that name."""
    return next((one for one in PRESETS if one.name == name), None)


def preset_for(base_url: str) -> Preset:
    """The preset whose endpoint this is; one that knows nothing for any other. Raises WrongAddress."""
    origin = origin_of(base_url)
    return next((one for one in PRESETS if origin_of(one.base_url) == origin), _OTHER)
