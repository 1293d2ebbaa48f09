"""The `luke` component: entities, labels, relations, facts and vectors from one word pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import srsly
from spacy import util
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from ..annotation import has_relations, read_relations
from ..errors import Errors, Warnings
from ..extensions import set_extensions
from ..inputs.batch import mention_batch, word_batch
from ..inputs.entities import EntityGetter
from ..inputs.mentions import place_mentions
from ..inputs.pieces import Ints, encode_docs
from ..inputs.windows import make_windows
from .annotate import Annotator
from .decode import Threshold
from .gold import Gold, label_targets, read_gold, relation_targets, span_targets
from .listened import ListenedTo
from .pairs import PairLimits
from .reading import Question, Reader, Reading

if TYPE_CHECKING:
    from ..layers.joint import JointInput, JointOutput
    from ..layers.loss import Targets
    from ..nn.joint.config import JointConfig

TASKS = ("ner", "labels", "relations", "facts")
_HEADS = {"ner": "span_head", "labels": "entity_head", "relations": "relation_head"}


class LukePipe(ListenedTo, TrainablePipe):  # type: ignore[misc]
    """Finds, labels and relates entities. See `spacy_luke.pipeline.factories.make_luke` for the settings."""

    def __init__(
        self,
        vocab: Vocab,
        model: Model[JointInput, JointOutput],
        name: str = "luke",
        *,
        entities: EntityGetter,
        find_entities: bool | str = "auto",
        suggester: Callable[..., Any] | None = None,
        spans_key: str | None = None,
        thresholds: dict[str, Threshold] | None = None,
        limits: PairLimits | None = None,
        max_batch_pieces: int = 8192,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        if find_entities not in ("auto", True, False):
            raise ValueError(Errors.L303.format(value=find_entities))
        unknown = sorted(set(thresholds or {}) - set(TASKS))
        if unknown:
            raise ValueError(Errors.L304.format(unknown=unknown, known=TASKS))
        set_extensions()
        self.vocab = vocab
        self.model = model
        self.name = name
        self.entities = entities
        self.find_entities = find_entities
        self.suggester = suggester
        self.spans_key = spans_key
        self.limits = limits or PairLimits()
        self.max_batch_pieces = max_batch_pieces
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"thresholds": dict(thresholds or {})}
        self.listener_map: dict[str, list[Any]] = {}
        self._init_listening()

    # --- what it knows ---------------------------------------------------------------------

    @property
    def joint(self) -> JointConfig:
        """Labels and sizes of the heads that this pipe has: those of the weights that the config allows."""
        from ..layers.joint import get_module

        settings = self.model.attrs["settings"]
        return _without(get_module(self.model).joint, [task for task in _HEADS if not getattr(settings, task)])

    @property
    def _speaking(self) -> JointConfig:
        """The same, without heads whose weights are still random: those say nothing."""
        joint = self.joint
        return _without(joint, [task for task, head in _HEADS.items() if head in joint.untrained])

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the entities it finds, or if it finds none those that it gives to entities. None before there
        are weights: spaCy asks for them in passing, and that must not load a model.
        """
        from ..layers.joint import has_weights

        return (self.joint.ner_labels or self.joint.entity_labels) if has_weights(self.model) else ()

    @property
    def label_data(self) -> dict[str, Any]:
        """What `spacy init labels` saves: labels by task, for `initialize`."""
        joint = self.joint
        return {
            "ner": list(joint.ner_labels),
            "labels": list(joint.entity_labels),
            "relations": {label: joint.relation_ids.get(label, "") for label in joint.relation_labels},
        }

    @property
    def thresholds(self) -> dict[str, Threshold]:
        """Least probabilities by task, a number or one by label; change them at any time, for example
        `pipe.thresholds["relations"] = {"country": 0.8}`. Labels that aren't named keep 0.5.
        """
        stored: dict[str, Threshold] = self.cfg["thresholds"]
        if not self.cfg.get("complete"):
            joint = self.joint
            defaults: dict[str, Threshold] = dict.fromkeys(TASKS, 0.5)
            defaults["labels"] = 0.5 if joint.multi_label else 0.0
            stored.update({**defaults, **joint.thresholds, **stored})
            self.cfg["complete"] = True
        return stored

    # --- reading ---------------------------------------------------------------------------

    def predict(self, docs: Iterable[Doc]) -> list[Reading]:
        """Read documents, without changing them.

        docs (Iterable[Doc]): The documents.
        RETURNS (list[Reading]): What the model says of each.
        """
        docs = list(docs)
        self._warn_silent_heads()
        return self._reader().read(docs, [self._question(doc) for doc in docs])

    def set_annotations(self, docs: Iterable[Doc], readings: Sequence[Reading]) -> None:
        """Write what was read onto the documents.

        docs (Iterable[Doc]): The documents.
        readings (Sequence[Reading]): From `predict`.
        """
        joint = self._speaking
        annotator = Annotator(
            joint=joint,
            thresholds=self.thresholds,
            limits=self.limits,
            spans_key=self.spans_key,
            write_labels=bool(joint.entity_labels),
            write_relations=bool(joint.relation_labels),
        )
        for doc, reading in zip(docs, readings, strict=True):
            annotator.annotate(doc, self.entities(doc), reading)
            self._write_trf_data(doc, reading)

    def _question(self, doc: Doc) -> Question:
        given = [(span.start, span.end, span.label_) for span in self.entities(doc)]
        if self.find_entities == "auto":
            find = not given and not doc.has_annotation("ENT_IOB")
        else:
            find = bool(self.find_entities)
        return Question(given, [(span.start, span.end) for span in doc.ents], find)

    def _reader(self) -> Reader:
        from ..layers.joint import get_tokenizer, window_size

        joint = self._speaking
        floors = [self.thresholds["relations"], self.thresholds["facts"]]
        numbers = [n for f in floors for n in ([*f.values(), 0.5] if isinstance(f, dict) else [f])]
        return Reader(
            model=self.model,
            tokenizer=get_tokenizer(self.model),
            ner_labels=joint.ner_labels,
            multi_label=joint.multi_label,
            label=bool(joint.entity_labels),
            relate=bool(joint.relation_labels),
            window=window_size(self.model),
            overlap=self.model.attrs["settings"].overlap,
            batch_pieces=self.max_batch_pieces,
            threshold=self.thresholds["ner"],
            relation_floor=float(min(numbers)),
            pair_filter=lambda doc, mentions: lambda head, tail: np.ones(len(head), dtype=np.bool_),
            suggest=None if self.suggester is None else self._suggest,
            keep_words=bool(self.listeners),
        )

    def _suggest(self, docs: Sequence[Doc]) -> list[Ints]:
        ragged = self.suggester(docs)  # type: ignore[misc]
        spans = np.asarray(ragged.dataXd).reshape(-1, 2).astype(np.int64)
        return list(np.split(spans, np.cumsum(np.asarray(ragged.lengths))[:-1]))

    def _warn_silent_heads(self) -> None:
        joint = self._speaking
        speaks = joint.ner_labels or joint.entity_labels or joint.relation_labels
        if not speaks and not self.listeners:
            wanted = [task for task in _HEADS if getattr(self.model.attrs["settings"], task)]
            warnings.warn(Warnings.W301.format(name=self.name, tasks=", ".join(wanted)), stacklevel=3)

    # --- training --------------------------------------------------------------------------

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: dict[str, Any] | None = None,
    ) -> None:
        """Load the checkpoint's weights, and make new heads where data or `labels` bring new labels.

        get_examples (Callable): Gives examples, for their labels.
        nlp (Language | None): The pipeline.
        labels (dict[str, Any] | None): Labels by task ("ner", "labels", "relations"), as `label_data` has them;
            None to collect them from the examples.
        """
        from ..layers.joint import get_module, set_labels

        validate_get_examples(get_examples, "LukePipe.initialize")
        joint, settings = get_module(self.model).joint, self.model.attrs["settings"]
        data = self._collect_labels(get_examples()) if labels is None else _check_labels(labels)
        relation_ids = dict(data["relations"])
        changes: dict[str, Any] = {
            "ner_labels": _labels_to_have(settings.ner, data["ner"], joint.ner_labels),
            "entity_labels": _labels_to_have(settings.labels, data["labels"], joint.entity_labels),
            "relation_labels": _labels_to_have(settings.relations, list(relation_ids), joint.relation_labels),
        }
        changes["relation_ids"] = {**joint.relation_ids, **{k: v for k, v in relation_ids.items() if v}}
        if changes["entity_labels"] != joint.entity_labels:
            changes["multi_label"] = settings.multi_label
        if any(changes[key] != getattr(joint, key) for key in changes):
            set_labels(self.model, joint.with_changes(**changes, thresholds={}))
        if nlp is not None:
            self._find_listeners_behind(nlp)

    def _collect_labels(self, examples: Iterable[Example]) -> dict[str, Any]:
        ner: set[str] = set()
        labels: set[str] = set()
        relations: dict[str, str] = {}
        for example in examples:
            ner.update(span.label_ for span in example.reference.ents)
            gold = read_gold(example, self.entities, self._near_spans(example.reference))
            labels.update(label for mention in gold.labels for label in mention)
            if has_relations(example.reference):
                relations.update({r.label: r.id for r in read_relations(example.reference)})
        return {"ner": sorted(ner - {""}), "labels": sorted(labels), "relations": dict(sorted(relations.items()))}

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch of examples.

        examples (Iterable[Example]): The batch.
        drop (float): Dropout rate of all layers.
        sgd (Optimizer | None): If given, a step is taken.
        losses (dict[str, float] | None): The loss is added under the pipe's name.
        RETURNS (dict[str, float]): The losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "LukePipe.update")
        if not any(len(eg.predicted) for eg in examples):
            return losses
        set_dropout_rate(self.model, drop)
        question, targets = self._training_batch(examples)
        if question is None:
            return losses
        output, backprop = self.model.begin_update(question)
        losses[self.name] += self._own_loss(question, output, targets)
        self._send_to_listeners([eg.predicted for eg in examples], question.words, output, backprop)
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def _own_loss(self, question: JointInput, output: JointOutput, targets: Targets) -> float:
        """Add the own losses' gradients to the output's leaves. RETURNS (float): The sum of the losses."""
        from ..layers.joint import get_module
        from ..layers.loss import joint_loss

        multi_label = get_module(self.model).joint.multi_label
        parts = joint_loss(output, question.words.tokens >= 0, targets, multi_label)
        if not parts:
            return 0.0
        total = sum(parts.values())
        total.backward()  # type: ignore[union-attr]
        return float(total.detach())  # type: ignore[union-attr]

    def _training_batch(self, examples: Sequence[Example]) -> tuple[JointInput | None, Targets]:
        from ..layers.joint import JointInput, get_module, get_tokenizer, window_size
        from ..layers.loss import Targets
        from ..layers.spans import candidates_of

        settings, joint = self.model.attrs["settings"], get_module(self.model).joint
        docs = [example.predicted for example in examples]
        pieces = encode_docs(docs, get_tokenizer(self.model))
        golds = [read_gold(eg, self.entities, self._near_spans(eg.reference)) for eg in examples]
        size = window_size(self.model)
        windows = [make_windows(i, p, size, settings.overlap) for i, p in enumerate(pieces)]
        placed = [
            place_mentions(w, p, gold.mentions, _all_pairs if self._relates(joint, gold) else None)
            for w, p, gold in zip(windows, pieces, golds, strict=True)
        ]
        flat = [window for doc in windows for window in doc]
        if not flat:
            return None, Targets(*(np.zeros(0),) * 5)  # type: ignore[arg-type]
        words = word_batch(flat, pieces, get_tokenizer(self.model))
        members = [m for p in placed for m in p.mentions]
        extents = [p.extents[m] for p in placed for m in p.mentions]
        mentions = mention_batch(flat, members, extents, [pairs for p in placed for pairs in p.pairs])
        spans = span_targets(words, golds, joint)
        relations, near, groups = relation_targets(mentions, words, golds, joint)
        find = settings.ner and bool((spans != -100).any())
        suggested = None if self.suggester is None or not find else candidates_of(words, self._suggest(docs))
        question = JointInput(
            words=words,
            find=find,
            candidates=suggested,
            gold_spans=(spans > 0).astype(np.float32) if find and suggested is None else None,
            mentions=mentions if settings.labels or settings.relations else None,
        )
        return question, Targets(spans, label_targets(mentions, words, golds, joint), relations, near, groups)

    def _relates(self, joint: JointConfig, gold: Gold) -> bool:
        return self.model.attrs["settings"].relations and bool(joint.relation_labels) and gold.relations is not None

    def _near_spans(self, doc: Doc) -> Callable[[Sequence[Any]], Any]:
        return lambda spans: self.limits.near(doc, [(span.start, span.end) for span in spans])

    # --- scoring ---------------------------------------------------------------------------

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score end to end, and from gold entities.

        examples (Iterable[Example]): Examples whose predicted documents this pipe has annotated.
        RETURNS (dict[str, Any]): See `spacy_luke.training.scorer`; keys of figures from gold entities
            begin with "gold_".
        """
        if self.scorer is None:
            return {}
        examples = list(examples)
        return self.scorer(examples, pipe=self, **kwargs)

    # --- saving ----------------------------------------------------------------------------

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): Settings, weights and tokenizer."""
        from ..layers.saving import model_to_bytes

        data = {
            "cfg": lambda: srsly.json_dumps(self._complete_cfg()),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": lambda: model_to_bytes(self.model),
        }
        return util.to_bytes(data, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> LukePipe:
        """Read what `to_bytes` wrote."""
        from ..layers.saving import model_from_bytes

        data = {
            "cfg": lambda b: self.cfg.update(srsly.json_loads(b)),
            "vocab": lambda b: self.vocab.from_bytes(b, exclude=exclude),
            "model": lambda b: model_from_bytes(self.model, b),
        }
        util.from_bytes(bytes_data, data, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write settings, and weights and tokenizer in the published directory format."""
        from ..layers.saving import model_to_disk

        data = {
            "cfg": lambda p: srsly.write_json(p, self._complete_cfg()),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": lambda p: model_to_disk(self.model, p),
        }
        util.to_disk(path, data, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> LukePipe:
        """Read what `to_disk` wrote."""
        from ..layers.saving import model_from_disk

        data = {
            "cfg": lambda p: self.cfg.update(srsly.read_json(p)),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": lambda p: model_from_disk(self.model, p),
        }
        util.from_disk(path, data, exclude)
        return self

    def _complete_cfg(self) -> dict[str, Any]:
        return {"thresholds": self.thresholds, "complete": True}


def _without(joint: JointConfig, tasks: Iterable[str]) -> JointConfig:
    fields = {"ner": "ner_labels", "labels": "entity_labels", "relations": "relation_labels"}
    return joint.with_changes(**{fields[task]: () for task in tasks})


def _all_pairs(head: Ints, tail: Ints) -> Any:
    return np.ones(len(head), dtype=np.bool_)


def _labels_to_have(wanted: bool, new: Sequence[str], old: tuple[str, ...]) -> tuple[str, ...]:
    """The labels of a head after initialization: the old ones if the data bring none, or just the same."""
    if not wanted:
        return ()
    return old if not new or set(new) == set(old) else tuple(new)


def _check_labels(labels: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(labels) - set(_HEADS))
    if unknown:
        raise ValueError(Errors.L305.format(unknown=unknown, known=list(_HEADS)))
    relations = labels.get("relations", {})
    if not isinstance(relations, dict):
        relations = dict.fromkeys(relations, "")
    return {"ner": labels.get("ner", []), "labels": labels.get("labels", []), "relations": relations}
