"""One generated conversation: a tree of nodes as ChatGPT exports them."""

from typing import Any

from bench.dice import Dice
from bench.vocabulary import ANSWERING, ASKING, CODE, EMOJI, LIFE, MODELS, OTHER_LANGUAGES, Sentence

_ASKED, _ANSWERED = 0.45, 1.55
"""Shares of the mean length: people write less than they are answered."""

Node = dict[str, Any]


class Talk:
    """A conversation while it is held. `goal` is the mean length of its messages, in characters."""

    def __init__(self, dice: Dice, begin: float, goal: float) -> None:
        self._dice = dice
        self._begin = begin
        self._now = begin
        self._goal = goal
        self._model = dice.one_of(MODELS)
        self._nodes: dict[str, Node] = {}
        self._last = "client-created-root"
        self._language = dice.one_of(OTHER_LANGUAGES) if dice.falls(0.15) else None
        self._is_asked = False
        self.told = 0
        """Characters said so far."""
        self._nodes[self._last] = {"id": self._last, "message": None, "parent": None, "children": []}
        self._hidden()

    def say(self) -> None:
        """One more visible message: a question, or the answer to the one before."""
        self._is_asked = not self._is_asked
        if self._is_asked:
            self._ask()
        else:
            self._answer()

    def conversation(self, title: str) -> dict[str, Any]:
        """The whole as it stands in the export."""
        id_ = self._dice.uuid()
        return {
            "title": title,
            "create_time": round(self._begin, 6),
            "update_time": round(self._now, 6),
            "mapping": self._nodes,
            "moderation_results": [],
            "current_node": self._last,
            "plugin_ids": None,
            "conversation_id": id_,
            "conversation_template_id": None,
            "gizmo_id": None,
            "gizmo_type": None,
            "is_archived": False,
            "is_starred": None,
            "safe_urls": [],
            "blocked_urls": [],
            "default_model_slug": self._model,
            "conversation_origin": None,
            "voice": None,
            "async_status": None,
            "disabled_tool_ids": [],
            "is_do_not_remember": None,
            "memory_scope": "global_enabled",
            "sugar_item_id": None,
            "id": id_,
        }

    # --- turns -------------------------------------------------------------------------------------------------------

    def _hidden(self) -> None:
        """The system node that every conversation begins with, and at times custom instructions."""
        node = self._add("system", {"content_type": "text", "parts": [""]}, {}, at=None)
        node["message"]["metadata"] = {"is_visually_hidden_from_conversation": True}
        if self._dice.falls(0.3):
            content = {"content_type": "user_editable_context", "user_profile": "", "user_instructions": "Be brief."}
            hidden = {"is_visually_hidden_from_conversation": True, "is_user_system_message": True}
            self._add("user", content, hidden, at=None)

    def _ask(self) -> None:
        self._pass_time(5, 400 if self._dice.falls(0.95) else 400_000)
        text = self._text(ASKING, self._goal * _ASKED, lively=True)
        content: dict[str, Any] = {"content_type": "text", "parts": [text]}
        metadata = self._asked_metadata()
        if self._dice.falls(0.02):
            self._with_picture(content, metadata)
        node = self._add("user", content, metadata, at=self._now if self._dice.falls(0.995) else None)
        node["message"]["weight"] = 1.0

    def _answer(self) -> None:
        asked = self._last
        if self._dice.falls(0.04):
            # Somebody asked for another answer: the first one stays as a branch that is not followed.
            self._reply()
            self._last = asked
        if self._dice.falls(0.06):
            self._think()
        if self._dice.falls(0.03):
            self._use_tool()
        self._reply()

    def _reply(self) -> None:
        self._pass_time(2, 40)
        text = self._text(ANSWERING, self._goal * _ANSWERED, lively=False)
        metadata = self._answer_metadata()
        if self._dice.falls(0.02):
            mark = f"\ue200cite\ue202turn0search{self._dice.below(9)}\ue201"
            reference = {"matched_text": mark, "start_idx": len(text), "alt": "(example.org)", "type": "webpage"}
            metadata["content_references"] = [reference]
            text += mark
        self._add("assistant", {"content_type": "text", "parts": [text]}, metadata, at=self._now)

    def _think(self) -> None:
        said = self._text(ANSWERING, 300, lively=False)
        thought = {"summary": "Weighing the options", "content": said, "chunks": [], "finished": True}
        content = {"content_type": "thoughts", "thoughts": [thought], "source_analysis_msg_id": self._dice.uuid()}
        self._add("assistant", content, self._answer_metadata(), at=self._now)
        recap = {"content_type": "reasoning_recap", "content": "Thought for 6s"}
        self._add("assistant", recap, self._answer_metadata(), at=self._now)

    def _use_tool(self) -> None:
        content = {"content_type": "code", "language": "unknown", "response_format_name": None, "text": self._code()}
        call = self._add("assistant", content, self._answer_metadata(), at=self._now)
        call["message"]["recipient"] = "python"
        result = self._add("tool", {"content_type": "execution_output", "text": "1024\n"}, {}, at=self._now)
        result["message"]["author"]["name"] = "python"

    # --- nodes -------------------------------------------------------------------------------------------------------

    def _add(self, role: str, content: dict[str, Any], metadata: dict[str, Any], *, at: float | None) -> Node:
        id_ = self._dice.uuid()
        message: Node = {
            "id": id_,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": None if at is None else round(at, 6),
            "update_time": None,
            "content": content,
            "status": "finished_successfully",
            "end_turn": True if role == "assistant" else None,
            "weight": 0.0 if role == "system" else 1.0,
            "metadata": metadata,
            "recipient": "all",
            "channel": None,
        }
        node: Node = {"id": id_, "message": message, "parent": self._last, "children": []}
        self._nodes[self._last]["children"].append(id_)
        self._nodes[id_] = node
        self._last = id_
        return node

    def _asked_metadata(self) -> dict[str, Any]:
        return {
            "selected_sources": [],
            "selected_github_repos": [],
            "serialization_metadata": {"custom_symbol_offsets": []},
            "request_id": self._dice.uuid(),
            "message_source": None,
            "timestamp_": "absolute",
            "message_type": None,
        }

    def _answer_metadata(self) -> dict[str, Any]:
        return {
            "finish_details": {"type": "stop", "stop_tokens": [200002]},
            "is_complete": True,
            "citations": [],
            "content_references": [],
            "message_type": None,
            "model_slug": self._model,
            "default_model_slug": "auto",
            "parent_id": self._last,
            "request_id": self._dice.uuid(),
            "timestamp_": "absolute",
        }

    def _with_picture(self, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        id_ = f"file-{self._dice.uuid()}"
        picture = {
            "content_type": "image_asset_pointer",
            "asset_pointer": f"sediment://{id_}",
            "size_bytes": 203_117,
            "width": 1024,
            "height": 768,
            "fovea": None,
            "metadata": None,
        }
        content |= {"content_type": "multimodal_text", "parts": [picture, *content["parts"]]}
        attachment = {"id": id_, "name": f"IMG_{self._dice.below(9999):04d}.jpg", "mime_type": "image/jpeg"}
        metadata["attachments"] = [attachment]

    def _pass_time(self, least: int, most: int) -> None:
        self._now += least + self._dice.share() * (most - least)

    # --- words -------------------------------------------------------------------------------------------------------

    def _text(self, kind: tuple[Sentence, ...], goal: float, *, lively: bool) -> str:
        dice = self._dice
        sentences = self._language or kind
        wanted = goal * dice.uneven()
        pieces, length = [], 0
        while length < wanted:
            piece = dice.sentence(dice.one_of(sentences))
            chance = dice.share()
            if lively and chance < 0.02:
                piece += dice.sentence(dice.one_of(LIFE))
            elif lively and chance < 0.05:
                piece += dice.one_of(EMOJI)
            elif not lively and chance < 0.12:
                piece += f"\n\n- #{dice.below(100_000)} "
            elif not lively and chance < 0.16:
                piece += f"\n\n```python\n{self._code()}```\n\n"
            pieces.append(piece)
            length += len(piece)
        self.told += length
        return "".join(pieces).strip()

    def _code(self) -> str:
        return "".join(self._dice.one_of(CODE) for _ in range(1 + self._dice.below(5)))
