"""`entity_input = "title"`: given entities are read as those of the vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import Adam
from tiny import ENTITIES, make_corpus, make_joint, make_pipeline, make_tokenizer

from spacy_luke.inputs.pieces import encode_docs
from spacy_luke.layers.weights import get_module, get_tokenizer

TITLES = {**ENTITIES, "Ana (singer)": 4, "Oslo": 5, "Rome": 6}
WORDS = ["Ana", "was", "born", "in", "Oslo", "and", "likes", "Kim"]
GIVEN = [(0, "Ana (singer)"), (4, "Oslo"), (7, "Kim (nobody)")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, str]:
    """Models with an entity vocabulary, by whether they have full attention."""
    made = {}
    tokenizer = make_tokenizer(TITLES)
    for full in (True, False):
        folder = tmp_path_factory.mktemp("titles")
        attention = {"words_attend_to_entities": full, "entities_attend_to_entities": full}
        make_joint(tokenizer, case_token_types=False, **attention).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        made[full] = str(folder)
    return made


def read(nlp: Language, titles: bool = True) -> Doc:
    doc = Doc(nlp.vocab, words=WORDS)
    doc.ents = [Span(doc, i, i + 1, label="X", kb_id=title if titles else "") for i, title in GIVEN]
    return nlp.get_pipe("luke")(doc)


def vectors(doc: Doc) -> np.ndarray[Any, Any]:
    return np.stack([ent._.luke_vector for ent in doc.ents])


def test_states_are_those_of_transformers_on_the_same_ids(folders: dict[bool, str]):
    transformers = pytest.importorskip("transformers")
    nlp = make_pipeline(folders[True], entity_input="title")
    pipe, seen = nlp.get_pipe("luke"), []
    ours = get_module(pipe.model)
    above = type(ours.relation_head).above
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(ours.relation_head),
            "above",
            lambda self, floor, *a: seen.append(a) or above(self, floor, *a),
        )
        doc = read(nlp)

    kept = {k: v for k, v in ours.config.to_dict().items() if k not in ("joint", "architectures")}
    theirs = transformers.LukeModel(transformers.LukeConfig(**kept), add_pooling_layer=False).eval()
    missing = theirs.load_state_dict(ours.luke.state_dict(), strict=False).missing_keys
    assert [name for name in missing if "position_ids" not in name] == []
    tokenizer = get_tokenizer(pipe.model)
    pieces = encode_docs([doc], tokenizer)[0]
    ids = torch.tensor([[tokenizer.cls_token_id, *pieces.ids.tolist(), tokenizer.sep_token_id]])
    extents = [pieces.extent(ent.start, ent.end) for ent in doc.ents]
    longest = max(end - start for start, end in extents)
    positions = torch.full((1, 3, longest), -1)
    for row, (start, end) in enumerate(extents):
        positions[0, row, : end - start] = torch.arange(start, end) + 1
    with torch.no_grad():
        expected = theirs(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            entity_ids=torch.tensor([[4, 5, TITLES["[UNK]"]]]),
            entity_attention_mask=torch.ones(1, 3, dtype=torch.long),
            entity_position_ids=positions,
        )
    np.testing.assert_allclose(vectors(doc), expected.entity_last_hidden_state[0].numpy(), atol=1e-5)
    # The words that relations are read from have read the entities.
    torch.testing.assert_close(seen[-1][0].words, expected.last_hidden_state, atol=1e-5, rtol=0)


@pytest.mark.parametrize("full", [True, False])
def test_titles_change_what_is_read_and_are_counted(folders: dict[bool, str], full: bool):
    mask, title = (make_pipeline(folders[full], entity_input=kind) for kind in ("mask", "title"))
    assert mask.get_pipe("luke").titles is None
    masked, named = vectors(read(mask)), vectors(read(title))
    assert (np.abs(masked - named).max(axis=1) > 1e-3).all()
    counts = title.get_pipe("luke").titles
    assert (counts.hits, counts.misses, counts.untitled) == (2, 1, 0)
    np.testing.assert_allclose(vectors(read(title, titles=False)), masked, atol=1e-5)
    assert (counts.hits, counts.misses, counts.untitled) == (2, 1, 3)


def test_word_states_for_listeners_do_not_know_the_titles(folders: dict[bool, str]):
    pytest.importorskip("spacy_transformers")
    nlp = make_pipeline(folders[True], entity_input="title")
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "upstream": "luke",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}})
    nlp.get_pipe("luke").find_listeners(nlp.get_pipe("tagger"))
    states = [read(nlp, titles)._.trf_data.model_output.last_hidden_state for titles in (True, False)]
    np.testing.assert_array_equal(*states)


def test_found_entities_are_read_as_mask_beside_given_titles(folders: dict[bool, str]):
    results = []
    for kind in ("mask", "title"):
        nlp = make_pipeline(folders[False], entity_input=kind, find_entities=True, thresholds={"ner": 0.0})
        doc = Doc(nlp.vocab, words=WORDS)
        doc.ents = [Span(doc, 4, 5, label="X", kb_id="Oslo")]
        nlp.get_pipe("luke")(doc)
        results.append({ent.start: ent._.luke_vector for ent in doc.ents})
    assert len(results[0]) > 2
    assert {
        start for start in results[0] if not np.allclose(results[0][start], results[1][start], atol=1e-5)
    } == {4}


def test_training_reads_gold_titles(folders: dict[bool, str], tmp_path: Path):
    results = []
    for kind in ("mask", "title"):
        nlp = make_pipeline(folders[False], entity_input=kind)
        corpus = make_corpus(nlp, 6)
        for example in corpus:
            doc = example.reference
            doc.ents = [Span(doc, e.start, e.end, label=e.label_, kb_id=e.text) for e in doc.ents]
        table = get_module(nlp.get_pipe("luke").model).luke.entity_embeddings.entity_embeddings.weight.clone()
        nlp.update(corpus, sgd=Adam(0.01, L2=0.0))
        module = get_module(nlp.get_pipe("luke").model)
        moved = (module.luke.entity_embeddings.entity_embeddings.weight - table).abs().sum(1) > 0
        results.append(set(moved.nonzero().flatten().tolist()))
    mask, title = results
    assert mask == {ENTITIES["[MASK]"]}  # candidates and mentions
    assert title > {ENTITIES["[MASK]"], TITLES["Oslo"], TITLES["Rome"]}
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    np.testing.assert_allclose(vectors(read(loaded)), vectors(read(nlp)), atol=1e-5)
    assert loaded.get_pipe("luke").titles.hits == 2


def test_other_inputs_are_refused(folders: dict[bool, str]):
    with pytest.raises(ValueError, match=r"entity_input is 'name'; allowed is one of mask, title"):
        make_pipeline(folders[False], entity_input="name")
