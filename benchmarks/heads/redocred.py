"""Re-DocRED: relations of two mentions in a sentence (Tan et al., 2022, https://aclanthology.org/2022.emnlp-main.580).

The documents are those of the default model. The pipe reads a marked input for each pair, so it learns from sentences,
those with few mentions, whose pairs take a third of the time of all pairs; what it is stopped by and measured on are
whole documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import spacy
from spacy.tokens import Doc
from spacy.training import Example

from scripts.corpus import read_annotated
from scripts.given import sentence_pairs
from scripts.lookup import fit_lookup, see
from scripts.metrics import macro_f1
from scripts.partition import drop_leaks
from spacy_luke.annotation import get_relations, span_as_doc, write_relations
from spacy_luke.training.answers import pair_answers
from spacy_luke.training.mentions import all_mentions
from spacy_luke.training.metrics import count_by_label, total
from spacy_luke.training.outcomes import char_offsets

from .semeval import tutorial
from .task import Annotate, Pipeline, Splits, Task, on_sentences

MOST_MENTIONS = 5  # of a sentence to learn from; four of five sentences with two or more have no more


def read(data: Path) -> Splits:
    """RETURNS (Splits): Sentences of the training documents with two to `MOST_MENTIONS` mentions, the held-out
    documents, the test half."""
    rest, held_out, test = read_annotated(data, spacy.blank("en").vocab)
    safe, _ = drop_leaks(rest, [*test, *held_out])
    return Splits(list(_sentences(safe)), held_out, test)


def _sentences(docs: Sequence[Doc]) -> Iterator[Doc]:
    for doc in docs:
        for sentence in map(span_as_doc, doc.sents):
            if 1 < len(all_mentions(sentence)) <= MOST_MENTIONS:
                yield sentence


def score(examples: Sequence[Example]) -> dict[str, float]:
    """RETURNS (dict[str, float]): F1 over all relations of a sentence's mentions, and the mean F1 of the relations."""
    answers = [pair_answers(example.predicted, example.reference) for example in examples]
    found = {(i, *answer) for i, row in enumerate(answers) for answer in row.scores}
    right = {(i, *answer) for i, row in enumerate(answers) for answer in row.gold}
    by_label = count_by_label(found, right)
    return {"micro_f1": total(by_label.values()).fscore, "macro_f1": macro_f1(by_label)}


def commonest(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives the commonest relation to all pairs of the types that it mostly has."""
    labels = Counter(relation.label for doc in train for relation in get_relations(doc))
    best = labels.most_common(1)[0][0]
    types = Counter(
        (r.head.label_, r.tail.label_) for doc in train for r in get_relations(doc) if r.label == best
    )
    typical = types.most_common(1)[0][0]

    def annotate(doc: Doc) -> None:
        pairs = [(h, t) for h, t in sentence_pairs(doc) if (h.label_, t.label_) == typical]
        write_relations(doc, [(head, tail, best) for head, tail in pairs])

    return annotate


def lookup(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives pairs the relations that held for training pairs of the same types, order
    and words between; where those words are new, of the same types and order."""
    seen = fit_lookup(train)

    def annotate(doc: Doc) -> None:
        spans = {char_offsets(span): span for span in all_mentions(doc)}
        write_relations(
            doc, [(spans[head], spans[tail], label) for head, tail, label in seen.answer(see(doc))]
        )

    return annotate


RULES: dict[str, Callable[[Sequence[Doc]], Annotate]] = {
    "commonest relation, of its types": commonest,
    "types and words between": lookup,
}

TASK = Task(
    name="redocred",
    data="Re-DocRED: sentences with two to five mentions of 398 documents of the development file, 100 others of it, "
    "the test half",
    read=read,
    score=score,
    metric="micro_f1",
    ours=Pipeline(
        "luke_relations, marked pairs",
        on_sentences("luke_relations", mentions=True),
        {
            "training.batcher.size": 200,
            "training.max_steps": 300,
            "training.eval_frequency": 150,
            "training.optimizer.learn_rate.initial_rate": 2e-4,
        },
    ),
    rules=RULES,
    rivals=(
        Pipeline(
            "relation component of spaCy's tutorial",
            tutorial,
            {"training.max_steps": 4000, "components.relation_tutorial.threshold": 0.05},
        ),
    ),
    given_entities=True,
)
