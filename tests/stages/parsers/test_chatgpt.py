"""ChatGPT: which messages are shown, what they show, and when they were said."""

import random
from typing import cast

import pytest

from packages_store.model import Conversation
from stages.parsers.contract import Broken, Empty, Note, Record, Skipped
from tests.stages.parsers.documents import Json, chain, chatgpt, message, shown
from tests.stages.parsers.harness import as_json, conversations_in, records_of, turns

HIDDEN = {"is_visually_hidden_from_conversation": True}
IMAGE = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1"}


def read(document: object) -> list[Record]:
    return records_of("chatgpt", as_json(document))


def one(*messages: Json | None, **other: object) -> Conversation:
    return conversations_in(read([chatgpt(*messages, **other)]))[0]


def answer(content: Json, **other: object) -> list[tuple[str, str]]:
    """What is read when an assistant's message between two others has this content."""
    said = message("assistant", **{"content": content, **other})
    return turns(one(message("user", "Q"), said, message("user", "R")))[1:-1]


@pytest.mark.parametrize(
    "document",
    [
        [chatgpt(message("user", "Hello"))],
        {"conversations": [chatgpt(message("user", "Hello"))]},
        {"object": "list", "data": [chatgpt(message("user", "Hello"))]},
        {"c1": {**chatgpt(message("user", "Hello")), "conversation_id": None}},
        chatgpt(message("user", "Hello")),
        [{**chatgpt(message("user", "Hello")), "conversation_id": None, "id": "c1"}],
    ],
    ids=["array", "conversations", "a page of data", "object by id", "single object", "id without conversation_id"],
)
def test_every_layout_of_a_file_gives_the_same_conversation(document: object) -> None:
    (found,) = conversations_in(read(document))

    assert (found.id, found.messages[0].id, found.messages[0].content) == ("c1", "c1:n0", "Hello")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (shown("text", parts=["A", "B"]), "A\nB"),
        (shown("code", text=" "), None),
        (shown("text", parts=["", " \n"]), None),
        (shown("text", parts="no list"), None),
    ],
    ids=["several parts", "blank code", "blank parts", "parts that are no list"],
)
def test_a_message_shows_its_parts_and_none_without_them(content: Json, expected: str | None) -> None:
    assert answer(content) == ([] if expected is None else [("a", expected)])


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(message("system", "S"), id="a system prompt"),
        pytest.param(message("system", "S", weight=1.0), id="a system prompt of weight 1"),
        pytest.param(message("assistant", '{"prompt": "a fox"}', recipient="dalle.text2im"), id="an order to DALL-E"),
        pytest.param(message("assistant", "likes foxes", recipient="bio"), id="a note for the memory"),
        pytest.param(
            message("assistant", content=shown("code", text="{}", language="json"), recipient="canmore.create_textdoc"),
            id="a call of the canvas",
        ),
        pytest.param(message("tool", "Model set context updated.", name="bio"), id="a receipt of the memory"),
        pytest.param(
            message("tool", content=shown("execution_output", text="2"), name="python"), id="what code put out"
        ),
        pytest.param(
            message("tool", content=shown("brand_new", text="2"), name="python"), id="an unknown type of a tool"
        ),
        pytest.param(
            message("tool", content=shown("multimodal_text", parts=[IMAGE]), name="myfiles_browser"),
            id="a picture that a tool fetched",
        ),
        pytest.param(
            message("user", "About me", metadata={"is_user_system_message": True}), id="is_user_system_message"
        ),
        pytest.param(message("user", "Hidden", metadata=HIDDEN), id="a hidden question"),
        pytest.param(message("assistant", "Hidden", metadata=HIDDEN), id="a hidden answer"),
        pytest.param(message("assistant", "Hidden", metadata=HIDDEN, weight=1.0), id="a hidden answer of weight 1"),
        pytest.param(
            message("tool", content=shown("multimodal_text", parts=[IMAGE]), metadata=HIDDEN), id="a hidden picture"
        ),
        pytest.param(message("assistant", content=None), id="content that is null"),
        pytest.param(message("assistant", " \n"), id="blank text"),
        pytest.param(message("assistant", "\ue200cite\ue202turn0search1\ue201"), id="nothing but a citation"),
        pytest.param(message("critic", "Hm"), id="an unknown author"),
        pytest.param({"author": None, "content": {"parts": ["x"]}}, id="an author that is null"),
        pytest.param({}, id="an empty message"),
        pytest.param(None, id="a node without a message"),
    ],
)
def test_what_the_platform_hides_is_no_turn_and_does_not_cut_the_thread(hidden: Json | None) -> None:
    assert turns(one(message("user", "Q"), hidden, message("assistant", "A"))) == [("u", "Q"), ("a", "A")]


