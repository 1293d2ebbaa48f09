"""The pipes on published heads against transformers: its tokenizer and model, used as LUKE's authors use them.

The protocols are those of the published notebooks for Open Entity, TACRED and CoNLL-2003.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from heads import copy_doc, make_nlp, random_docs, write_checkpoint
from spacy.tokens import Doc, Span

transformers = pytest.importorskip("transformers")

TASKS = {
    "LukeForEntityClassification": "entity_classification",
    "LukeForEntityPairClassification": "entity_pair_classification",
    "LukeForEntitySpanClassification": "entity_span_classification",
}
TYPES = ["person", "place", "group", "thing", "event"]
RELATIONS = ["no_relation", "per:city", "org:founder", "per:spouse"]
ENTITIES = ["NIL", "MISC", "PER", "ORG", "LOC"]
SPANS = {"@architectures": "spacy-luke.CandidateSpans.v1", "max_span_width": 5}


class Published:
    """transformers' tokenizer and model of a checkpoint."""

    def __init__(self, folder: str, head: str) -> None:
        self.tokenizer = transformers.LukeTokenizer.from_pretrained(folder, task=TASKS[head])
        self.model = getattr(transformers, head).from_pretrained(folder).eval()
        self.labels = self.model.config.id2label

    @torch.no_grad()
    def logits(self, text: str, spans: list[tuple[int, int]], ids: list[int] | None = None) -> torch.Tensor:
        inputs = self.tokenizer(text, entity_spans=spans, return_tensors="pt")
        if ids is not None:
            inputs["entity_ids"] = torch.tensor([ids])
        return self.model(**inputs).logits[0]

    def size(self, word: str) -> int:
        return len(self.tokenizer.tokenize(word))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("published")
    labels = dict(zip(TASKS, (TYPES, RELATIONS), strict=False))
    return {head: write_checkpoint(folder / head, head, names, seed=3) for head, names in labels.items()}


def in_sentence(doc: Doc, first: int, last: int) -> tuple[str, int]:
    """The text of the sentences around some tokens, and where it begins."""
    start, end = doc[first].sent.start_char, doc[last].sent.end_char
    return doc.text[start:end], start


def test_open_entity(checkpoints: dict[str, str]):
    head = "LukeForEntityClassification"
    theirs = Published(checkpoints[head], head)
    nlp = make_nlp("luke_typing", checkpoints[head], max_batch_pieces=300)
    docs = random_docs(nlp, 12)
    found = list(nlp.pipe(map(copy_doc, docs)))
    decisions = set()
    for doc, ours in zip(docs, found, strict=True):
        assert len(doc.ents) == len(ours.ents) > 0
        for span, ent in zip(doc.ents, ours.ents, strict=True):
            text, start = in_sentence(doc, span.start, span.end - 1)
            logits = theirs.logits(text, [(span.start_char - start, span.end_char - start)])
            labels = ent._.luke_labels
            assert list(labels) == TYPES
            np.testing.assert_allclose(list(labels.values()), logits.sigmoid(), atol=1e-5)
            predicted = {theirs.labels[i] for i, logit in enumerate(logits) if logit > 0}
            assert {label for label, score in labels.items() if score > 0.5} == predicted
            assert ent._.luke_label == (theirs.labels[int(logits.argmax())] if predicted else "")
            decisions.add(frozenset(predicted))
    assert len(decisions) > 3


def test_tacred(checkpoints: dict[str, str]):
    head = "LukeForEntityPairClassification"
    theirs = Published(checkpoints[head], head)
    nlp = make_nlp("luke_relations", checkpoints[head], max_batch_pieces=300)
    docs = random_docs(nlp, 8, seed=1)
    found = list(nlp.pipe(map(copy_doc, docs)))
    seen = set()
    for doc, ours in zip(docs, found, strict=True):
        expected = {}
        for one in doc.ents:
            for two in doc.ents:
                if one == two or one.sent != two.sent:
                    continue
                text, start = in_sentence(doc, one.start, one.start)
                spans = [(span.start_char - start, span.end_char - start) for span in (one, two)]
                probabilities = theirs.logits(text, spans).softmax(-1)
                best = int(probabilities.argmax())
                seen.add(best)
                if theirs.labels[best] != "no_relation":
                    expected[one.start, two.start, theirs.labels[best]] = float(probabilities[best])
        relations = {(r.head.start, r.tail.start, r.label): r.score for r in ours._.luke_relations}
        assert relations == pytest.approx(expected, abs=1e-5)
        texts = {(r.head.text.casefold(), r.tail.text.casefold(), r.label) for r in ours._.luke_relations}
        facts = {(f.head.casefold(), f.tail.casefold(), f.label) for f in ours._.luke_facts}
        assert facts == {fact for fact in texts if fact[0] != fact[1]}
    assert len(seen) > 2


