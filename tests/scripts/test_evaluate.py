from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from tiny import make_corpus

from scripts.evaluate import ATTENTION, evaluate, load_with_attention
from scripts.facts import by_offsets, match_facts
from scripts.figures import match_figure, micro_figure
from scripts.machine import describe_machine
from scripts.measure import measure
from spacy_luke.annotation import facts_from_relations, set_extensions, write_entities, write_facts
from spacy_luke.layers.weights import get_module
from spacy_luke.training.answers import pair_answers
from spacy_luke.training.mentions import given_tokens

set_extensions()
RAW = ["raw_facts_any_pair", "raw_facts_all_mentions", "raw_facts_places", "raw_facts_names"]
VERBS = ("left", "likes", "knows")
NAMES = {"Ada": "PER", "Bob": "PER", "Rome": "LOC", "Oslo": "LOC"}


def gold_doc(nlp: Language, text: str) -> Doc:
    """Names are entities, one word a mention; a verb relates the name before it to the name after it."""
    words = text.split()
    doc = Doc(nlp.vocab, words=words, sent_starts=[i == 0 or words[i - 1] == "." for i in range(len(words))])
    doc.ents = [
        Span(doc, i, i + 1, NAMES[word], span_id=word) for i, word in enumerate(words) if word in NAMES
    ]
    told = {(words[i - 1], words[i + 1], word) for i, word in enumerate(words) if word in VERBS}
    doc._.luke_relations = [
        (head, tail, label)
        for head in doc.ents
        for tail in doc.ents
        for *pair, label in told
        if pair == [head.id_, tail.id_]
    ]
    return doc


TEXTS = [
    "Ada left Rome . Bob likes Oslo .",
    "Bob knows Ada . Rome fell .",
    "Ada likes Rome . Rome likes Bob . Oslo left Rome .",
    "Nobody came .",
]
THRESHOLDS = {"ner": 0.2, "relations": 0.4, "facts": 0.5}


@pytest.fixture(scope="module")
def trained(make_checkpoint: Callable[..., str]) -> str:
    """A tiny checkpoint with room for the windows that the command's pipeline asks for."""
    return make_checkpoint(loud=True, max_position_embeddings=200, joint={"thresholds": THRESHOLDS})


@pytest.fixture(scope="module")
def golds() -> list[Doc]:
    return [example.reference for example in make_corpus(spacy.blank("en"))]


