"""`luke_linker` learns titles, and is saved."""

from __future__ import annotations

import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Span
from spacy.training import Example
from tiny import ENTITIES, PEOPLE, PLACES
from tiny_linker import (
    TEXT,
    TITLES,
    VOCAB,
    Make,
    aliases,
    example,
    examples,
    link,
    mark,
    pipeline,
    said,
)

# --- training ------------------------------------------------------------------------------


@pytest.mark.parametrize("attends", [True, False])
def test_it_learns_titles_that_it_did_not_know(make: Make, attends: bool) -> None:
    random.seed(0)
    nlp = pipeline(
        make(
            vocab=ENTITIES,
            initializer_range=0.1,
            words_attend_to_entities=attends,
            entities_attend_to_entities=attends,
        )
    )
    data = examples(nlp)
    optimizer = nlp.initialize(lambda: data)
    optimizer.learn_rate = 3e-3
    pipe = nlp.get_pipe("luke_linker")
    assert set(pipe.label_data) == {f"{who} of {place}" for who in PEOPLE[:3] for place in PLACES[:2]} | set(
        PLACES[:2]
    )
    losses = [nlp.update(data, sgd=optimizer)["luke_linker"] for _ in range(80)]
    assert losses[-1] < 0.2 < 1.5 < losses[0]
    scores = nlp.evaluate(data)
    assert scores["luke_links_acc"] == scores["luke_links_acc_10"] == 1
    assert scores["luke_links_known"] == 1
    assert (pipe.titles.hits > 0, pipe.titles.misses) == (True, 0)


