"""The OpenAPI document: what FastAPI derives from the routes, and what holds for all of them alike."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

MEDIA_TYPE = "application/problem+json"

_PROBLEMS = {
    400: ("Not understood", "http", "There was an error parsing the body.", "Send JSON in UTF-8."),
    401: ("Unauthorized", "unauthorized", "This needs the token of the daemon.", "It stands in the file `token`."),
    403: ("Forbidden", "foreign-origin", "The request comes from another site.", "Use the page itself, or the token."),
    404: ("Not Found", "package-not-found", "There is no package called `summer`.", "`loom packages` lists them."),
    405: ("Method Not Allowed", "method-not-allowed", "This cannot be asked of this address.", ""),
    409: ("Conflict", "stage-busy", "significant of summer is running.", "Wait for it, or abort it first."),
    413: ("Content Too Large", "too-large", "The body is larger than 1000000 bytes.", ""),
    415: ("Unsupported Media Type", "unsupported-media-type", "The body must be application/json.", ""),
    421: ("Misdirected Request", "foreign-host", "This daemon is not called evil.example.", "Call it 127.0.0.1."),
    422: ("Unprocessable Content", "validation", "body.stage: not a stage", "`/api/openapi.json` describes it."),
    503: ("Service Unavailable", "repairing", "The daemon is repairing.", "Try again in a moment."),
    507: ("Insufficient Storage", "disk-full", "The disk is full; nothing was changed.", "Make room, then try again."),
}
"""What any route may answer instead: title, and type, detail and advice of an example."""

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457). `type` is stable and made for programs, the rest is for people.",
    "properties": {
        "type": {"type": "string", "examples": ["urn:entity-loom:stage-busy"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, and to what."},
        "advice": {"type": "string", "description": "What to do next; may be empty."},
        "errors": {
            "type": "array",
            "description": "For values that are not allowed: where each stands, and what is wrong with it.",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
                "required": ["where", "what"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "advice"],
}
_DESCRIPTION = """\
Everything the page and the command line do. Requests carry the daemon's token (`<home>/token`) as a bearer token;
every refusal is a problem in JSON that says what to do next. Things are named by ids, never by paths.
"""


class Documented(FastAPI):
    """An application whose OpenAPI document tells of the token and of every problem."""

    def openapi(self) -> dict[str, Any]:
        """The document; made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _completed(
                get_openapi(title=self.title, version=self.version, description=_DESCRIPTION, routes=self.routes)
            )
        return self.openapi_schema


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    parts = document.setdefault("components", {})
    schemas: dict[str, Any] = parts.setdefault("schemas", {})
    for replaced in ("HTTPValidationError", "ValidationError"):
        schemas.pop(replaced, None)
    schemas["Problem"] = _SCHEMA
    parts["responses"] = {_name(status): _response(status) for status in _PROBLEMS}
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    problems = {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in _PROBLEMS}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"] = {**operation["responses"], **problems}
    return document


def _name(status: int) -> str:
    return f"Problem{status}"


def _response(status: int) -> dict[str, Any]:
    title, kind, detail, advice = _PROBLEMS[status]
    example = {"type": f"urn:entity-loom:{kind}", "title": title, "status": status, "detail": detail, "advice": advice}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": detail, "content": {MEDIA_TYPE: content}}