@pytest.mark.parametrize(
    "status", ["finished_successfully", "in_progress", "finished_partial_completion", "error", None]
)
def test_an_answer_is_a_turn_whatever_became_of_it(status: str | None) -> None:
    found = one(message("user", "Q"), message("assistant", "Half of", status=status))

    assert turns(found) == [("u", "Q"), ("a", "Half of")]


def test_a_message_of_no_weight_is_a_turn() -> None:
    assert turns(one(message("user", "Q", weight=0.0))) == [("u", "Q")]


@pytest.mark.parametrize("recipient", ["all", None, "missing"])
def test_a_message_to_everybody_or_to_nobody_is_a_turn(recipient: str | None) -> None:
    said = message("assistant", "A", recipient=recipient)
    if recipient == "missing":
        del said["recipient"]

    assert turns(one(message("user", "Q"), said)) == [("u", "Q"), ("a", "A")]


@pytest.mark.parametrize("name", ["metadata", "recipient", "create_time"])
def test_no_member_of_a_message_is_needed_but_its_author_and_content(name: str) -> None:
    messages = [message("user", "Q"), message("assistant", "A")]
    for one_of_them in messages:
        del one_of_them[name]

    assert turns(one(*messages)) == [("u", "Q"), ("a", "A")]


@pytest.mark.parametrize(
    "told",
    [
        {"end_turn": True},
        {"end_turn": False},
        {"end_turn": None},
        {"channel": None},
        {"channel": "final"},
        {"author": {"role": "assistant", "name": None, "metadata": {"real_author": "tool:web"}}},
        {"author": {"role": "assistant", "name": "named"}},
        {"metadata": {"voice_mode_message": True}},
    ],
    ids=str,
)
def test_what_else_a_message_tells_changes_nothing_of_it(told: Json) -> None:
    assert one(message("user", "Q"), {**message("assistant", "A"), **told}) == one(
        message("user", "Q"), message("assistant", "A")
    )


@pytest.mark.parametrize(
    "told",
    [
        {"gizmo_id": "g-1", "gizmo_type": "gpt"},
        {"gizmo_id": "g-p-1", "gizmo_type": "snorlax"},
        {"conversation_template_id": "g-p-1"},
        {"voice": "cove"},
        {"is_archived": True},
        {"is_starred": True},
        {"is_do_not_remember": True},
        {"is_study_mode": True},
        {"memory_scope": "project_enabled"},
        {"async_status": 4},
        {"atlas_mode_enabled": True, "context_scopes": [], "conversation_origin": None},
        {"disabled_tool_ids": [], "plugin_ids": ["plugin-1"]},
        {"safe_urls": ["https://example.com"], "blocked_urls": []},
        {"moderation_results": [{"flagged": True}]},
        {"sugar_item_id": None, "sugar_item_visible": False},
        {"owner": None, "workspace_id": "w"},
    ],
    ids=str,
)
def test_what_else_a_conversation_tells_changes_nothing_of_it(told: Json) -> None:
    assert one(message("user", "Q"), **told) == one(message("user", "Q"))


def test_a_commentary_and_the_final_answer_are_turns_of_their_own() -> None:
    found = one(message("user", "Q"), message("assistant", "I look.", channel="commentary"), message("assistant", "A"))

    assert turns(found) == [("u", "Q"), ("a", "I look."), ("a", "A")]


