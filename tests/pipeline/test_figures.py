"""Figures of every pipe: with spaCy's own reader as with ours, under names that tables have room for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from every_pipe import PIPES, ask, make, save
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example
from tiny import annotate

from spacy_luke import Relation, set_extensions
from spacy_luke.annotation import write_facts
from spacy_luke.inputs.entities import doc_spans
from spacy_luke.training.corpus import LukeCorpus
from spacy_luke.training.mentions import lacks_mentions, with_mentions
from spacy_luke.training.metrics import short_name

TEXTS = [
    "Ana was born in Rome .",
    "Bob likes the old tea . Eve works for Vox in Oslo .",
    "Kim lives in Lima .",
]
# What only the reference knows: entities, a text pair, a question, choices.
GIVEN = ["luke_typing", "luke_relations", "luke_linker", "luke_textcat", "luke_qa", "luke_choice"]
FIGURES = {
    "luke_ner": "ents_f",
    "luke_typing": "labels_f",
    "luke_relations": "rels_f",
    "luke_linker": "links_acc",
    "luke_textcat": "cats_score",
    "luke_tagger": "tags_acc",
    "luke_qa": "answers_f",
    "luke_choice": "choice_acc",
}


def gold_of_itself(nlp: Language, pipe: str, path: Path) -> Path:
    """A corpus whose gold is what the pipe says where it is given all that it asks for. RETURNS (Path): Its file."""
    docs = list(nlp.pipe(ask(nlp, pipe, text, "Where is the tea ?") for text in TEXTS))
    for doc in docs:
        for label in doc.cats:
            doc.cats[label] = float(doc.cats[label] == max(doc.cats.values()))
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def figures(scores: dict[str, Any]) -> dict[str, Any]:
    """Numbers, without what is measured of time and tokens."""
    others = ("speed", "token_", "sents_")
    return {k: v for k, v in scores.items() if isinstance(v, float | int) and not k.startswith(others)}


@pytest.mark.parametrize("entity_input", ["mask", "title"])
@pytest.mark.parametrize("pipe", PIPES)
def test_figures_are_the_same_with_the_reader_of_spacy(pipe: str, entity_input: str, tmp_path: Path) -> None:
    reads = {} if pipe in ("luke_ner", "luke_linker") else {"entity_input": entity_input}
    nlp = make(pipe, save(pipe, tmp_path / "model"), **reads)
    path = gold_of_itself(nlp, pipe, tmp_path / "dev.spacy")
    ours = figures(nlp.evaluate(LukeCorpus(path, gold_ents=pipe != "luke_ner")(nlp)))
    theirs = figures(nlp.evaluate(Corpus(path)(nlp)))
    assert theirs == pytest.approx(ours, nan_ok=True)
    assert theirs[FIGURES[pipe]] == pytest.approx(1.0) or pipe == "luke_textcat"


@pytest.mark.parametrize("pipe", GIVEN)
def test_documents_are_left_as_the_pipeline_made_them(pipe: str, tmp_path: Path) -> None:
    nlp = make(pipe, save(pipe, tmp_path / "model"))
    path = gold_of_itself(nlp, pipe, tmp_path / "dev.spacy")
    examples = [Example(nlp(eg.predicted), eg.reference) for eg in Corpus(path)(nlp)]
    before = [eg.predicted.to_bytes() for eg in examples]
    nlp.get_pipe(pipe).score(examples)
    assert [eg.predicted.to_bytes() for eg in examples] == before


@pytest.mark.parametrize("pipe", ["luke_typing", "luke_relations", "luke_linker"])
def test_what_an_earlier_component_missed_is_missed(pipe: str, tmp_path: Path) -> None:
    nlp = make(pipe, save(pipe, tmp_path / "model"))
    path = gold_of_itself(nlp, pipe, tmp_path / "dev.spacy")
    given = nlp.evaluate(Corpus(path)(nlp))
    ruler = nlp.add_pipe("entity_ruler", before=pipe)
    ruler.add_patterns([{"label": "X", "pattern": name} for name in ("Ana", "Bob")])
    found = nlp.evaluate(Corpus(path)(nlp))
    assert found[FIGURES[pipe]] < given[FIGURES[pipe]]
    if pipe != "luke_linker":
        gold = f"gold_{FIGURES[pipe]}"
        assert found[gold] == pytest.approx(given[gold]) == pytest.approx(1.0)


def test_mentions_of_a_span_group(tmp_path: Path) -> None:
    getter = {"@misc": "spacy-luke.doc_spans.v1", "key": "mentions"}
    scorer = {"@scorers": "spacy-luke.luke_scorer.v1", "spans_key": "mentions"}
    nlp = make("luke_typing", save("luke_typing", tmp_path / "model"), entities=getter, scorer=scorer)
    docs = [nlp.make_doc(text) for text in TEXTS]
    for doc in docs:
        doc.ents = []
        doc.spans["mentions"] = [Span(doc, 0, 1, "X"), Span(doc, 0, 3, "Y")]
        doc.spans["others"] = [Span(doc, 0, 2, "Z")]
    DocBin(docs=list(nlp.pipe(docs)), store_user_data=True).to_disk(tmp_path / "dev.spacy")
    for reader in (Corpus, LukeCorpus):
        scores = nlp.evaluate(reader(tmp_path / "dev.spacy")(nlp))
        assert scores["labels_f"] == scores["gold_labels_f"] == 1.0
    blank = nlp.make_doc(docs[0].text)
    assert lacks_mentions(doc_spans("mentions"), blank, docs[0])
    assert set(with_mentions(doc_spans("mentions"), blank, docs[0]).spans) == {"mentions"}


def test_gold_tokens_where_its_own_would_cut_an_entity() -> None:
    nlp = spacy.blank("en")
    reference = Doc(nlp.vocab, words=["In", "Paris", "-21", "March"], spaces=[True, False, True, False])
    reference.ents = [Span(reference, 1, 2, "LOC", kb_id="Q90", span_id="e1")]
    predicted = nlp.make_doc(reference.text)
    copy = with_mentions(lambda doc: doc.ents, predicted, reference)
    assert [(e.text, e.label_, e.kb_id_, e.id_) for e in copy.ents] == [("Paris", "LOC", "Q90", "e1")]
    assert copy.text == predicted.text


# --- names ---------------------------------------------------------------------------------

FACTORIES = ["luke", *PIPES]


@pytest.mark.parametrize("factory", FACTORIES)
def test_the_training_table_has_room_for_every_name(factory: str) -> None:
    spacy.blank("en").add_pipe(factory)
    weights = Language.get_factory_meta(factory).default_score_weights
    shown = [name for name, weight in weights.items() if weight is not None]
    assert shown
    assert all(len(name) <= 13 for name in shown)
    assert sum(weight for weight in weights.values() if weight) == pytest.approx(1.0)


def test_short_names() -> None:
    assert short_name("luke_relations_micro_f") == "rels_f"
    assert short_name("gold_luke_labels_per_type") == "gold_labels_per_type"
    assert short_name("luke_links_micro_acc") == "links_all"
    assert short_name("luke_tag_acc") == "tags_acc"
    assert short_name("ents_f") == short_name("tag_acc") == ""


# --- what counts ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def joint(make_checkpoint: Any) -> str:
    return make_checkpoint()


def luke(checkpoint: str, **config: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": {"checkpoint": checkpoint, "overlap": 16}, **config})
    return nlp


def test_labels_that_exclude_each_other_count_by_the_best(joint: str) -> None:
    nlp = luke(joint, find_entities=False)
    example = annotate(nlp, "Ana was born in Rome .", {"Ana": "PER", "Rome": "LOC"}, None)
    for ent in example.reference.ents:
        ent._.luke_labels = {ent.label_: 1.0}
    scores = nlp.evaluate([example])
    answers = sum(sum(row.values()) > 0 for row in scores["labels_per_type"].values())
    assert len(scores["labels_per_type"]) <= 3
    assert answers <= 2
    (doc,) = nlp.pipe([with_mentions(lambda doc: doc.ents, example.predicted, example.reference)])
    best = [
        ent._.luke_label == gold.label_ for ent, gold in zip(doc.ents, example.reference.ents, strict=True)
    ]
    assert scores["labels_p"] == scores["labels_r"] == sum(best) / 2


def test_facts_have_figures(joint: str) -> None:
    nlp = luke(joint, find_entities=False)
    text = "Ana Bar was born in Rome . She left Rome . Ana works for Acme ."
    reference = nlp.make_doc(text)
    places = [
        (0, 2, "ana"),
        (5, 6, "rome"),
        (7, 8, "ana"),
        (9, 10, "rome"),
        (11, 12, "ana"),
        (14, 15, "acme"),
    ]
    reference.ents = [Span(reference, start, end, "X", span_id=id_) for start, end, id_ in places]
    ana, rome, she, _, ana_2, acme = reference.ents
    reference._.luke_relations = [(ana, rome, "born in"), (she, rome, "born in"), (ana_2, acme, "works for")]
    found = nlp.make_doc(text)
    found.ents = [
        Span(found, 5, 6, "X"),
        Span(found, 7, 8, "X"),
        Span(found, 9, 10, "X"),
        Span(found, 14, 15, "X"),
    ]
    pair = Relation(found.ents[1], found.ents[2], "born in", 0.9)  # "She" is Ana, for whom the gold says so
    wrong = Relation(found.ents[3], found.ents[0], "works for", 0.8)
    write_facts(found, [(p.head.text, p.tail.text, p.label, p.score, "", (p,)) for p in (pair, wrong)])
    found._.luke_relations = ()
    scores = nlp.get_pipe("luke").score([Example(found, reference)])
    assert (scores["facts_p"], scores["facts_r"]) == (0.5, 0.5)
    assert scores["luke_facts_per_type"]["born in"] == {"p": 1.0, "r": 1.0, "f": 1.0}
    assert scores["rels_f"] == 0.0
    reference._.luke_relations = None
    assert nlp.get_pipe("luke").score([Example(found, reference)])["luke_facts_micro_f"] is None


@pytest.mark.filterwarnings("ignore:1 of 1 gold relations have a head or tail that is none of the mentions")
def test_what_the_gold_does_not_know_is_not_wrong(joint: str) -> None:
    nlp = luke(joint, find_entities=False)
    example = annotate(
        nlp, "Ana was born in Rome .", {"Ana": "PER", "Rome": "LOC"}, [("Ana", "Rome", "born in")]
    )
    doc = with_mentions(lambda doc: doc.ents, example.predicted, example.reference)
    ana, rome = doc.ents
    doc._.luke_relations = [(ana, rome, "born in", 0.9), (rome, ana, "works for", 0.8)]
    doc._.luke_facts = ()
    ana._.luke_label, rome._.luke_label = "PER", "ORG"
    score = nlp.get_pipe("luke").score
    assert score([Example(doc, example.reference)])["rels_p"] == 0.5
    example.reference.user_data["luke_relations_looked_for"] = ["born in"]
    assert score([Example(doc, example.reference)])["rels_p"] == 1.0
    assert score([Example(doc, example.reference)])["labels_p"] == 0.5
    example.reference._.luke_relations = None
    example.reference.set_ents([example.reference.ents[0]], default="missing")
    assert score([Example(doc, example.reference)])["labels_p"] == 1.0


def test_relations_beyond_the_limits_are_told_once(joint: str) -> None:
    set_extensions()
    nlp = luke(joint, find_entities=False)
    text, ents = (
        "Ana was born in Rome . Bob lives in Oslo .",
        dict.fromkeys(["Ana", "Rome", "Bob", "Oslo"], "X"),
    )
    example = annotate(nlp, text, ents, [("Ana", "Rome", "born in"), ("Bob", "Rome", "knows")])
    with pytest.warns(UserWarning, match=r"1 of 2 gold relations are beyond the limits"):
        scores = nlp.evaluate([example])
    assert nlp.evaluate([example])["rels_f"] == scores["rels_f"]  # told once


@pytest.mark.parametrize("task", ["ner", "labels", "relations", "facts"])
def test_a_score_as_high_as_the_threshold_counts(joint: str, task: str) -> None:
    def read(threshold: float) -> list[float]:
        nlp = luke(
            joint, thresholds={"ner": 0.0, "labels": 0.0, "relations": 0.0, "facts": 0.0, task: threshold}
        )
        doc = nlp(TEXTS[1])
        relations = [r.score for r in doc._.luke_relations]
        labels = [max(ent._.luke_labels.values()) for ent in doc.ents if ent._.luke_label]
        return {"relations": relations, "facts": [f.score for f in doc._.luke_facts], "labels": labels}.get(
            task, [1.0 for _ in doc.ents]
        )

    if task == "ner":
        assert read(0.0)
        return
    scores = sorted(read(0.0))
    middle = scores[len(scores) // 2]
    assert len(read(middle)) == sum(score >= middle for score in scores) > 0
    assert len(read(middle + 1e-6)) == sum(score > middle for score in scores)
