"""`luke_linker`: which entities it writes, from which candidates, and in which order it finds them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.kb import InMemoryLookupKB
from spacy.language import Language
from spacy.tokens import DocBin, Span, SpanGroup
from tiny import ENTITIES
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

from spacy_luke.pipeline import linking
from spacy_luke.pipeline.linking import highest_places
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


def test_whitespace_in_mentions_and_underscores_in_titles_do_not_matter(
    checkpoint: str, tmp_path: Path
) -> None:
    table, ids = tmp_path / "aliases.jsonl", tmp_path / "ids.tsv"
    rows = {"Ana  Lopez": {"Ana_Lopez": 0.5}, "Ana\nLopez": {"Ana Bar": 0.25}, "Rome": {"Rome,_Georgia": 1.0}}
    table.write_text("".join(json.dumps({"mention": m, "candidates": c}) + "\n" for m, c in rows.items()))
    ids.write_text("Rome,_Georgia\tQ1\nAna Lopez\tQ2\nAna_Bar\tQ3\n")
    nlp = pipeline(checkpoint, aliases=str(table), ids=str(ids))
    doc = nlp.make_doc("Ana \n Lopez was born in Rome .")
    doc.ents = [Span(doc, 0, 3, "X"), Span(doc, 6, 7, "X")]
    nlp.get_pipe("luke_linker")(doc)
    assert {c.title for c in doc.ents[0]._.luke_candidates} == {"Ana Lopez", "Ana Bar"}
    assert [c.title for c in doc.ents[1]._.luke_candidates] == ["Rome, Georgia"]
    assert doc.ents[0].kb_id_ in ("Q2", "Q3")
    assert doc.ents[1].kb_id_ == "Q1"


def test_titles_of_gold_may_have_underscores(checkpoint: str) -> None:
    nlp = pipeline(checkpoint)
    pipe = nlp.get_pipe("luke_linker")
    gold = example(nlp, "Ana was born in Rome .", {"Ana": "Ana_Lopez", "Rome": "Rome,_Georgia"})
    pipe.initialize(lambda: [gold])
    assert not {"Ana_Lopez", "Rome,_Georgia"} & set(pipe.label_data)
    assert pipe.update([gold])["luke_linker"] > 0
    assert pipe.titles.hits >= 2
    assert pipe.titles.misses == 0
    scores = nlp.evaluate([gold])
    assert scores["links_known"] == scores["links_acc_10"] == 1.0
    new = example(nlp, "Bob likes Oslo .", {"Bob": "New_Bob", "Oslo": "New Bob"})
    pipe.initialize(lambda: [new])
    assert [title for title in pipe.label_data if "Bob" in title] == ["New Bob"]


def test_a_table_of_other_titles_is_told_once(checkpoint: str, tmp_path: Path) -> None:
    table = tmp_path / "aliases.tsv"
    table.write_text("".join(f"Ana\tQ{i}\t0.1\n" for i in range(5)) + "Rome\tRome\t1\nOslo\tOslo\t1\n")
    nlp = pipeline(checkpoint, aliases=str(table))
    with pytest.warns(UserWarning, match=r"has 2 of 7 candidates in the alias table .*, such as 'Q0'"):
        link(nlp)
    link(nlp)
    nlp.get_pipe("luke_linker").aliases = {"Rome": {"Rome": 1.0, "Nothing": 0.1}}  # half of them will do
    link(nlp)
    nlp.get_pipe("luke_linker").aliases = {f"mention {i}": {f"Q{i}": 1.0} for i in range(5000)}
    with pytest.warns(UserWarning, match="has 0 of 8.. candidates"):
        link(nlp)


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


# --- large vocabularies --------------------------------------------------------------------


@given(st.lists(st.integers(-3, 3), max_size=30), st.integers(1, 12))
def test_the_highest_scores_are_those_of_sorting_all(values: list[int], n: int) -> None:
    scores = np.array(values, dtype=np.float32)
    assert highest_places(scores, n).tolist() == np.argsort(-scores, kind="stable")[:n].tolist()


def test_only_the_first_step_asks_about_the_whole_vocabulary(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {**ENTITIES, **{f"Title {i}": i for i in range(4, 300)}}
    checkpoint = make(vocab=many)
    monkeypatch.setattr(linking, "SHORTLIST", 300)
    everything, first = link(pipeline(checkpoint)), link(pipeline(checkpoint, steps=1))
    monkeypatch.setattr(linking, "SHORTLIST", 150)
    nlp = pipeline(checkpoint)
    seen = watch(nlp, monkeypatch)
    doc = link(nlp)
    assert [None if b.candidate_ids is None else b.candidate_ids.shape for b in seen] == [
        None, (4, 150), (3, 150), (2, 150), (1, 150)
    ]  # fmt: skip
    assert [ent.kb_id_ for ent in doc.ents] == [ent.kb_id_ for ent in everything.ents]
    for ent, other in zip(doc.ents, everything.ents, strict=True):
        # What is left out keeps the probability that it had: about what it would have now.
        assert ent._.luke_candidates[0].score == pytest.approx(other._.luke_candidates[0].score, rel=0.3)
        assert sum(c.score for c in ent._.luke_candidates) < 1
    monkeypatch.setattr(linking, "SHORTLIST", 10)
    assert said(link(pipeline(checkpoint, steps=1))) == said(first)
