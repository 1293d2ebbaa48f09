"""The `luke_linker` component: which entity of the vocabulary a mention is of, by masked-entity prediction."""

# No `from __future__ import annotations`: spaCy resolves those of `initialize`.
import random
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.kb import KnowledgeBase
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from ..annotation import write_all_candidates
from ..errors import Warnings
from ..inputs.entities import EntityGetter
from ..inputs.pieces import Ints, encode_docs
from ..inputs.titles import EntityTitles
from ..types import NIL, Candidate
from .frame import HeadPipe
from .gold import align
from .link_candidates import Candidates
from .link_tables import Aliases, aliases_of, check_aliases, read_aliases, read_ids
from .linking import DocMentions, Linker, MaskedReader, place_in_windows
from .streamed import BATCH_PIECES

if TYPE_CHECKING:
    from ..inputs.masked import MaskedBatch

Extents = Sequence[tuple[int, int]]


class LukeLinker(HeadPipe):
    """Writes `ent.kb_id_` and `span._.luke_candidates`. See `spacy_luke.pipeline.linker_factory` for the settings."""

    task = "LukeForMaskedLM"
    architecture = "spacy-luke.EntityPrediction.v1"
    hide_labels = True  # half a million titles don't belong into meta.json
    titles: EntityTitles

    def __init__(
        self,
        vocab: Vocab,
        model: "Model[MaskedBatch, Any]",
        name: str = "luke_linker",
        *,
        entities: EntityGetter,
        aliases: str | None = None,
        ids: str | None = None,
        steps: int | None = None,
        threshold: float = 0.0,
        prior_weight: float = 0.0,
        n_candidates: int = 10,
        mask_rate: float = 0.9,
        max_batch_pieces: int = BATCH_PIECES,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(vocab, model, name, max_batch_pieces=max_batch_pieces, scorer=scorer)
        self.require(
            name, steps is None or steps >= 1, "steps", steps, "1 or more, or null for one a mention"
        )
        self.require(name, 0 <= threshold <= 1, "threshold", threshold, "a probability from 0 to 1")
        self.require(name, prior_weight >= 0, "prior_weight", prior_weight, "0 or more")
        self.require(name, n_candidates >= 1, "n_candidates", n_candidates, "1 or more")
        self.require(name, 0 < mask_rate <= 1, "mask_rate", mask_rate, "above 0 and at most 1")
        self.entities = entities
        self.steps = steps
        self.threshold = threshold
        self.prior_weight = prior_weight
        self.n_candidates = n_candidates
        self.mask_rate = mask_rate
        self.titles = EntityTitles(self.title_of)
        self._inverse: tuple[dict[str, str] | None, dict[str, str]] = None, {}
        self._paths = {"aliases": aliases, "ids": ids}

    # --- what it knows ---------------------------------------------------------------------

    @property
    def aliases(self) -> Aliases | None:
        """Titles with priors by the text of a mention; None if a mention may be any entity of the vocabulary."""
        return self._table("aliases", read_aliases)

    @aliases.setter
    def aliases(self, aliases: Aliases | None) -> None:
        self.cfg["aliases"] = None if aliases is None else check_aliases(aliases, "aliases")

    @property
    def ids(self) -> dict[str, str]:
        """Ids by title; what isn't there keeps its title as `kb_id_`."""
        return self._table("ids", read_ids) or {}

    def _table(self, kind: str, read: Callable[[str], Any]) -> Any:
        """Read a file when it is first needed: a saved pipeline brings its own copy."""
        if kind not in self.cfg:
            path = self._paths[kind]
            self.cfg[kind] = read(path) if path is not None else None
        return self.cfg[kind]

    def set_kb(self, kb: KnowledgeBase) -> None:
        """Take candidates from a knowledge base, by alias. Its entities are titles, or ids that `ids` has.

        kb (KnowledgeBase): The knowledge base. Its aliases are copied.
        """
        self.aliases = aliases_of(kb)

    @property
    def label_data(self) -> list[str]:
        """Titles of the entity vocabulary, for `initialize`."""
        from ..layers.weights import get_tokenizer

        vocab = get_tokenizer(self.model).entity_vocab
        special = set(vocab.special_tokens.values())
        return [title for title in vocab if title not in special]

    @property
    def speaks(self) -> bool:
        """Whether the head that predicts entities has trained weights."""
        from ..layers.entity_prediction import is_trained

        return is_trained(self.model)

    def _saved_cfg(self) -> dict[str, Any]:
        return {**self.cfg, "aliases": self.aliases, "ids": self._table("ids", read_ids)}

    def title_of(self, span: Span) -> str:
        """The title that a span's `kb_id_` stands for; "" where it stands for nothing."""
        return "" if span.kb_id_ == NIL else self._titles_by_id().get(span.kb_id_, span.kb_id_)

    def _titles_by_id(self) -> dict[str, str]:
        ids = self.ids
        if self._inverse[0] is not ids:
            self._inverse = ids, {id_: title for title, id_ in ids.items()}
        return self._inverse[1]

    # --- reading ---------------------------------------------------------------------------

    def predict(self, docs: Iterable[Doc]) -> list[Any]:
        """Link the mentions of documents, without changing them.

        docs (Iterable[Doc]): The documents.
        RETURNS (list[list[tuple[Candidate, ...]] | None]): For each mention of each the best entities.
        """
        docs = list(docs)
        spans = [self.entities(doc) for doc in docs]
        if not any(spans):
            return [[] for _ in docs]
        if not self.speaks:
            warnings.warn(Warnings.W302.format(name=self.name, task=self.task), stacklevel=2)
            return [None] * len(docs)
        return self._link(docs, spans)

    def _link(self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]) -> list[Any]:
        from ..layers.entity_prediction import entities_see_each_other, get_model
        from ..layers.weights import get_tokenizer

        vocab = get_tokenizer(self.model).entity_vocab
        n_rows = get_model(self.model).config.entity_vocab_size
        candidates = Candidates.of(vocab, self.aliases, self._titles_by_id(), n_rows)
        ids = priors = None
        if self.aliases is not None:
            found = [[candidates.find(span.text) for span in row] for row in spans]
            ids = [[places for places, _ in row] for row in found]
            priors = [[self.prior_weight * prior for _, prior in row] for row in found]
        masked = [np.full(len(row), vocab.mask_id, dtype=np.int64) for row in spans]
        reader, mentions = self._place(docs, [_extents(row) for row in spans], masked, ids)
        linker = Linker(
            reader=reader,
            predict=lambda batch: self.model.predict(batch).cpu().numpy(),
            possible=candidates.possible,
            steps=self.steps if entities_see_each_other(self.model) else 1,
            threshold=self.threshold,
            n_best=self.n_candidates,
        )
        return [
            [tuple(Candidate(vocab.title(id_), score) for id_, score in best) for best in row]
            for row in linker.link(mentions, priors)
        ]

    def _place(
        self,
        docs: Sequence[Doc],
        extents: Sequence[Extents],
        ids: Sequence[Ints],
        candidates: Sequence[list[Ints]] | None = None,
    ) -> tuple[MaskedReader, list[DocMentions]]:
        from ..layers.entity_prediction import window_sizes
        from ..layers.weights import get_tokenizer

        tokenizer, sizes = get_tokenizer(self.model), window_sizes(self.model)
        pieces = encode_docs(docs, tokenizer)
        mentions = [
            place_in_windows(
                i, pieces[i], extents[i], sizes, ids[i], None if candidates is None else candidates[i]
            )
            for i in range(len(docs))
        ]
        return MaskedReader(pieces, tokenizer, self.max_batch_pieces), mentions

    def annotate(self, doc: Doc, prediction: Sequence[tuple[Candidate, ...]]) -> None:
        """Write entities and candidates. Assigning `span.kb_id_` wouldn't last: spans are made anew. What others have
        written stays: which tokens are known to be outside of entities, and the attributes of span groups.

        doc (Doc): The document.
        prediction (Sequence[tuple[Candidate, ...]]): The best entities of each mention.
        """
        spans = list(self.entities(doc))
        if not spans:
            return
        known = {
            (span.start, span.end, span.label): self._choose(found)
            for span, found in zip(spans, prediction, strict=True)
        }
        for span in doc.ents:
            if _key(span) in known:
                for token in span:
                    token.ent_kb_id_ = known[_key(span)]
        for group in doc.spans.values():
            for place, span in enumerate(group):
                if _key(span) in known:
                    group[place] = _with_kb_id(span, known[_key(span)])
        write_all_candidates(doc, spans, prediction)

    def _choose(self, found: Sequence[Candidate]) -> str:
        if not found or found[0].score < self.threshold:
            return NIL
        return self.ids.get(found[0].title, found[0].title)

    # --- training --------------------------------------------------------------------------

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
        kb_loader: Callable[[Vocab], KnowledgeBase] | None = None,
    ) -> None:
        """Load the checkpoint's weights, and put new titles into the entity vocabulary.

        get_examples (Callable): Gives examples, for the titles of their entities.
        nlp (Language | None): The pipeline.
        labels (list[str] | None): The titles; None to collect them from the examples.
        kb_loader (Callable | None): Makes a knowledge base to take candidates from, as for spaCy's entity linker.
        """
        if kb_loader is not None:
            self.set_kb(kb_loader(self.vocab))
        super().initialize(get_examples, nlp=nlp, labels=labels)

    def prepare_head(self, examples: Iterable[Example], labels: Sequence[str] | None) -> None:
        """Add titles that the vocabulary lacks. They begin as the model sees their words."""
        from ..layers.entity_prediction import add_titles, set_rows
        from ..layers.weights import get_tokenizer

        if labels is None:
            spans = (span for example in examples for span in self.entities(example.reference))
            labels = sorted({self.title_of(span) for span in spans} - {""})
        new = [title for title in add_titles(self.model, labels) if title.split()]
        vocab = get_tokenizer(self.model).entity_vocab
        docs = [Doc(self.vocab, words=title.split()) for title in new]
        mask = np.array([vocab.mask_id], dtype=np.int64)
        reader, mentions = self._place(docs, [[(0, len(doc))] for doc in docs], [mask] * len(docs))
        batches = reader.batches(mentions, [doc.answerable for doc in mentions])
        ids = np.array(vocab.lookup(new), dtype=np.int64)
        set_rows(self.model, ids, ((np.array(places)[:, 0], batch) for places, batch in batches))

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn to predict masked entities: those of the reference whose titles are in the vocabulary.

        examples (Iterable[Example]): The batch.
        drop (float): Dropout rate of all layers.
        sgd (Optimizer | None): If given, a step is taken.
        losses (dict[str, float] | None): The loss is added under the pipe's name.
        RETURNS (dict[str, float]): The losses.
        """
        from ..layers.entity_prediction import entity_loss

        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "LukeLinker.update")
        golds = [self._gold(example) for example in examples]
        masked = [self._mask(ids) for _, ids in golds]
        reader, mentions = self._place(
            [example.predicted for example in examples],
            [extents for extents, _ in golds],
            [ids for ids, _ in masked],
        )
        asked = [
            np.intersect1d(doc.answerable, hidden) for doc, (_, hidden) in zip(mentions, masked, strict=True)
        ]
        total = sum(map(len, asked))
        set_dropout_rate(self.model, drop)
        for places, batch in reader.batches(mentions, asked):
            logits, backprop = self.model.begin_update(batch)
            gold = np.array([golds[doc][1][mention] for doc, mention in places], dtype=np.int64)
            loss = entity_loss(logits, gold) * (len(places) / total)
            loss.backward()  # type: ignore[no-untyped-call]
            backprop(logits)
            losses[self.name] += float(loss.detach())
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def _gold(self, example: Example) -> tuple[Extents, Ints]:
        """Token extents of the reference's entities in the predicted document, and their ids."""
        from ..layers.weights import get_tokenizer

        aligned = [(span, align(span, example.predicted)) for span in self.entities(example.reference)]
        known = [(span, extent) for span, extent in aligned if extent is not None]
        ids = self.titles.ids([span for span, _ in known], get_tokenizer(self.model))
        return [extent for _, extent in known], ids

    def _mask(self, gold: Ints) -> tuple[Ints, Ints]:
        """What gold mentions are read as, and which of them to predict: a random part, one at least."""
        from ..layers.weights import get_tokenizer

        vocab = get_tokenizer(self.model).entity_vocab
        known = np.flatnonzero(~np.isin(gold, [vocab.unk_id, vocab.mask_id]))
        hidden = [place for place in known.tolist() if random.random() < self.mask_rate]
        if not hidden and len(known):
            hidden = [random.choice(known.tolist())]
        ids = np.where(gold == vocab.unk_id, vocab.mask_id, gold)
        ids[hidden] = vocab.mask_id
        return ids, np.array(hidden, dtype=np.int64)


def _extents(spans: Sequence[Span]) -> Extents:
    return [(span.start, span.end) for span in spans]


def _key(span: Span) -> tuple[int, int, int]:
    return span.start, span.end, span.label


def _with_kb_id(span: Span, kb_id: str) -> Span:
    return Span(span.doc, span.start, span.end, span.label, kb_id=kb_id, span_id=span.id_)
