"""`luke_linker`: which entities it writes, in which order it finds them, how it learns and is saved."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.kb import InMemoryLookupKB
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from tiny import ENTITIES, PEOPLE, PLACES, make_tokenizer

from spacy_luke import LukeConfig, LukeForMaskedLM
from spacy_luke.types import Candidate

TITLES = ("Ana Bar", "Ana Lopez", "Rome", "Rome, Georgia", "Oslo")
VOCAB = {**ENTITIES, **{title: i for i, title in enumerate(TITLES, start=4)}}
TEXT = "Ana was born in Rome . Bob likes Oslo and the old tea from Rome ."
MENTIONS = ("Ana", "Bob", "Oslo", "Rome")
SIZES = {
    "hidden_size": 32,
    "entity_emb_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 34,
    "initializer_range": 0.4,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}

Make = Callable[..., str]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Writes a tiny LukeForMaskedLM with random weights, which count as trained; returns its folder."""

    def write(kind: str = "LukeForMaskedLM", vocab: dict[str, int] = VOCAB, **changes: Any) -> str:
        import spacy_luke

        torch.manual_seed(0)
        tokenizer = make_tokenizer(vocab)
        sizes = {"vocab_size": len(tokenizer), "entity_vocab_size": len(vocab), **SIZES, **changes}
        folder = tmp_path_factory.mktemp("checkpoint")
        getattr(spacy_luke, kind)(LukeConfig(**sizes)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return str(folder)

    return write


@pytest.fixture(scope="module")
def checkpoint(make: Make) -> str:
    return make()


def pipeline(checkpoint: str | None, model: dict[str, Any] | None = None, **config: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_linker", config={"model": {"checkpoint": checkpoint, **(model or {})}, **config})
    return nlp


def mark(nlp: Language, text: str = TEXT, mentions: tuple[str, ...] = MENTIONS) -> Doc:
    doc = nlp.make_doc(text)
    doc.ents = [Span(doc, t.i, t.i + 1, "X", span_id="e1") for t in doc if t.text in mentions]
    return doc


def link(nlp: Language, text: str = TEXT, mentions: tuple[str, ...] = MENTIONS) -> Doc:
    return nlp.get_pipe("luke_linker")(mark(nlp, text, mentions))


def said(doc: Doc) -> list[Any]:
    """All that the linker wrote."""
    return [
        (
            ent.text,
            ent.label_,
            ent.id_,
            ent.kb_id_,
            [(c.title, round(c.score, 4)) for c in ent._.luke_candidates],
        )
        for ent in doc.ents
    ]


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


def aliases(tmp_path: Path) -> str:
    path = tmp_path / "aliases.jsonl"
    rows = {
        "Ana": {"Ana Bar": 0.1, "Ana Lopez": 0.6, "Ana of nowhere": 0.3},
        "Rome": {"Rome": 0.99, "Rome, Georgia": 0.01},
        "Oslo": {"Oslo": 1.0},
    }
    path.write_text("".join(json.dumps({"mention": m, "candidates": c}) + "\n" for m, c in rows.items()))
    return str(path)


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


# --- training ------------------------------------------------------------------------------


def example(nlp: Language, text: str, ids: dict[str, str]) -> Example:
    gold = mark(nlp, text, tuple(ids))
    gold.ents = [Span(gold, e.start, e.end, "X", kb_id=ids[e.text]) for e in gold.ents]
    return Example(mark(nlp, text, tuple(ids)), gold)


def examples(nlp: Language) -> list[Example]:
    """A person's title depends on the place beside them."""
    found = []
    for i, who in enumerate(PEOPLE[:3]):
        for place in PLACES[:2]:
            ids = {who: f"{who} of {place}", place: place if i else "NIL"}
            found.append(example(nlp, f"{who} was born in {place} .", ids))
    return found


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
    assert scores == {
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
    other = spacy.blank("en")
    other.add_pipe(
        "luke_linker", config={"model": {"checkpoint": make(initializer_range=0.3)}, "prior_weight": 0.5}
    )
    assert said(link(other)) != expected
    assert said(link(other.from_bytes(loaded.to_bytes(), exclude=["tokenizer"]))) == expected


# --- bad input -----------------------------------------------------------------------------


def test_documents_without_mentions(checkpoint: str) -> None:
    nlp = pipeline(checkpoint)
    docs = list(nlp.pipe(["", "Ana was born in Rome ."]))
    assert all(doc.ents == () for doc in docs)
    assert "spacy_luke" not in docs[1].user_data
    assert nlp.update([example(nlp, TEXT, {}), example(nlp, "", {})]) == {"luke_linker": 0.0}


def test_unknown_titles_train_nothing(checkpoint: str) -> None:
    nlp = pipeline(checkpoint)
    data = [example(nlp, TEXT, {"Ana": "Nobody", "Rome": "NIL", "Oslo": ""})]
    assert nlp.update(data) == {"luke_linker": 0.0}
    assert nlp.get_pipe("luke_linker").titles.misses == 1


def test_an_untrained_head_writes_nothing(make: Make) -> None:
    for checkpoint in (None, make(kind="LukeModel")):
        nlp = pipeline(checkpoint)
        with pytest.warns(UserWarning, match="no trained head, so it writes nothing"):
            doc = link(nlp)
        assert {ent.kb_id_ for ent in doc.ents} == {""}


def test_another_task(make: Make) -> None:
    nlp = pipeline(make(kind="LukeForQuestionAnswering"))
    with pytest.raises(ValueError, match="is a LukeForQuestionAnswering checkpoint; use luke_qa"):
        link(nlp)


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


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("gone.jsonl", None, "There is no file"),
        ("empty.jsonl", "\n", "is empty"),
        ("bad.jsonl", "{", "line 1: .* is not JSON"),
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
    with pytest.raises(TypeError, match="doesn't list its aliases"):
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
        assert torch.allclose(model.predict_entities(**inputs, asked=asked)[0], logits, atol=1e-6)
        found = model.predict_entities(**inputs, asked=asked, candidates=some)[0]
    assert torch.allclose(found, logits[[7, 4]], atol=1e-6)
