"""The pipes on published heads: labels, thresholds, odd documents, saving, learning."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import spacy
from heads import copy_doc, make_nlp, random_docs, write_checkpoint
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from thinc.api import Adam
from tiny import make_corpus

pytest.importorskip("transformers")

SPANS = {"@architectures": "spacy-luke.CandidateSpans.v1", "max_span_width": 4}
PIPES: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "luke_ner": ("LukeForEntitySpanClassification", ["NIL", "PER", "ORG", "LOC"], SPANS),
    "luke_typing": ("LukeForEntityClassification", ["person", "place", "thing"], {}),
    "luke_relations": ("LukeForEntityPairClassification", ["no_relation", "born in", "works for"], {}),
}
SEEDS = {"luke_ner": 8, "luke_typing": 3, "luke_relations": 11}


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("published")
    return {
        name: write_checkpoint(folder / name, head, labels, seed=SEEDS[name], initializer_range=0.5)
        for name, (head, labels, _) in PIPES.items()
    }


@pytest.fixture(params=PIPES)
def factory(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def make(
    factory: str, checkpoint: str | None, model: dict[str, Any] | None = None, **config: Any
) -> Language:
    return make_nlp(factory, checkpoint, {**PIPES[factory][2], **(model or {})}, **config)


def docs_for(nlp: Language, n: int = 6) -> list[Doc]:
    """Docs with entities; for the pipe that finds them without."""
    docs = [copy_doc(doc) for doc in random_docs(nlp, n, seed=4)]
    if "luke_ner" in nlp.pipe_names:
        docs = [Doc(d.vocab, [t.text for t in d], [bool(t.whitespace_) for t in d]) for d in docs]
    return docs


def outputs(doc: Doc) -> dict[str, Any]:
    """All that these pipes write, rounded."""
    return {
        "ents": [(e.start, e.end, e.label_) for e in doc.ents],
        "labels": [(e._.luke_label, {k: round(v, 3) for k, v in e._.luke_labels.items()}) for e in doc.ents],
        "relations": [(r.head.start, r.tail.start, r.label, round(r.score, 3)) for r in doc._.luke_relations],
        "facts": [(f.head, f.label, f.tail, round(f.score, 3), len(f.pairs)) for f in doc._.luke_facts],
    }


# --- what they write -----------------------------------------------------------------------


def test_each_writes_its_own_part_only(checkpoints: dict[str, str], factory: str):
    nlp = make(factory, checkpoints[factory])
    (doc,) = nlp.pipe(docs_for(nlp, 1))
    assert doc.ents
    written = set(doc.user_data.get("spacy_luke", {})) - {"n_chars"}
    parts = {"luke_ner": set(), "luke_typing": {"labels", "best"}, "luke_relations": {"relations", "facts"}}
    assert written == parts[factory]


def test_labels_come_from_the_checkpoint(checkpoints: dict[str, str], factory: str):
    nlp = make(factory, checkpoints[factory])
    pipe = nlp.get_pipe(factory)
    assert pipe.labels == ()  # nothing is loaded before it is needed
    list(nlp.pipe(docs_for(nlp, 1)))
    labels = [label for label in PIPES[factory][1] if label not in ("NIL", "no_relation")]
    assert list(pipe.labels) == labels
    task = {"luke_ner": "ner", "luke_typing": "labels", "luke_relations": "relations"}[factory]
    assert list(pipe.label_data[task]) == labels


def test_batches_and_order_change_nothing(checkpoints: dict[str, str], factory: str):
    nlp = make(factory, checkpoints[factory], max_batch_pieces=150)
    docs = docs_for(nlp, 8)
    alone = [outputs(nlp(copy_doc(doc))) for doc in docs]
    large = make(factory, checkpoints[factory])
    together = [outputs(doc) for doc in large.pipe([copy_doc(doc) for doc in reversed(docs)])]
    assert together[::-1] == alone
    assert any(any(output.values()) for output in alone)


def test_batches_are_bounded(checkpoints: dict[str, str], factory: str, monkeypatch: pytest.MonkeyPatch):
    nlp = make(factory, checkpoints[factory], max_batch_pieces=200)
    pipe, sizes = nlp.get_pipe(factory), []
    predict = type(pipe.model).predict

    def watch(model: Any, batch: dict[str, Any]) -> Any:
        rows, words = batch["input_ids"].shape
        sizes.append((rows, rows * (words + batch["entity_ids"].shape[1])))
        return predict(model, batch)

    monkeypatch.setattr(type(pipe.model), "predict", watch)
    list(nlp.pipe(docs_for(nlp, 8)))
    assert len(sizes) > 1
    assert all(rows == 1 or size <= 200 for rows, size in sizes)


def test_thresholds(checkpoints: dict[str, str]):
    nlp = make("luke_relations", checkpoints["luke_relations"])
    docs = docs_for(nlp)
    before = [r.score for doc in nlp.pipe(map(copy_doc, docs)) for r in doc._.luke_relations]
    middle = sorted(before)[len(before) // 2]
    nlp.get_pipe("luke_relations").thresholds["relations"] = middle
    after = [r.score for doc in nlp.pipe(map(copy_doc, docs)) for r in doc._.luke_relations]
    assert sorted(after) == sorted(score for score in before if score > middle)
    facts = [f for doc in nlp.pipe(map(copy_doc, docs)) for f in doc._.luke_facts]
    assert min(f.score for f in facts) <= middle  # their own threshold is as it was
    typing = make("luke_typing", checkpoints["luke_typing"], thresholds={"labels": 1.0})
    assert not any(e._.luke_label for doc in typing.pipe(map(copy_doc, docs)) for e in doc.ents)


def test_labels_that_exclude_each_other(tmp_path: Path):
    labels = ["O", "person", "place", "thing"]
    kind = {"problem_type": "single_label_classification", "initializer_range": 0.5}
    folder = write_checkpoint(tmp_path / "single", "LukeForEntityClassification", labels, seed=1, **kind)
    nlp = make("luke_typing", folder)
    found = [ent for doc in nlp.pipe(docs_for(nlp, 12)) for ent in doc.ents]
    for ent in found:
        scores = ent._.luke_labels
        assert list(scores) == labels[1:]
        rest = 1 - sum(scores.values())  # "O"
        best = max(scores, key=lambda label: scores[label])
        assert ent._.luke_label == ("" if rest > scores[best] else best)
    assert len({ent._.luke_label for ent in found}) > 1


def test_the_outside_label_can_be_set(checkpoints: dict[str, str]):
    folder = checkpoints["luke_relations"]
    plain, other = make("luke_relations", folder), make("luke_relations", folder, {"outside": "born in"})
    docs = docs_for(plain)
    first = {r.label for doc in plain.pipe(map(copy_doc, docs)) for r in doc._.luke_relations}
    second = {r.label for doc in other.pipe(map(copy_doc, docs)) for r in doc._.luke_relations}
    assert "no_relation" not in first
    assert "born in" in first
    assert "born in" not in second
    assert "no_relation" in second
    with pytest.raises(ValueError, match="`outside` is 'nothing', which is none of the model's labels"):
        list(make("luke_relations", folder, {"outside": "nothing"}).pipe(map(copy_doc, docs)))


def test_facts_across_sentences(checkpoints: dict[str, str]):
    near = make("luke_relations", checkpoints["luke_relations"])
    far = make("luke_relations", checkpoints["luke_relations"], same_sentence=False, max_distance=None)
    doc = max(random_docs(near, 10, seed=4), key=lambda d: len(list(d.sents)))
    one, two = near(copy_doc(doc)), far(copy_doc(doc))
    assert all(r.head.sent == r.tail.sent for r in one._.luke_relations)
    across = [f for f in two._.luke_facts if all(p.head.sent != p.tail.sent for p in f.pairs)]
    assert across
    inside = {(r.head.start, r.tail.start, r.label) for r in one._.luke_relations}
    assert inside <= {(r.head.start, r.tail.start, r.label) for r in two._.luke_relations}


def test_pairs_that_no_relation_allows_are_not_read(
    checkpoints: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    allowed = {"born in": [["A", "B"]], "works for": [["A", "C"]]}
    nlp = make("luke_relations", checkpoints["luke_relations"], allowed_relations=allowed)
    doc = nlp.make_doc("Ana Lopez met Bob in Rome")
    doc.ents = [Span(doc, 0, 2, "A"), Span(doc, 3, 4, "B"), Span(doc, 5, 6, "C")]
    pipe, read = nlp.get_pipe("luke_relations"), []
    predict = type(pipe.model).predict
    monkeypatch.setattr(
        type(pipe.model), "predict", lambda model, b: read.append(len(b["input_ids"])) or predict(model, b)
    )
    nlp(doc)
    assert sum(read) == 2  # A with B, A with C
    for relation in doc._.luke_relations:
        assert [relation.head.label_, relation.tail.label_] in allowed[relation.label]


# --- odd documents -------------------------------------------------------------------------

ODD = [
    "",
    " ",
    "\n\n",
    "Ana",
    "x" * 900,
    "Ana\x00 met\u200b Bob",
    "<ent> Ana </s> Bob <mask> <pad>",
    "🍵 東京 مريم",
]


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_odd_texts(checkpoints: dict[str, str], factory: str, text: str):
    nlp = make(factory, checkpoints[factory])
    doc = nlp.make_doc(text)
    if factory != "luke_ner":
        doc.ents = [Span(doc, token.i, token.i + 1, "X") for token in doc]
    assert nlp(doc).text == text
    for ent in doc.ents if factory == "luke_typing" else ():
        assert len(ent._.luke_labels) in (0, 3)


def test_no_entities_and_one(checkpoints: dict[str, str]):
    for name in ("luke_typing", "luke_relations"):
        nlp = make(name, checkpoints[name])
        docs = [nlp.make_doc("Ana Lopez met Bob ."), nlp.make_doc("Ana Lopez met Bob .")]
        docs[1].ents = [Span(docs[1], 0, 2, "X")]
        for doc in nlp.pipe(docs):
            assert doc._.luke_relations == doc._.luke_facts == ()
    assert not nlp.make_doc("Ana")._.luke_relations


def test_overlapping_entities_and_long_ones(checkpoints: dict[str, str]):
    group = {"@misc": "spacy-luke.doc_spans.v1", "key": "mine"}
    places = [(0, 2), (0, 1), (1, 2), (3, 200), (100, 101), (199, 200)]
    for name in ("luke_typing", "luke_relations"):
        nlp = make(name, checkpoints[name], {"context": "document"}, entities=group)
        doc = Doc(nlp.vocab, words=["Ana", "Lopez", *["met", "Bob"] * 99])
        doc.spans["mine"] = [Span(doc, *place, "X") for place in places]
        nlp(doc)
        if name == "luke_typing":
            assert all(len(span._.luke_labels) == 3 for span in doc.spans["mine"])
    far = make("luke_relations", checkpoints["luke_relations"], entities=group, max_distance=None)
    far(doc)
    pairs = {(r.head.start, r.tail.start) for r in doc._.luke_relations}
    assert all(max(pair) < 130 or min(pair) > 70 for pair in pairs)  # both have to fit into an input


def test_a_long_document_without_sentences(checkpoints: dict[str, str]):
    """Every token is read as an entity of some input, and nothing is read twice."""
    nlp = make(
        "luke_ner", checkpoints["luke_ner"], {"outside": "NIL"}, thresholds={"ner": 0.0}, spans_key="all"
    )
    pipe = nlp.get_pipe("luke_ner")
    doc = Doc(nlp.vocab, words=["Ana", "Lopez", "met", "Bob", "in", "Rome"] * 300)
    pipe(doc)
    assert max(ent.end for ent in doc.ents) > 1700
    assert len(doc.spans["all"]) == len({(s.start, s.end) for s in doc.spans["all"]})


def test_a_suggester_chooses_the_candidates(checkpoints: dict[str, str]):
    nlp = make(
        "luke_ner", checkpoints["luke_ner"], suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [2]}
    )
    docs = list(nlp.pipe(docs_for(nlp)))
    assert {len(ent) for doc in docs for ent in doc.ents} == {2}


def test_entities_that_are_there_stay(checkpoints: dict[str, str]):
    nlp = make("luke_ner", checkpoints["luke_ner"], find_entities=True)
    doc = nlp.make_doc("Ana Lopez met Bob in Rome .")
    doc.ents = [Span(doc, 0, 2, "MINE")]
    nlp(doc)
    assert ("Ana Lopez", "MINE") in [(ent.text, ent.label_) for ent in doc.ents]
    auto = make("luke_ner", checkpoints["luke_ner"])
    doc = auto.make_doc("Ana Lopez met Bob in Rome .")
    doc.ents = []  # annotated: none
    assert auto(doc).ents == ()


# --- settings and checkpoints --------------------------------------------------------------


def test_a_checkpoint_of_another_task(checkpoints: dict[str, str], tmp_path: Path, factory: str):
    folder = write_checkpoint(tmp_path / "qa", "LukeForQuestionAnswering", ["a", "b"])
    nlp = make(factory, folder)
    with pytest.raises(ValueError, match="LukeForQuestionAnswering checkpoint; use luke_qa"):
        list(nlp.pipe(docs_for(nlp, 1)))


@pytest.mark.parametrize(("name", "hint"), [("luke_ner", "CandidateSpans"), ("luke_relations", "MarkedPair")])
def test_a_published_checkpoint_in_the_joint_architecture(checkpoints: dict[str, str], name: str, hint: str):
    nlp = make_nlp("luke_ner", checkpoints[name])
    with pytest.raises(ValueError, match=f'Use {name} with @architectures = "spacy-luke.{hint}.v1"'):
        nlp("Ana Lopez met Bob.")


def test_settings_that_are_not_allowed(checkpoints: dict[str, str]):
    with pytest.raises(ValueError, match="context is 'page'; allowed is 'sentence' or 'document'"):
        make("luke_typing", checkpoints["luke_typing"], {"context": "page"})
    with pytest.raises(ValueError, match="max_span_width has to be 1 or more"):
        make("luke_ner", checkpoints["luke_ner"], {"max_span_width": 0})
    with pytest.raises(ValueError, match="doesn't read entities"):
        make_nlp("luke_typing", None, {"@architectures": "spacy-luke.SequenceClassification.v1"})


def test_a_listener_can_not_name_them(checkpoints: dict[str, str]):
    nlp = make("luke_typing", checkpoints["luke_typing"])
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}
    listener |= {"pooling": {"@layers": "reduce_mean.v1"}, "upstream": "luke_typing"}
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    with pytest.raises(ValueError, match="has no states of plain words"):
        nlp.add_pipe("tagger", config={"model": tagger})


# --- saving --------------------------------------------------------------------------------


def test_saving(checkpoints: dict[str, str], factory: str, tmp_path: Path):
    own = shutil.copytree(checkpoints[factory], tmp_path / "own")
    nlp = make(factory, str(own))
    docs = docs_for(nlp)
    before = [outputs(doc) for doc in nlp.pipe(map(copy_doc, docs))]
    assert any(any(output.values()) for output in before)
    nlp.to_disk(tmp_path / "saved")
    data, config = nlp.to_bytes(), nlp.config.copy()
    pickled = pickle.dumps(nlp)
    shutil.rmtree(own)  # all that follows stands on its own
    loaded = [
        spacy.load(tmp_path / "saved"),
        spacy.util.load_model_from_config(config).from_bytes(data),
        pickle.loads(pickled),
    ]
    for other in loaded:
        assert [outputs(doc) for doc in other.pipe(map(copy_doc, docs))] == before
    found = list(nlp.pipe(map(copy_doc, docs)))
    again = DocBin().from_bytes(DocBin(docs=found, store_user_data=True).to_bytes()).get_docs(nlp.vocab)
    assert [outputs(doc) for doc in again] == before
    folder = make(factory, str(tmp_path / "saved" / factory / "model"))
    assert [outputs(doc) for doc in folder.pipe(map(copy_doc, docs))] == before


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[2])
import torch
from heads import copy_doc, make_nlp, random_docs
torch.set_num_threads(2)
nlp = make_nlp("luke_relations", sys.argv[1])
docs = random_docs(nlp, 6)
def found(docs):
    return [[(r.head.start, r.tail.start, r.label) for r in doc._.luke_relations] for doc in docs]
alone = found(nlp.pipe(map(copy_doc, docs)))
torch.randn(500, 500) @ torch.randn(500, 500)
assert found(nlp.pipe(map(copy_doc, docs), n_process=2, batch_size=2)) == alone
print("same")
"""


