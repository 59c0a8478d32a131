"""The canonical thread of a ChatGPT conversation: which of its nodes are in it, in order.

A conversation is a tree (`mapping`: key -> {message, parent, children}); editing a question or asking for another
answer makes a branch. `current_node` names the end of the branch that was last looked at. Every part of that can be
absent, dangling or circular.
"""

from collections.abc import Mapping, Sequence

from stages.parsers.reading.values import as_list, as_map, milliseconds

Nodes = Mapping[str, object]


def thread(nodes: Nodes, current: object) -> list[str]:
    """The keys from the beginning to `current`; to the newest end when there is no such node, or nothing is on its way.

    Nodes without any link to each other are taken in the order of the file.
    """
    begun = isinstance(current, str) and current in nodes
    if begun:
        keys = _way_to(str(current), nodes)
        if len(keys) == len(nodes) or _is_whole(keys, nodes):  # most need no second look
            return keys
    parents = _all_parents(nodes)
    if not parents:
        return list(nodes)
    if begun:
        keys = _walk(str(current), parents)
        if any(has_message(nodes[key]) for key in keys):
            return keys
    end = _newest_end(nodes, parents)
    return _walk(end, parents) if end is not None else []


def has_message(node: object) -> bool:
    """Whether there is a message object in a node."""
    return isinstance(node, dict) and isinstance(node.get("message"), dict)


def _way_to(current: str, nodes: Nodes) -> list[str]:
    """The keys to `current`, as far back as the nodes' own `parent` leads."""
    keys: dict[str, None] = {}
    key: object = current
    while isinstance(key, str) and key in nodes and key not in keys:
        keys[key] = None
        key = as_map(nodes[key]).get("parent")
    return list(keys)[::-1]


def _is_whole(keys: Sequence[str], nodes: Nodes) -> bool:
    """Whether there is a message on this way, and no list of children that leads to its beginning."""
    if len(keys) == 1 or not any(has_message(nodes[key]) for key in keys):
        return False
    return not any(keys[0] in as_list(as_map(node).get("children")) for node in nodes.values())


def _walk(end: str, parents: Mapping[str, str]) -> list[str]:
    keys: dict[str, None] = {end: None}
    key = end
    while (parent := parents.get(key)) is not None and parent not in keys:
        keys[parent] = None
        key = parent
    return list(keys)[::-1]


def _all_parents(nodes: Nodes) -> dict[str, str]:
    """The parent of every node that has one among the nodes: as it tells itself, else as a list of children tells."""
    parents: dict[str, str] = {}
    for key, node in nodes.items():
        for child in as_list(as_map(node).get("children")):
            if isinstance(child, str) and child in nodes:
                parents.setdefault(child, key)
    for key, node in nodes.items():
        parent = as_map(node).get("parent")
        if isinstance(parent, str) and parent in nodes:
            parents[key] = parent
    return parents


def _newest_end(nodes: Nodes, parents: Mapping[str, str]) -> str | None:
    """The node with a message that nothing follows and that is newest; of several, the last in the file."""
    inner = set(parents.values())
    with_message = [key for key, node in nodes.items() if has_message(node)]
    ends = [key for key in with_message if key not in inner] or with_message
    newest, found = -1, None
    for key in ends:
        at = milliseconds(as_map(as_map(nodes[key]).get("message")).get("create_time")) or 0
        if at >= newest:
            newest, found = at, key
    return found