def test_the_model_is_told_by_the_message_else_by_the_conversation() -> None:
    found = one(
        message("user", "Q"),
        message("assistant", "A", metadata={"model_slug": "m1", "resolved_model_slug": "m2"}),
        message("assistant", "B", metadata={"resolved_model_slug": "m2"}),
        message("assistant", "C", metadata=None),
        default_model_slug="m3",
    )

    assert [one.model for one in found.messages] == [None, "m1", "m2", "m3"]


CITED = "\ue200cite\ue202turn0search1\ue202turn0search2\ue201"


@pytest.mark.parametrize(
    ("text", "metadata", "expected"),
    [
        pytest.param(
            f"A {CITED}b", {"content_references": [{"matched_text": CITED, "alt": "(Cats)"}]}, "A (Cats)b", id="alt"
        ),
        pytest.param(
            f"A {CITED}b c",
            {"content_references": [{"matched_text": CITED}, {"matched_text": " "}]},
            "A b c",
            id="a reference without alt",
        ),
        pytest.param(f"A{CITED}", {}, "A", id="cite"),
        pytest.param("A\ue200filecite\ue202turn1file0\ue201.", {}, "A.", id="filecite"),
        pytest.param("A\ue200navlist\ue202News\ue202turn0news1\ue201.", {}, "A.", id="navlist"),
        pytest.param("In \ue200entity\ue202turn0city0\ue202Paris\ue201.", {}, "In Paris.", id="an unknown kind"),
        pytest.param("\ue203words\ue204 stay \ue206", {}, "words stay ", id="bare brackets and a stray character"),
        *(pytest.param(f"A{chr(mark)}B", {}, "AB", id=f"a stray {mark:x}") for mark in range(0xE200, 0xE207)),
        pytest.param("cut \ue200cite\ue202turn0", {}, "cut ", id="cut short at the end"),
        pytest.param("cut \ue200cite\ue202turn0 off", {}, "cut citeturn0 off", id="cut short in the middle"),
        pytest.param(
            'In \ue200entity\ue202["city", "Paris", "in France"]\ue201.', {}, "In Paris.", id="a thing by its name"
        ),
        pytest.param('See \ue200image_group\ue202{"layout": "row"}\ue201.', {}, "See .", id="an object for the page"),
        pytest.param("See \ue200new\ue202[broken\ue201.", {}, "See .", id="broken JSON"),
        pytest.param(
            f"A {CITED}{CITED}.",
            {"content_references": [{"matched_text": CITED * 2, "alt": "(Both)"}]},
            "A (Both).",
            id="two at once",
        ),
        pytest.param(
            "A【1†x】", {"content_references": [{"matched_text": "【1†x】", "alt": "(X)"}]}, "A(X)", id="old with alt"
        ),
        pytest.param(
            "A【4†a.pdf】 B【9†source】 C【11†(X)】",
            {"citations": [{"start_ix": 1, "end_ix": 10, "metadata": {"name": "a.pdf"}}]},
            "A (a.pdf) B【9†source】 C【11†(X)】",
            id="old by its place, and old that nothing tells of",
        ),
        pytest.param(
            "🦊🦊【4†a】",
            {"citations": [{"start_ix": 2, "end_ix": 7, "metadata": {"title": "Foxes"}}]},
            "🦊🦊 (Foxes)",
            id="places are counted in code points",
        ),
        pytest.param("「日本」【注】", {}, "「日本」【注】", id="brackets of a language"),
        pytest.param("plain", {}, "plain", id="none"),
    ],
)
def test_marks_of_citations_become_what_they_stand_for(text: str, metadata: Json, expected: str) -> None:
    assert answer(shown("text", parts=[text]), metadata=metadata) == [("a", expected)]


