"""LUKE for spaCy: entities, labels, relations and vectors from one transformer.

    >>> import spacy_luke
    >>> nlp = spacy_luke.load()
    >>> doc = nlp("Marie Curie was born in Warsaw.")
    >>> [(r.head.text, r.label, r.tail.text) for r in doc._.luke_relations]

Importing this package is cheap; what needs torch or tokenizers is imported when its name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .about import __version__
from .types import Answer, Choice, Fact, Relation

if TYPE_CHECKING:
    from .annotation import from_dict, nearest, set_extensions, similarity, to_dict, use_similarity
    from .layers.loading import load
    from .nn.config import LukeConfig
    from .nn.heads import (
        LukeForEntityClassification,
        LukeForEntityPairClassification,
        LukeForEntitySpanClassification,
        LukeForMaskedLM,
        LukeForMultipleChoice,
        LukeForQuestionAnswering,
        LukeForSequenceClassification,
        LukeForTokenClassification,
    )
    from .nn.heads.fill_mask import fill_mask
    from .nn.model import LukeModel
    from .rendering import render, serve, write_page
    from .tokenizer import LukeTokenizer, MLukeTokenizer

# Where each name is that is imported when it is first used; all others of `__all__` are heads.
_MODULES = {
    "LukeConfig": ".nn.config",
    "LukeModel": ".nn.model",
    "LukeTokenizer": ".tokenizer",
    "MLukeTokenizer": ".tokenizer",
    "fill_mask": ".nn.heads.fill_mask",
    "load": ".layers.loading",
    "from_dict": ".annotation",
    "nearest": ".annotation",
    "render": ".rendering",
    "serve": ".rendering",
    "set_extensions": ".annotation",
    "similarity": ".annotation",
    "to_dict": ".annotation",
    "use_similarity": ".annotation",
    "write_page": ".rendering",
}

__all__ = [
    "Answer",
    "Choice",
    "Fact",
    "LukeConfig",
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForEntitySpanClassification",
    "LukeForMaskedLM",
    "LukeForMultipleChoice",
    "LukeForQuestionAnswering",
    "LukeForSequenceClassification",
    "LukeForTokenClassification",
    "LukeModel",
    "LukeTokenizer",
    "MLukeTokenizer",
    "Relation",
    "__version__",
    "fill_mask",
    "from_dict",
    "load",
    "nearest",
    "render",
    "serve",
    "set_extensions",
    "similarity",
    "to_dict",
    "use_similarity",
    "write_page",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES.get(name, ".nn.heads"), __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
