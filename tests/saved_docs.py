"""Documents for saved pipelines, from plain data; and what pipelines say of them, as plain data."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import SGD

import spacy_luke

SAVED = Path(__file__).parent / "saved"
# Published classes by the folder that holds one.
HEADS = {
    "head_pairs": "LukeForEntityPairClassification",
    "head_masked": "LukeForMaskedLM",
    "head_sequence": "LukeForSequenceClassification",
}
# Pipelines by the folder that holds one, without the one with a listener, which needs an extra.
PIPELINES = [
    "luke",
    "luke_titles",
    "luke_ner",
    "luke_ner_spans",
    "luke_typing",
    "luke_relations",
    "luke_linker",
]
PIPELINES += ["luke_textcat", "luke_tagger", "luke_qa", "luke_choice"]
Data = dict[str, Any]


def ask(nlp: Language, asked: Data) -> Doc:
    """Make a document with all that its pipe has to be told.

    nlp (Language): The pipeline; only its tokenizer runs.
    asked (dict[str, Any]): "text", and where they are needed "ents", "spans" by group (each start, end, label, kb id
        and span id), "pair", "question", "choices".
    RETURNS (Doc): The document.
    """
    spacy_luke.set_extensions()
    doc = nlp.make_doc(asked["text"])
    if "ents" in asked:
        doc.ents = _spans(doc, asked["ents"])
    for key, group in asked.get("spans", {}).items():
        doc.spans[key] = _spans(doc, group)
    for name in ("text_pair", "question", "choices"):
        if name in asked:
            setattr(doc._, f"luke_{name}", asked[name])
    return doc


def _spans(doc: Doc, rows: list[list[Any]]) -> list[Span]:
    return [
        Span(doc, start, end, label=label, kb_id=kb_id, span_id=id_) for start, end, label, kb_id, id_ in rows
    ]


def said(doc: Doc) -> Data:
    """All that components have written on a document, read through spaCy and our extensions.

    doc (Doc): The document.
    RETURNS (dict[str, Any]): Plain data, as JSON gives it back, without what is empty.
    """
    choice = doc._.luke_choice
    data = {
        "words": [token.text for token in doc],
        "ents_annotated": doc.has_annotation("ENT_IOB"),
        "ents": [_span(ent) for ent in doc.ents],
        "spans": {key: [_span(span) for span in group] for key, group in doc.spans.items()},
        "attrs": {key: dict(group.attrs) for key, group in doc.spans.items()},
        "relations": [_relation(relation) for relation in doc._.luke_relations],
        "facts": [
            [f.head, f.tail, f.label, f.score, f.id, [_relation(pair) for pair in f.pairs]]
            for f in doc._.luke_facts
        ],
        "cats": dict(doc.cats),
        "luke_tags": _any(token._.luke_tag for token in doc),
        "tags": _any(token.tag_ for token in doc),
        "choice": None if choice is None else [choice.number, choice.text, list(choice.scores)],
        "text_pair": doc._.luke_text_pair,
        "question": doc._.luke_question,
        "choices": doc._.luke_choices,
    }
    return plain({name: value for name, value in data.items() if value})


def _any(values: Iterable[str]) -> list[str]:
    """RETURNS (list[str]): The values; none if all are empty."""
    found = list(values)
    return found if any(found) else []


def _span(span: Span) -> list[Any]:
    vector = span._.luke_vector
    return [
        [span.start, span.end, span.label_, span.kb_id_, span.id_],
        span._.luke_label,
        span._.luke_labels,
        [[found.title, found.score] for found in span._.luke_candidates],
        None if vector is None else vector.tolist(),
    ]


def _relation(relation: spacy_luke.Relation) -> list[Any]:
    head, tail, label, score, id_ = relation
    return [[head.start, head.end, head.label_], [tail.start, tail.end, tail.label_], label, score, id_]


def plain(data: Any) -> Any:
    """RETURNS (Any): What JSON makes of it, floats rounded."""
    text = json.dumps(data, default=lambda array: array.tolist())
    return json.loads(text, parse_float=lambda number: round(float(number), 5))


def known(nlp: Language, name: str) -> Data:
    """What a pipe says of itself. RETURNS (dict[str, Any]): Labels, label data, thresholds."""
    pipe = nlp.get_pipe(name)
    facts = {"labels": list(pipe.labels), "label_data": getattr(pipe, "label_data", None)}
    for setting in ("thresholds", "threshold", "aliases", "ids"):
        if hasattr(pipe, setting):
            facts[setting] = getattr(pipe, setting)
    return plain(facts)


def step_losses(nlp: Language, asked: list[Data]) -> list[float]:
    """Train one step towards what the pipeline says itself. RETURNS (list[float]): Loss before and after."""
    examples = [Example(ask(nlp, data), nlp(ask(nlp, data))) for data in asked]
    for example in examples:
        for token in example.reference:
            if token._.luke_tag:  # the saved tagger's config says that gold is in `token.tag_`
                token.tag_, token._.luke_tag = token._.luke_tag, None
    sgd = SGD(0.05)
    with warnings.catch_warnings():  # some of what is asked has labels that the pipelines don't have
        warnings.filterwarnings("ignore", ".* have labels that the component", UserWarning)
        before = sum(nlp.update(examples, sgd=sgd, losses={}).values())
        return plain([before, sum(nlp.update(examples, losses={}).values())])


def logits(kind: str, folder: Path, text: str, spans: list[Any]) -> Data:
    """What a published class says of a text with entities. RETURNS (dict[str, Any]): Its inputs and its outputs."""
    tokenizer = spacy_luke.LukeTokenizer.from_pretrained(folder)
    spans = [tuple(span) for span in spans]
    inputs = tokenizer(text, entities=["Rome", "Oslo"], entity_spans=spans, return_tensors="pt")
    with torch.no_grad():
        output = getattr(spacy_luke, kind).from_pretrained(folder)(**inputs)
    names = [name for name in ("logits", "entity_logits") if output.get(name) is not None]
    ids = {name: value.tolist() for name, value in inputs.items()}
    return plain({"inputs": ids, "outputs": {name: output[name].tolist() for name in names}})


def differences(found: Any, expected: Any, tolerance: float, where: str = "") -> list[str]:
    """Compare plain data: numbers within a tolerance, all else exactly.

    found (Any): What there is.
    expected (Any): What there should be.
    tolerance (float): Most difference of two floats.
    where (str): Place in the data, for messages.
    RETURNS (list[str]): A line for each difference.
    """
    if isinstance(expected, float) and isinstance(found, float):
        close = abs(found - expected) <= tolerance
        return [] if close else [f"{where}: {found} instead of {expected}"]
    if isinstance(expected, dict) and isinstance(found, dict) and found.keys() == expected.keys():
        return [d for k in expected for d in differences(found[k], expected[k], tolerance, f"{where}.{k}")]
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, tolerance, f"{where}[{i}]")]
    return [] if found == expected else [f"{where}: {found!r} instead of {expected!r}"]
