"""Writes `tests/saved/`: trained pipelines and annotated documents, with what they say, for `test_saved.py`.

It was run once, with the code as it was before version 0.1.0 was rebuilt inside. Later versions have to read what
earlier ones wrote, so nothing there is ever written again. Run this only to add something, under a new name:

    PYTHONPATH=tests python tests/make_saved.py NAME ...
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import spacy
import torch
from heads import write_checkpoint
from saved_docs import SAVED, Data, ask, known, logits, plain, said, step_losses
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed
from tiny import ENTITIES, PEOPLE, PLACES, TEXTS, make_corpus, make_joint, make_tokenizer

import spacy_luke

TITLES = ["Ana", "Rome", "Oslo", "Kyiv"]
TOKENIZER = make_tokenizer({**ENTITIES, **{title: i for i, title in enumerate(TITLES, start=4)}})
SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "entity_emb_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 45,
    "initializer_range": 0.15,
    "pad_token_id": TOKENIZER.pad_token_id,
}
ONE_SENTENCE = "Eve was born in Oslo ."
TWO_SENTENCES = "Bob works for Acme in Rome . Kim likes the tea from Lima ."
LONG = " ".join(f"{who} was born in {where} ." for who, where in zip(PEOPLE, PLACES, strict=True))
KINDS = {**dict.fromkeys(PEOPLE, "PER"), **dict.fromkeys(PLACES, "LOC"), "Acme": "ORG"}
Made = tuple[Language, str, list[Data]]


# --- parts -----------------------------------------------------------------------------------


def blank(*, sentences: bool = True) -> Language:
    """A pipeline that splits texts at spaces: spaCy's rules and exceptions take more place than a tiny model."""
    nlp = spacy.blank("xx")
    nlp.tokenizer = Tokenizer(nlp.vocab)
    if sentences:
        nlp.add_pipe("sentencizer", config={"punct_chars": ["."]})
    return nlp


def save_joint_checkpoint(folder: str, dtype: torch.dtype | None = None, **options: Any) -> str:
    """A random joint model whose heads count as trained. RETURNS (str): Its folder, seen from here."""
    sizes = {**SIZES, "max_position_embeddings": 67, "type_vocab_size": 4, "initializer_range": 0.2}
    heads = {"proposal_width": 8, "relation_width": 8, **options.pop("joint", {})}
    make_joint(TOKENIZER, joint=heads, **{**sizes, **options}).to(dtype).save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return folder


def save_head(kind: str, folder: str, labels: list[str], **config: Any) -> str:
    """A random checkpoint of a published class. RETURNS (str): Its folder, seen from here."""
    torch.manual_seed(0)
    entities = len(TOKENIZER.entity_vocab)
    names = {"id2label": dict(enumerate(labels))} if labels else {}
    sizes = {"vocab_size": len(TOKENIZER), "entity_vocab_size": entities, **SIZES, **names, **config}
    getattr(spacy_luke, kind)(spacy_luke.LukeConfig(**sizes)).eval().save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return folder


def train(nlp: Language, examples: list[Example], steps: int, rate: float = 0.005) -> None:
    sgd = nlp.initialize(lambda: examples)
    sgd.learn_rate = rate
    for _ in range(steps):
        losses = nlp.update(examples, sgd=sgd, losses={})
    print(losses)


def mentions(text: str, names: dict[str, str], kb_ids: bool = False) -> list[list[Any]]:
    """Rows of `ask` for the words of a text that are names, by their labels."""
    words = text.split()
    return [[i, i + 1, names[w], w if kb_ids else "", ""] for i, w in enumerate(words) if w in names]


def with_entities(examples: list[Example]) -> list[Example]:
    """Give predicted documents the entities of the reference."""
    for example in examples:
        doc = example.predicted
        doc.ents = [Span(doc, e.start, e.end, e.label_) for e in example.reference.ents]
    return examples


# --- pipelines -------------------------------------------------------------------------------


def make_luke() -> Made:
    nlp = blank()
    nlp.add_pipe(
        "luke",
        config={
            "model": {
                "checkpoint": save_joint_checkpoint("joint"),
                "window": 40,
                "overlap": 12,
                "head_learn_rate_scale": 1.0,
            },
            "find_entities": True,
            "spans_key": "candidates",
            "thresholds": {
                "ner": {"PER": 0.3, "LOC": 0.6},
                "relations": {"born in": 0.02, "works for": 0.1},
                "facts": 0.3,
            },
            "same_sentence": False,
            "max_distance": 9,
            "allowed_relations": {"born in": [["PER", "LOC"]], "works for": [["PER", "ORG"], ["PER", "LOC"]]},
            "max_batch_pieces": 300,
        },
    )
    train(nlp, make_corpus(nlp), 60)
    given = {"text": TWO_SENTENCES, "ents": [[10, 12, "DRINK", "Q6097", "mine"]]}
    return nlp, "luke", [{"text": ONE_SENTENCE}, given, {"text": TEXTS[3]}, {"text": LONG}, {"text": ""}]


