"""The `luke` and `luke_ner` components: one pass over the words, one entity row for each span."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors, Warnings
from . import candidate_spans  # noqa: F401  # the other architecture that finds entities
from .decode import Threshold
from .entities import PARTS, EntityPipe
from .entity_scorer import SCORER, score_weights
from .joint.lessons import joint_batches
from .joint.solve import JointSolver
from .joint.taught import with_taught_labels, with_taught_thresholds
from .joint.teach import Part, Teacher
from .label_data import LabelData, with_labels, without_labels
from .prediction import Prediction
from .settings import make_factory
from .task import Batch, Lesson

if TYPE_CHECKING:
    from torch import Tensor

    from ..layers.threads import Runner
    from ..nn.joint_config import JointConfig
    from ..training.teach.report import TeachReport


@dataclass(eq=False, repr=False)
class LukeJoint(EntityPipe):
    """Finds, labels and relates entities, and feeds listeners; `ner`, `labels` and `relations` of its model say what of
    it."""

    reads = "luke_joint"
    feeds_listeners = True

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """See `EntityPipe.parts`."""
        return tuple(part for part in PARTS if getattr(self.network.settings, part))

    @property
    def writes_vectors(self) -> bool:  # type: ignore[override]
        """RETURNS (bool): False for NER alone, which writes entities and nothing else."""
        return self.parts != ("ner",)

    @property
    def joint(self) -> JointConfig:
        """Labels and sizes of the heads of the weights that the config allows."""
        return with_taught_labels(without_labels(self.network.joint, set(PARTS) - set(self.parts)))

    @property
    def acting_thresholds(self) -> dict[str, Threshold]:
        """See `EntityPipe.acting_thresholds`: a label that was taught has its own."""
        return with_taught_thresholds(self.thresholds, self.network.joint)

    @property
    def taught(self) -> dict[str, tuple[str, ...]]:
        """RETURNS (dict[str, tuple[str, ...]]): The labels that were taught: types of entities ("ner"), labels of
        entities ("labels") and relations."""
        found = {task: tuple(self.network.joint.taught_thresholds(task)) for task in PARTS}
        return {task: labels for task, labels in found.items() if labels}

    @property
    def default_thresholds(self) -> dict[str, Threshold]:
        """See `EntityPipe.default_thresholds`: those that were tuned with the weights, else even odds; of labels that
        exclude each other the best one counts."""
        heads = self.network.joint
        labels = 0.5 if heads.multi_label else 0.0
        return {"ner": 0.5, "labels": labels, "relations": 0.5, "facts": 0.5, **heads.thresholds}

    @property
    def widest(self) -> int:
        """See `EntityPipe.widest`."""
        return self.network.joint.max_span_width

    @property
    def speaks(self) -> bool:
        """See `Task.speaks`. Vectors and word states need no trained head."""
        return True

    def silence(self, docs: Sequence[Doc]) -> str | None:
        """See `Task.silence`. Relations may be silent in part: likely pairs aren't read again without training."""
        heads, told = self.speaking, super().silence(docs)
        if told is None and heads.relation_labels and "pair_reader" in heads.untrained:
            return Warnings.W315.format(name=self.name, layers=heads.pair_layers)
        return told

    # --- teaching --------------------------------------------------------------------------

    def teach(
        self,
        docs: Iterable[Doc],
        *,
        complete: bool = True,
        replace: bool = False,
        background: Iterable[str | Doc] = (),
    ) -> TeachReport:
        """Learn new labels from a few annotated documents, in seconds: types of entities (`doc.ents`), labels of
        entities (`luke_labels`, or else the types), and relations (`doc._.luke_relations`). What the model was trained
        for stays as it is. What is marked as wrong isn't said again; see `annotation/rejected.py`.

        docs (Iterable[Doc]): The examples. They add to those of earlier calls, and win where both say something of
            one place.
        complete (bool): Whether spans and pairs that aren't marked have none of the new labels. If not, only those
            count against a label that are marked with another one, overlap a marked entity, or are a marked pair
            turned round.
        replace (bool): Forget first what was taught before.
        background (Iterable[str | Doc]): Further texts, in which the labels are rare.
        RETURNS (TeachReport): What was taught, and how good it is; `print` shows a table.
        RAISES (ValueError): If there is nothing to teach. (TypeError): If the examples aren't Docs.
        """
        examples = list(docs) if not isinstance(docs, Doc) else [docs]
        wrong = next((doc for doc in examples if not isinstance(doc, Doc)), None)
        if wrong is not None:
            raise TypeError(Errors.L722.format(type=type(wrong).__name__))
        self._finish_waiting()
        teacher = Teacher(self, complete, background)
        parts = teacher.teach(examples, {} if replace else self._taught_parts())
        kept = {} if replace else {t: p for t, p in self._taught_parts().items() if t not in teacher.tasks}
        self._put_taught({**kept, **parts})
        return teacher.report

    def forget(self, labels: Iterable[str] | None = None) -> None:
        """Forget taught labels, their examples, and what was marked as wrong of any labels.

        labels (Iterable[str] | None): The labels; None for all.
        RAISES (ValueError): If nothing is known of one of them.
        """
        parts = self._taught_parts()
        known = sorted({label for part in parts.values() for label in (*part.thresholds, *part.kept.columns)})
        gone = known if labels is None else [labels] if isinstance(labels, str) else list(labels)
        unknown = [label for label in gone if label not in known]
        if unknown:
            raise ValueError(Errors.L725.format(labels=unknown, known=known))
        self._put_taught({task: part.without(gone) for task, part in parts.items()})

    def _taught_parts(self) -> dict[str, Part]:
        taught = self.network.joint.taught
        return {
            task: Part.of(taught[task], self.network.taught_values(task)) for task in PARTS if task in taught
        }

    def _put_taught(self, parts: Mapping[str, Part]) -> None:
        width = 2 * self.network.config.hidden_size + 1
        parts = {task: part for task, part in parts.items() if part.thresholds or len(part.kept)}
        values = {task: part.values(width if task == "ner" else 0) for task, part in parts.items()}
        self.network.teach({task: part.config() for task, part in parts.items()}, values)

    # --- the task --------------------------------------------------------------------------

    def solve(self, docs: Sequence[Doc], run: Runner) -> list[Prediction]:
        """See `Task.solve`: find entities in words, then label and relate them, with the words kept."""
        if not self.listeners:
            self._refuse_other_heads()
        return JointSolver(self, run).solve(docs)

    def _refuse_other_heads(self) -> None:
        """A published head would only ever be silent here."""
        heads, other = self.joint, self.network.other_head
        if other and not (heads.ner_labels or heads.entity_labels or heads.relation_labels):
            saved, use = other
            checkpoint = self.network.settings.checkpoint
            raise ValueError(Errors.L335.format(checkpoint=checkpoint, saved=saved, use=use))

    def lessons(self, examples: Sequence[Example]) -> Iterator[Lesson]:
        """See `Task.lessons`: one of all, because a fact is pooled over all windows of its document."""
        if self.taught:
            raise ValueError(
                Errors.L726.format(name=self.name, labels=", ".join(sorted({*chain(*self.taught.values())})))
            )
        if any(len(example.predicted) for example in examples):
            batches = joint_batches(self, examples)
            yield Lesson([batch for batch, _ in batches], [targets for _, targets in batches])

    def loss(self, batches: Sequence[Batch], outputs: Sequence[Any], targets: Any) -> Tensor | None:
        """See `Task.loss`: the sum of the heads' losses."""
        loss: Tensor | None = self.network.loss(outputs, targets)
        return loss

    def make_heads(self, data: LabelData) -> bool:
        """See `EntityPipe.make_heads`."""
        joint = self.network.joint
        changed = with_labels(joint, data, self.parts, self.network.settings.multi_label)
        if changed == joint:
            return False
        lost = ", ".join(sorted({*chain(*self.taught.values())}))
        if lost:
            warnings.warn(Warnings.W651.format(name=self.name, labels=lost), stacklevel=2)
        self.network.build_heads(changed.with_changes(taught={}))
        return True


_ENTITIES = ["doc.ents", "token.ent_iob", "token.ent_type"]
_RELATIONS = ["doc._.luke_relations", "doc._.luke_facts"]
_SPANS = ["span._.luke_label", "span._.luke_labels", "span._.luke_vector"]

make_luke = make_factory(
    "luke",
    LukeJoint,
    model={"ner": True, "labels": True, "relations": True},
    scorer=SCORER,
    assigns=[*_ENTITIES, *_RELATIONS, *_SPANS],
    score_weights=score_weights(
        ents=0.34, luke_labels_micro=0.33, luke_relations_micro=0.33, luke_facts_micro=0.0
    ),
)
make_ner = make_factory(
    "luke_ner",
    LukeJoint,
    model={"ner": True, "labels": False, "relations": False},
    scorer=SCORER,
    assigns=_ENTITIES,
    score_weights=score_weights(ents=1.0),
)
