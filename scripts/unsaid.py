"""Sentences that name two entities and no longer state of them what they stated before.

"Ann founded Foo in 1990."      --> "Ann never founded Foo in 1990."
"Ann was the head of Foo."      --> "Ann was rumoured to be the head of Foo."
"Ann is the head of Foo."       --> "It is not true that Ann is the head of Foo."
"Ann lives in Rome."           \
                                --> "Ann lives in Rome, while Bob founded Foo."
"Bob founded Foo."             /

A model that has only read what is so takes any naming of two entities for a statement. The changes are made to
sentences of documents, by general words. The lists are short on purpose: what is learned from them shows in other words
too, or it isn't learned.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice

from spacy.tokens import Doc, Token

from spacy_luke.annotation import get_relations, get_unsure, span_as_doc, write_relations, write_unsure
from spacy_luke.types import Relation

from .mixing import join
from .rewriting import Words, rewrite

SHORTEST, LONGEST = 5, 45  # tokens of a sentence
TRIES = 20  # for each text that is wanted

# In the place of a verb: what denies it, doubts it or ends it.
PRESENT = (
    *("{} not", "{} never", "{} no longer", "may be", "might one day be", "would like to be"),
    *("{} rumoured to be", "{} wrongly called", "{} hoping to be", "{} far from being"),
)
PAST = (
    *("{} not", "{} never", "{} no longer", "might have been", "would have been", "{} nearly"),
    *("{} rumoured to be", "{} wrongly said to be", "{} hoping to be", "had not been", "{} anything but"),
)
HAVING = ("{} not", "{} never", "{} almost", "may have", "would have", "{} hardly")
DOING = ("never {}", "almost {}", "nearly {}", "might have {}", "would have {}", "had not {}")
VERBS = {
    **dict.fromkeys(("is", "are"), PRESENT),
    **dict.fromkeys(("was", "were"), PAST),
    **dict.fromkeys(("has", "have", "had"), HAVING),
}
# Before a sentence: nothing of what follows is said, or all of it.
UNSAID = (
    *(
        "It is not true that",
        "Nobody believes that",
        "There is no evidence that",
        "It was only a rumour that",
    ),
    *("Some had hoped that", "She falsely claimed that", "The report denies that", "It is doubtful whether"),
    *("He had dreamed that", "Critics asked whether", "It would be strange if"),
)
SAID = (
    *("It is well known that", "The report confirms that", "Records show that", "She remembered that"),
    *("As everybody knows,", "It is a fact that", "We read that", "The court noted that"),
)
BETWEEN = (", and", ", while", ", but", ";", ", whereas", ", as")
# First words that are written small within a sentence; others may be names.
SMALL = frozenset(
    (
        *("the", "a", "an", "he", "she", "it", "they", "his", "her", "its", "their", "this", "that", "these"),
        *("in", "on", "at", "after", "before", "during", "from", "with", "as", "for", "by"),
    )
)


def unsaid_texts(docs: Sequence[Doc], n: int, seed: int = 0) -> Iterator[Doc]:
    """Make sentences of which some no longer state their relations, others still do.

    docs (Sequence[Doc]): Documents with sentences, entities and relations, of which some are stated.
    n (int): How many texts; fewer if hardly any sentence has a verb that can be denied.
    seed (int): Of the choice.
    YIELDS (Doc): The texts: about a half is denied or doubted, an eighth is confirmed, the others are joined of two.
    """
    choose = random.Random(seed)
    sentences = [span_as_doc(sent) for doc in docs for sent in doc.sents if SHORTEST <= len(sent) <= LONGEST]
    stating = [sentence for sentence in sentences if get_relations(sentence)]
    made = (_change(choose, stating) for _ in range(TRIES * n if stating else 0))
    yield from islice((text for text in made if text is not None), n)


def _change(choose: random.Random, stating: Sequence[Doc]) -> Doc | None:
    sentence, kind = choose.choice(stating), choose.random()
    if kind < 1 / 4:
        return join_clauses(sentence, choose.choice(stating), choose.choice(BETWEEN))
    if kind < 1 / 3:
        return put_before(choose.choice(SAID), sentence)
    return unsay(sentence, choose)


def unsay(sentence: Doc, choose: random.Random) -> Doc | None:
    """Deny, doubt or end what a sentence states.

    sentence (Doc): A sentence with relations.
    choose (random.Random): Chooses the words.
    RETURNS (Doc | None): The sentence without the relations that its verb stated. What it states in other ways, as in
        "Ann, born in Rome, never founded Foo", is kept where it lies on one side of the verb, and else unsure. None if
        there is no verb between the entities of a relation.
    """
    verbs = [token for token in sentence if _ways(token) and _unsaid_by(sentence, token)]
    if not verbs:
        return None
    verb = choose.choice(verbs)
    removed = set(_unsaid_by(sentence, verb))
    doc = rewrite(sentence, {})
    kept, unsure = [], [relation._replace(score=0.0) for relation in get_unsure(doc)]
    for relation, old in zip(get_relations(doc), get_relations(sentence), strict=True):
        if _straddles(old, verb):
            if old not in removed:
                unsure.append(relation._replace(score=0.0))
        else:
            kept.append(relation)
    write_relations(doc, kept)
    write_unsure(doc, unsure or None)
    if choose.random() < 0.3 and (begun := put_before(choose.choice(UNSAID), doc)) is not None:
        return begun
    return rewrite(doc, {verb.i: _words(choose.choice(_ways(verb)).format(verb.text))})


def _ways(token: Token) -> Sequence[str]:
    """How a token can be unsaid, if it is a verb that can."""
    if token.ent_type_:
        return ()
    if token.text in VERBS:
        return VERBS[token.text]
    before = token.nbor(-1) if token.i else None
    after_name = before is not None and (
        before.ent_type_ or before.lower_ in ("who", "he", "she", "later", "then")
    )
    return DOING if after_name and token.text.endswith("ed") and token.is_lower else ()


def _straddles(relation: Relation, verb: Token) -> bool:
    first, last = sorted((relation.head, relation.tail))
    return bool(first.end <= verb.i < last.start)


def _unsaid_by(doc: Doc, verb: Token) -> list[Relation]:
    """The relations that a verb states: of what stands right before it, which is taken for its subject."""
    before = [ent for ent in doc.ents if ent.end <= verb.i]
    if not before:
        return []
    return [
        relation
        for relation in get_relations(doc)
        if before[-1] in (relation.head, relation.tail) and _straddles(relation, verb)
    ]


def put_before(words: str, sentence: Doc) -> Doc | None:
    """Put words before a sentence.

    words (str): E.g. "It is true that".
    sentence (Doc): A sentence.
    RETURNS (Doc | None): One sentence; None if it can't be told how its first word is written within a sentence.
    """
    if (inner := _within(sentence)) is None:
        return None
    before = Doc(
        sentence.vocab, *_words(words), sent_starts=[i == 0 for i in range(len(_words(words).words))]
    )
    return join([before, inner])


def join_clauses(first: Doc, second: Doc, words: str) -> Doc | None:
    """Make one sentence of two, of different documents: nothing is stated of entities of both.

    first (Doc): A sentence.
    second (Doc): Another one.
    words (str): What stands between, in the place of the full stop.
    RETURNS (Doc | None): The sentence; None if there is no full stop, or see `put_before`.
    """
    end, inner = first[-1], _within(second)
    if inner is None or len(first) < 2 or end.text != "." or first[-2].whitespace_:
        return None
    return join([rewrite(first, {end.i: _words(words)}), inner])


def _within(sentence: Doc) -> Doc | None:
    """The sentence as a part of another one."""
    first = sentence[0]
    if not first.ent_type_ and first.lower_ not in SMALL:
        return None
    text = first.text if first.ent_type_ else first.lower_
    # An entity is replaced whole or not at all.
    inner = rewrite(sentence, {} if first.ent_type_ else {0: _words(text)})
    inner[0].is_sent_start = False
    return inner


def _words(text: str) -> Words:
    """Words as tokens; punctuation stands close to what is before it."""
    words = text.replace(",", " ,").replace(";", " ;").split()
    return Words(tuple(words), tuple(after not in (",", ";") for after in [*words[1:], ""]))