def make_luke_titles() -> Made:
    """No finding; entities of a group, by title, that words attend to."""
    nlp = blank()
    checkpoint = save_joint_checkpoint(
        "full", words_attend_to_entities=True, entities_attend_to_entities=True
    )
    nlp.add_pipe(
        "luke",
        name="relater",
        config={
            "model": {
                "checkpoint": checkpoint,
                "ner": False,
                "entities_attend_to_entities": False,
                "multi_label": True,
            },
            "entities": {"@misc": "spacy-luke.doc_spans.v1", "key": "mine"},
            "entity_input": "title",
            "find_entities": False,
        },
    )
    corpus = make_corpus(nlp)
    for example in corpus:
        ents = list(example.reference.ents)
        relations = example.reference._.luke_relations
        for doc in (example.reference, example.predicted):
            doc.spans["mine"] = [Span(doc, e.start, e.end, e.label_.lower(), kb_id=e.text) for e in ents]
        spans = {span.start: span for span in example.reference.spans["mine"]}
        for span in spans.values():
            span._.luke_labels = {"thing": 1.0, "agent": float(span.label_ != "loc")}
        example.reference._.luke_relations = [
            (spans[r.head.start], spans[r.tail.start], r.label, 1.0, "P1") for r in relations
        ]
    train(nlp, corpus, 25)
    texts = [ONE_SENTENCE, TWO_SENTENCES, LONG]
    return nlp, "relater", [{"text": t, "spans": {"mine": mentions(t, KINDS, kb_ids=True)}} for t in texts]


def make_ner() -> Made:
    nlp = blank()
    nlp.add_pipe(
        "luke_ner",
        config={
            "model": {"checkpoint": save_joint_checkpoint("ner"), "words_attend_to_entities": False},
            "suggester": {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]},
            "thresholds": {"ner": 0.4},
            "spans_key": "all",
        },
    )
    train(nlp, make_corpus(nlp), 35)
    return nlp, "luke_ner", [{"text": text} for text in (*TEXTS[:2], LONG)] + [{"text": "Ana", "ents": []}]


def make_ner_spans() -> Made:
    nlp = blank()
    nlp.add_pipe(
        "luke_ner",
        config={
            "model": {
                "@architectures": "spacy-luke.CandidateSpans.v1",
                "checkpoint": save_head("LukeForEntitySpanClassification", "spans", ["none", "a"]),
                "context": "sentence",
                "outside": "none",
                "max_span_width": 3,
            },
            "thresholds": {"ner": {"ORG": 0.3}},
        },
    )
    train(nlp, make_corpus(nlp), 35)
    return nlp, "luke_ner", [{"text": text} for text in (*TEXTS[:2], LONG)]


def make_typing() -> Made:
    nlp = blank()
    nlp.add_pipe(
        "luke_typing",
        config={
            "model": {
                "checkpoint": save_head("LukeForEntityClassification", "typing", ["x"]),
                "context": "document",
                "multi_label": True,
            },
            "entities": {"@misc": "spacy-luke.doc_spans.v1", "key": "mine"},
            "entity_input": "title",
            "thresholds": {"labels": {"LOC": 0.9, "PER": 0.2}},
        },
    )
    corpus = make_corpus(nlp)
    for example in corpus:
        for doc in (example.reference, example.predicted):
            doc.spans["mine"] = [
                Span(doc, e.start, e.end, e.label_, kb_id=e.text) for e in example.reference.ents
            ]
    train(nlp, corpus, 20)
    texts = [ONE_SENTENCE, TWO_SENTENCES]
    asked = [{"text": t, "spans": {"mine": mentions(t, KINDS, kb_ids=True)}} for t in texts]
    return nlp, "luke_typing", [*asked, {"text": LONG, "spans": {"mine": mentions(LONG, KINDS)}}]


