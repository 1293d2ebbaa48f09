"""`luke_linker`: which entities it writes, from which candidates, and in which order it finds them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from spacy.kb import InMemoryLookupKB
from spacy.language import Language
from spacy.tokens import DocBin, Span, SpanGroup
from tiny_linker import (
    TEXT,
    TITLES,
    VOCAB,
    Make,
    aliases,
    examples,
    link,
    mark,
    pipeline,
    said,
)

from spacy_luke.types import Candidate

# --- what it writes ------------------------------------------------------------------------


def test_it_writes_ids_that_last_and_ranked_candidates(checkpoint: str) -> None:
    doc = link(pipeline(checkpoint))
    assert [ent.text for ent in doc.ents] == ["Ana", "Rome", "Bob", "Oslo", "Rome"]
    for ent in doc.ents:
        assert (ent.label_, ent.id_) == ("X", "e1")
        ranked = ent._.luke_candidates
        assert all(isinstance(candidate, Candidate) for candidate in ranked)
        assert {candidate.title for candidate in ranked} == set(TITLES)  # and no special entity
        assert sum(candidate.score for candidate in ranked) == pytest.approx(1, abs=1e-5)
        assert [c.score for c in ranked] == sorted((c.score for c in ranked), reverse=True)
        assert ent.kb_id_ == ranked[0].title
    again = next(iter(DocBin(docs=[doc], store_user_data=True).get_docs(doc.vocab)))
    assert said(again) == said(doc)


def test_fewer_candidates_are_the_best_ones(checkpoint: str) -> None:
    all_of_them, two = link(pipeline(checkpoint)), link(pipeline(checkpoint, n_candidates=2))
    for many, few in zip(said(all_of_them), said(two), strict=True):
        assert few[-1] == many[-1][:2]


def test_spans_of_a_group_are_linked_where_they_are(checkpoint: str) -> None:
    getter = {"@misc": "spacy-luke.doc_spans.v1", "key": "mentions"}
    nlp = pipeline(checkpoint, entities=getter)
    doc = nlp.make_doc(TEXT)
    doc.spans["mentions"] = [Span(doc, 0, 1, "A"), Span(doc, 0, 4, "B")]
    doc.spans["others"] = [Span(doc, 1, 2, "A")]
    nlp.get_pipe("luke_linker")(doc)
    assert all(span.kb_id_ in TITLES and span._.luke_candidates for span in doc.spans["mentions"])
    assert [span.kb_id_ for span in doc.spans["others"]] == [""]
    assert doc.ents == ()


def test_what_others_have_written_stays(checkpoint: str) -> None:
    nlp = pipeline(checkpoint)
    doc = nlp.make_doc(TEXT)
    doc.set_ents([Span(doc, 0, 1, "A")], blocked=[doc[4:5]], default="missing")
    found = SpanGroup(
        doc, name="sc", spans=[Span(doc, 0, 1, "A"), Span(doc, 0, 4, "B")], attrs={"scores": [1, 2]}
    )
    doc.spans["sc"] = found
    before = [token.ent_iob for token in doc]
    nlp.get_pipe("luke_linker")(doc)
    assert [token.ent_iob for token in doc] == before
    assert doc.ents[0].kb_id_ in TITLES
    assert [span.kb_id_ for span in doc.spans["sc"]] == [doc.ents[0].kb_id_, ""]
    assert (doc.spans["sc"].name, doc.spans["sc"].attrs) == ("sc", {"scores": [1, 2]})


def test_what_is_not_sure_enough_is_nil(checkpoint: str) -> None:
    nlp = pipeline(checkpoint, steps=1)
    scores = [ent._.luke_candidates[0].score for ent in link(nlp).ents]
    threshold = sorted(scores)[2]
    nlp.get_pipe("luke_linker").threshold = threshold
    for ent, score in zip(link(nlp).ents, scores, strict=True):
        assert (ent.kb_id_ == "NIL") == (score < threshold)
        assert ent._.luke_candidates[0].score == pytest.approx(score)


def test_ids_of_titles(checkpoint: str, tmp_path: Path) -> None:
    tsv, jsonl = tmp_path / "ids.tsv", tmp_path / "ids.jsonl"
    ids = {title: f"Q{i}" for i, title in enumerate(TITLES[:4])}
    tsv.write_text("".join(f"{title}\t{id_}\n" for title, id_ in ids.items()))
    jsonl.write_text("".join(json.dumps({"title": t, "id": i}) + "\n" for t, i in ids.items()))
    for path in (tsv, jsonl):
        for ent in link(pipeline(checkpoint, ids=str(path))).ents:
            title = ent._.luke_candidates[0].title
            assert ent.kb_id_ == ids.get(title, title)


# --- candidates ----------------------------------------------------------------------------


def test_an_alias_table_restricts_what_a_mention_may_be(checkpoint: str, tmp_path: Path) -> None:
    free = link(pipeline(checkpoint, steps=1))
    closed = link(pipeline(checkpoint, steps=1, aliases=aliases(tmp_path)))
    allowed = {
        "Ana": {"Ana Bar", "Ana Lopez"},
        "Rome": {"Rome", "Rome, Georgia"},
        "Oslo": {"Oslo"},
        "Bob": set(),
    }
    for before, after in zip(free.ents, closed.ents, strict=True):
        found = {c.title: c.score for c in after._.luke_candidates}
        assert set(found) == allowed[after.text]
        # The same logits, over fewer entities.
        scores = {c.title: c.score for c in before._.luke_candidates if c.title in found}
        for title, score in scores.items():
            assert found[title] == pytest.approx(score / sum(scores.values()), abs=1e-5)
    assert closed.ents[2].kb_id_ == "NIL"
    assert closed.ents[2]._.luke_candidates == ()


def test_priors_count_as_much_as_they_are_told_to(checkpoint: str, tmp_path: Path) -> None:
    plain = said(link(pipeline(checkpoint, steps=1, aliases=aliases(tmp_path))))
    none = said(link(pipeline(checkpoint, steps=1, aliases=aliases(tmp_path), prior_weight=0.0)))
    much = link(pipeline(checkpoint, steps=1, aliases=aliases(tmp_path), prior_weight=100.0))
    assert none == plain
    assert [ent.kb_id_ for ent in much.ents] == ["Ana Lopez", "Rome", "NIL", "Oslo", "Rome"]
    half = pipeline(checkpoint, steps=1, aliases=aliases(tmp_path), prior_weight=0.5)
    before, after = (dict(s[1][-1]) for s in (plain, said(link(half))))
    odds = (before["Rome"] / before["Rome, Georgia"]) * (0.99 / 0.01) ** 0.5
    assert after["Rome"] == pytest.approx(odds / (1 + odds), abs=1e-3)


def test_a_table_in_tsv_says_the_same(checkpoint: str, tmp_path: Path) -> None:
    path = tmp_path / "aliases.tsv"
    path.write_text("Ana\tAna Bar\t0.1\nAna\tAna Lopez\t0.6\n\nRome\tRome\t1\n")
    pipe = pipeline(checkpoint, aliases=str(path)).get_pipe("luke_linker")
    assert pipe.aliases == {"Ana": {"Ana Bar": 0.1, "Ana Lopez": 0.6}, "Rome": {"Rome": 1.0}}


def test_a_knowledge_base_gives_candidates(checkpoint: str, tmp_path: Path) -> None:
    ids = tmp_path / "ids.tsv"
    ids.write_text("Ana Bar\tQ1\nOslo\tQ2\n")
    nlp = pipeline(checkpoint, ids=str(ids))
    kb = InMemoryLookupKB(nlp.vocab, entity_vector_length=1)
    kb.set_entities(["Q1", "Q2", "Rome"], [1, 1, 1], [[0.0]] * 3)
    kb.add_alias("Ana", ["Q1"], [0.9])
    kb.add_alias("Rome", ["Rome", "Q2"], [0.5, 0.5])
    nlp.get_pipe("luke_linker").set_kb(kb)
    doc = link(nlp)
    assert [{c.title for c in ent._.luke_candidates} for ent in doc.ents[:2]] == [
        {"Ana Bar"},
        {"Rome", "Oslo"},
    ]
    assert doc.ents[0].kb_id_ == "Q1"
    other = pipeline(checkpoint, ids=str(ids))
    other.get_pipe("luke_linker").initialize(lambda: examples(other), kb_loader=lambda vocab: kb)
    assert said(link(other)) == said(doc)


# --- the most confident first --------------------------------------------------------------


def watch(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Records each batch that the model is asked."""
    seen: list[Any] = []
    model = nlp.get_pipe("luke_linker").model
    predict = type(model).predict

    def record(self: Any, batch: Any) -> Any:
        seen.append(batch)
        return predict(self, batch)

    monkeypatch.setattr(type(model), "predict", record)
    return seen


