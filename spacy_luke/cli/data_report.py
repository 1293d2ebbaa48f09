"""What is in a corpus, and what a model of the default model's sizes will cut of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

from spacy.tokens import Doc, Span
from wasabi import table

from ..annotation import (
    REJECTED_ENTITIES,
    REJECTED_RELATIONS,
    get_questions,
    get_relations,
    get_unsure,
    has_relations,
)
from ..inputs.pieces import DocPieces, encode_docs
from ..inputs.windows import make_windows
from ..tokenizer import LukeTokenizer
from ..training.converters.records import Losses
from ..training.mentions import all_mentions
from ..types import Relation

MODEL = Path(__file__).parent.parent / "assets" / "luke_small"
MAX_DISTANCE = 32  # tokens between two mentions, as the pipes have it by default
LISTED = 10  # how many losses of a kind are shown; all of them go to --problems
_OVERLAP = 128  # pieces that windows share, as the pipes have it by default
_LABELS = 30


def counts(docs: Sequence[Doc]) -> dict[str, int]:
    """docs (Sequence[Doc]): A corpus. RETURNS (dict[str, int]): How much of everything it has, without what it has
    none of, but for documents, tokens, entities and relations."""
    always = {
        "documents": len(docs),
        "entities": sum(len(doc.ents) for doc in docs),
        "relations": sum(len(get_relations(doc)) for doc in docs),
    }
    others = {
        "unsure relations": sum(len(get_unsure(doc)) for doc in docs),
        "entities in entities": sum(len(all_mentions(doc)) - len(doc.ents) for doc in docs),
        "rejected entities": sum(len(doc.user_data.get(REJECTED_ENTITIES, ())) for doc in docs),
        "rejected relations": sum(len(doc.user_data.get(REJECTED_RELATIONS, ())) for doc in docs),
        "questions": sum(len(get_questions(doc)) for doc in docs),
        "tokens": sum(map(len, docs)),
        "documents without annotated relations": sum(not has_relations(doc) for doc in docs),
    }
    return {**always, **{what: n for what, n in others.items() if n}}


def report(docs: Sequence[Doc], losses: Losses) -> Iterator[str]:
    """Describe a corpus.

    docs (Sequence[Doc]): The corpus.
    losses (Losses): What was left out or changed when it was made.
    YIELDS (str): Blocks of text to print: labels, relations with their distances, what will be cut, losses.
    """
    entities = Counter(span.label_ for doc in docs for span in all_mentions(doc))
    if entities:
        yield _table(("entity", "mentions"), [(label, str(n)) for label, n in _most(entities)], "lr")
    relations = [relation for doc in docs for relation in get_relations(doc)]
    if relations:
        yield _table(
            ("relation", "pairs", "median distance", "farthest"), list(_distances(relations)), "lrrr"
        )
        gaps = [gap(relation.head, relation.tail) for relation in relations]
        across = sum(_across(relation) for relation in relations)
        ninety = quantiles(gaps, n=10, method="inclusive")[-1] if len(gaps) > 1 else gaps[0]
        yield (
            f"Tokens between head and tail: median {median(gaps):g}, 90% within {ninety:g}, most {max(gaps)}; "
            f"{across} of {len(gaps)} in different sentences."
        )
    yield from (f"! {line}" for line in will_be_cut(docs))
    yield from loss_lines(losses)


def gap(head: Span, tail: Span) -> int:
    """RETURNS (int): How many tokens stand between two mentions; 0 if they overlap."""
    return max(tail.start - head.end, head.start - tail.end, 0)


def will_be_cut(docs: Sequence[Doc]) -> list[str]:
    """docs (Sequence[Doc]): A corpus.
    RETURNS (list[str]): A sentence for each limit of the default model and settings that leaves something out."""
    config = json.loads((MODEL / "config.json").read_text("utf8"))
    size = config["max_position_embeddings"] - config["pad_token_id"] - 3
    widest, longest = config["joint"]["max_span_width"], config["joint"]["max_mention_length"]
    pieces = encode_docs(docs, LukeTokenizer.from_pretrained(MODEL))
    long = [i for i, found in enumerate(pieces) if len(found) > size]
    windows = {i: make_windows(i, pieces[i], size, min(_OVERLAP, size // 3)) for i in long}
    found = Counter[str]()
    for i, doc in enumerate(docs):
        for span in all_mentions(doc):
            found["wide"] += len(span) > widest
            first, last = pieces[i].extent(span.start, span.end)
            found["long"] += last - first > longest
        for relation in get_relations(doc):
            if doc.has_annotation("SENT_START"):
                found["sentences"] += _across(relation)
            else:
                found["far"] += gap(relation.head, relation.tail) > MAX_DISTANCE
            if i in windows and not _shared(relation, pieces[i], [(w.start, w.end) for w in windows[i]]):
                found["apart"] += 1
    told = {
        "wide": f"entities have more than {widest} tokens: `luke` won't find them (max_span_width)",
        "long": f"entities have more than {longest} pieces: only the first are read (max_mention_length)",
        "sentences": "relations go across sentences: doc._.luke_relations leaves them out (same_sentence), facts don't",
        "far": f"relations have more than {MAX_DISTANCE} tokens between head and tail (max_distance)",
        "apart": f"relations have no window of {size} pieces in common, so nothing reads them together",
    }
    lines = [f"{found[key]} {what}." for key, what in told.items() if found[key]]
    if long:
        most = max(len(pieces[i]) for i in long)
        lines.append(
            f"{len(long)} documents have more than {size} pieces (up to {most}): they are read in windows."
        )
    return lines


def _shared(relation: Relation, pieces: DocPieces, windows: Sequence[tuple[int, int]]) -> bool:
    extents = [pieces.extent(span.start, span.end) for span in relation[:2]]
    return any(all(start <= first and last <= end for first, last in extents) for start, end in windows)


def _across(relation: Relation) -> bool:
    head, tail = relation.head, relation.tail
    first, last = min(head.start, tail.start), max(head.start, tail.start)
    return any(token.is_sent_start for token in head.doc[first + 1 : last + 1])


def _distances(relations: Sequence[Relation]) -> Iterator[tuple[str, ...]]:
    by_label: dict[str, list[int]] = {}
    for relation in relations:
        by_label.setdefault(relation.label, []).append(gap(relation.head, relation.tail))
    for label, n in _most(Counter({label: len(gaps) for label, gaps in by_label.items()})):
        gaps = by_label.get(label)
        yield (label, str(n), f"{median(gaps):g}", str(max(gaps))) if gaps else (label, str(n), "", "")


def _most(found: Counter[str]) -> list[tuple[str, int]]:
    rows = found.most_common(_LABELS)
    rest = len(found) - len(rows)
    return [*rows, (f"({rest} more labels)", found.total() - sum(n for _, n in rows))] if rest else rows


def loss_lines(losses: Losses) -> Iterator[str]:
    """losses (Losses): What was left out or changed. YIELDS (str): How often each happened, and the first places."""
    for what, n in losses.counts().most_common():
        shown = [loss for loss in losses if loss.what == what][:LISTED]
        lines = [f"! {n} {what}", *(f"    {loss.path}, {loss.place}: {loss.detail}" for loss in shown)]
        if n > len(shown):
            lines.append(f"    and {n - len(shown)} more")
        yield "\n".join(lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], aligns: str) -> str:
    text: str = table(rows, header=header, divider=True, max_col=48, aligns=tuple(aligns))
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
