"""The facts of documents as a graph of networkx."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..annotation import normalize
from ..types import NIL
from .extras import need
from .rows import Documents, identified, rows_of

if TYPE_CHECKING:
    import networkx


def to_networkx(docs: Documents) -> networkx.MultiDiGraph:
    """Make a graph: entities are nodes, and facts are edges from head to tail.

    Mentions with one `kb_id`, or without any and with one name, are one node, across documents too. A node has `name`,
    `type`, `kb_id` and the number of its `mentions`. An edge has `label`, `id`, `score`, `document`, and its
    `evidence`: JSON with a list of pairs of mentions with their offsets. So all formats that networkx writes can hold
    the graph.

    docs (Iterable[Doc | Mapping]): Documents, or what `to_dict` gave of them.
    RETURNS (networkx.MultiDiGraph): The graph; the key of an edge is "document:number of the fact".
    """
    graph = need("networkx", "to_networkx").MultiDiGraph()
    for data in identified(docs):
        tables = rows_of(data)
        for row in tables["entities"]:
            node = _node(graph, row["text"], row["label"], row["kb_id"])
            graph.nodes[node]["mentions"] += 1
        for row in tables["facts"]:
            head, tail = (_node(graph, row[e], row[f"{e}_type"], row[f"{e}_kb_id"]) for e in ("head", "tail"))
            edge = {name: row[name] for name in ("label", "id", "score", "document")}
            evidence = json.dumps(data["facts"][row["fact"]]["evidence"], ensure_ascii=False)
            graph.add_edge(head, tail, key=f"{row['document']}:{row['fact']}", **edge, evidence=evidence)
    return graph


def _node(graph: Any, name: str, label: str, kb_id: str) -> str:
    """The node of an entity, made if it isn't there."""
    known = kb_id if kb_id and kb_id != NIL else ""
    node = known or normalize(name)
    if node not in graph:
        graph.add_node(node, name=name, type=label, kb_id=known, mentions=0)
    return node