def test_times_are_utc_to_the_millisecond_and_missing_ones_are_the_neighbours() -> None:
    found = one(
        message("user", "A", create_time=None),
        message("assistant", "B", create_time=1_700_000_010.123456),
        message("system", "hidden", create_time=1_700_000_020.0),
        message("user", "C", create_time=None),
        message("assistant", "D", create_time=1_748_387_000_123.0),
        message("user", "E", create_time="2026-01-01T00:00:00Z"),
    )

    assert [(one.created_at, one.time_inferred) for one in found.messages] == [
        ("2023-11-14T22:13:20.000Z", True),
        ("2023-11-14T22:13:30.123Z", False),
        ("2023-11-14T22:13:40.000Z", True),
        ("2025-05-27T23:03:20.123Z", False),
        ("2026-01-01T00:00:00.000Z", False),
    ]
    assert (found.created_at, found.updated_at) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:28:20.000Z")


def test_a_conversation_without_times_takes_those_of_its_messages_else_that_of_the_file() -> None:
    undated = one(message("user", "A", create_time=None), create_time=None, update_time=None)
    dated = one(message("user", "A", create_time=0), message("assistant", "B"), create_time=None, update_time=None)

    assert undated.created_at == undated.messages[0].created_at == "2025-06-15T15:06:40.000Z"
    assert undated.messages[0].time_inferred
    assert dated.created_at == dated.updated_at == dated.messages[0].created_at == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize("told", ["2023-11-14T22:13:20Z", "1.7e9", 1_700_000_000_000, 1_700_000_000])
def test_a_conversation_can_tell_its_times_in_several_ways(told: object) -> None:
    found = one(message("user", "A", create_time=None), create_time=told, update_time=told)

    assert found.created_at == found.updated_at == found.messages[0].created_at == "2023-11-14T22:13:20.000Z"


def test_a_conversation_that_tells_but_when_it_was_changed_is_of_that_time() -> None:
    found = one(message("user", "A", create_time=None), create_time=None, update_time=1_700_000_900.0)

    assert found.created_at == found.updated_at == found.messages[0].created_at == "2023-11-14T22:28:20.000Z"


def test_the_time_of_the_first_message_goes_before_that_of_the_last_change() -> None:
    found = one(message("user", "A"), create_time=None, update_time=1_700_000_900.0)

    assert (found.created_at, found.updated_at) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:28:20.000Z")


def test_a_conversation_without_a_title_has_none() -> None:
    assert one(message("user", "A"), title=None).title is None


def test_an_answer_stamped_before_what_it_follows_keeps_its_place() -> None:
    found = one(message("user", "Q"), message("assistant", "A", create_time=1_699_999_999.0))

    assert turns(found) == [("u", "Q"), ("a", "A")]


def test_a_conversation_without_an_id_has_the_same_one_when_it_has_grown() -> None:
    short = one(message("user", "A"), conversation_id=None)
    longer = one(message("user", "A"), message("assistant", "B"), conversation_id=None, title="Another title")
    other = one(message("user", "C"), conversation_id=None)

    assert short.id == longer.id != other.id


def test_halves_of_characters_and_nul_are_replaced_and_told() -> None:
    records = read([chatgpt(message("user", "a\ud83d b\0 c\ud83d\ude00"), title="T\ud83d", conversation_id="c\0")])

    (found,) = conversations_in(records)
    assert (found.id, found.title, found.messages[0].content) == ("c\ufffd", "T\ufffd", "a\ufffd b\ufffd c😀")
    assert len([note for note in records if isinstance(note, Note)]) == 2


def test_halves_of_characters_in_what_stands_for_a_mark_are_replaced() -> None:
    reference = {"matched_text": CITED, "alt": "(\ud83d)"}

    assert answer(shown("text", parts=[CITED]), metadata={"content_references": [reference]}) == [("a", "(\ufffd)")]


@pytest.mark.parametrize("mapping", [{}, None, {"a": None}, chain(message("system", "S")), chain(None, None)])
def test_a_conversation_without_a_visible_message_is_empty(mapping: Json | None) -> None:
    assert read([{"id": "c", "title": "T", "create_time": 1.0, "mapping": mapping}]) == [Empty("record 1, byte 1")]


def test_records_that_are_no_conversations_are_told_apart() -> None:
    records = read([7, {"name": "no chat"}, {"mapping": "odd"}, chatgpt(message("user", "A"))])

    assert [type(one) for one in records] == [Broken, Skipped, Broken, Conversation]


