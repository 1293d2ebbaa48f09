"""Feeding spacy-transformers' listeners: the encoder's word states for other components.

Word states are computed without entity inputs, so nothing of `doc.ents` reaches a listener.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model, Optimizer

from ..errors import Errors

if TYPE_CHECKING:
    from ..nn.heads.joint.outputs import JointOutput
    from .prediction import Prediction
    from .task import Batch


class Receiver:
    """Takes the gradients of listeners, which keep it. A pickle of them has one that takes nothing.

    waiting (int): How many listeners there are.
    add (Callable | None): Adds the gradients of one.
    finish (Callable | None): Called after the last.
    """

    def __init__(
        self,
        waiting: int = 0,
        add: Callable[[Any], None] | None = None,
        finish: Callable[[], None] | None = None,
    ) -> None:
        self._waiting, self._add, self._finish = waiting, add, finish

    def __call__(self, gradients: Any) -> None:
        """gradients (Any): Of one listener."""
        if self._add is None or self._finish is None:
            return
        self._add(gradients)
        self._waiting -= 1
        if self._waiting == 0:
            self._finish()

    def __reduce__(self) -> tuple[Any, ...]:
        return Receiver, ()


class ListenedTo:
    """What spaCy's `ListenedToComponent` asks for, and one deferred backward pass for all.

    With `nlp.update(sgd=...)` the component's `finish_update` runs before the listeners backpropagate, in
    `spacy train` after. So a step is taken once the last listener has sent its gradient.
    """

    name: str
    feeds_listeners: ClassVar[bool]
    model: Model[Any, Any]
    network: Any
    listener_map: dict[str, list[Any]]

    def _init_listening(self) -> None:
        self.listener_map = {}
        self._pending: Callable[[], None] | None = None
        self._pending_docs: Sequence[Doc] = ()
        self._deferred_sgd: Optimizer | None = None

    @property
    def _containers(self) -> Any:
        """spacy-transformers' containers for word states."""
        # Imported here: spacy-transformers is an extra, and takes 2.3 s that pipes without listeners needn't wait for.
        from ..layers import transformer_data

        return transformer_data

    @property
    def listeners(self) -> list[Any]:
        """All layers that listen to this component."""
        return [listener for name in self.listening_components for listener in self.listener_map[name]]

    @property
    def listening_components(self) -> list[str]:
        """Names of the components that listen."""
        return list(self.listener_map)

    def add_listener(self, listener: Any, component_name: str) -> None:
        """Remember a layer that listens."""
        listeners = self.listener_map.setdefault(component_name, [])
        if listener not in listeners:
            listeners.append(listener)
        self._tell_width(listener)

    def _tell_width(self, listener: Any) -> None:
        """A listener has to know its width before it first reads, and if this pipe is frozen, nothing else tells it. So
        without weights it is what their checkpoint says; saved weights, which may be of another, know better."""
        if self.network.has_weights:
            listener.set_dim("nO", self.network.width, force=True)
        elif listener.has_dim("nO") is None and (width := self.network.width) is not None:
            listener.set_dim("nO", width)

    def _weights_were_read(self) -> None:
        for listener in self.listeners:
            self._tell_width(listener)

    def remove_listener(self, listener: Any, component_name: str) -> bool:
        """RETURNS (bool): Whether there was such a listener."""
        listeners = self.listener_map.get(component_name, [])
        if listener not in listeners:
            return False
        listeners.remove(listener)
        if not listeners:
            del self.listener_map[component_name]
        return True

    def find_listeners(self, component: Any) -> None:
        """Remember the transformer listeners in another component's model that name this one, or "*"."""
        if not isinstance(getattr(component, "model", None), Model):
            return
        for node in component.model.walk():
            if node.name == "transformer-listener" and self._is_named(node, component):
                self._containers.install_extensions()  # a listener looks for `doc._.trf_data` from the start
                self.add_listener(node, component.name)

    def _is_named(self, listener: Any, component: Any) -> bool:
        """Whether a listener means this component. "*" means those that have something to listen to."""
        if listener.upstream_name == self.name and not self.feeds_listeners:
            raise ValueError(Errors.L334.format(component=component.name, name=self.name))
        return self.feeds_listeners and listener.upstream_name in ("*", self.name)

    def _find_listeners_behind(self, nlp: Language) -> None:
        behind = False
        for _, component in nlp.pipeline:
            if behind:
                self.find_listeners(component)
            behind = behind or component is self

    def _write_trf_data(self, doc: Doc, prediction: Prediction) -> None:
        if self.listeners:
            self._containers.set_transformer_data(doc, self.model, prediction.words)

    def _send_back(
        self,
        docs: Sequence[Doc],
        batches: Sequence[Batch],
        answers: Sequence[tuple[JointOutput, Callable[[Any], Any]]],
    ) -> None:
        """Hand word states to the listeners; their gradients and the own ones go back together."""
        if not answers:
            self._send_nothing_to_listeners(docs)
            return

        def backprop() -> None:
            for output, back in reversed(answers):  # the last batch's inner states are still there
                back(output)

        self._pending, self._pending_docs = backprop, docs
        if not self.listeners:
            self._backprop_pending()
            return
        batch_id = self.listeners[0].get_batch_id(docs)
        words = [batch.items for batch in batches]
        outputs = [output for output, _ in answers]
        data, add_gradient = self._containers.training_data(docs, self.model, words, outputs)
        receive = Receiver(len(self.listeners), add_gradient, self._backprop_pending)
        for listener in self.listeners:
            listener.receive(batch_id, data, receive)

    def _backprop_pending(self) -> None:
        """Send back what waits, and take the step that waits for it: when the last listener has sent its gradient,
        or if some listener never did, as one of a frozen component, before the weights are used for anything else."""
        if self._pending is not None:
            pending, self._pending, self._pending_docs = self._pending, None, ()
            pending()
        if self._deferred_sgd is not None:
            sgd, self._deferred_sgd = self._deferred_sgd, None
            self.model.finish_update(sgd)

    def _finish_waiting(self, docs: Sequence[Doc] = ()) -> None:
        """Take the step that waits. An annotating component reads the documents of an update once more in its midst:
        the listeners are yet to send their gradients then."""
        waiting = {id(doc) for doc in self._pending_docs}
        if not any(id(doc) in waiting for doc in docs):
            self._backprop_pending()

    def _send_nothing_to_listeners(self, docs: Sequence[Doc]) -> None:
        """Hand out rows of zeros for documents whose tokens the tokenizer drops; no gradient comes back."""
        if self.listeners:
            data = self._containers.no_data(docs, self.model)
            batch_id = self.listeners[0].get_batch_id(docs)
            for listener in self.listeners:
                listener.receive(batch_id, data, Receiver())

    def finish_update(self, sgd: Optimizer) -> None:
        """Take a step, or wait with it until the listeners have sent their gradients."""
        if self._pending is not None:
            self._deferred_sgd = sgd
        else:
            self.model.finish_update(sgd)
