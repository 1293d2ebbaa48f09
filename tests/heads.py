"""Tiny published checkpoints, written by transformers where it is installed, and Docs to put to them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

import spacy_luke

try:
    import transformers as LIBRARY

    if not LIBRARY.__version__.startswith("4."):  # its LukeTokenizer takes other arguments
        LIBRARY = spacy_luke
except ImportError:
    LIBRARY = spacy_luke

ENTITIES = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3, "Ana Lopez": 4, "Rome": 5}
NAMES = ["Ana Lopez", "Bob", "Rome", "New York City", "Acme Ltd.", "O'Neill", "the U.S.", "e-mail", "Zoë"]
REST = [
    "met",
    "in",
    "and",
    "didn't",
    "like",
    "a lot of",
    '"tea"',
    "(2,000)",
    "well-known",
    "at",
    "naïve",
    "...",
]
SAMPLE = " ".join([*NAMES, *REST]) + " "

SIZES = {
    "entity_vocab_size": len(ENTITIES),
    "hidden_size": 32,
    "entity_emb_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "type_vocab_size": 1,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "initializer_range": 0.3,
}


def write_checkpoint(folder: Path, head: str, labels: list[str], seed: int = 0, **config: Any) -> str:
    """Save a head with random weights and its tokenizer. RETURNS (str): The folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = LIBRARY.LukeTokenizer(*_vocabulary(folder / "words"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    settings = {"vocab_size": len(tokenizer), "max_position_embeddings": 130, **SIZES, **config}
    names = dict(enumerate(labels))
    model = getattr(LIBRARY, head)(LIBRARY.LukeConfig(id2label=names, **settings)).eval()
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    return str(folder)


def _vocabulary(folder: Path) -> list[str]:
    folder.mkdir()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([SAMPLE * 3], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = "\n".join(["#version: 0.2", *(" ".join(pair) for pair in model["merges"]), ""])
    files = {
        "vocab.json": json.dumps(model["vocab"]),
        "merges.txt": merges,
        "entity_vocab.json": json.dumps(ENTITIES),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf8")
    return [str(folder / name) for name in files]


def make_nlp(
    factory: str, checkpoint: str | None, model: dict[str, Any] | None = None, **config: Any
) -> Language:
    """A blank pipeline with sentences and one component on a checkpoint."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe(factory, config={"model": {"checkpoint": checkpoint, **(model or {})}, **config})
    return nlp


def random_docs(nlp: Language, n: int, seed: int = 0, most_sentences: int = 4) -> list[Doc]:
    """Docs with entities, some of them nowhere near a sentence's edge, some of one sentence, some of several."""
    rng = random.Random(seed)
    docs = []
    for _ in range(n):
        text, places = "", []
        for _ in range(rng.randint(1, most_sentences)):
            for _ in range(rng.randint(1, 4)):
                name = rng.choice(NAMES)
                text += " " if text else ""
                places.append((len(text), len(text) + len(name)))
                text += f"{name} {rng.choice(REST)} {rng.choice(REST)}"
            text += "."
        doc = nlp.get_pipe("sentencizer")(nlp.make_doc(text))
        spans = [doc.char_span(*place, label="X", alignment_mode="expand") for place in places]
        doc.ents = spacy.util.filter_spans([span for span in spans if span is not None])
        docs.append(doc)
    return docs


def copy_doc(doc: Doc) -> Doc:
    """The words, sentences and entities of a Doc, and nothing that a component has written."""
    copied = Doc(
        doc.vocab,
        words=[token.text for token in doc],
        spaces=[bool(token.whitespace_) for token in doc],
        sent_starts=[token.is_sent_start for token in doc],
    )
    if doc.ents:  # an empty list would say that there are none
        copied.ents = [Span(copied, ent.start, ent.end, label=ent.label_) for ent in doc.ents]
    return copied


# --- the pipes on published heads --------------------------------------------------------

SPANS = {"@architectures": "spacy-luke.CandidateSpans.v1", "max_span_width": 4}
PIPES: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "luke_ner": ("LukeForEntitySpanClassification", ["NIL", "PER", "ORG", "LOC"], SPANS),
    "luke_typing": ("LukeForEntityClassification", ["person", "place", "thing"], {}),
    "luke_relations": ("LukeForEntityPairClassification", ["no_relation", "born in", "works for"], {}),
}
SEEDS = {"luke_ner": 8, "luke_typing": 3, "luke_relations": 9}


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
