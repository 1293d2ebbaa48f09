"""Tiny joint models, pipelines around them, and a corpus that they can learn."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from safetensors.torch import save_file
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor

import spacy_luke
from spacy_luke.batch import LukeInputs
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.heads.joint.model import LukeJointModel
from spacy_luke.nn.joint_config import JointConfig
from spacy_luke.tokenizer import LukeTokenizer

JOINT_HEADS = ("entity_head", "relation_head", "span_head")
ENTITIES = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PEOPLE = ["Ana", "Bob", "Eve", "Kim", "Lea", "Max"]
PLACES = ["Rome", "Oslo", "Kyiv", "Lima", "Bonn", "Cork"]
FIRMS = ["Acme", "Vox", "Zeta", "Nexo"]
WORDS = [
    "was",
    "born",
    "in",
    "works",
    "for",
    "lives",
    "likes",
    "tea",
    "and",
    "the",
    "old",
    "she",
    "he",
    "from",
]

# Texts of different lengths; the fourth takes several windows of the tiny model.
TEXTS = [
    "Ana was born in Rome .",
    "Bob works for Acme in Oslo . Eve likes tea and Kim lives in Lima .",
    "Lea .",
    " ".join(f"{p} works for {f} in {q} ." for p in PEOPLE[:4] for f, q in zip(FIRMS, PLACES, strict=False)),
    "",
    "Max from Bonn likes the old tea .",
]

torch.set_num_threads(1)  # tests are small; threads that wait for each other cost more than they give


def make_tokenizer(entities: dict[str, int] = ENTITIES) -> LukeTokenizer:
    """WordPiece with whole words, and all letters to spell what it doesn't know."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,'-"
    words = [w.lower() for w in (*PEOPLE, *PLACES, *FIRMS, *WORDS) if len(w) > 1]
    vocab = [*SPECIAL, *letters, *(f"##{c}" for c in letters), *dict.fromkeys(words)]
    tokenizer = Tokenizer(
        models.WordPiece(
            {word: i for i, word in enumerate(vocab)}, unk_token="[UNK]", max_input_chars_per_word=200
        )
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return LukeTokenizer.from_tokenizer_json(tokenizer, entities)


def save_bert(folder: Path) -> Path:
    """Write a tiny BERT as transformers saves it. RETURNS (Path): Its folder."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    tokenizer = Tokenizer.from_str(make_tokenizer().backend.tokenizer.to_str())
    tokenizer.save(str(folder / "tokenizer.json"))
    config = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=66,
    )
    model = transformers.BertModel(config, add_pooling_layer=False)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    return folder


def make_joint(
    tokenizer: LukeTokenizer, seed: int = 0, joint: dict[str, Any] | None = None, **config: Any
) -> LukeJointModel:
    """A tiny joint model with random weights, by default with all heads, which count as trained."""
    torch.manual_seed(seed)
    sizes = {
        "hidden_size": 32,
        "entity_emb_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 67,
        "type_vocab_size": 4,
        "initializer_range": 0.2,
        "words_attend_to_entities": False,
        "entities_attend_to_entities": False,
        "case_token_types": True,
        "pad_token_id": tokenizer.pad_token_id,
    }
    heads = {
        "ner_labels": ("LOC", "ORG", "PER"),
        "entity_labels": ("LOC", "ORG", "PER"),
        "relation_labels": ("born in", "works for"),
        "relation_ids": {"born in": "P19"},
        "proposal_width": 16,
        "relation_width": 16,
        "max_span_width": 4,
        "entity_mask_id": tokenizer.entity_mask_id,
    }
    joint_config = JointConfig(**{**heads, **(joint or {})})
    luke_config = LukeConfig(
        vocab_size=len(tokenizer),
        entity_vocab_size=len(tokenizer.entity_vocab),
        joint=joint_config.to_dict(),
        **{**sizes, **config},
    )
    return LukeJointModel(luke_config).eval()


def make_words(lengths: tuple[int, ...] = (9, 6), seed: int = 1) -> LukeInputs[Tensor]:
    """Random windows of one piece a token."""
    generator = torch.Generator().manual_seed(seed)
    longest = max(lengths)
    ids = torch.randint(5, 60, (len(lengths), longest + 2), generator=generator)
    mask = torch.arange(longest + 2) < torch.tensor(lengths)[:, None] + 2
    ids = ids.masked_fill(~mask, ENTITIES["[PAD]"])
    slots = torch.arange(longest).expand(len(lengths), -1)
    token_mask = slots < torch.tensor(lengths)[:, None]
    places = torch.where(token_mask, slots + 1, 0)
    return LukeInputs(
        input_ids=ids,
        attention_mask=mask,
        token_type_ids=ids % 4,
        token_start_positions=places,
        token_end_positions=places,
        token_mask=token_mask,
    )


def with_mentions(
    words: LukeInputs[Tensor], extents: Tensor | None = None, mask: Tensor | None = None, **fields: Tensor
) -> LukeInputs[Tensor]:
    """The same words with entities and pairs; extents are first and last-plus-one word."""
    if extents is None:
        extents = torch.tensor([[1, 3], [4, 5], [2, 6]]).repeat(len(words.needed("input_ids")), 1, 1)
        mask = torch.ones(extents.shape[:2], dtype=torch.bool)
        mask[-1, 2] = False
        fields = {"pairs": torch.tensor([[1, 1, 0], [0, 0, 2], [0, 2, 1], [1, 0, 1]]), **fields}
    places = {"entity_start_positions": extents[..., 0], "entity_end_positions": extents[..., 1] - 1}
    return replace(words, entity_attention_mask=mask, **places, **fields)


def make_pipeline(
    checkpoint: str, name: str = "luke", model: dict[str, Any] | None = None, **config: Any
) -> Language:
    """A blank pipeline with sentences and one component of ours on a tiny checkpoint."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    settings = {"checkpoint": checkpoint, "overlap": 16, **(model or {})}
    nlp.add_pipe(name, config={"model": settings, **config})
    return nlp


def annotate(
    nlp: Language, text: str, ents: dict[str, str], relations: Iterable[tuple[str, str, str]] | None
) -> Example:
    """An example with gold entities (text: label) and relations between their texts."""
    spacy_luke.set_extensions()
    doc = nlp.make_doc(text)
    spans: dict[str, Span] = {}
    for token in doc:
        if token.text in ents:
            spans[token.text] = Span(doc, token.i, token.i + 1, label=ents[token.text])
    doc.ents = list(spans.values())
    for token in doc:
        token.is_sent_start = token.i == 0 or doc[token.i - 1].text == "."
    if relations is not None:
        doc._.luke_relations = [(spans[head], spans[tail], label, 1.0, "") for head, tail, label in relations]
    predicted = nlp.make_doc(text)
    for token, gold in zip(predicted, doc, strict=True):
        token.is_sent_start = gold.is_sent_start
    return Example(predicted, doc)


def make_corpus(nlp: Language, size: int = 18) -> list[Example]:
    """Short documents: who was born where, who works for whom, and who only likes tea somewhere."""
    examples = []
    for i in range(size):
        who, where, firm = PEOPLE[i % 6], PLACES[(i + i // 6) % 6], FIRMS[i % 4]
        ents = {who: "PER", where: "LOC", firm: "ORG"}
        kind = i % 3
        if kind == 0:
            examples.append(annotate(nlp, f"{who} was born in {where} .", ents, [(who, where, "born in")]))
        elif kind == 1:
            text = f"{who} works for {firm} in {where} ."
            examples.append(annotate(nlp, text, ents, [(who, firm, "works for")]))
        else:
            examples.append(annotate(nlp, f"{who} likes the tea from {where} .", ents, []))
    return examples


def summary(doc: Doc) -> dict[str, Any]:
    """All that our components write, as plain data, numbers rounded."""
    return {
        "ents": [(e.start, e.end, e.label_) for e in doc.ents],
        "labels": [(e._.luke_label, {k: round(v, 4) for k, v in e._.luke_labels.items()}) for e in doc.ents],
        "vectors": [None if e._.luke_vector is None else e._.luke_vector.round(3).tolist() for e in doc.ents],
        "relations": [
            (r.head.start, r.tail.start, r.label, r.id, round(r.score, 3)) for r in doc._.luke_relations
        ],
        "facts": [(f.head, f.tail, f.label, round(f.score, 3), len(f.pairs)) for f in doc._.luke_facts],
    }
