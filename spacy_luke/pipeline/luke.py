"""The `luke` and `luke_ner` components: one pass over the words, one entity row for each span."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
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
from .label_data import LabelData, with_labels, without_labels
from .prediction import Prediction
from .settings import make_factory
from .task import Batch, Lesson

if TYPE_CHECKING:
    from torch import Tensor

    from ..layers.threads import Runner
    from ..nn.joint_config import JointConfig


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
        return without_labels(self.network.joint, set(PARTS) - set(self.parts))

    @property
    def default_thresholds(self) -> dict[str, Threshold]:
        """See `EntityPipe.default_thresholds`: those that were tuned with the weights, else even odds; of labels that
        exclude each other the best one counts."""
        heads = self.joint
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
        self.network.build_heads(changed)
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
