"""What real providers say when they refuse: status and body of each situation, as people have quoted them.

Sources are public reports, named beside each. A provider that is not listed for a situation speaks as OpenAI does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.provider.script import Provider


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is none."""

    status: int
    body: Any


def openai_error(status: int, message: str, code: str | None = None, param: str | None = None) -> Refusal:
    """OpenAI's form, which most others copy."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Refusal(status, {"error": error})


def _openrouter(status: int, message: str, metadata: dict[str, Any] | None = None) -> Refusal:
    error: dict[str, Any] = {"message": message, "code": status}
    if metadata is not None:
        error["metadata"] = metadata
    return Refusal(status, {"error": error, "user_id": "user_2x7DNyswjOH"})


def _anthropic(status: int, kind: str, message: str) -> Refusal:
    return Refusal(status, {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_011Cb"})


def _google(status: int, kind: str, message: str, details: list[Any] | None = None) -> Refusal:
    # An array around the object: github.com/google-gemini/gemini-cli/issues/14831
    error = {"code": status, "message": message, "status": kind, "details": details or []}
    return Refusal(status, [{"error": error}])


def _llamacpp(status: int, kind: str, message: str, **more: Any) -> Refusal:
    return Refusal(status, {"error": {"code": status, "message": message, "type": kind, **more}})


def _vllm(status: int, kind: str, message: str) -> Refusal:
    # Flat: github.com/vllm-project/vllm/issues/3485
    return Refusal(status, {"object": "error", "message": message, "type": kind, "param": None, "code": status})


def _words(status: int, message: str) -> Refusal:
    # LM Studio and Ollama say only a sentence: github.com/lmstudio-ai/lmstudio-bug-tracker/issues/307
    return Refusal(status, {"error": message})


def _google_bad_key() -> Refusal:
    # 400, not 401: github.com/continuedev/continue/issues/10748
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    details = [{"@type": kind, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
    return _google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", details)


_NO_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_CREDITS = "requires more credits, or fewer max_tokens. You requested up to 4096 tokens, but can only afford 222."
_FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
    "Please modify your prompt and retry."
)
_GOOGLE_SCHEMA = (
    "Invalid JSON payload received. Unknown name \"additionalProperties\" at 'generation_config.response_schema': "
    "Cannot find field."
)

Said = dict[Provider, Callable[[], Refusal]]

TEMPERATURE_REFUSED: Said = {
    # github.com/QwenLM/qwen-code/issues/921
    "openai": lambda: openai_error(
        400,
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        "unsupported_value",
        "temperature",
    ),
    # github.com/axonops/cqlai/issues/194
    "anthropic": lambda: _anthropic(400, "invalid_request_error", "`temperature` is deprecated for this model."),
}

ONLY_ONE_TEMPERATURE: dict[Provider, Callable[[float], Refusal]] = {
    # github.com/countbot-ai/CountBot/issues/61 (with 0.6: github.com/arcsin1/oh-my-ppt/issues/45)
    "openai": lambda only: openai_error(400, f"invalid temperature: only {only:g} is allowed for this model"),
}

COMPLETION_TOKENS_WANTED: Said = {
    # github.com/griptape-ai/ComfyUI-Griptape/issues/312
    "openai": lambda: openai_error(
        400,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "unsupported_parameter",
        "max_tokens",
    ),
}

MAX_TOKENS_WANTED: Said = {
    # github.com/editor-code-assistant/eca/issues/231
    "openai": lambda: Refusal(
        422,
        {
            "object": "error",
            "message": {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "max_completion_tokens"],
                        "msg": "Extra inputs are not permitted",
                        "input": 32000,
                    }
                ]
            },
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        },
    ),
    # github.com/voideditor/void/issues/128
    "vllm": lambda: _vllm(
        400,
        "BadRequestError",
        "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), "
        "'msg': 'Extra inputs are not permitted', 'input': 8192}]",
    ),
}

OUTPUT_TOO_LONG: dict[Provider, Callable[[int, int], Refusal]] = {
    # github.com/opencode-ai/opencode/issues/140
    "openai": lambda most, asked: openai_error(
        400,
        f"max_tokens is too large: {asked}. This model supports at most {most} completion tokens, "
        f"whereas you provided {asked}.",
        "invalid_value",
        "max_tokens",
    ),
    "anthropic": lambda most, asked: _anthropic(
        400,
        "invalid_request_error",
        f"max_tokens: {asked} > {most}, which is the maximum allowed number of output tokens for this model",
    ),
}

FORMAT_UNKNOWN: dict[Provider, Callable[[str], Refusal]] = {
    # github.com/web-infra-dev/midscene/issues/259
    "openai": lambda kind: openai_error(
        400,
        f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model.",
        None,
        "response_format",
    ),
    # github.com/bytedance/deer-flow/issues/545
    "deepseek": lambda _kind: openai_error(
        400, "This response_format type is unavailable now", "invalid_request_error"
    ),
    # github.com/LoadShine/tada/issues/16
    "lmstudio": lambda _kind: _words(400, "'response_format.type' must be 'json_schema' or 'text'"),
    # github.com/lidge-jun/opencodex/issues/2135
    "llamacpp": lambda _kind: _llamacpp(
        400, "invalid_request_error", "Failed to initialize samplers: failed to parse grammar"
    ),
    # github.com/QuantumNous/new-api/pull/1037
    "google": lambda _kind: _google(400, "INVALID_ARGUMENT", _GOOGLE_SCHEMA),
    "vllm": lambda kind: _vllm(400, "BadRequestError", f"response_format type {kind} is not supported"),
    # github.com/dnakov/anon-kode/issues/2, for another parameter
    "openrouter": lambda _kind: _openrouter(
        404, "No endpoints found that can handle the requested parameters. To learn more about provider routing, visit"
    ),
    # github.com/vercel/ai/issues/7808
    "groq": lambda _kind: openai_error(
        400,
        "'response_format' : one of the following must be satisfied[('response_format.type' : value is not one of "
        "the allowed values ['text']) OR ('response_format.type' : value is not one of the allowed values "
        "['json_object'])]",
    ),
    # github.com/ollama/ollama/issues/8126
    "ollama": lambda _kind: Refusal(
        400, {"error": {"message": 'invalid format: expected "json" or a JSON schema', "type": "invalid_request_error"}}
    ),
}

SYSTEM_REFUSED: Said = {
    # github.com/pydantic/pydantic-ai/issues/974
    "openai": lambda: openai_error(
        400,
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "unsupported_value",
        "messages[0].role",
    ),
    # github.com/QuantumNous/new-api/issues/989
    "google": lambda: _google(
        400, "INVALID_ARGUMENT", "Developer instruction is not enabled for models/gemma-3-27b-it"
    ),
    "vllm": lambda: _vllm(400, "BadRequestError", "System role not supported"),
}

BAD_KEY: Said = {
    # The provider echoes the ends of the key: github.com/chatanywhere/GPT_API_free/issues/62
    "openai": lambda: openai_error(
        401,
        "Incorrect API key provided: sk-CANAR********************************NARY. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        "invalid_api_key",
    ),
    # github.com/musistudio/claude-code-router/issues/227
    "openrouter": lambda: _openrouter(401, "No auth credentials found"),
    "anthropic": lambda: _anthropic(401, "authentication_error", "invalid x-api-key"),
    "google": _google_bad_key,
    "llamacpp": lambda: _llamacpp(401, "authentication_error", "Invalid API Key"),
    "vllm": lambda: _words(401, "Unauthorized"),
}

FORBIDDEN: Said = {
    "openai": lambda: openai_error(403, "Country, region, or territory not supported", "unsupported_country"),
    "anthropic": lambda: _anthropic(403, "permission_error", "Your API key does not have permission to use this."),
}

QUOTA_SPENT: Said = {
    # github.com/ChatGPTNextWeb/NextChat/issues/3123
    "openai": lambda: Refusal(
        429,
        {
            "error": {
                "message": _NO_QUOTA,
                "type": "insufficient_quota",
                "param": None,
                "code": "insufficient_quota",
            }
        },
    ),
    # github.com/continuedev/continue/issues/11154
    "openrouter": lambda: _openrouter(402, f"This request {_CREDITS}", {"provider_name": None}),
    # 400: github.com/anthropics/claude-code/issues/66314
    "anthropic": lambda: _anthropic(
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. "
        "Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    "deepseek": lambda: openai_error(402, "Insufficient Balance", "invalid_request_error"),
}

UNKNOWN_MODEL: dict[Provider, Callable[[str], Refusal]] = {
    # github.com/continuedev/continue/issues/11567
    "openai": lambda model: openai_error(
        404, f"The model `{model}` does not exist or you do not have access to it.", "model_not_found"
    ),
    # github.com/maxnowack/anthropic-proxy/issues/4
    "openrouter": lambda model: _openrouter(400, f"{model} is not a valid model ID"),
    "anthropic": lambda model: _anthropic(404, "not_found_error", f"model: {model}"),
    "google": lambda model: _google(404, "NOT_FOUND", f"models/{model} is not found for API version v1main"),
    # github.com/netease-youdao/QAnything/issues/555
    "ollama": lambda model: Refusal(
        404,
        {
            "error": {
                "message": f'model "{model}" not found, try pulling it first',
                "type": "api_error",
                "param": None,
                "code": None,
            }
        },
    ),
    # github.com/vllm-project/vllm/issues/3485
    "vllm": lambda model: _vllm(404, "NotFoundError", f"The model `{model}` does not exist."),
    "lmstudio": lambda model: _words(404, f'Model "{model}" not found. No models loaded.'),
}

TOO_LONG: Said = {
    # github.com/ChatGPTNextWeb/NextChat/issues/3195
    "openai": lambda: openai_error(
        400,
        "This model's maximum context length is 8192 tokens. However, you requested 8256 tokens (64 in the messages, "
        "8192 in the completion). Please reduce the length of the messages or completion.",
        "context_length_exceeded",
        "messages",
    ),
    "anthropic": lambda: _anthropic(400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
    "google": lambda: _google(
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ),
    # github.com/oobabooga/textgen/issues/7257; as 500: github.com/ggml-org/llama.cpp/pull/15780
    "llamacpp": lambda: _llamacpp(
        400,
        "exceed_context_size_error",
        "the request exceeds the available context size. try increasing the context size or enable context shift",
        n_prompt_tokens=14429,
        n_ctx=8192,
    ),
    # github.com/harbor-framework/harbor/pull/996
    "vllm": lambda: Refusal(
        400,
        {
            "error": {
                "message": "You passed 1015 input tokens and requested 10 output tokens. However, the model's context "
                "length is only 1024 tokens, resulting in a maximum input length of 1014 tokens. Please reduce the "
                "length of the input prompt. (parameter=input_tokens, value=1015)",
                "type": "BadRequestError",
                "param": "input_tokens",
                "code": 400,
            }
        },
    ),
    # github.com/lmstudio-ai/lmstudio-bug-tracker/issues/237, with status 200: issues/2322
    "lmstudio": lambda: _words(
        200,
        "Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with context "
        "length of only 4096 tokens, which is not enough. Try to load the model with a larger context length, or "
        "provide a shorter input.",
    ),
    "openrouter": lambda: _openrouter(
        400, "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens"
    ),
}

CONTENT_REFUSED: Said = {
    # github.com/openai/openai-python/issues/331
    "openai": lambda: Refusal(
        400, {"error": {"message": _FILTERED, "type": None, "param": "prompt", "code": "content_filter"}}
    ),
    "openrouter": lambda: _openrouter(403, "Input was flagged", {"reasons": ["violence"], "flagged_input": "…"}),
}

NO_JSON_MADE: Said = {
    # github.com/thepersonalaicompany/amurex-backend/issues/38
    "groq": lambda: Refusal(
        400,
        {
            "error": {
                "message": "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for details.",
                "type": "invalid_request_error",
                "code": "json_validate_failed",
                "failed_generation": "```json {",
            }
        },
    ),
}

OVERLOADED: Said = {
    # github.com/anthropics/claude-code/issues/5769
    "anthropic": lambda: _anthropic(529, "overloaded_error", "Overloaded"),
    "openai": lambda: openai_error(503, "The engine is currently overloaded, please try again later"),
    "llamacpp": lambda: _llamacpp(503, "unavailable_error", "Loading model"),
    # An error in an answer that says 200: github.com/BerriAI/litellm/issues/8448
    "openrouter": lambda: Refusal(
        200,
        {
            "error": {
                "message": "Provider returned error",
                "code": 429,
                "metadata": {"raw": "error code: 1015", "provider_name": "Kluster"},
            }
        },
    ),
}


def said(situation: Said, provider: Provider) -> Refusal:
    """What `provider` says in a situation that needs no more to be told."""
    return (situation.get(provider) or situation.get("openai") or next(iter(situation.values())))()


def said_with(situation: dict[Provider, Any], provider: Provider, *told: object) -> Refusal:
    """The same for a situation with numbers or names in it."""
    refusal = (situation.get(provider) or situation["openai"])(*told)
    assert isinstance(refusal, Refusal)
    return refusal
