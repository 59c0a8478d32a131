"""What ChatGPT was told about the person and how to answer: custom instructions, saved memories, system prompts."""

from collections.abc import Mapping

from stages.parsers.reading.values import as_list, as_map, as_text

_TYPED = ("about_user_message", "about_model_message")
_TOLD = ("user_profile", "user_instructions", "model_set_context")


def instructions_of(message: Mapping[str, object]) -> list[str]:
    """The instructions in a message that is not shown; blank ones included.

    Custom instructions come as they were typed, and once more inside a text that explains them to the model: this is
    left out where it repeats them.
    """
    content, metadata = as_map(message.get("content")), as_map(message.get("metadata"))
    data = as_map(metadata.get("user_context_message_data"))
    typed = [as_text(data[name]) for name in _TYPED if name in data]
    told = [as_text(content[name]) for name in _TOLD if name in content]
    repeated = [text.strip() for text in typed if text.strip()]
    return [*typed, *(text for text in told if not any(one in text for one in repeated))]


def system_prompt(message: Mapping[str, object]) -> str:
    """The text of a system message."""
    parts = as_list(as_map(message.get("content")).get("parts"))
    return "\n".join(filter(None, map(as_text, parts)))