def conll(doc: Doc, theirs: Published, longest: int, width: int) -> list[tuple[int, int, str, float]]:
    """The program of the published notebook, on the text as it is, with spans of up to `width` words."""
    sizes = [theirs.size(token.text) for token in doc]
    entities = []
    for sentence in doc.sents:
        start, end = sentence.start, sentence.end
        if sum(sizes) <= longest:
            start, end = 0, len(doc)
        else:
            length = sum(sizes[start:end])
            while True:
                if start > 0:
                    if length + sizes[start - 1] > longest:
                        break
                    length += sizes[start - 1]
                    start -= 1
                if end < len(doc):
                    if length + sizes[end] > longest:
                        break
                    length += sizes[end]
                    end += 1
        context = doc[start:end]
        spans, chars = [], []
        for first in range(sentence.start, sentence.end):
            for last in range(first, min(first + width, sentence.end)):
                spans.append((first, last + 1))
                span = doc[first : last + 1]
                chars.append((span.start_char - context.start_char, span.end_char - context.start_char))
        logits = theirs.logits(context.text, chars)
        scores, labels = logits.max(-1)
        probabilities = logits.softmax(-1)
        candidates: list[Any] = [
            (float(score), span, theirs.labels[int(label)], float(row[label]))
            for score, span, label, row in zip(scores, spans, labels, probabilities, strict=True)
            if label != 0
        ]
        taken = set()
        for _, (first, last), name, probability in sorted(candidates, key=lambda c: c[0], reverse=True):
            if not taken & set(range(first, last)):
                taken |= set(range(first, last))
                entities.append((first, last, name, probability))
    return sorted(entities)


@pytest.mark.parametrize("room", [510, 60])
def test_conll(tmp_path: Path, room: int):
    head = "LukeForEntitySpanClassification"
    sizes = {
        "max_position_embeddings": room + 4,
        "initializer_range": 0.5,
    }  # two special tokens, and two unused rows
    folder = write_checkpoint(tmp_path / head, head, ENTITIES, seed=13, **sizes)
    theirs = Published(folder, head)
    nlp = make_nlp("luke_ner", folder, SPANS, find_entities=True, spans_key="found", max_batch_pieces=400)
    docs = random_docs(nlp, 5, seed=2, most_sentences=3)
    blank = [copy_doc(doc) for doc in docs]
    for doc in blank:
        doc.ents = []
    labels, contexts = set(), set()
    for doc, ours in zip(docs, nlp.pipe(blank), strict=True):
        expected = conll(doc, theirs, room, 5)
        assert [(e.start, e.end, e.label_) for e in ours.ents] == [entity[:3] for entity in expected]
        group = ours.spans["found"]
        scores = dict(zip([(s.start, s.end) for s in group], group.attrs["scores"], strict=True))
        for start, end, _, probability in expected:
            assert scores[start, end] == pytest.approx(probability, abs=1e-5)
        labels |= {entity[2] for entity in expected}
        contexts.add(sum(theirs.size(token.text) for token in doc) > room)
    assert len(labels) > 1
    assert contexts == ({False} if room == 510 else {True, False})


@pytest.mark.parametrize("head", list(TASKS)[:2])
def test_titles(checkpoints: dict[str, str], head: str):
    """Marked entities that are read as themselves, where the vocabulary has them."""
    theirs = Published(checkpoints[head], head)
    pairs = head == "LukeForEntityPairClassification"
    name = "luke_relations" if pairs else "luke_typing"
    outside = {"outside": "per:spouse"} if pairs else {}
    nlp = make_nlp(name, checkpoints[head], outside, entity_input="title")
    text, titles = "Ana Lopez met Bob in Rome", ["Ana Lopez", "Nobody", ""]
    doc = nlp.make_doc(text)
    places = [(0, 2), (3, 4), (5, 6)]
    doc.ents = [Span(doc, *place, "X", kb_id=title) for place, title in zip(places, titles, strict=True)]
    nlp(doc)
    chars = [(ent.start_char, ent.end_char) for ent in doc.ents]
    ids = [[4, 4], [1, 1], [2, 3]]  # known, unknown, and without a title: [MASK], as the tail [MASK2]
    if pairs:
        found = {(r.head.text, r.tail.text): (r.label, r.score) for r in doc._.luke_relations}
        for one, two in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2)]:
            logits = theirs.logits(text, [chars[one], chars[two]], [ids[one][0], ids[two][1]])
            best = theirs.labels[int(logits.argmax())]
            answer = found.get((doc.ents[one].text, doc.ents[two].text), ("per:spouse", None))
            assert answer[0] == best
            assert answer[1] is None or answer[1] == pytest.approx(float(logits.softmax(-1).max()), abs=1e-5)
    else:
        for ent, place, id_ in zip(doc.ents, chars, ids, strict=True):
            scores = theirs.logits(text, [place], [id_[0]]).sigmoid()
            np.testing.assert_allclose(list(ent._.luke_labels.values()), scores, atol=1e-5)
    counts = nlp.get_pipe(name).titles
    assert (counts.hits, counts.misses, counts.untitled) == (1, 1, 1)
    with pytest.raises(ValueError, match="entity_input is 'title'; allowed is mask"):
        make_nlp("luke_ner", None, SPANS, entity_input="title")
