"""Listeners without spacy-transformers, which is an extra."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import pytest
from thinc.api import Model
from tiny import make_pipeline

from spacy_luke import layers
from spacy_luke.pipeline.listened import ListenedTo


class Listener(Model[Any, Any]):
    """As spacy-transformers' own is named."""

    upstream_name = "*"


class Listening:
    name = "tagger"
    model = Listener("transformer-listener", lambda model, docs, is_train: (docs, lambda d: d))


def test_a_listener_says_what_it_needs(checkpoint: str, monkeypatch: pytest.MonkeyPatch):
    luke = make_pipeline(checkpoint).get_pipe("luke")
    assert isinstance(luke, ListenedTo)
    monkeypatch.setitem(sys.modules, "spacy_transformers.data_classes", None)
    monkeypatch.delitem(sys.modules, "spacy_luke.layers.transformer_data", raising=False)
    monkeypatch.delattr(layers, "transformer_data", raising=False)  # where an earlier test has imported it
    with pytest.raises(ImportError, match=r'spacy_transformers.*pip install "spacy_luke\[transformers\]"'):
        luke.find_listeners(Listening())
    assert luke.listening_components == []


@pytest.mark.skipif(find_spec("spacy_transformers") is not None, reason="spacy-transformers is installed")
def test_a_config_with_a_listener_says_what_it_needs(checkpoint: str):
    """Its architecture is spacy-transformers' own, so the message is spaCy's."""
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    with pytest.raises(Exception, match="make sure the package is installed"):
        make_pipeline(checkpoint).add_pipe("tagger", config={"model": model})
