"""The joint model: one pass over the words, one entity row for each span."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from ...errors import Errors
from ...nn.joint_config import JointConfig
from ..decode import Threshold, lowest
from ..examples import training_batches
from ..label_data import LabelData, with_labels, without_labels
from ..reading import Question, Reader, Reading
from .form import HEADS, Form, Learned, Settings

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example

    from ...layers.loss import Targets
    from ...nn.heads.joint.outputs import JointOutput


class JointForm(Form):
    """`spacy-luke.Joint.v1`: finds, labels and relates entities, and feeds listeners.

    model (Model): From `layers.joint.build_joint`.
    """

    feeds_listeners: ClassVar[bool] = True

    @property
    def tasks(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The tasks that the config has heads for."""
        return tuple(task for task in HEADS if getattr(self.model.attrs["settings"], task))

    @property
    def writes_vectors(self) -> bool:
        """RETURNS (bool): False for NER alone, which writes entities and nothing else."""
        return self.tasks != ("ner",)

    @property
    def heads(self) -> JointConfig:
        """RETURNS (JointConfig): Labels and sizes of the heads of the weights that the config allows."""
        from ...layers.joint import get_module

        return without_labels(get_module(self.model).joint, set(HEADS) - set(self.tasks))

    @property
    def thresholds(self) -> dict[str, Threshold]:
        """RETURNS (dict[str, Threshold]): Those that were tuned with the weights, else even odds; of labels that
        exclude each other the best one counts."""
        heads = self.heads
        labels = 0.5 if heads.multi_label else 0.0
        return {"ner": 0.5, "labels": labels, "relations": 0.5, "facts": 0.5, **heads.thresholds}

    def read(self, docs: Sequence[Doc], questions: Sequence[Question], settings: Settings) -> list[Reading]:
        """See `Form.read`."""
        if not settings.keep_words:
            self._refuse_other_heads()
        return self._reader(settings).read(docs, questions)

    def _refuse_other_heads(self) -> None:
        """A published head would only ever be silent here."""
        from ...layers.joint import get_module
        from ...layers.store import how_to_use

        module = get_module(self.model)
        saved = module.config.architectures or [""]
        use = how_to_use(saved[0])
        heads = self.heads
        if use and not (heads.ner_labels or heads.entity_labels or heads.relation_labels):
            checkpoint = self.model.attrs["settings"].checkpoint
            raise ValueError(Errors.L335.format(checkpoint=checkpoint, saved=saved[0], use=use))

    def _reader(self, settings: Settings) -> Reader:
        from ...layers.joint import get_tokenizer, window_sizes

        heads, thresholds = self.speaking, settings.thresholds
        window, overlap = window_sizes(self.model)
        return Reader(
            model=self.model,
            tokenizer=get_tokenizer(self.model),
            ner_labels=heads.ner_labels,
            multi_label=heads.multi_label,
            describe=self.writes_vectors,
            relate=bool(heads.relation_labels),
            window=window,
            overlap=overlap,
            batch_pieces=settings.batch_pieces,
            proposals=heads.proposals_per_token,
            threshold=thresholds["ner"],
            relation_floor=min(lowest(thresholds[task]) for task in ("relations", "facts")),
            suggest=settings.suggest,
            keep_words=settings.keep_words,
        )

    def set_labels(self, data: LabelData) -> bool:
        """See `Form.set_labels`."""
        from ...layers.joint import get_module, set_labels

        joint = get_module(self.model).joint
        changed = with_labels(joint, data, self.tasks, self.model.attrs["settings"].multi_label)
        if changed != joint:
            set_labels(self.model, changed)
        return changed != joint

    def learn(self, examples: Sequence[Example], settings: Settings) -> Learned:
        """See `Form.learn`."""
        batches = training_batches(
            self.model,
            examples,
            settings.entities,
            settings.limits,
            settings.suggest,
            settings.batch_pieces,
            settings.titles,
        )
        answers = [self.model.begin_update(question) for question, _ in batches]
        loss = self._loss([output for output, _ in answers], [gold for _, gold in batches])
        return Learned(loss, [question.words for question, _ in batches], answers)

    def _loss(self, outputs: Sequence[JointOutput], targets: Sequence[Targets]) -> float:
        """Add the own losses' gradients to the outputs' leaves. RETURNS (float): The sum of the losses."""
        from ...layers.joint import get_module
        from ...layers.loss import joint_loss

        parts = joint_loss(outputs, targets, get_module(self.model).joint.multi_label) if outputs else {}
        if not parts:
            return 0.0
        total = sum(parts.values())
        total.backward()  # type: ignore[union-attr]
        return float(total.detach())  # type: ignore[union-attr]