@pytest.mark.parametrize(
    ("told", "id_"),
    [
        ({}, "c1"),
        ({"id": "c1"}, "c1"),
        ({"conversation_id": "c1", "id": "c2"}, "c1"),
        ({"conversation_id": None, "id": "c2"}, "c2"),
        ({"conversation_id": "", "id": "c2"}, "c2"),
    ],
    ids=["conversation_id", "both", "both, and other ones", "id", "an empty conversation_id"],
)
def test_the_id_is_the_platforms_own(told: Json, id_: str) -> None:
    found = one(message("user", "A"), **told)

    assert (found.id, found.messages[0].id) == (id_, f"{id_}:n0")


def tree(current: object, **nodes: tuple[str | None, Json | None]) -> Json:
    mapping = {key: {"id": key, "parent": parent, "message": one} for key, (parent, one) in nodes.items()}
    return chatgpt(mapping=mapping, current_node=current)


def test_the_branch_that_was_looked_at_last_is_followed_and_the_others_are_counted() -> None:
    records = read(
        [
            tree(
                "b1",
                root=(None, None),
                a=("root", message("user", "Q")),
                b1=("a", message("assistant", "first")),
                b2=("a", message("assistant", "second")),
                b3=("b2", message("user", "hidden", metadata={"is_user_system_message": True})),
            )
        ]
    )

    assert turns(conversations_in(records)[0]) == [("u", "Q"), ("a", "first")]
    assert records[1:] == [Note("1 message on a branch that was not followed (edited or regenerated) was left out")]


@pytest.mark.parametrize("current", [None, "gone", 7, {}, "root"])
def test_without_a_current_node_the_newest_end_is_followed(current: object) -> None:
    conversation = tree(
        current,
        x=("a", message("assistant", "newest", create_time=1_700_000_009.0)),
        root=(None, None),
        a=("root", message("user", "Q")),
        y=("a", message("assistant", "old", create_time=1_700_000_003.0)),
        z=("a", None),
    )

    assert turns(conversations_in(read([conversation]))[0]) == [("u", "Q"), ("a", "newest")]


def test_of_ends_that_are_as_new_as_each_other_the_last_in_the_file_is_followed() -> None:
    answers = {"x": "first", "y": "second", "z": "third"}
    ends = {key: ("a", message("assistant", text)) for key, text in answers.items()}

    assert turns(conversations_in(read([tree(None, a=(None, message("user", "Q")), **ends)]))[0])[1:] == [
        ("a", "third")
    ]


@pytest.mark.parametrize("with_parents", [True, False])
def test_the_first_child_is_left_alone_when_another_was_looked_at_last(with_parents: bool) -> None:
    nodes: Json = {
        "a": {"message": message("user", "Q"), "children": ["old", "new"]},
        "old": {"message": message("assistant", "old", create_time=1_700_000_009.0), "children": []},
        "new": {"message": message("assistant", "new"), "children": []},
    }
    for key in ("old", "new"):
        cast(Json, nodes[key]).update({"parent": "a"} if with_parents else {})

    (found,) = conversations_in(read([chatgpt(mapping=nodes, current_node="new")]))

    assert turns(found) == [("u", "Q"), ("a", "new")]


def test_a_root_that_the_page_itself_made_may_stand_anywhere() -> None:
    nodes = {
        "q": {"id": "q", "parent": "client-created-root", "message": message("user", "Q"), "children": ["a"]},
        "client-created-root": {"id": "client-created-root", "parent": None, "message": None, "children": ["q"]},
        "a": {"id": "a", "parent": "q", "message": message("assistant", "A"), "children": []},
    }

    (found,) = conversations_in(read([chatgpt(mapping=nodes, current_node="a")]))

    assert turns(found) == [("u", "Q"), ("a", "A")]


