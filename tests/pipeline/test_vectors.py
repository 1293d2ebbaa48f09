"""The setting `vectors`: true, false or "float16"."""

from __future__ import annotations

import numpy as np
import pytest
from spacy.tokens import DocBin
from tiny import TEXTS, make_pipeline, summary

from spacy_luke.annotation import as_type, stored


@pytest.mark.parametrize("vectors", [True, False, "float16"])
def test_vectors(checkpoint: str, vectors: bool | str) -> None:
    usual = make_pipeline(checkpoint)(TEXTS[1])
    doc = make_pipeline(checkpoint, vectors=vectors)(TEXTS[1])
    assert {**summary(doc), "vectors": 0} == {**summary(usual), "vectors": 0}
    (back,) = DocBin(docs=[doc], store_user_data=True).get_docs(doc.vocab)
    assert len(doc.ents) > 1
    for ent, again, expected in zip(doc.ents, back.ents, usual.ents, strict=True):
        if vectors is False:
            assert ent._.luke_vector is again._.luke_vector is None
            continue
        assert ent._.luke_vector.dtype == again._.luke_vector.dtype == np.float32
        np.testing.assert_array_equal(ent._.luke_vector, again._.luke_vector)
        np.testing.assert_allclose(
            ent._.luke_vector, expected._.luke_vector, rtol=1e-3 if vectors == "float16" else 0
        )
    if vectors is not False:
        kept = stored(doc)["vectors"]["array"]
        assert kept.dtype == (np.float16 if vectors == "float16" else np.float32)


def test_half_precision_has_no_infinity() -> None:
    assert np.isfinite(as_type(np.array([[1e9, -1e9]], dtype=np.float32), np.float16)).all()


@pytest.mark.parametrize("vectors", ["float32", "yes", ""])
def test_others_are_refused(checkpoint: str, vectors: str) -> None:
    with pytest.raises(ValueError, match="vectors"):
        make_pipeline(checkpoint, vectors=vectors)
