"""The facts of documents as RDF, with Wikidata's ids where they have one. Each fact has a statement node,
which holds its score and evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..annotation import normalize
from ..types import NIL
from .extras import need
from .rows import Documents, Row, identified, rows_of

if TYPE_CHECKING:
    import rdflib

OURS = "urn:spacy-luke:"  # namespace of what Wikidata has no name for
ENTITY, PROPERTY = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/direct/"
_ITEM, _PROPERTY_ID = re.compile(r"Q[1-9]\d*"), re.compile(r"P[1-9]\d*")


def to_rdf(docs: Documents, base: str = f"{OURS}document:") -> rdflib.Graph:
    """Make triples of documents: each fact directly, and as an `rdf:Statement` with score and evidence.

    docs (Iterable[Doc | Mapping]): Documents, or what `to_dict` gave of them.
    base (str): What the addresses of documents begin with; their ids follow.
    RETURNS (rdflib.Graph): The triples. docs/DATA.md has the names that they use.
    """
    writer = _Writer(need("rdflib", "to_rdf"), base)
    for data in identified(docs):
        writer.add_document(data)
    return writer.graph


class _Writer:
    def __init__(self, rdflib: Any, base: str) -> None:
        self.rdflib, self.base, self.graph = rdflib, base, rdflib.Graph()
        self.rdf, self.rdfs, self.ours = rdflib.RDF, rdflib.RDFS, rdflib.Namespace(OURS)
        for prefix, name in (("luke", OURS), ("wd", ENTITY), ("wdt", PROPERTY)):
            self.graph.bind(prefix, name)

    def add_document(self, data: Mapping[str, Any]) -> None:
        """Add the facts of a document, and the entities in them."""
        document = self._uri(self.base + quote(data["id"], safe=""))
        self._add(document, self.rdf.type, self.ours.Document)
        self._add(document, self.ours.id, self._literal(data["id"]))
        tables = rows_of(data)
        evidence: dict[int, list[Row]] = {}
        for row in tables["evidence"]:
            evidence.setdefault(row["fact"], []).append(row)
        for fact in tables["facts"]:
            statement = self._add_fact(document, fact, data.get("lang") or None)
            for row in evidence[fact["fact"]]:
                self._add_evidence(statement, row, data)

    def _add_fact(self, document: Any, fact: Row, lang: str | None) -> Any:
        head, tail = (self._entity(document, fact, end, lang) for end in ("head", "tail"))
        relation = self._relation(fact)
        statement = self._uri(f"{document}#fact-{fact['fact']}")
        self._add(head, relation, tail)
        self._add(statement, self.rdf.type, self.rdf.Statement)
        self._add(statement, self.rdf.subject, head)
        self._add(statement, self.rdf.predicate, relation)
        self._add(statement, self.rdf.object, tail)
        self._add(statement, self.ours.score, self._literal(fact["score"]))
        self._add(statement, self.ours.document, document)
        return statement

    def _add_evidence(self, statement: Any, row: Row, data: Mapping[str, Any]) -> None:
        node = self._uri(f"{statement}-evidence-{row['rank']}")
        self._add(statement, self.ours.evidence, node)
        values = {"score": row["score"], "rank": row["rank"]}
        for end in ("head", "tail"):
            values |= {
                f"{end}{name.title()}": row[f"{end}_{name}"] for name in ("start", "end", "text", "type")
            }
        for name, value in values.items():
            self._add(node, self.ours[name], self._literal(value))
        for number in data["facts"][row["fact"]]["evidence"][row["rank"]].get("sentences", ()):
            place = data["sentences"][number]
            self._add(node, self.ours.sentence, self._literal(data["text"][place["start"] : place["end"]]))

    def _entity(self, document: Any, fact: Row, end: str, lang: str | None) -> Any:
        """Wikidata's item, or one of another id, or what has this name in this document."""
        name, kb_id = fact[end], fact[f"{end}_kb_id"]
        if _ITEM.fullmatch(kb_id or ""):
            entity = self._uri(ENTITY + kb_id)
        elif kb_id and kb_id != NIL:
            entity = self._uri(f"{OURS}entity:{quote(kb_id, safe='')}")
        else:
            entity = self._uri(f"{document}#entity-{quote(normalize(name), safe='')}")
        self._add(entity, self.rdfs.label, self._literal(name, lang=lang))
        self._add(entity, self.ours.type, self._literal(fact[f"{end}_type"]))
        return entity

    def _relation(self, fact: Row) -> Any:
        known = _PROPERTY_ID.fullmatch(fact["id"] or "")
        uri = PROPERTY + fact["id"] if known else f"{OURS}relation:{quote(fact['label'], safe='')}"
        self._add(self._uri(uri), self.rdfs.label, self._literal(fact["label"]))
        return self._uri(uri)

    def _add(self, *triple: Any) -> None:
        self.graph.add(triple)

    def _uri(self, text: str) -> Any:
        return self.rdflib.URIRef(text)

    def _literal(self, value: Any, **options: Any) -> Any:
        return self.rdflib.Literal(value, **options)
