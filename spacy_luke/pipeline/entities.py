"""What the pipes on the entities of a Doc have in common, whatever their architecture: `luke`, `luke_ner`,
`luke_typing`, `luke_relations`.

They say which entities there are, which labels these have, and how they are related, as far as their architecture
has heads for it. Each of the four components takes each of the four architectures; its own one is the default.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Model, NumpyOps

from ..annotation import EntityGetter
from ..errors import Errors, Warnings
from ..inputs.entities import doc_ents
from ..inputs.pieces import Extent, Ints
from ..inputs.titles import ENTITY_INPUTS, EntityTitles, TitleGetter, kb_id_titles
from ..training.mentions import lacks_mentions, with_mentions
from .annotate import Annotator
from .decode import Threshold, check_thresholds
from .gold import Gold, gold_of
from .label_data import LabelData, check_label_names, check_labels, collect_labels, without_labels
from .listened import ListenedTo
from .pairs import PairFilter, PairLimits
from .pipe import LukePipe
from .prediction import Prediction
from .settings import require, setting, show
from .unused import count_unused

if TYPE_CHECKING:
    from ..nn.joint_config import JointConfig

# What there is to know of entities, and what its head is called in a joint model.
PARTS = {"ner": "span_head", "labels": "entity_head", "relations": "relation_head"}
_ENTITIES = "doc.ents, or where `entities` in its config looks"
_GOLD_PLACES = {
    "ner": "doc.ents",
    "labels": f"the labels or `luke_labels` of its entities ({_ENTITIES})",
    "relations": f"doc._.luke_relations, between its entities ({_ENTITIES})",
}
THRESHOLDS = (*PARTS, "facts")  # what thresholds are for
_VECTORS: dict[bool | str, type[np.floating[Any]] | None] = {
    True: np.float32,
    False: None,
    "float16": np.float16,
}


@dataclass(frozen=True)
class Request:
    """What is asked about one document.

    given (list[tuple[int, int, str]]): Entities that are there already: token extent (end exclusive) and label.
    blocked (list[Extent]): Token extents that found entities may not touch.
    find (bool): Whether to find entities.
    ids (ndarray | None): Which entity of the vocabulary each given one is read as; found ones are read as [MASK]
        in any case. None for [MASK]. Shape: (n_given,)
    """

    given: list[tuple[int, int, str]]
    blocked: list[Extent]
    find: bool
    ids: Ints | None = None


@dataclass(eq=False, repr=False)
class EntityPipe(ListenedTo, LukePipe):
    """Finds, labels or relates entities: what its architecture can say.

    entities (Callable): Gives the entities of a Doc, from `doc.ents` by default.
    entity_input (str): What entities are read as to describe them: "mask", for what the text says of them; "title",
        for what the model knows of them, by their titles in the entity vocabulary. `pipe.titles` counts how many
        have one there. Found entities are read as [MASK] in any case.
    titles (Callable): Gives the title of an entity, from `ent.kb_id_` by default.
    find_entities (bool | str): "auto": find entities in documents where no earlier component has annotated any,
        not even their absence, and none are given; true: add some, never overwrite; false: find none.
    suggester (Callable | None): A spaCy span suggester for candidates; None for those of the architecture.
    spans_key (str | None): Where to write all candidate spans that reach their threshold, with their scores.
    vectors (bool | str): Whether an architecture that has vectors of entities writes them; "float16" keeps them in half
        the space. They are read as float32 in any case.
    thresholds (dict): Least probability for "ner", "labels", "relations", "facts": a number, or one by label. What
        isn't named is as tuned with the weights; or else 0.5, but of labels that exclude each other the best one
        counts, however sure.
    consistent (bool): Let relations lose some of their score that contradict the training data: between labels that
        never had them there, and for another tail than the best where a head has one. Without tables of it, which
        `python -m spacy luke tune --train` makes, nothing changes.
    limits (PairLimits): Which pairs make relations: the settings `same_sentence`, `max_distance` and
        `allowed_relations`.
    """

    feeds_listeners: ClassVar[bool] = False
    reads_titles: ClassVar[bool] = True  # whether entities can be read by their titles
    writes_vectors: ClassVar[bool] = False
    architecture = "spacy-luke.Joint.v1"

    entities: EntityGetter = setting(make=doc_ents, config={"@misc": "spacy-luke.doc_ents.v1"})
    entity_input: str = setting("mask")
    title_getter: TitleGetter = setting(
        make=kb_id_titles, config={"@misc": "spacy-luke.kb_id_titles.v1"}, name="titles"
    )
    find_entities: bool | str = setting("auto")
    suggester: Callable[..., Any] | None = setting(None)
    spans_key: str | None = setting(None)
    vectors: bool | str = setting(True)
    own_thresholds: dict[str, Threshold] = setting(make=dict, name="thresholds")
    consistent: bool = setting(True)
    limits: PairLimits = setting(make=PairLimits, group=PairLimits)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.find_entities not in ("auto", True, False):
            raise ValueError(Errors.L303.format(value=self.find_entities))
        allowed, fits = "one of " + ", ".join(ENTITY_INPUTS), self.entity_input in ENTITY_INPUTS
        if self.entity_input == "title" and not self.reads_titles:
            allowed, fits = "mask: what the architecture reads are candidates, which have no title", False
        require(self.name, fits, "entity_input", self.entity_input, allowed)
        require(self.name, self.vectors in _VECTORS, "vectors", self.vectors, "true, false or 'float16'")
        check_thresholds(self.own_thresholds, THRESHOLDS)
        self.titles = EntityTitles(self.title_getter) if self.entity_input == "title" else None
        self.cfg = {"thresholds": dict(self.own_thresholds)}
        self._told: set[str] = set()  # what is said once
        self._init_listening()

    @classmethod
    def kind_for(cls, model: Model[Any, Any], name: str) -> type[EntityPipe]:
        """See `LukePipe.kind_for`: the pipe on entities with the model's architecture."""
        kinds = list(_kinds(EntityPipe))  # type: ignore[type-abstract]
        fitting = [kind for kind in kinds if kind.fits(model)]
        if fitting:
            return fitting[0]
        allowed = ", ".join(kind.architecture for kind in kinds)
        raise ValueError(Errors.L333.format(found=model.name, allowed=allowed))

    # --- what it knows ---------------------------------------------------------------------

    @property
    @abstractmethod
    def parts(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): What the architecture has heads for: of `PARTS`."""

    @property
    @abstractmethod
    def joint(self) -> JointConfig:
        """RETURNS (JointConfig): Labels of the heads of this pipe: those of the weights that the config allows."""

    @property
    @abstractmethod
    def default_thresholds(self) -> dict[str, Threshold]:
        """RETURNS (dict[str, Threshold]): What holds where the config says nothing."""

    @property
    def speaking(self) -> JointConfig:
        """RETURNS (JointConfig): As `joint`, without the heads whose weights are still random."""
        heads = self.joint
        return without_labels(heads, [part for part, head in PARTS.items() if head in heads.untrained])

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the entities it finds, or if it finds none those that it gives to entities, or to pairs. None
        before there are weights: spaCy asks for them in passing, and that must not load a model. It asks before it
        writes a config, which is to show the thresholds that act."""
        if not self.network.has_weights:
            return ()
        show(self, "thresholds", self.thresholds)
        heads = self.joint
        return heads.ner_labels or heads.entity_labels or heads.relation_labels

    @property
    def label_data(self) -> dict[str, Any]:
        """What `spacy init labels` saves: labels by task, for `initialize`."""
        heads = self.joint
        relations = {label: heads.relation_ids.get(label, "") for label in heads.relation_labels}
        return {"ner": list(heads.ner_labels), "labels": list(heads.entity_labels), "relations": relations}

    @property
    def thresholds(self) -> dict[str, Threshold]:
        """Least probabilities by task, a number or one by label; change them at any time, for example
        `pipe.thresholds["relations"] = {"country": 0.8}`. Labels that aren't named keep 0.5."""
        stored: dict[str, Threshold] = self.cfg["thresholds"]
        if not self.cfg.get("complete"):
            stored.update({**self.default_thresholds, **stored})
            self.cfg["complete"] = True
        return stored

    @property
    def acting_thresholds(self) -> dict[str, Threshold]:
        """RETURNS (dict[str, Threshold]): `thresholds`, with those of labels that have their own."""
        return self.thresholds

    def check_saved(self) -> None:
        """See `LukePipe.check_saved`."""
        check_thresholds(self.cfg["thresholds"], THRESHOLDS)
        if set(THRESHOLDS) - set(self.cfg["thresholds"]):
            self.cfg["complete"] = False  # the others are the usual ones

    def changed_settings(self) -> dict[str, Any]:
        """See `Task.changed_settings`: the thresholds of the weights, unless nothing ever asked for these, and which of
        them somebody named. The saved config names all."""
        stored = {"thresholds": self.thresholds, "complete": True} if self.network.has_weights else {}
        return {**stored, "named": list(self.own_thresholds)}

    def settle_settings(self) -> None:
        """See `Task.settle_settings`: a threshold in the config that isn't what was stored was put there since. Earlier
        versions saved configs that didn't show what acts: there what was stored acts, as it did."""
        stored, named = self.cfg["thresholds"], self.cfg.pop("named", None)
        edited = {task: t for task, t in self.own_thresholds.items() if stored.get(task) != t}
        if named is None:
            if ignored := {task: stored[task] for task in edited if task in stored}:
                warnings.warn(Warnings.W311.format(name=self.name, stored=ignored), stacklevel=4)
            stored.update({task: t for task, t in edited.items() if task not in stored})
            return
        stored.update(edited)
        self.own_thresholds = {**{task: stored[task] for task in named if task in stored}, **edited}

    def _weights_were_read(self) -> None:
        super()._weights_were_read()
        if self.network.has_weights:
            show(self, "thresholds", self.thresholds)

    def check(self) -> None:
        """See `Task.check`."""
        check_thresholds(self.thresholds, THRESHOLDS)
        check_label_names(self.thresholds, self.limits.allowed or {}, self.joint)

    def silence(self, docs: Sequence[Doc]) -> str | None:
        """See `Task.silence`. Feeding listeners is enough to be there for."""
        heads = self.speaking
        silent = [part for part in self.parts if PARTS[part] in heads.untrained]
        if not (heads.ner_labels or heads.entity_labels or heads.relation_labels):
            silent = [] if self.listeners else list(self.parts)
        if silent:
            return Warnings.W301.format(name=self.name, tasks=", ".join(silent))
        return self._not_searched(docs) or self._never_related(docs)

    def _not_searched(self, docs: Sequence[Doc]) -> str | None:
        """Say once that others have decided for all documents that there are no entities. Where they found some, they
        do their work; where they left a document open, there is something to do here."""
        docs = [doc for doc in docs if len(doc)]
        if not docs or self.find_entities != "auto" or not self.speaking.ner_labels or "ner" in self._told:
            return None
        self._told.add("ner")
        closed = all(doc.has_annotation("ENT_IOB") and not self.entities(doc) for doc in docs)
        return Warnings.W312.format(name=self.name, n=len(docs)) if closed else None

    def _never_related(self, docs: Sequence[Doc]) -> str | None:
        """Say once that relations are limited to labels that no entity has."""
        limited = {label: pairs for label, pairs in (self.limits.allowed or {}).items() if pairs}
        if not limited or "allowed" in self._told or not self.speaking.relation_labels:
            return None
        given = {span.label_ for doc in docs for span in self.entities(doc)}
        known = given | set(self.speaking.ner_labels if self.finds else ())
        never = [name for name, pairs in limited.items() if not any(known.issuperset(pair) for pair in pairs)]
        asked = {label for name in never for pair in limited[name] for label in pair} - known
        # Who gives the entities may have more labels than these. But if no relation can hold, the names differ.
        if not known or not never or not (self.finds or len(never) == len(limited)):
            return None
        self._told.add("allowed")
        shown = {"never": never, "asked": sorted(asked), "known": sorted(known)}
        return Warnings.W313.format(
            name=self.name, **{key: ", ".join(map(repr, v)) for key, v in shown.items()}
        )

    # --- asking and writing ----------------------------------------------------------------

    def request(self, doc: Doc) -> Request:
        """RETURNS (Request): What is asked about a document."""
        spans = self.entities(doc)
        given = [(span.start, span.end, span.label_) for span in spans]
        find = bool(self.find_entities)
        if self.find_entities == "auto":  # spaCy calls an empty Doc annotated
            find = not given and not (len(doc) and doc.has_annotation("ENT_IOB"))
        return Request(given, _taken(doc) if find else [], find, self.title_ids(spans))

    def title_ids(self, spans: Sequence[Span]) -> Ints | None:
        """spans (Sequence[Span]): Entities.
        RETURNS (ndarray | None): Which entities of the vocabulary they are read as, shape (n_spans,); None for [MASK].
        """
        return None if self.titles is None else self.titles.ids(spans, self.network.tokenizer)

    def suggest(self, docs: Sequence[Doc]) -> list[Ints] | None:
        """RETURNS (list[ndarray] | None): The suggester's spans of each document, shape (n_spans, 2) each; None without
        a suggester."""
        if self.suggester is None:
            return None
        ragged = self.suggester(docs, ops=NumpyOps())
        spans = ragged.dataXd.reshape(-1, 2).astype(np.int64)
        return list(np.split(spans, np.cumsum(ragged.lengths)[:-1]))

    def writer(self) -> Callable[[Doc, Prediction], None]:
        """See `Task.writer`."""
        vectors = _VECTORS[self.vectors] if self.writes_vectors else None
        annotator = Annotator(
            self.speaking, self.acting_thresholds, self.limits, self.spans_key, vectors, self.consistent
        )

        def write(doc: Doc, prediction: Prediction) -> None:
            annotator.annotate(doc, self.entities(doc), prediction)
            self._write_trf_data(doc, prediction)

        return write

    def annotate(self, doc: Doc, prediction: Prediction) -> None:
        """See `Task.annotate`."""
        self.writer()(doc, prediction)

    # --- scoring ---------------------------------------------------------------------------

    @property
    def finds(self) -> bool:
        """RETURNS (bool): Whether it finds entities itself, in documents where it may."""
        return self.find_entities is not False and bool(self.joint.ner_labels)

    def given(self, predicted: Doc, reference: Doc) -> Doc | None:
        """See `Task.given`: the entities, unless it finds them itself."""
        if self.finds or not lacks_mentions(self.entities, predicted, reference):
            return None
        return with_mentions(self.entities, predicted, reference)

    # --- training --------------------------------------------------------------------------

    @abstractmethod
    def make_heads(self, data: LabelData) -> bool:
        """data (LabelData): Labels to make heads for; heads whose labels stay the same keep their weights.
        RETURNS (bool): Whether anything changed."""

    def set_labels(self, examples: Iterable[Example], labels: Mapping[str, Any] | None) -> None:
        """See `Task.set_labels`: labels by task, "ner", "labels" and "relations"."""
        data = collect_labels(examples, self.entities) if labels is None else check_labels(labels)
        for name in self.network.no_relation:
            data.relations.pop(name, None)
        if self.make_heads(data):
            self.cfg = {"thresholds": dict(self.own_thresholds)}

    @property
    @abstractmethod
    def widest(self) -> int | None:
        """RETURNS (int | None): Most tokens of an entity that it can find; None for no limit."""

    @property
    def needs_gold(self) -> bool:
        """See `Task.needs_gold`. Feeding listeners is enough to be there for."""
        return not self.listeners

    def gold_place(self) -> str:
        """See `Task.gold_place`."""
        return "; ".join(_GOLD_PLACES[part] for part in self.parts)

    def has_gold(self, example: Example) -> bool:
        """See `Task.has_gold`."""
        gold, heads = self.gold(example), self.joint
        told = {
            "ner": gold.entities is not None and heads.ner_labels,
            "labels": any(labels is not None for labels in gold.labels) and heads.entity_labels,
            "relations": gold.relations is not None and heads.relation_labels,
        }
        return any(told[part] for part in self.parts)

    def tell_what_is_missed(self, examples: Sequence[Example]) -> None:
        """See `Task.tell_what_is_missed`: relations without a mention, or beyond the limits."""
        if "relations" in self.parts:
            for example in examples:
                self.gold(example)
            self.unused.tell((Warnings.W307, Warnings.W308))

    def gold(self, example: Example) -> Gold:
        """RETURNS (Gold): What the reference of an example is annotated with. `unused` counts what can't be learned."""

        def near(spans: Sequence[Span]) -> PairFilter:
            return self.limits.near(example.reference, [(span.start, span.end) for span in spans])

        gold = gold_of(example, self.entities, near, self.network.no_relation)
        count_unused(self.unused, gold, example.predicted, self.joint, self.parts, self.widest, self.limits)
        return gold


def _kinds(pipe: type[EntityPipe]) -> Iterator[type[EntityPipe]]:
    """The classes that have an architecture of their own."""
    for kind in pipe.__subclasses__():
        yield from _kinds(kind)
        if "reads" in vars(kind):
            yield kind


def _taken(doc: Doc) -> list[Extent]:
    """Tokens that found entities may not touch: other entities, and what `doc.set_ents(blocked=...)` bars."""
    begins_without_label = doc.to_array(["ENT_IOB", "ENT_TYPE"]).reshape(-1, 2) == np.array([3, 0])
    barred = np.flatnonzero(begins_without_label.all(axis=1)).tolist()
    return [*((span.start, span.end) for span in doc.ents), *((token, token + 1) for token in barred)]
