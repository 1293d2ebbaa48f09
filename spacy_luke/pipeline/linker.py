"""The `luke_linker` component: which entity of the vocabulary a mention is of, by masked-entity prediction."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.kb import KnowledgeBase
from spacy.scorer import PRFScore
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from ..annotation import has_candidates, write_all_candidates
from ..inputs.entities import EntityGetter, doc_ents
from ..inputs.mentions import place_mentions
from ..inputs.pieces import Extent, Ints, encode_docs
from ..inputs.titles import EntityTitles
from ..inputs.windows import make_windows
from ..types import NIL, Candidate
from .gold import align
from .link_tables import Aliases, aliases_of, check_aliases, find_candidates, load_aliases, load_ids
from .linking import DocMentions, Linker, masked_batches, possible_rows
from .pipe import LukePipe
from .settings import make_factory, require, setting
from .task import Batch, Lesson

if TYPE_CHECKING:
    from torch import Tensor

    from ..layers.threads import Runner
    from ..tokenizer import EntityVocab

_SHOWN = ("acc_10", "known", "micro_acc", "nil_p", "nil_r", "nil_f")  # scores that don't count
_N_BEST = 10


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
    gold_place = (
        "Its labels are the titles of the entity vocabulary; new ones come from ent.kb_id_ of the examples."
    )
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
        self.titles = EntityTitles(self.title_of)
        self._inverse: tuple[dict[str, str] | None, dict[str, str]] = None, {}

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

    def _titles_by_id(self) -> dict[str, str]:
        ids = self.ids
        if self._inverse[0] is not ids:
            self._inverse = ids, {id_: title for title, id_ in ids.items()}
        return self._inverse[1]

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
            for doc, row in zip(mentions, spans, strict=True):
                found = [find_candidates(aliases.get(s.text, {}), vocab, titles, possible) for s in row]
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
        return self.ids.get(found[0].title, found[0].title)

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
        new = [title for title in self.network.add_titles(labels) if title.split()]
        vocab = self.vocabulary
        docs = [Doc(self.vocab, words=title.split()) for title in new]
        mask = np.array([vocab.mask_id], dtype=np.int64)
        mentions = self._place(docs, [[(0, len(doc))] for doc in docs], [mask] * len(docs))
        batches = self._ask(mentions, [doc.answerable for doc in mentions])
        ids = np.array(vocab.lookup(new), dtype=np.int64)
        self.network.set_rows(ids, ((np.array(places)[:, 0], batch) for places, batch in batches))

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


# --- scoring -------------------------------------------------------------------------------


def make_linker_scorer() -> Callable[..., dict[str, float | None]]:
    """RETURNS (Callable): `score_links`."""
    return score_links


def score_links(examples: Iterable[Example], *, pipe: LukeLinker, **_: Any) -> dict[str, float | None]:
    """Registered as `spacy-luke.linker_scorer.v1`. Gold is `kb_id_` of the reference's entities, a title or an id;
    mentions without one don't count.

    examples (Iterable[Example]): Examples whose predicted documents have the gold mentions.
    pipe (LukeLinker): The pipe that linked them.
    RETURNS (dict[str, float | None]): Accuracy over entities of the vocabulary (`luke_links_acc`), with the entity
        among the first ten candidates (`luke_links_acc_10`); the vocabulary's share of gold entities
        (`luke_links_known`); accuracy over all mentions (`luke_links_micro_acc`); precision, recall and F-score of
        "NIL" (`luke_links_nil_p/r/f`).
    """
    vocabulary, n, nil = set(pipe.label_data), Counter[str](), PRFScore()
    for example in examples:
        # The layout may have given the predicted document gold entities, ids included: only links of ours count.
        linked = (span for span in pipe.entities(example.predicted) if has_candidates(span))
        by_place = {(span.start_char, span.end_char): span for span in linked}
        for gold in pipe.entities(example.reference):
            if not gold.kb_id_:
                continue
            found, title = by_place.get((gold.start_char, gold.end_char)), pipe.title_of(gold)
            said = "" if found is None else found.kb_id_
            right = said != "" and (said == gold.kb_id_ or pipe.title_of(found) == title != "")
            n.update(mentions=1, right=right)
            nil.score_set({said} & {NIL}, {gold.kb_id_} & {NIL})
            if title in vocabulary:
                best = () if found is None else found._.luke_candidates[:_N_BEST]
                among = title in {candidate.title for candidate in best}
                n.update(known=1, first=right, among=among)
    n_nil = nil.tp + nil.fn
    return {
        "luke_links_acc": _share(n["first"], n["known"]),
        "luke_links_acc_10": _share(n["among"], n["known"]),
        "luke_links_known": _share(n["known"], n["mentions"] - n_nil),
        "luke_links_micro_acc": _share(n["right"], n["mentions"]),
        "luke_links_nil_p": nil.precision if nil.tp + nil.fp else None,
        "luke_links_nil_r": nil.recall if n_nil else None,
        "luke_links_nil_f": nil.fscore if len(nil) else None,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
