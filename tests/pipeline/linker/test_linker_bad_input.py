"""`luke_linker` with documents, checkpoints, tables and settings that do not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from spacy.kb import InMemoryLookupKB
from spacy.tokens import Doc, Span
from tiny import ENTITIES
from tiny_linker import (
    TEXT,
    TITLES,
    VOCAB,
    Make,
    example,
    link,
    pipeline,
)

from spacy_luke import LukeForMaskedLM
from spacy_luke.batch import LukeInputs
from spacy_luke.types import Candidate


def test_documents_without_mentions(checkpoint: str) -> None:
    nlp = pipeline(checkpoint)
    docs = list(nlp.pipe(["", "Ana was born in Rome ."]))
    assert all(doc.ents == () for doc in docs)
    assert "spacy_luke" not in docs[1].user_data
    assert nlp.update([example(nlp, TEXT, {}), example(nlp, "", {})]) == {"luke_linker": 0.0}


def test_unknown_titles_train_nothing(checkpoint: str) -> None:
    nlp = pipeline(checkpoint)
    data = [example(nlp, TEXT, {"Ana": "Nobody", "Rome": "NIL", "Oslo": ""})]
    with pytest.warns(UserWarning, match="1 of 1 gold links have labels that .* 'Nobody'"):
        assert nlp.update(data) == {"luke_linker": 0.0}
    assert nlp.get_pipe("luke_linker").titles.misses == 1


def test_an_untrained_head_writes_nothing(make: Make) -> None:
    for checkpoint in (None, make(kind="LukeModel")):
        nlp = pipeline(checkpoint)
        with pytest.warns(UserWarning, match="no trained head, so it annotates nothing"):
            doc = link(nlp)
        assert {ent.kb_id_ for ent in doc.ents} == {""}


def test_a_vocabulary_of_no_titles_links_nothing(make: Make) -> None:
    nlp = pipeline(make(vocab=ENTITIES))
    doc = link(nlp)
    assert {(ent.kb_id_, ent._.luke_candidates) for ent in doc.ents} == {("NIL", ())}


def test_mentions_without_pieces_are_nil(checkpoint: str) -> None:
    nlp = pipeline(checkpoint)
    doc = Doc(nlp.vocab, words=["Ana", "\n", "tea"])
    doc.ents = [Span(doc, 1, 2, "X"), Span(doc, 0, 1, "X")]
    nlp.get_pipe("luke_linker")(doc)
    assert doc.ents[0].kb_id_ in TITLES
    assert doc.ents[1].kb_id_ == "NIL"


def test_a_vocabulary_larger_than_the_table_and_the_other_way(make: Make) -> None:
    for rows, titles in ((len(VOCAB) - 2, TITLES[:-2]), (len(VOCAB) + 3, TITLES)):
        doc = link(pipeline(make(entity_vocab_size=rows)))
        assert {c.title for c in doc.ents[0]._.luke_candidates} == set(titles)


@pytest.mark.parametrize("special", ["[PAD]", "[UNK]", "[MASK]", "[MASK2]"])
def test_a_special_entity_without_a_row_is_refused(make: Make, special: str) -> None:
    checkpoint = make()
    path = Path(checkpoint) / "entity_vocab.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), special: 1_000_000}))
    with pytest.raises(ValueError, match="check that tokenizer and model belong together"):
        link(pipeline(checkpoint))


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("gone.jsonl", None, "There is no file"),
        ("empty.jsonl", "\n", "is empty"),
        ("bad.jsonl", "{", "line 1 can't be read"),
        ("bad.jsonl", '{"mention": "Ana"}', "line 1: .* is not a mention with titles"),
        ("bad.jsonl", '{"mention": "Ana", "candidates": {"Ana": 2}}', "is not a mention with titles"),
        ("bad.tsv", "Ana\tAna Bar\n", "line 1: .* is not a mention with titles"),
        ("bad.tsv", "Ana\tAna Bar\tmuch\n", "line 1: .* is not a mention with titles"),
    ],
)
def test_bad_alias_tables(
    checkpoint: str, tmp_path: Path, name: str, content: str | None, match: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=match):
        link(pipeline(checkpoint, aliases=str(tmp_path / name)))


@pytest.mark.parametrize("setting", ["aliases", "ids"])
@pytest.mark.parametrize("content", [b"", b"PAR1\xff\xfe\x00", b"mention,title\n", b"[1, 2, 3]\n"])
def test_what_is_no_table_is_refused_at_once(setting: str, content: bytes, tmp_path: Path) -> None:
    """By `add_pipe`, before a model is loaded; but a saved pipeline has its own copy of a file that is gone."""
    for suffix in ("jsonl", "tsv"):
        path = tmp_path / f"table.{suffix}"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"table\.(jsonl|tsv)"):
            pipeline("nowhere", **{setting: str(path)})
    pipeline("nowhere", **{setting: str(tmp_path / "gone.tsv")})


def test_other_bad_tables(checkpoint: str, tmp_path: Path) -> None:
    path = tmp_path / "ids.tsv"
    path.write_text("Rome\n")
    with pytest.raises(ValueError, match="is not a title and its id"):
        link(pipeline(checkpoint, ids=str(path)))
    path.write_text("")
    with pytest.raises(ValueError, match="is empty"):
        link(pipeline(checkpoint, ids=str(path)))
    nlp = pipeline(checkpoint)
    pipe = nlp.get_pipe("luke_linker")
    with pytest.raises(ValueError, match="is empty"):
        pipe.aliases = {}
    with pytest.raises(ValueError, match="is empty"):
        pipe.set_kb(InMemoryLookupKB(nlp.vocab, entity_vector_length=1))
    with pytest.raises(TypeError, match="can't list its aliases"):
        pipe.set_kb(object())


@pytest.mark.parametrize(
    "setting",
    [{"steps": 0}, {"threshold": 1.5}, {"prior_weight": -1.0}, {"n_candidates": 0}, {"mask_rate": 0.0}],
)
def test_settings_out_of_range(checkpoint: str, setting: dict[str, Any]) -> None:
    (name,) = setting
    with pytest.raises(ValueError, match=f"{name} is .*luke_linker"):
        pipeline(checkpoint, **setting)


def test_candidates_can_be_assigned(checkpoint: str) -> None:
    doc = link(pipeline(checkpoint))
    doc.ents[0]._.luke_candidates = [("Ana", 0.5)]
    assert doc.ents[0]._.luke_candidates == (Candidate("Ana", 0.5),)
    assert len(doc.ents[1]._.luke_candidates) == 5
    doc.ents[0]._.luke_candidates = None
    assert doc.ents[0]._.luke_candidates == ()
    for wrong in (["Ana"], [("Ana", "much")]):
        with pytest.raises((TypeError, ValueError)):
            doc.ents[0]._.luke_candidates = wrong


def test_the_model_scores_what_forward_scores(checkpoint: str) -> None:
    model = LukeForMaskedLM.from_pretrained(checkpoint)
    inputs = {
        "input_ids": torch.tensor([[2, 8, 9, 3]]),
        "attention_mask": torch.ones(1, 4, dtype=torch.long),
        "entity_ids": torch.tensor([[2, 5]]),
        "entity_attention_mask": torch.ones(1, 2, dtype=torch.long),
        "entity_position_ids": torch.tensor([[[1], [2]]]),
    }
    with torch.no_grad():
        logits = model(**inputs).entity_logits[0, 1]
        asked, some = torch.tensor([[0, 1]]), torch.tensor([[7, 4]])
        batch = LukeInputs(**inputs, asked=asked)
        assert torch.allclose(model.predict_entities(batch)[0], logits, atol=1e-6)
        found = model.predict_entities(replace(batch, candidate_ids=some))[0]
    assert torch.allclose(found, logits[[7, 4]], atol=1e-6)
