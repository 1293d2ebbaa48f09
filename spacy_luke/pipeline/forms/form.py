"""What `LukePipe` asks of the form that its architecture gives it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ...inputs.entities import EntityGetter
from ...inputs.pieces import Ints
from ...inputs.titles import EntityTitles
from ...nn.joint_config import JointConfig
from ..decode import Threshold
from ..label_data import LabelData, without_labels
from ..pairs import PairLimits
from ..reading import Question, Reading

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example
    from thinc.api import Model

    from ...inputs.batch import WordBatch

# The head of each task, by its name in a joint model.
HEADS = {"ner": "span_head", "labels": "entity_head", "relations": "relation_head"}

Suggest = Callable[[Sequence["Doc"]], list[Ints]]


@dataclass(frozen=True)
class Settings:
    """What the component's config says of reading and learning.

    entities (EntityGetter): Gives the entities of a Doc.
    limits (PairLimits): Which pairs make relations.
    suggest (Suggest | None): Candidate spans of documents; None for those of the form.
    thresholds (Mapping[str, Threshold]): Least probabilities by task.
    batch_pieces (int): Most word and entity tokens of a padded batch.
    keep_words (bool): Whether word states are wanted.
    titles (EntityTitles | None): Looks up who gold entities are; None to read them as [MASK].
    """

    entities: EntityGetter
    limits: PairLimits
    suggest: Suggest | None
    thresholds: Mapping[str, Threshold]
    batch_pieces: int
    keep_words: bool
    titles: EntityTitles | None = None


@dataclass
class Learned:
    """What a training step brought.

    loss (float): The loss.
    words (list[WordBatch]): Windows whose states listeners may read; empty for forms that don't feed any.
    answers (list[tuple[Any, Callable]]): The model's output for each, and the way back for its gradients.
    """

    loss: float = 0.0
    words: list[WordBatch] = field(default_factory=list)
    answers: list[tuple[Any, Callable[[Any], Any]]] = field(default_factory=list)


class Form(ABC):
    """How Docs are put to a model.

    model (Model): The thinc model.
    """

    feeds_listeners: ClassVar[bool] = False
    reads_titles: ClassVar[bool] = True  # whether entities can be read by their titles

    def __init__(self, model: Model[Any, Any]) -> None:
        self.model = model

    @property
    @abstractmethod
    def tasks(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The tasks that the architecture has heads for: of `HEADS`."""

    @property
    @abstractmethod
    def writes_vectors(self) -> bool:
        """RETURNS (bool): Whether the states of entities are their vectors."""

    @property
    @abstractmethod
    def heads(self) -> JointConfig:
        """RETURNS (JointConfig): The labels of these tasks, and which heads are untrained."""

    @property
    def speaking(self) -> JointConfig:
        """RETURNS (JointConfig): The same, without heads whose weights are still random: those say nothing."""
        heads = self.heads
        return without_labels(heads, [task for task, head in HEADS.items() if head in heads.untrained])

    @property
    @abstractmethod
    def thresholds(self) -> dict[str, Threshold]:
        """RETURNS (dict[str, Threshold]): What holds where the config says nothing."""

    @abstractmethod
    def read(self, docs: Sequence[Doc], questions: Sequence[Question], settings: Settings) -> list[Reading]:
        """Read documents, without changing them.

        docs (Sequence[Doc]): The documents.
        questions (Sequence[Question]): What is asked of each.
        settings (Settings): How.
        RETURNS (list[Reading]): In the order of the documents.
        """

    @abstractmethod
    def set_labels(self, data: LabelData) -> bool:
        """Make new heads for new labels.

        data (LabelData): The labels; heads whose labels stay the same keep their weights.
        RETURNS (bool): Whether anything changed.
        """

    @abstractmethod
    def learn(self, examples: Sequence[Example], settings: Settings) -> Learned:
        """Read examples, and gather the gradients of the loss.

        examples (Sequence[Example]): The examples.
        settings (Settings): How.
        RETURNS (Learned): The loss, and what listeners may add to it.
        """
