"""The frame of all pipes: how documents stream through a task, how it learns, is scored, saved and loaded."""

# No `from __future__ import annotations`: spaCy resolves those of `initialize`.
import json  # srsly's rounds floats
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly
from spacy import util
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from ..annotation import set_extensions
from ..errors import Errors
from ..files import finish_writing, read_json, reading, replacing
from ..training.mentions import read_again
from ..training.metrics import with_short_names
from .settings import belong, require, setting
from .task import Batch, Task
from .unused import Unused

if TYPE_CHECKING:
    from typing_extensions import Self

# Word pieces and entities of a padded batch. Of twice as many, the keys and values that are kept of the words come from
# fresh memory each time, which costs a processor a twentieth of the word pass.
BATCH_PIECES = 4096

# Padded batches that a small `batch_size` is filled up to. The documents of a single one seldom make as many batches of
# equal size as are read at the same time, and what is left over is read on its own.
FILL = 4


@dataclass(eq=False, repr=False)
class LukePipe(Task, TrainablePipe):  # type: ignore[misc]
    """A task of LUKE behind `nlp.add_pipe`.

    vocab (Vocab): The vocabulary.
    model (Model): What one of our architectures made.
    name (str): Name of the component.
    max_batch_pieces (int): Most tokens of a padded batch, word pieces and entities, in training too. More are read in
        several batches, with the same gradients.
    scorer (Callable | None): The scorer.
    """

    vocab: Vocab
    model: Model[Any, Any]
    name: str
    max_batch_pieces: int = setting(BATCH_PIECES)
    scorer: Callable[..., Any] | None = setting(None)

    def __post_init__(self) -> None:
        require(self.name, self.max_batch_pieces >= 1, "max_batch_pieces", self.max_batch_pieces, "1 or more")
        set_extensions()
        self.network = self.model.attrs["network"](self.model)
        self.unused = Unused(self.name)
        self.cfg: dict[str, Any] = {}

    @classmethod
    def fits(cls, model: Model[Any, Any]) -> bool:
        """RETURNS (bool): Whether a model is one for this task."""
        return _task_of(model) == cls.reads

    @classmethod
    def kind_for(cls, model: Model[Any, Any], name: str) -> "type[Self]":
        """model (Model): The model of a component's config. name (str): Name of the component.
        RETURNS (type[LukePipe]): Which class has the task of the model.
        RAISES (ValueError): If the model is for another component."""
        if not cls.fits(model):
            found = _task_of(model)
            raise ValueError(Errors.L336.format(pipe=name, needed=cls.architecture, found=found))
        return cls

    # --- prediction ------------------------------------------------------------------------

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of documents.

        stream (Iterable[Doc]): The documents.
        batch_size (int): How many to read at once at least. Short ones are read together until they fill four padded
            batches, unless it is 1: then each comes back before the next one is taken.
        YIELDS (Doc): The documents, in order, without those that fail: these go to the pipeline's error handler, one
            by one.
        """
        for docs in fill_batches(stream, batch_size, FILL * self.max_batch_pieces):
            yield from self._annotate_batch(docs, batch_size)

    def _annotate_batch(self, docs: Sequence[Doc], size: int) -> Iterator[Doc]:
        """Annotate a batch. If it fails, it is read again in batches of a size, and those that fail document by
        document."""
        handle_error = self.get_error_handler()
        try:
            predictions = self.predict(docs)
        except Exception as error:  # whatever it is, it is for the handler to judge
            if len(docs) == 1:
                handle_error(self.name, self, docs, error)
                return
            for part in minibatch(docs, size if size < len(docs) else 1):
                yield from self._annotate_batch(part, size)
            return
        for doc, prediction in zip(docs, predictions, strict=True):
            try:
                self.set_annotations([doc], [prediction])
            except Exception as error:
                handle_error(self.name, self, [doc], error)
            else:
                yield doc

    def predict(self, docs: Iterable[Doc]) -> list[Any]:
        """docs (Iterable[Doc]): Documents; they aren't changed.
        RETURNS (list[Any]): A prediction for each; None where nothing is to be written."""
        docs = list(docs)
        self._finish_waiting(docs)
        self.check()
        predictions: list[Any] = [None] * len(docs)
        if docs and self.speaks:
            predictions = self.solve(docs, self.network.runner(self.max_batch_pieces))
        silence = self.silence(docs)  # now, because solving may have a better explanation
        if silence is not None:
            warnings.warn(silence, stacklevel=2)
        return predictions

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[Any]) -> None:
        """docs (Iterable[Doc]): Documents to write on. predictions (Sequence[Any]): From `predict`."""
        write = self.writer()
        for doc, prediction in zip(docs, predictions, strict=True):
            if prediction is not None:
                write(doc, prediction)

    # --- training --------------------------------------------------------------------------

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Any = None,
        **settings: Any,
    ) -> None:
        """Load the checkpoint's weights, and make a new head where data or `labels` bring new labels.

        get_examples (Callable): Gives examples, for their labels.
        nlp (Language | None): The pipeline.
        labels (Any): What `label_data` gave; None to collect labels from the examples.
        **settings (Any): Further arguments of the task's `set_labels`.
        RAISES (ValueError): If none of the examples has gold for this component.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        self.network.module  # noqa: B018  # loads the weights
        self.set_labels(get_examples(), labels, **settings)
        if nlp is not None:
            belong(self, nlp)
            self._find_listeners_behind(nlp)
        if getattr(get_examples, "__module__", None) != Language.__module__:  # else spaCy has no examples
            self._look_for_gold(get_examples())

    def _look_for_gold(self, examples: Iterable[Example]) -> None:
        """Refuse data without any gold, and tell what of it is of no use."""
        self.unused.forget()
        found = [self.has_gold(example) for example in examples]
        if not any(found) and self.needs_gold:
            raise ValueError(Errors.L313.format(name=self.name, n=len(found), place=self.gold_place()))
        self.unused.tell()

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch of examples. What is asked of a document comes from the reference.

        examples (Iterable[Example]): The batch.
        drop (float): Dropout rate of all layers.
        sgd (Optimizer | None): If given, a step is taken.
        losses (dict[str, float] | None): The loss is added under the pipe's name.
        RETURNS (dict[str, float]): The losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        self.network.module  # noqa: B018  # before it is loaded it has no labels to compare the gold with
        self._backprop_pending()
        set_dropout_rate(self.model, drop)
        for batches, targets in self.lessons(examples):
            # Losses are taken over all batches at once; but for the last one, whose gradients come first, inner states
            # are computed again then.
            last = len(batches) - 1
            begin = self.network.begin_update
            answers = [begin(batch.inputs, recompute=i < last) for i, batch in enumerate(batches)]
            loss = self.loss(batches, [output for output, _ in answers], targets)
            if loss is not None:
                loss.backward()  # type: ignore[no-untyped-call]  # to the outputs, which are leaves
                losses[self.name] += float(loss.detach())
            self._send_back([example.predicted for example in examples], batches, answers)
        self.unused.tell()
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def add_label(self, label: str) -> int:
        """A head has weights for all its labels at once, so none can be added to it.

        label (str): The label.
        RAISES (ValueError): In any case; the message tells where labels come from.
        """
        raise ValueError(Errors.L318.format(name=self.name, label=label, place=self.gold_place()))

    def _send_back(
        self, docs: Sequence[Doc], batches: Sequence[Batch], answers: Sequence[tuple[Any, Callable[..., Any]]]
    ) -> None:
        """Send the gradients of outputs back through the model."""
        for output, backprop in reversed(answers):
            backprop(output)

    def _backprop_pending(self) -> None:
        """Send back what still waits for gradients of other components."""

    def _finish_waiting(self, docs: Sequence[Doc] = ()) -> None:
        """Finish an update that waits, because the weights are wanted, be it for some documents."""

    def _find_listeners_behind(self, nlp: Language) -> None:
        """Find the components that listen to this one."""

    def use_params(self, params: dict[Any, Any]) -> Iterator[None]:
        """Run with other parameters, such as averages. spaCy asks for a generator that yields once.

        params (dict): The parameters.
        """
        self._finish_waiting()
        with self.model.use_params(params):
            yield

    # --- scoring ---------------------------------------------------------------------------

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """examples (Iterable[Example]): Examples whose predicted documents this pipe has annotated. Those that lacked
            what stands beside the reference, such as a question, are read again with it.
        RETURNS (dict[str, Any]): Their scores, also under short names; none without a scorer."""
        if self.scorer is None:
            return {}
        examples = list(examples)
        answered = read_again(
            self.pipe, examples, [self.given(eg.predicted, eg.reference) for eg in examples]
        )
        self.tell_what_is_missed(answered)
        return with_short_names(self.scorer(answered, pipe=self, **kwargs))

    # --- storage: settings as JSON, vocabulary, and the model in the published directory format ---------------

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): Settings, weights and tokenizer."""
        self._finish_waiting()
        data = {
            "cfg": lambda: json.dumps({**self.cfg, **self.changed_settings()}).encode(),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": lambda: self.network.to_bytes(),
        }
        return util.to_bytes(data, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "Self":
        """Read what `to_bytes` wrote."""
        data = {
            "cfg": lambda b: self.cfg.update(_settings(json.loads(b), "cfg")),
            "vocab": lambda b: self.vocab.from_bytes(b, exclude=exclude),
            "model": lambda b: self.network.from_bytes(b),
        }
        source = f"What was saved of the component {self.name!r}"
        with reading(source, Exception):  # msgpack's are of many kinds
            parts = srsly.msgpack_loads(bytes_data)
        with reading(source):
            util.from_dict(parts, data, exclude)
            self.check_saved()
            self.settle_settings()
        self._weights_were_read()
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write settings, and weights and tokenizer in the published directory format."""
        self._finish_waiting()
        settings = {**self.cfg, **self.changed_settings()}
        data = {
            "cfg": lambda p: p.write_text(json.dumps(settings, indent=2), encoding="utf8"),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": lambda p: self.network.to_disk(p),
        }
        with replacing(path) as folder:
            util.to_disk(folder, data, exclude)

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._finish_waiting()
        return super().__reduce_ex__(protocol)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "Self":
        """Read what `to_disk` wrote."""
        data = {
            "cfg": lambda p: self.cfg.update(_read_settings(p)),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": lambda p: self.network.from_disk(p),
        }
        finish_writing(path)
        with reading(path):
            util.from_disk(path, data, exclude)
            self.check_saved()
            self.settle_settings()
        self._weights_were_read()
        return self

    def check_saved(self) -> None:
        """Refuse settings that were read and can't be. RAISES (ValueError): If some can't."""

    def _weights_were_read(self) -> None:
        """Tell others what they have to know of weights that were just read."""


def _task_of(model: Model[Any, Any]) -> str:
    return str(getattr(model.attrs.get("settings"), "task", model.name))


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError(Errors.L391.format(path=path))
    return _settings(read_json(path), path)


def _settings(values: Any, source: str | Path) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ValueError(Errors.L113.format(path=source, error="it isn't a JSON object"))
    return values


def fill_batches(docs: Iterable[Doc], n_docs: int, n_tokens: int) -> Iterator[list[Doc]]:
    """Cut a stream into batches.

    docs (Iterable[Doc]): The documents.
    n_docs (int): The fewest of a batch; the last one may have fewer. 1 makes each document a batch.
    n_tokens (int): The fewest tokens of a batch of more than one document.
    YIELDS (list[Doc]): The batches.
    """
    batch: list[Doc] = []
    tokens = 0
    for doc in docs:
        batch.append(doc)
        tokens += len(doc)
        if n_docs == 1 or (len(batch) >= n_docs and tokens >= n_tokens):
            yield batch
            batch, tokens = [], 0
    if batch:
        yield batch
