"""configs/luke.cfg as a user runs it: two dozen short documents, labels of their own, a hundred steps."""

from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config

from spacy_luke import Relation, set_extensions

ROOT = Path(__file__).parent.parent.parent

DRUGS = ("aspirin", "ibuprofen", "metformin", "Zoloft", "penicillin", "Lipitor")
ILLNESSES = ("headache", "type 2 diabetes", "a skin rash", "high blood pressure")


def _document(vocab, index: int) -> Doc:
    drug, illness = DRUGS[index % 6].split(), ILLNESSES[index % 4].split()
    verb = ("treats", "can cause")[index // 12].split()
    doc = Doc(vocab, words=[*drug, *verb, *illness, "in", "adults", "."])
    head = Span(doc, 0, len(drug), label="DRUG")
    tail = Span(doc, len(drug) + len(verb), len(drug) + len(verb) + len(illness), label="ILLNESS")
    doc.ents = [head, tail]
    doc._.luke_relations = [Relation(head, tail, "treats" if verb == ["treats"] else "causes", id="R1")]
    return doc


def test_two_dozen_documents_are_learned_in_a_hundred_steps(tmp_path):
    set_extensions()
    vocab = spacy.blank("en").vocab
    corpus = tmp_path / "train.spacy"
    DocBin(docs=[_document(vocab, i) for i in range(24)], store_user_data=True).to_disk(corpus)
    overrides = {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "training.max_steps": 100,
        "training.eval_frequency": 100,
        "training.batcher.size": 80,  # a quarter of the documents a step: it learns them as well in less time
        "training.logger": {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False},
    }
    logger = overrides.pop("training.logger")
    config = load_config(ROOT / "configs" / "luke.cfg", overrides=overrides)
    config["training"]["logger"] = logger
    (tmp_path / "model").mkdir()
    train(init_nlp(config), tmp_path / "model")
    trained = spacy.load(tmp_path / "model" / "model-last")

    doc = trained("ibuprofen treats high blood pressure in adults.")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("ibuprofen", "DRUG"),
        ("high blood pressure", "ILLNESS"),
    ]
    assert [ent._.luke_label for ent in doc.ents] == ["DRUG", "ILLNESS"]
    assert [(r.head.text, r.label, r.tail.text, r.id) for r in doc._.luke_relations] == [
        ("ibuprofen", "treats", "high blood pressure", "R1")
    ]
    doc = trained("Zoloft can cause a skin rash in adults.")
    assert [(r.head.text, r.label, r.tail.text) for r in doc._.luke_relations] == [
        ("Zoloft", "causes", "a skin rash")
    ]
