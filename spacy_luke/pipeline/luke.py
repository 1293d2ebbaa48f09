"""The pipe on entities: `luke`, `luke_ner`, `luke_typing`, `luke_relations`, by the architecture in its config."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, NumpyOps, Optimizer, set_dropout_rate

from ..annotation import set_extensions
from ..errors import Errors, Warnings
from ..inputs.entities import EntityGetter
from ..inputs.pieces import Ints
from ..inputs.titles import ENTITY_INPUTS, EntityTitles, TitleGetter, kb_id_titles
from .annotate import Annotator
from .decode import Threshold, check_thresholds
from .forms.choose import make_form
from .forms.form import HEADS, Settings
from .label_data import check_label_names, check_labels, collect_labels
from .listened import ListenedTo
from .pairs import PairLimits
from .reading import Question, Reading
from .saved import Saved
from .streamed import BATCH_PIECES, Streamed

if TYPE_CHECKING:
    from ..nn.joint_config import JointConfig

TASKS = (*HEADS, "facts")


class LukePipe(ListenedTo, Streamed, Saved, TrainablePipe):  # type: ignore[misc]
    """Finds, labels or relates entities: what its architecture can say. See `factories` for the settings."""

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        name: str = "luke",
        *,
        entities: EntityGetter,
        entity_input: str = "mask",
        titles: TitleGetter | None = None,
        find_entities: bool | str = "auto",
        suggester: Callable[..., Any] | None = None,
        spans_key: str | None = None,
        thresholds: dict[str, Threshold] | None = None,
        limits: PairLimits | None = None,
        max_batch_pieces: int = BATCH_PIECES,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        if find_entities not in ("auto", True, False):
            raise ValueError(Errors.L303.format(value=find_entities))
        if entity_input not in ENTITY_INPUTS:
            allowed = "one of " + ", ".join(ENTITY_INPUTS)
            raise ValueError(
                Errors.L311.format(pipe=name, name="entity_input", value=entity_input, allowed=allowed)
            )
        check_thresholds(thresholds or {}, TASKS)
        if max_batch_pieces < 1:
            raise ValueError(
                Errors.L436.format(name="max_batch_pieces", allowed="1 or more", value=max_batch_pieces)
            )
        set_extensions()
        self.vocab = vocab
        self.model = model
        self.form = make_form(model)
        if entity_input == "title" and not self.form.reads_titles:
            allowed = "mask: what the architecture reads are candidates, which have no title"
            raise ValueError(
                Errors.L311.format(pipe=name, name="entity_input", value=entity_input, allowed=allowed)
            )
        self.name = name
        self.entities = entities
        self.titles = EntityTitles(titles or kb_id_titles()) if entity_input == "title" else None
        self.find_entities = find_entities
        self.suggester = suggester
        self.spans_key = spans_key
        self.limits = limits or PairLimits()
        self.max_batch_pieces = max_batch_pieces
        self.scorer = scorer
        self.own_thresholds = dict(thresholds or {})
        self.cfg: dict[str, Any] = {"thresholds": dict(self.own_thresholds)}
        self._init_listening()

    # --- what it knows ---------------------------------------------------------------------

    @property
    def joint(self) -> JointConfig:
        """Labels and sizes of the heads that this pipe has: those of the weights that the config allows."""
        return self.form.heads

    @property
    def feeds_listeners(self) -> bool:  # type: ignore[override]
        """Whether there are states of plain words for `TransformerListener`s."""
        return self.form.feeds_listeners

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the entities it finds, or if it finds none those that it gives to entities, or to pairs. None
        before there are weights: spaCy asks for them in passing, and that must not load a model.
        """
        from ..layers.weights import has_weights

        if not has_weights(self.model):
            return ()
        joint = self.joint
        return joint.ner_labels or joint.entity_labels or joint.relation_labels

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
            stored.update({**self.form.thresholds, **stored})
            self.cfg["complete"] = True
        return stored

    # --- reading ---------------------------------------------------------------------------

    def predict(self, docs: Iterable[Doc]) -> list[Reading]:
        """Read documents, without changing them.

        docs (Iterable[Doc]): The documents.
        RETURNS (list[Reading]): What the model says of each.
        """
        docs = list(docs)
        check_thresholds(self.thresholds, TASKS)  # they may have been changed since the last time
        check_label_names(self.thresholds, self.limits.allowed or {}, self.joint)
        readings = self.form.read(docs, [self._question(doc) for doc in docs], self._settings())
        self._warn_silent_heads()  # now, because reading may have a better explanation
        return readings

    def set_annotations(self, docs: Iterable[Doc], readings: Sequence[Reading]) -> None:
        """Write what was read onto the documents.

        docs (Iterable[Doc]): The documents.
        readings (Sequence[Reading]): From `predict`.
        """
        joint = self.form.speaking
        annotator = Annotator(
            joint=joint,
            thresholds=self.thresholds,
            limits=self.limits,
            spans_key=self.spans_key,
            write_vectors=self.form.writes_vectors,
            write_labels=bool(joint.entity_labels),
            write_relations=bool(joint.relation_labels),
        )
        for doc, reading in zip(docs, readings, strict=True):
            annotator.annotate(doc, self.entities(doc), reading)
            self._write_trf_data(doc, reading)

    def _question(self, doc: Doc) -> Question:
        spans = self.entities(doc)
        given = [(span.start, span.end, span.label_) for span in spans]
        if self.find_entities == "auto":
            annotated = len(doc) > 0 and doc.has_annotation("ENT_IOB")  # spaCy calls an empty Doc annotated
            find = not given and not annotated
        else:
            find = bool(self.find_entities)
        return Question(given, _taken(doc) if find else [], find, self._ids(spans))

    def _ids(self, spans: Sequence[Span]) -> Ints | None:
        """Which entities of the vocabulary these are read as; None for [MASK]."""
        if self.titles is None:
            return None
        from ..layers.weights import get_tokenizer

        return self.titles.ids(spans, get_tokenizer(self.model))

    def _settings(self) -> Settings:
        return Settings(
            entities=self.entities,
            limits=self.limits,
            suggest=self._suggester(),
            thresholds=self.thresholds,
            batch_pieces=self.max_batch_pieces,
            keep_words=bool(self.listeners),
            titles=self.titles,
        )

    def _suggester(self) -> Callable[[Sequence[Doc]], list[Ints]] | None:
        """The suggester, with its spans as one array a document."""
        suggester = self.suggester
        if suggester is None:
            return None

        def suggest(docs: Sequence[Doc]) -> list[Ints]:
            ragged = suggester(docs, ops=NumpyOps())
            spans = ragged.dataXd.reshape(-1, 2).astype(np.int64)
            return list(np.split(spans, np.cumsum(ragged.lengths)[:-1]))

        return suggest

    def _warn_silent_heads(self) -> None:
        joint = self.form.speaking
        silent = [task for task in self.form.tasks if HEADS[task] in joint.untrained]
        if not (joint.ner_labels or joint.entity_labels or joint.relation_labels):
            silent = (
                [] if self.listeners else list(self.form.tasks)
            )  # feeding listeners is enough to be there for
        if silent:
            warnings.warn(Warnings.W301.format(name=self.name, tasks=", ".join(silent)), stacklevel=3)

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
        validate_get_examples(get_examples, "LukePipe.initialize")
        data = collect_labels(get_examples(), self.entities) if labels is None else check_labels(labels)
        if self.form.set_labels(data):
            self.cfg = {"thresholds": dict(self.own_thresholds)}
        if nlp is not None:
            self._find_listeners_behind(nlp)

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
        docs = [example.predicted for example in examples]
        if not any(map(len, docs)):
            return losses
        self._backprop_pending()
        set_dropout_rate(self.model, drop)
        learned = self.form.learn(examples, self._settings())
        losses[self.name] += learned.loss
        if learned.answers:
            self._send_to_listeners(docs, learned.words, learned.answers)
        else:
            self._send_nothing_to_listeners(docs)
        if sgd is not None:
            self.finish_update(sgd)
        return losses

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

    def _saved_cfg(self) -> dict[str, Any]:
        """With the thresholds of the weights, unless nothing ever asked for these."""
        from ..layers.weights import has_weights

        return {"thresholds": self.thresholds, "complete": True} if has_weights(self.model) else self.cfg


def _taken(doc: Doc) -> list[tuple[int, int]]:
    """Tokens that found entities may not touch: other entities, and what `doc.set_ents(blocked=...)` bars."""
    begins_without_label = doc.to_array(["ENT_IOB", "ENT_TYPE"]).reshape(-1, 2) == np.array([3, 0])
    barred = np.flatnonzero(begins_without_label.all(axis=1)).tolist()
    return [*((span.start, span.end) for span in doc.ents), *((token, token + 1) for token in barred)]
