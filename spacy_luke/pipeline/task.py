"""What a pipe has of its own: a task.

    docs --items--> what is asked of them --layouts--> which are read together --encode--> what the model takes
         --> outputs --decode--> predictions --annotate--> docs
    examples --lessons--> batches and targets --> outputs --loss--> gradients

The frame (`pipe.py`) does all else: streams, threads, gradients, steps, scores, files. A pipe's class is the frame with
the methods of a task filled in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..errors import Warnings
from .unused import Unused

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example
    from torch import Tensor

    from ..layers.threads import Runner


class Batch(NamedTuple):
    """Which items are read together, and what the model takes for them."""

    items: Any
    inputs: Any


class Lesson(NamedTuple):
    """Batches that one loss is taken of (a forward pass of each, then their gradients), and what `loss` compares their
    outputs with."""

    batches: Sequence[Batch]
    targets: Any


class Task(ABC):
    """A task.

    name (str): Name of the component.
    network (Network): The torch side; see `spacy_luke.layers.network`.
    max_batch_pieces (int): Most tokens of a padded batch.
    """

    reads: ClassVar[str]  # the published class whose head it uses
    architecture: ClassVar[str]  # what makes its model by default
    name: str
    network: Any
    max_batch_pieces: int
    unused: Unused  # gold that it can't use

    # --- prediction ------------------------------------------------------------------------

    def items(self, docs: Sequence[Doc]) -> Any:
        """RETURNS (Any): What is asked of documents: texts, mentions, pairs, and where they are read."""
        raise NotImplementedError

    def layouts(self, items: Any, budget: int) -> Sequence[Any]:
        """Lay items out for the model.

        items (Any): From `items`.
        budget (int): Most tokens of a padded batch.
        RETURNS (Sequence[Any]): Which items make a batch, those of like size together.
        """
        raise NotImplementedError

    def encode(self, items: Any, layout: Any) -> Any:
        """Called when a batch is read, in several threads: of a document with many pairs all would fill the memory.

        items (Any): From `items`.
        layout (Any): One of `layouts`.
        RETURNS (Any): What the model takes.
        """
        raise NotImplementedError

    def decode(
        self, docs: Sequence[Doc], items: Any, layouts: Sequence[Any], outputs: Sequence[Any]
    ) -> list[Any]:
        """What the outputs say of the documents.

        docs (Sequence[Doc]): The documents.
        items (Any): From `items`.
        layouts (Sequence[Any]): From `layouts`.
        outputs (Sequence[Any]): What the model says of each batch.
        RETURNS (list[Any]): What `annotate` writes, by document; None for nothing.
        """
        raise NotImplementedError

    def solve(self, docs: Sequence[Doc], run: Runner) -> list[Any]:
        """Predict in one round. A task whose items depend on answers asks several times instead.

        docs (Sequence[Doc]): The documents; not changed.
        run (Runner): Predicts batches, in their order.
        RETURNS (list[Any]): What `annotate` writes, by document; None for nothing.
        """
        items = self.items(docs)
        return self.decode(docs, items, *self.read(items, run))

    def read(self, items: Any, run: Runner) -> tuple[Sequence[Any], list[Any]]:
        """items (Any): From `items`. run (Runner): Predicts batches. RETURNS (tuple): Layouts, and what the model says
        of each."""
        layouts = self.layouts(items, run.budget)
        return layouts, run.each(lambda layout: self.network.predict(self.encode(items, layout)), layouts)

    @abstractmethod
    def annotate(self, doc: Doc, prediction: Any) -> None:
        """Write onto a document what `decode` or `solve` says of it."""

    def writer(self) -> Callable[[Doc, Any], None]:
        """RETURNS (Callable): `annotate`, or a function that has looked up once what it needs for all documents."""
        return self.annotate

    # --- training --------------------------------------------------------------------------

    @abstractmethod
    def gold_place(self) -> str:
        """RETURNS (str): Where gold is looked for, for messages."""

    @abstractmethod
    def has_gold(self, example: Example) -> bool:
        """RETURNS (bool): Whether an example has gold that the task can learn; `unused` counts what it can't."""

    def tell_what_is_missed(self, examples: Sequence[Example]) -> None:  # noqa: B027  # most have nothing to tell
        """Tell of gold that no prediction of this task could be.

        examples (Sequence[Example]): What is scored.
        """

    @property
    def needs_gold(self) -> bool:
        """RETURNS (bool): Whether there is nothing to train without gold."""
        return True

    @abstractmethod
    def lessons(self, examples: Sequence[Example]) -> Iterable[Lesson]:
        """RETURNS (Iterable[Lesson]): What there is to learn of examples. Their loss is the sum of the lessons' losses;
        what isn't annotated has none."""

    @abstractmethod
    def loss(self, batches: Sequence[Batch], outputs: Sequence[Any], targets: Any) -> Tensor | None:
        """The loss of a lesson.

        batches (Sequence[Batch]): Its batches.
        outputs (Sequence[Any]): What the model says of each.
        targets (Any): Its targets.
        RETURNS (Tensor | None): Shape: (). None if there is nothing to learn.
        """

    def set_labels(self, examples: Iterable[Example], labels: Any) -> None:  # noqa: B027  # some have no labels
        """Give the head the labels of data, where it has labels; a head that has just these stays.

        examples (Iterable[Example]): The data.
        labels (Any): What `label_data` gave, instead of the labels of the data; None for these.
        """

    # --- scoring ---------------------------------------------------------------------------

    def given(self, predicted: Doc, reference: Doc) -> Doc | None:
        """What stands beside a text only the reference knows, unless the corpus reader or an earlier component has told
        it to the predicted document.

        predicted (Doc): The predicted document.
        reference (Doc): The gold document.
        RETURNS (Doc | None): A copy of the predicted one with all that the task asks for; None if it had that.
        """
        return None

    # --- what it knows and says ------------------------------------------------------------

    @property
    def speaks(self) -> bool:
        """RETURNS (bool): Whether the head has trained weights. Random ones say nothing."""
        return not self.network.untrained

    def silence(self, docs: Sequence[Doc]) -> str | None:
        """docs (Sequence[Doc]): What was predicted.
        RETURNS (str | None): A warning if nothing, or not all, can be said of them."""
        return None if self.speaks else Warnings.W302.format(name=self.name, task=self.reads)

    def check(self) -> None:  # noqa: B027  # most need none
        """Refuse settings that may have been changed since the pipe was made.

        RAISES (ValueError): If one of them makes no sense.
        """

    def changed_settings(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): Settings that may have changed since the config was made; saved with the pipe,
        and put into `cfg` when it is loaded."""
        return {}

    def settle_settings(self) -> None:  # noqa: B027  # most have none
        """Let what the config names win over what was stored with the weights, which was just put into `cfg`."""