def test_one_mention_a_step_is_resolved_the_surest_first(
    checkpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = pipeline(checkpoint)
    seen = watch(nlp, monkeypatch)
    doc = link(nlp)
    assert [len(batch.asked) for batch in seen] == [5, 4, 3, 2, 1]
    inputs = [batch.entity_ids[0].tolist() for batch in seen]
    assert inputs[0] == [2] * 5
    ids = [VOCAB[ent.kb_id_] for ent in doc.ents]
    for before, after in pairwise(inputs):
        (changed,) = [i for i in range(5) if before[i] != after[i]]
        assert after[changed] == ids[changed]
    first = said(link(pipeline(checkpoint, steps=1)))
    surest = max(range(5), key=lambda i: first[i][-1][0][1])
    assert inputs[1][surest] == ids[surest]
    assert [row[-1] for row in first] != [row[-1] for row in said(doc)]  # it makes a difference


@pytest.mark.parametrize(("steps", "asked"), [(1, [5]), (2, [5, 2]), (3, [5, 3, 1]), (9, [5, 4, 3, 2, 1])])
def test_steps_bound_the_predictions(
    checkpoint: str, monkeypatch: pytest.MonkeyPatch, steps: int, asked: list[int]
) -> None:
    nlp = pipeline(checkpoint, steps=steps)
    seen = watch(nlp, monkeypatch)
    link(nlp)
    assert [len(batch.asked) for batch in seen] == asked


def test_nil_stays_masked(checkpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = pipeline(checkpoint, threshold=1.0)
    seen = watch(nlp, monkeypatch)
    assert {ent.kb_id_ for ent in link(nlp).ents} == {"NIL"}
    assert all((batch.entity_ids == 2).all() for batch in seen)


def test_entities_that_do_not_see_each_other_need_one_step(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = pipeline(make(words_attend_to_entities=False, entities_attend_to_entities=False))
    seen = watch(nlp, monkeypatch)
    link(nlp)
    assert [len(batch.asked) for batch in seen] == [5]


def test_batches_make_no_difference(checkpoint: str) -> None:
    nlp = pipeline(checkpoint, model={"overlap": 8})
    texts = [TEXT, "Ana likes Rome .", "tea .", " ".join([TEXT] * 3), "", "Oslo ."]
    alone = [said(link(nlp, text)) for text in texts]
    nlp.get_pipe("luke_linker").max_batch_pieces = 40
    pipe = nlp.get_pipe("luke_linker")
    together = list(pipe.pipe((mark(nlp, text) for text in texts), batch_size=6))
    flat = [(row[:4], [t for t, _ in row[-1]]) for rows in alone for row in rows]
    assert [(row[:4], [t for t, _ in row[-1]]) for doc in together for row in said(doc)] == flat
    assert sum(len(doc.ents) for doc in together) == 5 + 2 + 15 + 1