def test_several_processes(checkpoints: dict[str, str], tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text('if __name__ == "__main__":\n' + SCRIPT.replace("\n", "\n    "))
    command = [sys.executable, str(script), checkpoints["luke_relations"], str(Path(__file__).parents[2])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "same", done.stderr


# --- learning ------------------------------------------------------------------------------


def silent(nlp: Language, docs: list[Doc]) -> bool:
    with pytest.warns(UserWarning, match="has no trained weights for"):
        found = list(nlp.pipe(docs))
    return not any(
        doc.user_data.get("spacy_luke") or (doc.ents and "luke_ner" in nlp.pipe_names) for doc in found
    )


def test_a_new_head_says_nothing_and_learns(checkpoint: str, factory: str):
    """From an encoder of our own, whose words have their case as types."""
    nlp = make(factory, checkpoint)
    corpus = make_corpus(nlp)
    if factory != "luke_ner":
        for example in corpus:
            example.predicted.ents = [
                Span(example.predicted, e.start, e.end, label=e.label_) for e in example.reference.ents
            ]
    plain = [copy_doc(example.reference) for example in corpus]
    if factory == "luke_ner":
        plain = [Doc(doc.vocab, [token.text for token in doc]) for doc in plain]
    assert silent(nlp, [copy_doc(doc) if factory != "luke_ner" else doc for doc in plain])
    nlp.initialize(lambda: corpus)
    fresh = [
        copy_doc(doc) if factory != "luke_ner" else Doc(doc.vocab, [t.text for t in doc]) for doc in plain
    ]
    assert silent(nlp, fresh)
    sgd = Adam(0.003)
    first = nlp.update(corpus, losses={})[factory]
    for _ in range(60):
        losses = nlp.update(corpus, sgd=sgd, losses={})
    assert losses[factory] < first / 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = nlp.evaluate(corpus)
    figure = {
        "luke_ner": "ents_f",
        "luke_typing": "luke_labels_micro_f",
        "luke_relations": "luke_relations_micro_f",
    }[factory]
    assert scores[figure] > 0.95


def test_small_batches_have_the_gradients_of_one(checkpoints: dict[str, str], factory: str):
    gradients = []
    for budget in (100_000, 120):
        nlp = make(factory, checkpoints[factory], max_batch_pieces=budget)
        corpus = make_corpus(nlp, 6)
        labels = {"ner": ["PER", "ORG", "LOC"], "labels": ["LOC", "ORG", "PER"]}
        labels["relations"] = ["born in", "works for"]
        nlp.get_pipe(factory).initialize(
            lambda c=corpus: c, labels=labels if factory != "luke_typing" else {}
        )
        for example in corpus:
            for ent in example.reference.ents:
                ent._.luke_labels = {"person": 1.0, "place": 0.0}
        pipe = nlp.get_pipe(factory)
        loss = pipe.update(corpus, drop=0.0)[factory]
        module = pipe.model.shims[0].module
        gradients.append(
            (loss, {n: p.grad.clone() for n, p in module.named_parameters() if p.grad is not None})
        )
    (one, first), (two, second) = gradients
    assert one > 0
    assert two == pytest.approx(one, rel=1e-4)
    assert first.keys() == second.keys()
    for name, gradient in first.items():
        assert (gradient - second[name]).abs().max() < 1e-4 * max(1.0, float(gradient.abs().max()))


def test_titles_are_read_in_training(checkpoints: dict[str, str]):
    losses = []
    for entity_input in ("mask", "title"):
        nlp = make("luke_typing", checkpoints["luke_typing"], entity_input=entity_input)
        (example, *_) = make_corpus(nlp, 1)
        doc = example.reference
        doc.ents = [Span(doc, ent.start, ent.end, "place", kb_id="Rome") for ent in doc.ents]
        losses.append(nlp.get_pipe("luke_typing").update([example], drop=0.0)["luke_typing"])
    assert losses[0] != pytest.approx(losses[1], rel=1e-3)
    assert nlp.get_pipe("luke_typing").titles.hits == 2