def test_a_slim_export_has_no_children_a_root_without_a_message_and_messages_without_ids() -> None:
    nodes = {
        "a": {"parent": "q", "message": {"author": {"role": "assistant"}, "content": {"parts": ["A"]}}},
        "root": {"parent": None, "message": None},
        "q": {"parent": "root", "message": {"author": {"role": "user"}, "content": {"parts": ["Q"]}}},
    }

    (found,) = conversations_in(read([{"id": "c1", "title": "T", "mapping": nodes}]))

    assert [(one.id, one.content) for one in found.messages] == [("c1:q", "Q"), ("c1:a", "A")]


def test_links_of_which_each_node_tells_another_part_are_put_together() -> None:
    nodes = {
        "root": {"children": ["a"], "message": None},
        "a": {"children": [], "message": message("user", "A")},
        "b": {"parent": "a", "message": message("assistant", "B")},
        "c": {"parent": "b", "children": ["d"], "message": message("user", "C")},
        "d": {"message": message("assistant", "D")},
    }

    for current in ("d", None):
        (found,) = conversations_in(read([chatgpt(mapping=nodes, current_node=current)]))
        assert [text for _, text in turns(found)] == ["A", "B", "C", "D"]


def test_a_beginning_to_which_only_a_list_of_children_leads_is_read_beside_branches() -> None:
    nodes = {
        "first": {"children": ["a"], "message": message("user", "First")},
        "a": {"parent": None, "message": message("assistant", "A")},
        "b": {"parent": "a", "message": message("user", "B")},
        "left": {"parent": "a", "message": message("user", "Left")},
    }

    (found,) = conversations_in(read([chatgpt(mapping=nodes, current_node="b")]))
    assert [text for _, text in turns(found)] == ["First", "A", "B"]


def test_parents_are_told_by_lists_of_children_where_the_nodes_do_not() -> None:
    conversation = chatgpt(message("user", "A"), message("assistant", "B"), message("user", "C"))
    mapping = cast(dict[str, Json], conversation["mapping"])
    for node in mapping.values():
        del node["parent"]
    conversation["mapping"] = dict(reversed(mapping.items()))

    assert turns(conversations_in(read([conversation]))[0]) == [("u", "A"), ("a", "B"), ("u", "C")]


def test_children_are_not_needed_and_the_order_in_the_file_does_not_count() -> None:
    conversation = chatgpt(*(message("user", str(number)) for number in range(9)))
    mapping = cast(dict[str, Json], conversation["mapping"])
    for node in mapping.values():
        del node["children"]
    conversation["mapping"] = {key: mapping[key] for key in random.Random(3).sample(list(mapping), 9)}

    assert [text for _, text in turns(conversations_in(read([conversation]))[0])] == [
        str(number) for number in range(9)
    ]


@pytest.mark.parametrize("current", [None, "n2"])
def test_nodes_without_any_link_are_taken_in_the_order_of_the_file(current: str | None) -> None:
    mapping = {f"n{number}": {"message": message("user", str(number))} for number in range(3)}

    found = conversations_in(read([chatgpt(mapping=mapping, current_node=current)]))

    assert [text for _, text in turns(found[0])] == ["0", "1", "2"]


@pytest.mark.parametrize("current", ["a", "b", None])
def test_a_circle_of_parents_ends(current: str | None) -> None:
    circle = tree(
        current, a=("b", message("user", "A")), b=("a", message("assistant", "B")), c=("c", message("user", "C"))
    )

    assert conversations_in(read([circle]))


def test_a_parent_outside_the_mapping_and_a_null_node_end_the_thread() -> None:
    outside = tree("b", a=("gone", message("user", "A")), b=("a", message("assistant", "B")))
    null = tree("b", b=("r", message("assistant", "B")))
    cast(Json, null["mapping"])["r"] = None

    assert [turns(one) for one in conversations_in(read([outside, null]))] == [[("u", "A"), ("a", "B")], [("a", "B")]]


def test_a_message_is_known_by_its_node_and_not_by_an_id_that_can_come_again() -> None:
    found = one(message("user", "A", id="same"), message("assistant", "B", id="same"))

    assert [message.id for message in found.messages] == ["c1:n0", "c1:n1"]


def test_a_long_thread_is_no_recursion() -> None:
    assert len(one(*(message("user", str(number)) for number in range(5000))).messages) == 5000