def test_batches_bound_training_without_changing_its_gradients(checkpoint: str) -> None:
    def gradients(budget: int) -> list[Any]:
        nlp = pipeline(checkpoint, max_batch_pieces=budget, mask_rate=1.0)
        data = [
            example(nlp, TEXT, {"Ana": "Ana Bar", "Oslo": "Oslo"}),
            example(nlp, "Rome .", {"Rome": "Rome"}),
        ]
        losses = nlp.get_pipe("luke_linker").update(data)
        module = nlp.get_pipe("luke_linker").model.shims[0].module
        return [losses["luke_linker"], *(p.grad for p in module.parameters() if p.grad is not None)]

    whole, split = gradients(8192), gradients(1)
    assert len(whole) == len(split) > 10
    assert whole[0] == pytest.approx(split[0], abs=1e-5)
    for ours, theirs in zip(whole[1:], split[1:], strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_some_gold_entities_are_given_in_training(checkpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = pipeline(checkpoint, mask_rate=0.01)
    data = [example(nlp, TEXT, {"Ana": "Ana Bar", "Oslo": "Oslo", "Rome": "Nowhere"})]
    batches: list[Any] = []
    model = nlp.get_pipe("luke_linker").model
    begin = type(model).begin_update
    monkeypatch.setattr(type(model), "begin_update", lambda self, x: batches.append(x) or begin(self, x))
    random.seed(1)
    with pytest.warns(UserWarning, match="1 of 3 gold links have labels that .* 'Nowhere'|2 of 4"):
        nlp.get_pipe("luke_linker").update(data)
    (batch,) = batches
    assert len(batch.asked) == 1  # one at least
    given = {VOCAB["Ana Bar"], VOCAB["Oslo"]}
    hidden = batch.asked[0, 1]
    assert set(np.delete(batch.entity_ids[0], hidden)) <= given | {
        2
    }  # what isn't in the vocabulary stays masked
    assert batch.entity_ids[0, hidden] == 2
    pipe = nlp.get_pipe("luke_linker")
    assert (pipe.titles.hits, pipe.titles.misses) == (2, 2)


def test_labels_name_the_titles(make: Make) -> None:
    nlp = pipeline(make(vocab=ENTITIES))
    with pytest.warns(UserWarning, match="6 of 10 gold links have labels that"):
        nlp.get_pipe("luke_linker").initialize(lambda: examples(nlp), labels=["Oslo", "Rome"])
    assert nlp.get_pipe("luke_linker").label_data == ["Oslo", "Rome"]
    assert "luke_linker" not in nlp.meta["labels"]
    table = nlp.get_pipe("luke_linker").model.shims[0].module.get_entity_embeddings()
    assert len(table.weight) == 6
    assert not torch.equal(table.weight[4], table.weight[5])


def test_new_titles_begin_as_the_model_sees_their_words(make: Make) -> None:
    """A mention that reads as a title is linked to it before any training."""
    nlp = pipeline(make(vocab=ENTITIES))
    titles = ["Rome", "Oslo", "Lima", "old tea", " "]
    with pytest.warns(UserWarning, match="6 of 10 gold links have labels that"):
        nlp.get_pipe("luke_linker").initialize(lambda: examples(nlp), labels=titles)
    module = nlp.get_pipe("luke_linker").model.shims[0].module
    rows = module.get_entity_embeddings().weight[4:]
    length = module.config.initializer_range * rows.shape[1] ** 0.5
    assert torch.allclose(rows[:4].norm(dim=-1), torch.tensor(length))
    assert torch.isfinite(rows[4]).all()  # a title without words keeps its random row
    found = [link(nlp, title, (title,)).ents[0].kb_id_ for title in titles[:3]]
    assert found == titles[:3]


def test_known_titles_keep_their_rows(checkpoint: str) -> None:
    nlp = pipeline(checkpoint)
    before = said(link(nlp))
    old = nlp.get_pipe("luke_linker").model.shims[0].module
    nlp.get_pipe("luke_linker").initialize(lambda: [example(nlp, "Rome .", {"Rome": "Rome"})])
    assert said(link(nlp)) == before
    assert nlp.get_pipe("luke_linker").model.shims[0].module is old


def test_scores(checkpoint: str) -> None:
    nlp = pipeline(checkpoint, threshold=0.0)
    doc = link(nlp)
    best = [ent._.luke_candidates for ent in doc.ents]
    gold = mark(nlp)
    ids = [best[0][0].title, best[1][1].title, "NIL", "Nowhere", ""]
    gold.ents = [Span(gold, e.start, e.end, "X", kb_id=id_) for e, id_ in zip(gold.ents, ids, strict=True)]
    scores = nlp.get_pipe("luke_linker").score([Example(doc, gold)])
    assert {name: score for name, score in scores.items() if name.startswith("luke_")} == {
        "luke_links_acc": 1 / 2,
        "luke_links_acc_10": 1.0,
        "luke_links_known": 2 / 3,
        "luke_links_micro_acc": 1 / 4,
        "luke_links_nil_p": None,
        "luke_links_nil_r": 0.0,
        "luke_links_nil_f": 0.0,
    }
    # Ids that a reader put there are no links.
    assert nlp.get_pipe("luke_linker").score([Example(gold, gold)])["luke_links_micro_acc"] == 0


# --- saving --------------------------------------------------------------------------------


def test_every_way_of_saving_keeps_all_that_it_says(checkpoint: str, make: Make, tmp_path: Path) -> None:
    ids = tmp_path / "ids.tsv"
    ids.write_text("Rome\tQ1\n")
    nlp = pipeline(checkpoint, aliases=aliases(tmp_path), ids=str(ids), prior_weight=0.5)
    nlp.get_pipe("luke_linker").initialize(lambda: [example(nlp, "Kim .", {"Kim": "Kim X"})])
    expected = said(link(nlp))
    nlp.to_disk(tmp_path / "saved")
    for path in (ids, tmp_path / "aliases.jsonl"):
        path.unlink()  # a saved pipeline needs none of its sources
    loaded = spacy.load(tmp_path / "saved")
    assert said(link(loaded)) == expected
    assert loaded.get_pipe("luke_linker").label_data == [*TITLES, "Kim X"]
    assert said(link(pickle.loads(pickle.dumps(loaded)))) == expected
    tables = {
        "aliases": str(tmp_path / "aliases.jsonl"),
        "ids": str(ids),
    }  # a config that names others would win
    other = pipeline(make(initializer_range=0.3), prior_weight=0.5, **tables)
    other.get_pipe("luke_linker").cfg = {"aliases": None, "ids": None}
    assert said(link(other)) != expected
    assert said(link(other.from_bytes(loaded.to_bytes(), exclude=["tokenizer"]))) == expected
