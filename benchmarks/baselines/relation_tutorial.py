"""The relation component that spaCy's tutorial builds, written anew: pairs of entities within a distance, each
entity the mean of its tok2vec rows, both side by side through one linear layer and a logistic for each relation.

The tutorial: https://github.com/explosion/projects/tree/v3/tutorials/rel_component
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.ml.models.tok2vec import build_hash_embed_cnn_tok2vec
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Linear, Logistic, Model, Optimizer, chain, set_dropout_rate

from spacy_luke.annotation import get_relations, get_told, set_extensions, write_relations
from spacy_luke.training.mentions import all_mentions
from spacy_luke.training.metrics import count, total
from spacy_luke.training.outcomes import char_offsets, mention_pairs
from spacy_luke.types import Relation

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def pairs_within(doc: Doc, max_length: int) -> Ints:
    """Directed pairs of mentions that start within a distance.

    doc (Doc): A document with entities.
    max_length (int): Most tokens between the starts.
    RETURNS (ndarray): Indices into `all_mentions(doc)`: head, tail. Shape: (n_pairs, 2)
    """
    starts = [span.start for span in all_mentions(doc)]
    pairs = [p for p in permutations(range(len(starts)), 2) if abs(starts[p[0]] - starts[p[1]]) <= max_length]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def pair_vectors(tok2vec: Model[list[Doc], list[Floats]], max_length: int) -> Model[list[Doc], Floats]:
    """Documents to pairs of mean-pooled mentions.

    tok2vec (Model[list[Doc], list[Floats]]): Rows for tokens.
    max_length (int): Most tokens between the mentions' starts.
    RETURNS (Model[list[Doc], Floats]): Output: (n_pairs of all documents, 2 * width)
    """
    return Model(
        "pair_vectors",
        _forward,
        init=_init,
        layers=[tok2vec],
        dims={"nO": 2 * tok2vec.get_dim("nO")},
        attrs={"max_length": max_length},
    )


def _init(model: Model[Any, Any], X: list[Doc] | None = None, Y: Any = None) -> None:
    model.layers[0].initialize(X=X)


def _forward(
    model: Model[list[Doc], Floats], docs: list[Doc], is_train: bool
) -> tuple[Floats, Callable[[Floats], Any]]:
    rows, backprop_tok2vec = model.layers[0](docs, is_train)
    spans = [[(span.start, span.end) for span in all_mentions(doc)] for doc in docs]
    pairs = [pairs_within(doc, model.attrs["max_length"]) for doc in docs]
    vectors = [_pair(_pool(row, places), pair) for row, places, pair in zip(rows, spans, pairs, strict=True)]

    def backprop(d_vectors: Floats) -> Any:
        parts = np.split(d_vectors, np.cumsum([len(pair) for pair in pairs])[:-1])
        gradients = map(_spread, rows, spans, pairs, parts)
        return backprop_tok2vec(list(gradients))

    return np.concatenate(vectors), backprop


def _pool(rows: Floats, spans: Sequence[tuple[int, int]]) -> Floats:
    """Mean rows of mentions. Shape: (n_mentions, width)"""
    means = [rows[start:end].mean(0) for start, end in spans]
    return np.array(means, dtype=np.float32).reshape(-1, rows.shape[1])


def _pair(means: Floats, pairs: Ints) -> Floats:
    """Head and tail side by side. Shape: (n_pairs, 2 * width)"""
    return np.hstack([means[pairs[:, 0]], means[pairs[:, 1]]])


def _spread(rows: Floats, spans: Sequence[tuple[int, int]], pairs: Ints, d_vectors: Floats) -> Floats:
    """Gradient of the tokens' rows, from that of the pairs. Shape: (n_tokens, width)"""
    width = rows.shape[1]
    d_means = np.zeros((len(spans), width), dtype=np.float32)
    np.add.at(d_means, pairs[:, 0], d_vectors[:, :width])
    np.add.at(d_means, pairs[:, 1], d_vectors[:, width:])
    d_rows = np.zeros_like(rows)
    for (start, end), gradient in zip(spans, d_means, strict=True):
        d_rows[start:end] += gradient / (end - start)
    return d_rows


