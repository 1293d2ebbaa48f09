"""configs/luke_ner.cfg, luke_typing.cfg and luke_relations.cfg as a user runs them: filled, trained, loaded again. Here
they start from a tiny model, which is quicker than the default one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from tiny import PEOPLE

from spacy_luke import Relation, set_extensions

ROOT = Path(__file__).parent.parent.parent
THINGS = ("tea", "old Rome", "the Nexo")
SPANS = {
    "@architectures": "spacy-luke.CandidateSpans.v1",
    "context": "document",
    "outside": None,
    "max_span_width": 4,
    "head_learn_rate_scale": 10.0,
    "mixed_precision": False,
}


def _document(vocab: Any, index: int, gold: bool = True) -> Doc:
    who, what = PEOPLE[index % 4], THINGS[index % 3].split()
    verb = ("likes", "was")[index // 6]
    doc = Doc(vocab, words=[who, verb, *what, "in", "Lima", "."])
    doc.ents = [Span(doc, 0, 1, label="WHO"), Span(doc, 2, 2 + len(what), label="WHAT")]
    if gold:
        doc._.luke_relations = [Relation(*doc.ents, verb, id="R1")]
    return doc


@pytest.mark.parametrize(
    ("name", "model", "figure"),
    [
        ("luke_ner", None, "ents_f"),
        ("luke_ner", SPANS, "ents_f"),
        ("luke_typing", None, "luke_labels_micro_f"),
        ("luke_relations", None, "luke_relations_micro_f"),
    ],
)
def test_a_few_steps(tmp_path: Path, checkpoint: str, name: str, model: dict[str, Any] | None, figure: str):
    set_extensions()
    vocab = spacy.blank("en").vocab
    corpus = tmp_path / "train.spacy"
    DocBin(docs=[_document(vocab, i) for i in range(12)], store_user_data=True).to_disk(corpus)
    overrides = {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "training.max_steps": 60,
        "training.eval_frequency": 60,
        "training.optimizer.learn_rate.warmup_steps": 5,
        "training.optimizer.learn_rate.initial_rate": 0.003,
        f"components.{name}.model.checkpoint": checkpoint,  # a tiny model instead of the default one
    }
    config = load_config(ROOT / "configs" / f"{name}.cfg", overrides=overrides)
    spacy.util.load_model_from_config(config, auto_fill=False)  # every setting of the component is there
    if model is not None:
        config["components"][name]["model"] = {**model, "checkpoint": checkpoint}
    (tmp_path / "model").mkdir()
    train(init_nlp(config), tmp_path / "model")
    trained = spacy.load(tmp_path / "model" / "model-last")
    assert trained.meta["performance"][figure] > 0.9
    doc = _document(trained.vocab, 1, gold=False)
    if name == "luke_ner":
        doc = Doc(trained.vocab, words=[token.text for token in doc])
    trained(doc)
    if name == "luke_ner":
        assert [(ent.text, ent.label_) for ent in doc.ents] == [("Bob", "WHO"), ("old Rome", "WHAT")]
    if name == "luke_typing":
        assert [ent._.luke_label for ent in doc.ents] == ["WHO", "WHAT"]
    if name == "luke_relations":
        found = [(r.head.text, r.label, r.tail.text, r.id) for r in doc._.luke_relations]
        assert found == [("Bob", "likes", "old Rome", "R1")]
