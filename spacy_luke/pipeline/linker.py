"""The `luke_linker` component: which entity of the vocabulary a mention is of, by masked-entity prediction."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.kb import KnowledgeBase
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from ..annotation import EntityGetter, write_all_candidates
from ..errors import Errors, Warnings
from ..inputs.batch import Bools
from ..inputs.entities import doc_ents
from ..inputs.mentions import place_mentions
from ..inputs.pieces import Extent, Ints, encode_docs
from ..inputs.titles import EntityTitles, find_title, plain_title
from ..inputs.windows import make_windows
from ..training.mentions import lacks_mentions, with_mentions
from ..types import NIL, Candidate
from .gold import align
from .link_scorer import make_linker_scorer as make_linker_scorer
from .link_scorer import score_links as score_links
from .link_tables import (
    Aliases,
    aliases_of,
    check_aliases,
    find_candidates,
    load_aliases,
    load_ids,
    plain_mention,
    unknown_candidates,
)
from .linking import DocMentions, Linker, masked_batches, possible_rows
from .pipe import LukePipe
from .settings import make_factory, require, setting
from .task import Batch, Lesson

if TYPE_CHECKING:
    from torch import Tensor

    from ..layers.threads import Runner
    from ..tokenizer import EntityVocab

_SHOWN = ("acc_10", "known", "micro_acc", "nil_p", "nil_r", "nil_f")  # scores that don't count


@dataclass(eq=False, repr=False)
class LukeLinker(LukePipe):
    """Writes `ent.kb_id_` and `span._.luke_candidates`.

    entities (Callable): Gives the mentions of a Doc, from `doc.ents` by default.
    aliases (str | None): An alias table: a mention may be of the titles that it has there, and of none if it isn't
        there. A saved pipeline keeps it. None: of any entity of the vocabulary.
    ids (str | None): A table of the ids of titles, to write instead of them. A saved pipeline keeps it.
    steps (int | None): Most predictions for one mention: in each, those that the model is surest of are resolved and
        help with the others. None resolves one mention of a window at a time, as in Yamada et al. (2022); 1
        all at once.
    threshold (float): Least probability of an entity; below it `kb_id_` is "NIL".
    prior_weight (float): How much the logarithm of the alias table's prior adds to a candidate's logit.
    n_candidates (int): How many candidates to write for each mention.
    mask_rate (float): Share of the gold entities that are predicted in training; the others are given.
    """

    reads = "LukeForMaskedLM"
    architecture = "spacy-luke.EntityPrediction.v1"
    hide_labels = True  # half a million titles don't belong into meta.json

    entities: EntityGetter = setting(make=doc_ents, config={"@misc": "spacy-luke.doc_ents.v1"})
    alias_file: str | None = setting(None, name="aliases")
    id_file: str | None = setting(None, name="ids")
    steps: int | None = setting(None)
    threshold: float = setting(0.0)
    prior_weight: float = setting(0.0)
    n_candidates: int = setting(10)
    mask_rate: float = setting(0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        steps, weight, n, rate = self.steps, self.prior_weight, self.n_candidates, self.mask_rate
        probability = "a probability from 0 to 1"
        require(
            self.name, steps is None or steps >= 1, "steps", steps, "1 or more, or null for one a mention"
        )
        require(self.name, 0 <= self.threshold <= 1, "threshold", self.threshold, probability)
        require(self.name, weight >= 0, "prior_weight", weight, "0 or more")
        require(self.name, n >= 1, "n_candidates", n, "1 or more")
        require(self.name, 0 < rate <= 1, "mask_rate", rate, "above 0 and at most 1")
        if self.alias_file is not None and Path(self.alias_file).is_file():
            load_aliases(
                self.alias_file, limit=1
            )  # whether it is a table; a saved pipeline may have lost the file
        if self.id_file is not None and Path(self.id_file).is_file():
            load_ids(self.id_file, limit=1)
        self.titles = EntityTitles(self.title_of)
        self._inverse: tuple[dict[str, str] | None, dict[str, str], dict[str, str]] = None, {}, {}
        self._looked_through: Aliases | None = None

    # --- what it knows ---------------------------------------------------------------------

    @property
    def aliases(self) -> Aliases | None:
        """Titles with priors by the text of a mention; None if a mention may be any entity of the vocabulary."""
        table: Aliases | None = self._table("aliases", self.alias_file, load_aliases)
        return table

    @aliases.setter
    def aliases(self, aliases: Aliases | None) -> None:
        self.cfg["aliases"] = None if aliases is None else check_aliases(aliases, "aliases")

    @property
    def ids(self) -> dict[str, str]:
        """Ids by title; what isn't there keeps its title as `kb_id_`."""
        return self._table("ids", self.id_file, load_ids) or {}

    def _table(self, kind: str, path: str | None, parse: Callable[[str], Any]) -> Any:
        """Read a file when it is first needed: a saved pipeline brings its own copy."""
        if kind not in self.cfg:
            self.cfg[kind] = parse(path) if path is not None else None
        return self.cfg[kind]

    def set_kb(self, kb: KnowledgeBase) -> None:
        """Take candidates from a knowledge base, by alias. Its entities are titles, or ids that `ids` has.

        kb (KnowledgeBase): The knowledge base. Its aliases are copied.
        """
        self.aliases = aliases_of(kb)

    @property
    def label_data(self) -> list[str]:
        """Titles of the entity vocabulary, for `initialize`."""
        vocab = self.vocabulary
        special = set(vocab.special_tokens.values())
        return [title for title in vocab if title not in special]

    @property
    def vocabulary(self) -> EntityVocab:
        """RETURNS (EntityVocab): The entity vocabulary."""
        vocab: EntityVocab = self.network.tokenizer.entity_vocab
        return vocab

    @property
    def speaks(self) -> bool:
        """See `Task.speaks`."""
        return bool(self.network.is_trained)

    def silence(self, docs: Sequence[Doc]) -> str | None:
        """See `Task.silence`. Documents without mentions have nothing to be said of."""
        return super().silence(docs) if any(self.entities(doc) for doc in docs) else None

    def check_saved(self) -> None:
        """See `LukePipe.check_saved`."""
        if self.cfg.get("aliases") is not None:
            check_aliases(self.cfg["aliases"], "aliases")
        ids = self.cfg.get("ids") or {}
        if not isinstance(ids, dict) or not all(isinstance(id_, str) for id_ in ids.values()):
            raise ValueError(Errors.L353.format(source="ids"))

    def changed_settings(self) -> dict[str, Any]:
        """See `Task.changed_settings`: both tables, and the files that the config names."""
        named = {"aliases": self.alias_file, "ids": self.id_file}
        return {"aliases": self.aliases, "ids": self._table("ids", self.id_file, load_ids), "named": named}

    def settle_settings(self) -> None:
        """See `Task.settle_settings`: if the config names another file, the stored table goes. If it names none, the
        stored one stays, wherever it came from; `pipe.aliases = None` removes it."""
        named = self.cfg.pop("named", None)
        for kind, path in {"aliases": self.alias_file, "ids": self.id_file}.items():
            if named is not None and path is not None and named[kind] != path:
                self.cfg.pop(kind, None)

    def title_of(self, span: Span) -> str:
        """The title that a span's `kb_id_` stands for; "" where it stands for nothing."""
        return "" if span.kb_id_ == NIL else self._titles_by_id().get(span.kb_id_, span.kb_id_)

    def row_of(self, title: str) -> int | None:
        """title (str): A title. RETURNS (int | None): Its row of the entity table; None if the vocabulary lacks it."""
        special = title in self.vocabulary.special_tokens.values()
        return None if special else find_title(self.vocabulary, title)

    def _titles_by_id(self) -> dict[str, str]:
        return self._by_id()[1]

    def _by_id(self) -> tuple[dict[str, str] | None, dict[str, str], dict[str, str]]:
        """The ids, and made of them: titles by id, and ids by `plain_title`."""
        ids = self.ids
        if self._inverse[0] is not ids:
            titles = {id_: title for title, id_ in ids.items()}
            self._inverse = ids, titles, {plain_title(title): id_ for title, id_ in ids.items()}
        return self._inverse

    def _look_through(self, aliases: Aliases, vocab: EntityVocab, possible: Bools) -> None:
        """Tell of a table of which the vocabulary lacks most candidates: once, before it is used."""
        if self._looked_through is aliases or not possible.any():
            return
        self._looked_through = aliases
        n, unknown = unknown_candidates(aliases, vocab, self._titles_by_id(), possible)
        if 2 * len(unknown) > n:
            figures = {"n": n, "known": n - len(unknown), "example": unknown[0]}
            warnings.warn(Warnings.W314.format(name=self.name, **figures), stacklevel=4)

    # --- prediction ------------------------------------------------------------------------

    def solve(self, docs: Sequence[Doc], run: Runner) -> list[list[tuple[Candidate, ...]]]:
        """See `Task.solve`: several rounds, the surest mentions first.

        RETURNS (list[list[tuple[Candidate, ...]]]): For each mention of each document the best entities.
        """
        spans = [list(self.entities(doc)) for doc in docs]
        if not any(spans):
            return [[] for _ in docs]
        vocab = self.vocabulary
        possible = possible_rows(vocab, self.network.config.entity_vocab_size)
        masked = [np.full(len(row), vocab.mask_id, dtype=np.int64) for row in spans]
        mentions = self._place(docs, [[(span.start, span.end) for span in row] for row in spans], masked)
        aliases, titles = self.aliases, self._titles_by_id()
        if aliases is not None:
            self._look_through(aliases, vocab, possible)
            for doc, row in zip(mentions, spans, strict=True):
                named = [aliases.get(plain_mention(span.text)) or aliases.get(span.text, {}) for span in row]
                found = [find_candidates(priors, vocab, titles, possible) for priors in named]
                doc.candidates = [ids for ids, _ in found]
                doc.priors = [self.prior_weight * prior for _, prior in found]
        batches = partial(masked_batches, tokenizer=self.network.tokenizer, budget=run.budget)
        steps = self.steps if self.network.entities_see_each_other else 1
        linker = Linker(
            batches, self.network.predict, run, possible, steps, self.threshold, self.n_candidates
        )
        return [
            [tuple(Candidate(vocab.title(id_), score) for id_, score in best) for best in row]
            for row in linker.link(mentions)
        ]

    def _place(
        self, docs: Sequence[Doc], extents: Sequence[Sequence[Extent]], ids: Sequence[Ints]
    ) -> list[DocMentions]:
        """Decide where mentions are read, by their token extents, and what as."""
        sizes = self.network.window_sizes()
        mentions = []
        for i, pieces in enumerate(encode_docs(docs, self.network.tokenizer)):
            windows = make_windows(i, pieces, *sizes)
            placement = place_mentions(windows, pieces, extents[i], pairs=False)
            mentions.append(DocMentions(pieces, windows, placement, ids[i]))
        return mentions

    def _ask(self, docs: Sequence[DocMentions], asked: Sequence[Ints]) -> Iterator[Batch]:
        """Batches for training."""
        return masked_batches(docs, asked, self.network.tokenizer, self.max_batch_pieces)

    def annotate(self, doc: Doc, prediction: Sequence[tuple[Candidate, ...]]) -> None:
        """Write entities and candidates. Assigning `span.kb_id_` wouldn't last: spans are made anew. What others have
        written stays: which tokens are known to be outside of entities, and the attributes of span groups.

        doc (Doc): The document.
        prediction (Sequence[tuple[Candidate, ...]]): The best entities of each mention.
        """
        spans = list(self.entities(doc))
        if not spans:
            return
        chosen = map(self._choose, prediction)
        known = {_key(span): kb_id for span, kb_id in zip(spans, chosen, strict=True)}
        for span in doc.ents:
            if _key(span) in known:
                for token in span:
                    token.ent_kb_id_ = known[_key(span)]
        for group in doc.spans.values():
            for place, span in enumerate(group):
                if _key(span) in known:
                    kb_id, id_ = known[_key(span)], span.id_
                    group[place] = Span(doc, span.start, span.end, span.label, kb_id=kb_id, span_id=id_)
        write_all_candidates(doc, spans, prediction)

    def _choose(self, found: Sequence[Candidate]) -> str:
        if not found or found[0].score < self.threshold:
            return NIL
        title = found[0].title
        return self._by_id()[2].get(plain_title(title), title)

    def given(self, predicted: Doc, reference: Doc) -> Doc | None:
        """See `Task.given`: the mentions."""
        lacks = lacks_mentions(self.entities, predicted, reference)
        return with_mentions(self.entities, predicted, reference) if lacks else None

    # --- training --------------------------------------------------------------------------

    def set_labels(
        self,
        examples: Iterable[Example],
        labels: Sequence[str] | None,
        kb_loader: Callable[[Vocab], KnowledgeBase] | None = None,
    ) -> None:
        """Add titles that the vocabulary lacks. They begin as the model sees their words.

        examples (Iterable[Example]): Examples, for the titles of their entities.
        labels (Sequence[str] | None): The titles; None to collect them from the examples.
        kb_loader (Callable | None): Makes a knowledge base to take candidates from, as for spaCy's entity linker.
        """
        if kb_loader is not None:
            self.set_kb(kb_loader(self.vocab))
        if labels is None:
            spans = (span for example in examples for span in self.entities(example.reference))
            labels = sorted({self.title_of(span) for span in spans} - {""})
        spelled = {plain_title(title): title for title in reversed(labels) if self.row_of(title) is None}
        new = [title for title in self.network.add_titles(list(spelled.values())[::-1]) if title.split()]
        vocab = self.vocabulary
        docs = [Doc(self.vocab, words=title.split()) for title in new]
        mask = np.array([vocab.mask_id], dtype=np.int64)
        mentions = self._place(docs, [[(0, len(doc))] for doc in docs], [mask] * len(docs))
        batches = self._ask(mentions, [doc.answerable for doc in mentions])
        ids = np.array(vocab.lookup(new), dtype=np.int64)
        self.network.set_rows(ids, ((np.array(places)[:, 0], batch) for places, batch in batches))

    def gold_place(self) -> str:
        """See `Task.gold_place`."""
        return "`kb_id_` of its entities (doc.ents, or where `entities` in its config looks)"

    def has_gold(self, example: Example) -> bool:
        """See `Task.has_gold`."""
        counted, self.titles = (
            self.titles,
            EntityTitles(self.title_of),
        )  # titles are counted when they are read
        _, ids = self._gold(example)
        self.titles = counted
        return bool((~np.isin(ids, [self.vocabulary.unk_id, self.vocabulary.mask_id])).any())

    def lessons(self, examples: Sequence[Example]) -> Iterator[Lesson]:
        """See `Task.lessons`: to predict masked entities, those of the reference whose titles are in the vocabulary."""
        golds = [self._gold(example) for example in examples]
        masked = [self._mask(ids) for _, ids in golds]
        docs, extents = [example.predicted for example in examples], [extents for extents, _ in golds]
        mentions = self._place(docs, extents, [ids for ids, _ in masked])
        known = zip(mentions, masked, strict=True)
        asked = [np.intersect1d(doc.answerable, hidden) for doc, (_, hidden) in known]
        total = sum(map(len, asked))
        for batch in self._ask(mentions, asked):
            gold = np.array([golds[doc][1][mention] for doc, mention in batch.items], dtype=np.int64)
            yield Lesson([batch], (gold, len(gold) / total))

    def loss(self, batches: Sequence[Batch], outputs: Sequence[Tensor], targets: Any) -> Tensor:
        """See `Task.loss`: a batch's share of the mean over all masked entities."""
        gold, share = targets
        loss: Tensor = self.network.loss(outputs[0], gold) * share
        return loss

    def _gold(self, example: Example) -> tuple[Sequence[Extent], Ints]:
        """Token extents of the reference's entities in the predicted document, and their ids."""
        aligned = [(span, align(span, example.predicted)) for span in self.entities(example.reference)]
        known = [(span, extent) for span, extent in aligned if extent is not None]
        ids = self.titles.ids([span for span, _ in known], self.network.tokenizer)
        off = [span.text for span, extent in aligned if extent is None]
        self.unused.count(Warnings.W304, "entities", len(aligned), off)
        titles = [self.title_of(span) for span, _ in known]
        absent = [t for t, id_ in zip(titles, ids, strict=True) if t and id_ == self.vocabulary.unk_id]
        self.unused.count(Warnings.W306, "links", len(titles) - titles.count(""), absent)
        return [extent for _, extent in known], ids

    def _mask(self, gold: Ints) -> tuple[Ints, Ints]:
        """What gold mentions are read as, and which of them to predict: a random part, one at least."""
        vocab = self.vocabulary
        known = np.flatnonzero(~np.isin(gold, [vocab.unk_id, vocab.mask_id]))
        hidden = [place for place in known.tolist() if random.random() < self.mask_rate]
        if not hidden and len(known):
            hidden = [random.choice(known.tolist())]
        ids = np.where(gold == vocab.unk_id, vocab.mask_id, gold)
        ids[hidden] = vocab.mask_id
        return ids, np.array(hidden, dtype=np.int64)


def _key(span: Span) -> tuple[int, int, int]:
    return span.start, span.end, span.label


make_linker = make_factory(
    "luke_linker",
    LukeLinker,
    scorer="spacy-luke.linker_scorer.v1",
    assigns=["doc.ents", "token.ent_kb_id", "span._.luke_candidates"],
    score_weights={"luke_links_acc": 1.0} | {f"luke_links_{name}": 0.0 for name in _SHOWN},
)