class RelationTutorial(TrainablePipe):  # type: ignore[misc]
    """Relates the entities that a document has.

    vocab (Vocab): The vocabulary.
    model (Model): From `pair_vectors`, with a linear layer and a logistic behind it.
    name (str): Name in the pipeline.
    threshold (float): Relations above it are written to `doc._.luke_relations`.
    """

    def __init__(self, vocab: Vocab, model: Model[list[Doc], Floats], name: str, threshold: float) -> None:
        set_extensions()
        self.vocab = vocab
        self.model = model
        self.name = name
        self.cfg: dict[str, Any] = {"threshold": threshold, "labels": []}

    @property
    def labels(self) -> tuple[str, ...]:
        """The relations, in the order of the model's output."""
        return tuple(self.cfg["labels"])

    @property
    def max_length(self) -> int:
        """Most tokens between the starts of two related mentions."""
        length: int = self.model.layers[0].attrs["max_length"]
        return length

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None
    ) -> None:
        """Collect the relations of the examples, and size the model for them."""
        examples = list(get_examples())
        self.cfg["labels"] = sorted({r.label for eg in examples for r in get_told(eg.reference)})
        docs = [eg.predicted for eg in examples if len(pairs_within(eg.predicted, self.max_length))][:5]
        self.model.initialize(X=docs, Y=np.zeros((1, len(self.labels)), dtype=np.float32))

    def predict(self, docs: Iterable[Doc]) -> list[Floats]:
        """RETURNS (list[ndarray]): Scores of each document's pairs. Shape: (n_pairs, n_labels)"""
        docs = list(docs)
        counts = [len(pairs_within(doc, self.max_length)) for doc in docs]
        if not sum(counts):
            return [np.zeros((0, len(self.labels)), dtype=np.float32) for _ in docs]
        return np.split(self.model.predict(docs), np.cumsum(counts)[:-1])

    def set_annotations(self, docs: Iterable[Doc], scores: list[Floats]) -> None:
        """Write the relations above the threshold."""
        for doc, rows in zip(docs, scores, strict=True):
            mentions, pairs = all_mentions(doc), pairs_within(doc, self.max_length)
            write_relations(
                doc,
                [
                    Relation(
                        mentions[pairs[i, 0]],
                        mentions[pairs[i, 1]],
                        self.labels[label],
                        float(rows[i, label]),
                    )
                    for i, label in np.argwhere(rows > self.cfg["threshold"])
                ],
            )

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch by squared error, as the tutorial does."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = [eg for eg in examples if len(pairs_within(eg.predicted, self.max_length))]
        if not examples:
            return losses
        validate_examples(examples, "RelationTutorial.update")
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update([eg.predicted for eg in examples])
        gradient = scores - np.concatenate([self._truths(eg) for eg in examples])
        backprop(gradient)
        if sgd is not None:
            self.model.finish_update(sgd)
        losses[self.name] += float((gradient**2).sum(1).mean())
        return losses

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): `luke_relations_micro_f`: F1 of relations with their exact places."""
        counts = total(
            count(mention_pairs(get_relations(eg.predicted)), mention_pairs(get_told(eg.reference)))
            for eg in examples
        )
        return {"luke_relations_micro_f": counts.fscore}

    def _truths(self, example: Example) -> Floats:
        """1.0 for what holds. Shape: (n_pairs, n_labels)"""
        column = {label: i for i, label in enumerate(self.labels)}
        places = [char_offsets(span) for span in all_mentions(example.predicted)]
        pairs = pairs_within(example.predicted, self.max_length)
        row = {(places[head], places[tail]): i for i, (head, tail) in enumerate(pairs)}
        truths = np.zeros((len(pairs), len(column)), dtype=np.float32)
        for relation in get_told(example.reference):
            i = row.get((char_offsets(relation.head), char_offsets(relation.tail)))
            if i is not None and relation.label in column:
                truths[i, column[relation.label]] = 1.0
        return truths


@Language.factory(
    "relation_tutorial",
    default_config={"max_length": 100, "threshold": 0.5, "width": 96, "depth": 4, "embed_size": 2000},
)
def make_relation_tutorial(
    nlp: Language, name: str, max_length: int, threshold: float, width: int, depth: int, embed_size: int
) -> RelationTutorial:
    """Make the component.

    nlp (Language): The pipeline.
    name (str): Name in the pipeline.
    max_length (int): Most tokens between the starts of two mentions that may be related.
    threshold (float): Least score of a relation that is written.
    width, depth, embed_size (int): Sizes of the tok2vec.
    RETURNS (RelationTutorial): The component.
    """
    tok2vec = build_hash_embed_cnn_tok2vec(
        width=width,
        depth=depth,
        embed_size=embed_size,
        window_size=1,
        maxout_pieces=3,
        subword_features=True,
        pretrained_vectors=False,
    )
    model = chain(pair_vectors(tok2vec, max_length), Linear(nI=2 * width), Logistic())
    return RelationTutorial(nlp.vocab, model, name, threshold)