def make_relations() -> Made:
    nlp = blank()
    checkpoint = save_head(
        "LukeForEntityPairClassification", "pairs", ["nothing", "a", "b"], entity_vocab_size=8
    )
    nlp.add_pipe(
        "luke_relations",
        config={
            "model": {"checkpoint": checkpoint, "context": "document", "head_learn_rate_scale": 0.5},
            "thresholds": {"relations": {"works for": 0.6}, "facts": 0.3},
            "same_sentence": False,
            "max_distance": 12,
            "allowed_relations": {"born in": [["PER", "LOC"]], "works for": [["PER", "ORG"]]},
        },
    )
    train(nlp, with_entities(make_corpus(nlp)), 18)
    asked = [{"text": t, "ents": mentions(t, KINDS)} for t in (ONE_SENTENCE, TWO_SENTENCES, LONG)]
    return nlp, "luke_relations", asked


def make_linker() -> Made:
    aliases = {"Ana": {"Ana": 0.2, "Ana of Oslo": 0.5, "Ana of Kyiv": 0.3}, "Bob": {"Bob of Rome": 1.0}}
    aliases |= {place: {place: 1.0} for place in ("Rome", "Oslo")}
    rows = [{"mention": mention, "candidates": found} for mention, found in aliases.items()]
    Path("aliases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("ids.jsonl").write_text('{"title": "Rome", "id": "Q220"}\n{"title": "Ana of Oslo", "id": "Q1"}\n')
    nlp = blank(sentences=False)
    nlp.add_pipe(
        "luke_linker",
        config={
            "model": {"checkpoint": save_head("LukeForMaskedLM", "mlm", []), "window": 30, "overlap": 10},
            "aliases": "aliases.jsonl",
            "ids": "ids.jsonl",
            "steps": 2,
            "threshold": 0.546,
            "prior_weight": 0.3,
            "n_candidates": 2,
            "mask_rate": 0.8,
        },
    )
    examples = []
    for who in ("Ana", "Bob"):
        for place, kb_id in (("Rome", "Q220"), ("Oslo", "Oslo"), ("Kyiv", "Kyiv")):
            text = f"{who} was born in {place} ."
            title = f"{who} of {place}"
            reference, predicted = nlp.make_doc(text), nlp.make_doc(text)
            title = "Q1" if title == "Ana of Oslo" else title
            reference.ents = [
                Span(reference, 0, 1, "X", kb_id=title),
                Span(reference, 4, 5, "X", kb_id=kb_id),
            ]
            examples.append(Example(predicted, reference))
    train(nlp, examples, 50)
    texts = ["Ana was born in Oslo .", "Bob lives in Rome and Lea was born in Kyiv .", LONG]
    names = dict.fromkeys([*PEOPLE, *PLACES], "X")
    return nlp, "luke_linker", [{"text": text, "ents": mentions(text, names)} for text in texts]


def make_textcat() -> Made:
    nlp = blank(sentences=False)
    nlp.add_pipe(
        "luke_textcat",
        config={
            "model": {
                "checkpoint": save_head("LukeForSequenceClassification", "sequence", ["x", "y"]),
                "max_length": 20,
                "overlap": 6,
            },
            "problem_type": "multi_label_classification",
            "entity_input": "mask",
        },
    )
    rows = [
        ("Ana likes tea", "tea", ["drinks"]),
        ("Bob likes Rome", "old", ["old"]),
        ("Eve lives in Oslo", "", []),
    ]
    rows += [("the old tea", "tea", ["drinks", "old"])]
    examples = []
    for text, pair, labels in rows:
        reference, predicted = nlp.make_doc(text), nlp.make_doc(text)
        reference.cats = {label: float(label in labels) for label in ("drinks", "old")}
        for doc in (reference, predicted):
            doc.ents = [Span(doc, 0, 1, "X")]
            doc._.luke_text_pair = pair or None
        examples.append(Example(predicted, reference))
    train(nlp, examples, 25)
    asked: list[Data] = [{"text": "Kim likes tea", "text_pair": "tea", "ents": [[0, 1, "X", "", ""]]}]
    return (
        nlp,
        "luke_textcat",
        [*asked, {"text": "Kim likes old Rome"}, {"text": LONG, "text_pair": "old tea"}],
    )


def make_tagger() -> Made:
    nlp = blank(sentences=False)
    nlp.add_pipe(
        "luke_tagger",
        config={
            "model": {
                "checkpoint": save_head("LukeForTokenClassification", "token", ["x"]),
                "max_length": 24,
            },
            "pieces": "mean",
            "gold": "tag",
            "outside": "NONE",
            "entity_input": "title",
        },
    )
    examples = []
    for who, where in zip(PEOPLE, PLACES, strict=True):
        text = f"{who} lives in {where} ."
        reference, predicted = nlp.make_doc(text), nlp.make_doc(text)
        for token, tag in zip(reference, ["PER", "NONE", "NONE", "LOC", "NONE"], strict=True):
            token.tag_ = tag
        examples.append(Example(predicted, reference))
    train(nlp, examples, 10)
    texts = [ONE_SENTENCE, TWO_SENTENCES, LONG, "Rome likes Oslo and Ana ."]
    asked: list[Data] = [{"text": text, "ents": mentions(text, KINDS, kb_ids=True)} for text in texts]
    return nlp, "luke_tagger", [*asked, {"text": "Unknownword lives in Rome."}]


def make_qa() -> Made:
    nlp = blank(sentences=False)
    who, where, what = "who lives", "where in", "tea"
    nlp.add_pipe(
        "luke_qa",
        config={
            "model": {
                "checkpoint": save_head("LukeForQuestionAnswering", "answers", []),
                "max_length": 40,
                "overlap": 12,
            },
            "questions": [where, who],
            "n_best": 2,
            "max_answer_length": 3,
            "no_answer_margin": 1.5,
            "spans_key": "found",
        },
    )
    examples = []
    for name, place in zip(PEOPLE, PLACES, strict=True):
        text = f"{name} lives in {place} ."
        reference, predicted = nlp.make_doc(text), nlp.make_doc(text)
        reference._.luke_question = predicted._.luke_question = [who, where, what]
        reference.spans["found"] = [Span(reference, 0, 1, who), Span(reference, 3, 4, where)]
        examples.append(Example(predicted, reference))
    train(nlp, examples, 9)
    asked: list[Data] = [{"text": "Eve lives in Lima ."}, {"text": LONG, "question": who}]
    return nlp, "luke_qa", [*asked, {"text": "Max lives in Cork .", "question": [what, where]}]


def make_choice() -> Made:
    nlp = blank(sentences=False)
    checkpoint = save_head("LukeForMultipleChoice", "choice", [])
    nlp.add_pipe("luke_choice", config={"model": {"checkpoint": checkpoint, "dtype": "bfloat16"}})
    examples = []
    for i, who in enumerate(PEOPLE):
        choices = ["in Rome", "the old tea", "for Acme", "in Oslo"][: 3 + i % 2]
        reference, predicted = nlp.make_doc(f"{who} likes"), nlp.make_doc(f"{who} likes")
        reference._.luke_choices = predicted._.luke_choices = choices[i % 3 :] + choices[: i % 3]
        reference._.luke_choice = "the old tea"
        examples.append(Example(predicted, reference))
    train(nlp, examples, 8)
    asked: list[Data] = [{"text": "Kim likes", "choices": ["in Cork", "old tea"]}]
    return nlp, "luke_choice", [*asked, {"text": LONG, "choices": ["tea", "for Vox", "in Rome"]}]


def make_listened() -> Made:
    """spaCy's tagger on luke's word states."""
    nlp = blank()
    config = {"checkpoint": save_joint_checkpoint("listened"), "ner": False, "labels": False}
    nlp.add_pipe("luke", config={"model": config})
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}
    listener |= {"upstream": "luke", "pooling": {"@layers": "reduce_mean.v1"}}
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}})
    corpus = make_corpus(nlp, 9)
    for example in corpus:
        for token in example.reference:
            token.tag_ = "N" if token.text[0].isupper() else "P" if token.text == "." else "W"
    train(nlp, corpus, 50)
    asked = [{"text": text, "ents": mentions(text, KINDS)} for text in (ONE_SENTENCE, TWO_SENTENCES)]
    return nlp, "luke", asked


