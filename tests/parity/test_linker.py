"""What `luke_linker` ranks against the entity logits that transformers gives for the same input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Span
from tiny import ENTITIES, make_tokenizer

transformers = pytest.importorskip("transformers")

TITLES = ("Ana Bar", "Ana Lopez", "Rome", "Oslo", "Lima")
VOCAB = {**ENTITIES, **{title: i for i, title in enumerate(TITLES, start=4)}}


def test_candidates_are_ranked_by_the_entity_logits_of_transformers(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = make_tokenizer(VOCAB)
    torch.manual_seed(0)
    theirs = transformers.LukeForMaskedLM(
        transformers.LukeConfig(
            vocab_size=len(tokenizer),
            entity_vocab_size=len(VOCAB),
            hidden_size=16,
            entity_emb_size=8,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=24,
            max_position_embeddings=34,
            initializer_range=0.5,
            pad_token_id=0,
        )
    ).eval()
    torch.nn.init.normal_(theirs.entity_predictions.bias)
    theirs.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)

    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_linker", config={"model": {"checkpoint": str(tmp_path), "overlap": 4}})
    docs = []
    for text in ("Ana was born in Rome and Bob likes Oslo .", "Kim .", "the old tea from Oslo , " * 9):
        doc = nlp.make_doc(text)
        doc.ents = [Span(doc, t.i, t.i + 1, "X") for t in doc if t.is_title]
        docs.append(doc)
    batches: list[tuple[Any, Any]] = []
    predict = type(pipe.model).predict

    def record(self: Any, batch: Any) -> Any:
        batches.append((batch, predict(self, batch)))
        return batches[-1][1]

    monkeypatch.setattr(type(pipe.model), "predict", record)
    linked = list(pipe.pipe(docs))
    assert len(batches) > 2
    for batch, logits in batches:
        with torch.no_grad():
            output = theirs(
                input_ids=torch.from_numpy(batch.input_ids),
                attention_mask=torch.from_numpy(batch.attention_mask).long(),
                entity_ids=torch.from_numpy(batch.entity_ids),
                entity_attention_mask=torch.from_numpy(batch.entity_attention_mask).long(),
                entity_position_ids=torch.from_numpy(batch.entity_position_ids),
            )
        row, place = batch.asked.T
        expected = output.entity_logits[row, place]
        assert logits.shape == (len(batch.asked), len(VOCAB))
        assert torch.allclose(logits, expected, atol=1e-5)
    # The only mention of the second document was asked about once, so its candidates are those very logits.
    shortest = min(int(words.sum()) for batch, _ in batches for words in batch.attention_mask)
    one = next(
        logits[i]
        for batch, logits in batches
        for i, (row, _) in enumerate(batch.asked)
        if batch.attention_mask[row].sum() == shortest
    )
    probabilities = torch.softmax(one[4:], dim=0).numpy()
    ranked = [(TITLES[i], probabilities[i]) for i in np.argsort(-probabilities)]
    found = linked[1].ents[0]._.luke_candidates
    assert [title for title, _ in found] == [title for title, _ in ranked]
    assert [score for _, score in found] == pytest.approx([score for _, score in ranked], abs=1e-5)
