"""The floors: what any model has to beat before it can be said to read.

Relations are looked up by the types of two mentions, their order and the words between; types by the mention's text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import product
from typing import NamedTuple

from spacy.scorer import PRFScore
from spacy.tokens import Doc, Span

from spacy_luke.annotation import get_relations, get_told, get_unsure, has_relations, normalize
from spacy_luke.training.answers import Comparison
from spacy_luke.training.mentions import all_mentions
from spacy_luke.training.metrics import count, total
from spacy_luke.training.outcomes import (
    Offsets,
    char_offsets,
    entity,
    entity_triples,
    mention_pairs,
    same_sentence,
)

from .given import Types, sentence_pairs

N_FOLDS = 5
SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
LEASTS = (1, 2, 3, 5)


class Seen(NamedTuple):
    """A pair of mentions as the lookup sees it.

    place (tuple): Places of head and tail.
    exact (Hashable): Types, order and the words between.
    plain (Hashable): Types and order.
    labels (frozenset[str]): The gold relations; empty where there are none.
    """

    place: tuple[Offsets, Offsets]
    exact: Hashable
    plain: Hashable
    labels: frozenset[str]


class Lookup:
    """Relations by what was seen in training.

    share (float): A relation is answered if it held for this share of the pairs with the same key.
    least (int): The words between count if so many pairs had them; else types and order decide alone.
    """

    def __init__(self, share: float = 0.5, least: int = 1) -> None:
        self.share = share
        self.least = least
        self._pairs: Counter[Hashable] = Counter()
        self._labels: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)

    def learn(self, pairs: Iterable[Seen]) -> None:
        """Count pairs.

        pairs (Iterable[Seen]): Pairs of training documents.
        """
        for pair in pairs:
            for key in (pair.exact, pair.plain):
                self._pairs[key] += 1
                self._labels[key].update(pair.labels)

    def labels(self, pair: Seen) -> set[str]:
        """Look one pair up.

        pair (Seen): The pair; its gold labels are not looked at.
        RETURNS (set[str]): Its relations.
        """
        key = pair.exact if self._pairs[pair.exact] >= self.least else pair.plain
        if key not in self._labels:
            return set()
        least = self.share * self._pairs[key]
        return {label for label, n in self._labels[key].items() if n >= least}

    def answer(self, pairs: Iterable[Seen]) -> set[tuple[Offsets, Offsets, str]]:
        """Look the pairs of a document up.

        pairs (Iterable[Seen]): From `see`.
        RETURNS (set[tuple]): (head place, tail place, label).
        """
        return {(*pair.place, label) for pair in pairs for label in self.labels(pair)}


def see(doc: Doc, related: bool = False) -> list[Seen]:
    """The pairs of one sentence of a document, with their gold relations.

    doc (Doc): A document with gold mentions and sentences.
    related (bool): Whether relations of entities count for all pairs of their mentions, stated there or not.
    RETURNS (list[Seen]): One for each directed pair.
    """
    gold: defaultdict[tuple[Offsets, Offsets], set[str]] = defaultdict(set)
    for relation in get_told(doc) if related else get_relations(doc):
        gold[char_offsets(relation.head), char_offsets(relation.tail)].add(relation.label)
    return [_see(doc, head, tail, gold) for head, tail in sentence_pairs(doc)]


def _see(doc: Doc, head: Span, tail: Span, gold: dict[tuple[Offsets, Offsets], set[str]]) -> Seen:
    forward = (head.start, head.end) <= (tail.start, tail.end)
    first, second = (head, tail) if forward else (tail, head)
    between = doc[first.end : max(first.end, second.start)]
    place = char_offsets(head), char_offsets(tail)
    plain = (head.label_, tail.label_, forward)
    exact = (*plain, tuple(token.lower_ for token in between))
    return Seen(place, exact, plain, frozenset(gold.get(place, ())))


def fit_lookup(docs: Iterable[Doc], related: bool = False) -> Lookup:
    """Learn the lookup, its two settings chosen by cross-validation on the same documents.

    docs (Iterable[Doc]): Training documents; those whose relations were never annotated are left out.
    related (bool): See `see`.
    RETURNS (Lookup): The lookup.
    RAISES (ValueError): If no document has relations.
    """
    seen = [see(doc, related) for doc in docs if has_relations(doc)]
    if not seen:
        raise ValueError(
            "No training document has relations, so there is nothing to look up. Give documents whose "
            "doc._.luke_relations were assigned, or leave the training data out."
        )
    share, least = _choose(seen)
    lookup = Lookup(share, least)
    for pairs in seen:
        lookup.learn(pairs)
    return lookup


def _choose(seen: Sequence[list[Seen]]) -> tuple[float, int]:
    scores: defaultdict[tuple[float, int], PRFScore] = defaultdict(PRFScore)
    for fold in range(min(N_FOLDS, len(seen))):
        lookup = Lookup()
        for i, pairs in enumerate(seen):
            if i % N_FOLDS != fold:
                lookup.learn(pairs)
        held_out = seen[fold::N_FOLDS]
        for lookup.share, lookup.least in product(SHARES, LEASTS):
            scores[lookup.share, lookup.least] += total(
                count(lookup.answer(pairs), {(*p.place, label) for p in pairs for label in p.labels})
                for pairs in held_out
            )
    return max(scores, key=lambda setting: (scores[setting].fscore, setting))


def lookup_answers(lookup: Lookup, gold: Doc) -> Comparison:
    """What the lookup answers for a document.

    lookup (Lookup): From `fit_lookup`.
    gold (Doc): The gold document; the lookup sees its mentions with their types.
    RETURNS (Comparison): (head place, tail place, label), given and gold, without those that the gold isn't sure of.
    """
    stated = mention_pairs(get_relations(gold), same_sentence)
    return Comparison(lookup.answer(see(gold)) - (mention_pairs(get_unsure(gold)) - stated), stated)


def lookup_facts(lookup: Lookup, gold: Doc) -> Comparison:
    """What the lookup answers for a document's entities: whatever it answers for two of their mentions.

    lookup (Lookup): From `fit_lookup`.
    gold (Doc): The gold document; the lookup sees its mentions with their types and clusters.
    RETURNS (Comparison): (head entity, tail entity, label), given and gold.
    """
    names = {char_offsets(span): entity(span) for span in all_mentions(gold)}
    told = {(names[head], names[tail], label) for head, tail, label in lookup.answer(see(gold))}
    gold_facts = entity_triples(get_told(gold))
    return Comparison({fact for fact in told if fact[0] != fact[1]}, {(*fact,) for fact in gold_facts})


class TypeLookup:
    """Types by the texts of mentions; the commonest type of all where a text is new.

    docs (Iterable[Doc]): Training documents with gold mentions.
    """

    def __init__(self, docs: Iterable[Doc]) -> None:
        self._types: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._all: Counter[str] = Counter()
        for doc in docs:
            for span in all_mentions(doc):
                self._types[normalize(span.text)][span.label_] += 1
                self._all[span.label_] += 1

    def answers(self, gold: Doc) -> Types:
        """Look the mentions of a document up.

        gold (Doc): The gold document.
        RETURNS (Types): One answer a mention.
        """
        mentions = all_mentions(gold)
        found = [self._types.get(normalize(span.text), self._all) for span in mentions]
        predicted = [types.most_common(1)[0][0] if types else "" for types in found]
        return Types(predicted, [span.label_ for span in mentions])