PIPELINES: dict[str, Callable[[], Made]] = {
    "luke": make_luke,
    "luke_titles": make_luke_titles,
    "luke_ner": make_ner,
    "luke_ner_spans": make_ner_spans,
    "luke_typing": make_typing,
    "luke_relations": make_relations,
    "luke_linker": make_linker,
    "luke_textcat": make_textcat,
    "luke_tagger": make_tagger,
    "luke_qa": make_qa,
    "luke_choice": make_choice,
    "luke_listened": make_listened,
}


# --- writing ---------------------------------------------------------------------------------


def write(path: Path, data: Any) -> None:
    """Write JSON, a line for each document."""
    lines = [f"{json.dumps(key)}: {_lines(value)}" for key, value in plain(data).items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf8")


def _lines(value: Any) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def save_pipeline(name: str, folder: Path) -> None:
    nlp, pipe, asked = PIPELINES[name]()
    nlp.to_disk(folder)
    if name == "luke_textcat":
        (SAVED / "luke_textcat.bytes").write_bytes(nlp.to_bytes())
    loaded = spacy.load(folder)
    tolerance = 0.03 if name == "luke_choice" else 1e-4  # products of bfloat16 differ among processors
    data = {"pipe": pipe, "tolerance": tolerance, "known": known(loaded, pipe), "asked": asked}
    data["said"] = [said(doc) for doc in loaded.pipe([ask(loaded, a) for a in asked])]
    data["known_later"] = known(loaded, pipe)
    if name not in (
        "luke_linker",
        "luke_listened",
    ):  # what is masked is chance; tags aren't part of what is said
        data["step_losses"] = step_losses(loaded, asked)
    write(SAVED / f"{name}.json", data)


def save_checkpoint(folder: Path) -> None:
    """A joint checkpoint as it is published: in half precision, with tuned thresholds."""
    nlp = spacy.load(SAVED / "luke")
    model = nlp.get_pipe("luke").model.shims[0].module
    model.joint = model.joint.with_changes(
        thresholds={"ner": 0.45, "relations": {"born in": 0.3}, "facts": 0.4}
    )
    model.to(torch.float16).save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    asked = [{"text": text} for text in (*TEXTS[:3], LONG)]
    loaded = spacy_luke.load(folder)
    data: Data = {"pipe": "luke", "tolerance": 1e-4, "asked": asked}
    data["said"] = [said(doc) for doc in loaded.pipe([ask(loaded, a) for a in asked])]
    data["known"] = known(loaded, "luke")
    write(SAVED / f"{folder.name}.json", data)


HEADS = {
    "head_pairs": ("LukeForEntityPairClassification", ["no_relation", "born in", "works for"]),
    "head_masked": ("LukeForMaskedLM", []),
    "head_sequence": ("LukeForSequenceClassification", ["good", "bad"]),
}
TEXT, SPANS = "Ana was born in Rome.", [(0, 3), (16, 20)]


def save_published(name: str, folder: Path) -> None:
    """A published class with its tokenizer, and the logits of a text with two entities. One is written by transformers,
    with a byte-level tokenizer in files of its own."""
    kind, labels = HEADS[name]
    if name == "head_pairs":
        sizes = {
            "hidden_size": 16,
            "entity_emb_size": 8,
            "intermediate_size": 24,
            "max_position_embeddings": 40,
        }
        write_checkpoint(folder, kind, labels, initializer_range=0.5, **sizes)
        shutil.rmtree(folder / "words")
    else:
        save_head(kind, str(folder), labels, initializer_range=0.5)
    write(
        SAVED / f"{name}.json",
        {"class": kind, "text": TEXT, "spans": SPANS, **logits(kind, folder, TEXT, SPANS)},
    )


def save_docs(path: Path) -> None:
    """Documents that all saved pipelines have annotated: each its own, and one that several wrote on."""
    docs, vocab = [], spacy.blank("xx").vocab
    for name in PIPELINES:
        data = json.loads((SAVED / f"{name}.json").read_text(encoding="utf8"))
        nlp = spacy.load(SAVED / name, vocab=vocab)
        docs.extend(nlp.pipe([ask(nlp, asked) for asked in data["asked"][:2]]))
    several = ask(
        nlp, {"text": TWO_SENTENCES, "text_pair": "tea", "question": "who lives", "choices": ["a", "tea"]}
    )
    for name in ("luke", "luke_textcat", "luke_tagger", "luke_qa", "luke_choice", "luke_linker"):
        nlp = spacy.load(SAVED / name, vocab=vocab)
        several = nlp(several)
    docs.append(several)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    path.with_name("doc.bytes").write_bytes(several.to_bytes())
    write(SAVED / "docs.json", {"said": [said(doc) for doc in docs]})


def main(names: list[str]) -> None:
    """Write what is named and isn't there yet."""
    here = SAVED.resolve()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(
            folder
        )  # configs tell the checkpoints that were trained from; their paths should say nothing else
        for name in names:
            path = here / name
            if path.exists():
                raise SystemExit(f"{path} is there already")
            fix_random_seed(0)
            random.seed(0)
            if name in PIPELINES:
                save_pipeline(name, path)
            elif name in HEADS:
                save_published(name, path)
            elif name == "joint":
                save_checkpoint(path)
            else:
                save_docs(path)


if __name__ == "__main__":
    main(sys.argv[1:] or [*PIPELINES, "joint", *HEADS, "docs.spacy"])