@pytest.fixture(scope="module")
def corpus(golds: list[Doc], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "gold.spacy"
    DocBin(docs=golds, store_user_data=True).to_disk(path)
    return path


class Oracle:
    """Answers what is gold, and less sure something wrong; a pipe as far as `measure` can see."""

    def __init__(self, golds: Iterable[Doc]) -> None:
        self.golds = {doc.text: doc for doc in golds}
        self.joint = SimpleNamespace(ner_labels=("PER",), entity_labels=("PER",), relation_labels=VERBS)
        self.thresholds = {"relations": 0.5, "facts": {"left": 0.5, "likes": 0.5, "knows": 0.95}}
        self.entities: Any = None
        self.lows: list[Any] = []

    def __call__(self, doc: Doc) -> Doc:
        gold = self.golds[doc.text]
        if not doc.has_annotation("ENT_IOB"):
            doc.ents = [doc.char_span(e.start_char, e.end_char, label=e.label_) for e in gold.ents]
        write_entities(doc, doc.ents, best=[ent.label_ for ent in doc.ents])
        right = [(r.head, r.tail, r.label, 0.9) for r in gold._.luke_relations]
        wrong = [(tail, head, label, 0.3) for head, tail, label, _ in right]
        at = {ent.start_char: ent for ent in doc.ents}
        doc._.luke_relations = [
            (at[head.start_char], at[tail.start_char], label, score)
            for head, tail, label, score in right + wrong
        ]
        self.lows.append((self.thresholds["relations"], self.thresholds["facts"]))
        write_facts(doc, facts_from_relations(doc._.luke_relations))
        return doc

    def pipe(self, docs: Iterable[Doc], **_: Any) -> Iterator[Doc]:
        yield from map(self, docs)


def test_an_oracle_is_right() -> None:
    nlp = spacy.blank("en")
    golds = [gold_doc(nlp, text) for text in TEXTS]
    oracle = Oracle(golds)
    Language.component("evaluate_oracle", func=oracle)
    nlp.add_pipe("evaluate_oracle")
    report = measure(nlp, oracle, golds, golds)  # type: ignore[arg-type]
    values = {key: figure.value for key, figure in report.figures.items()}
    for key in ("typing", "ner", "stated", "stated_macro", "related", "related_macro"):
        assert values.pop(key) == 1.0, key
    # "knows" has a threshold of its own for facts, which its score doesn't reach: one of six is missed.
    for key in ("facts", *RAW):
        assert values.pop(key) == pytest.approx(10 / 11), key
    assert values.pop("facts_macro") == pytest.approx(2 / 3)
    assert values.pop("facts_ign") == 0.0  # training tells all of them
    assert set(values) == {"typing_floor", "relations_floor", "relations_floor_macro", "facts_floor"}
    low, high = report.tables["stated"][0], report.tables["stated"][4]
    assert (low.precision, high.precision) == (0.5, 1.0)
    assert report.tables["raw_facts_any_pair"][8].answers == 6  # of 0.9, as high as the threshold
    # All that is right has a score of 0.9, all that is wrong 0.3.
    details = report.figures["stated"].details
    assert details["recall_at_0.75"] == details["recall_at_0.85"] == 1.0
    assert details["calibration_error"] == pytest.approx((0.1 + 0.3) / 2)
    assert report.figures["raw_facts_any_pair"].details["recall_at_0.85"] == 1.0
    assert report.facts["words"] == sum(map(len, golds))
    assert report.facts["words_per_second"] > 0
    # Read with everything let through, and put back afterwards.
    assert (0.01, 0.01) in oracle.lows
    assert oracle.thresholds == {"relations": 0.5, "facts": {"left": 0.5, "likes": 0.5, "knows": 0.95}}
    assert oracle.entities is None


def test_a_checkpoint_as_text_and_json(trained: str, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "figures.json"
    text = "\n".join(evaluate(corpus, trained, corpus, out, "trained"))
    for part in ("typing accuracy", "Ign F1", "floor", "by threshold", "words a second", "18 documents"):
        assert part in text
    data = json.loads(out.read_text(encoding="utf8"))
    assert data["attention"] == "trained"
    assert data["machine"]["torch"] == torch.__version__
    assert data["thresholds"]["relations"] == 0.4
    assert {"stated", "related", "facts", *RAW} == set(data["thresholds_table"])
    assert {"stated", "related", "facts", "ner"} == set(data["labels"])
    for figure in data["figures"].values():
        assert 0 <= figure["low"] <= figure["high"] <= 1


def test_figures_are_those_of_the_pipe_at_its_thresholds(
    trained: str, corpus: Path, golds: list[Doc], tmp_path: Path
) -> None:
    """Thresholds decide after the reading, and have to decide as the pipe itself does."""
    out = tmp_path / "figures.json"
    list(evaluate(corpus, trained, None, out, "trained"))
    data = json.loads(out.read_text(encoding="utf8"))
    nlp = load_with_attention(trained, "trained")
    pipe = nlp.get_pipe("luke")
    docs = list(pipe.pipe(given_tokens(nlp.vocab, gold, mentions=True) for gold in golds))
    assert any(doc._.luke_relations for doc in docs)
    scored = [pair_answers(doc, gold) for doc, gold in zip(docs, golds, strict=True)]
    figure = micro_figure("", [answers.above(lambda label: 0.0) for answers in scored])
    for kind in ("stated", "related"):  # the gold is sure of all
        assert data["figures"][kind]["value"] == pytest.approx(figure.value)
        assert {k: data["figures"][kind]["details"][k] for k in figure.details} == pytest.approx(
            figure.details
        )
    raw = list(nlp.pipe([gold.text for gold in golds]))
    assert any(doc._.luke_facts for doc in raw)
    scores = [match_facts(doc, gold, by_offsets) for doc, gold in zip(raw, golds, strict=True)]
    figure = match_figure("", [scored.above(lambda label: 0.0) for scored in scores])
    found = data["figures"]["raw_facts_places"]["details"]
    assert {k: found[k] for k in figure.details} == pytest.approx(figure.details)
    assert {"facts_ign", "relations_floor"}.isdisjoint(data["figures"])


@pytest.mark.parametrize(("attention", "words", "entities"), [(k, *v) for k, v in ATTENTION.items()])
def test_attention(trained: str, attention: str, words: bool | None, entities: bool | None) -> None:
    nlp = load_with_attention(trained, attention)
    config = get_module(nlp.get_pipe("luke").model).config
    assert config.words_attend_to_entities is bool(words)
    assert config.entities_attend_to_entities is bool(entities)


def test_full_attention_reads_otherwise(trained: str, corpus: Path, tmp_path: Path) -> None:
    figures = []
    for attention in ("both-cut", "full"):
        out = tmp_path / f"{attention}.json"
        list(evaluate(corpus, trained, None, out, attention))
        data = json.loads(out.read_text(encoding="utf8"))
        assert data["attention"] == attention
        figures.append(data["thresholds_table"])
    assert figures[0] != figures[1]


def test_unknown_attention(corpus: Path) -> None:
    with pytest.raises(ValueError, match=r"'none' is not known.*words-cut"):
        list(evaluate(corpus, None, None, None, "none"))


def test_nothing_trained(corpus: Path, make_checkpoint: Callable[..., str]) -> None:
    folder = make_checkpoint(joint={"untrained": ("entity_head", "relation_head", "span_head")})
    with pytest.raises(ValueError, match="no trained head"):
        list(evaluate(corpus, folder, None, None, "trained"))


def test_no_sentences(trained: str, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Ada left Rome")
    DocBin(docs=[doc]).to_disk(tmp_path / "bare.spacy")
    with pytest.raises(ValueError, match=r"no sentence boundaries.*Ada left Rome"):
        list(evaluate(tmp_path / "bare.spacy", trained, None, None, "trained"))


def test_missing_corpus(trained: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no file or folder.*none\.spacy"):
        list(evaluate(tmp_path / "none.spacy", trained, None, None, "trained"))


def test_mentions_without_relations(trained: str, tmp_path: Path) -> None:
    """A corpus of entities only has figures for entities only."""
    nlp = spacy.blank("en")
    doc = gold_doc(nlp, TEXTS[0])
    doc._.luke_relations = None
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "ents.spacy")
    out = tmp_path / "figures.json"
    text = "\n".join(evaluate(tmp_path / "ents.spacy", trained, None, out, "trained"))
    assert set(json.loads(out.read_text(encoding="utf8"))["figures"]) == {"typing", "ner"}
    assert "by threshold" not in text


def test_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"avx2": True, "avx512_f": False, "amx_bf16": True, "sse": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    machine = describe_machine()
    assert machine["instructions"] == ["avx2", "amx_bf16"]
    assert machine["cpu"]
    assert machine["cores"] >= 1
    assert {"torch", "spacy", "thinc", "python"} <= set(machine)
