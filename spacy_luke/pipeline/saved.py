"""How every pipe of ours is saved: settings as JSON, vocabulary, and the model in the published directory format."""

from __future__ import annotations

import json  # srsly's rounds floats
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy import util
from spacy.vocab import Vocab
from thinc.api import Model

if TYPE_CHECKING:
    from typing_extensions import Self


class Saved:
    """`to_bytes`, `to_disk` and back, for a pipe with these attributes."""

    vocab: Vocab
    model: Model[Any, Any]
    cfg: dict[str, Any]

    def _saved_cfg(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): Settings that may have changed since the config was read."""
        return self.cfg

    def _weights_were_read(self) -> None:
        """What others have to know of weights that were just read: nothing, unless a pipe has more to say."""

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): Settings, weights and tokenizer."""
        from ..layers.saving import model_to_bytes

        data = {
            "cfg": lambda: json.dumps(self._saved_cfg()).encode(),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": lambda: model_to_bytes(self.model),
        }
        return util.to_bytes(data, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Read what `to_bytes` wrote."""
        from ..layers.saving import model_from_bytes

        data = {
            "cfg": lambda b: self.cfg.update(json.loads(b)),
            "vocab": lambda b: self.vocab.from_bytes(b, exclude=exclude),
            "model": lambda b: model_from_bytes(self.model, b),
        }
        util.from_bytes(bytes_data, data, exclude)
        self._weights_were_read()
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write settings, and weights and tokenizer in the published directory format."""
        from ..layers.saving import model_to_disk

        data = {
            "cfg": lambda p: p.write_text(json.dumps(self._saved_cfg(), indent=2), encoding="utf8"),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": lambda p: model_to_disk(self.model, p),
        }
        util.to_disk(path, data, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Read what `to_disk` wrote."""
        from ..layers.saving import model_from_disk

        data = {
            "cfg": lambda p: self.cfg.update(json.loads(p.read_text(encoding="utf8"))),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": lambda p: model_from_disk(self.model, p),
        }
        util.from_disk(path, data, exclude)
        self._weights_were_read()
        return self
