"""The figures of the model card, printed and kept as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import table

from spacy_luke.layers.loading import load
from spacy_luke.pipeline.entities import EntityPipe
from spacy_luke.training.corpus import LukeCorpus

from .figures import Figure
from .machine import describe_machine
from .measure import Report, measure
from .metrics import Operating

# What words, and what entities, read of the entities.
ATTENTION: dict[str, tuple[bool | None, bool | None]] = {
    "trained": (None, None),
    "full": (True, True),
    "words-cut": (False, True),
    "both-cut": (False, False),
}
_TABLES = {
    "stated": "Relations stated in a sentence, gold mentions, by threshold",
    "related": "Relations of entities of a sentence, stated there or not, gold mentions, by threshold",
    "facts": "Relations of a document, gold mentions and clusters, by threshold",
    "raw_facts_any_pair": "Raw text to facts, any pair of mentions, by threshold",
    "raw_facts_all_mentions": "Raw text to facts, all mentions of both entities, by threshold",
}
# Details of figures that have a column. The calibration error is over answers with a score of 0.05 or more.
_DETAILS = {
    "precision": "precision",
    "recall": "recall",
    "recall_at_0.75": "recall at P 0.75",
    "recall_at_0.85": "recall at P 0.85",
    "calibration_error": "calibration",
}


def evaluate(
    corpus: Path, checkpoint: str | None, train: Path | None, out: Path | None, attention: str
) -> Iterator[str]:
    """Measure a joint checkpoint on gold documents, each figure with its 95% bootstrap interval.

    corpus (Path): A `.spacy` file with gold entities, clusters (`span.id_`), relations and sentences.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    train (Path | None): The training `.spacy` file; None leaves out Ign F1 and the lookup floor.
    out (Path | None): Where to write everything as JSON; None for nowhere.
    attention (str): "trained", or what to do otherwise: "full", "words-cut" or "both-cut".
    YIELDS (str): Blocks of text to print.
    RAISES (ValueError): If an option is unknown, a document has no sentences, or no head is trained.
    """
    if attention not in ATTENTION:
        raise ValueError(f"Attention {attention!r} is not known. Choose one of {', '.join(ATTENTION)}.")
    nlp = load_with_attention(checkpoint, attention)
    pipe: EntityPipe = nlp.get_pipe("luke")
    if not _speaks(pipe):
        raise ValueError(
            f"The checkpoint {checkpoint!r} has no trained head, so there is nothing to measure. Train it, then choose "
            "its thresholds with `python -m spacy luke tune`, and name the folder that this writes."
        )
    golds = _read(nlp, corpus)
    for gold in golds:
        if not gold.has_annotation("SENT_START"):
            raise ValueError(
                f"A document in {corpus} has no sentence boundaries, and figures are about pairs of one sentence: "
                f"{gold[:10].text!r}. Annotate sentences, e.g. with the sentencizer."
            )
    report = measure(nlp, pipe, golds, None if train is None else _read(nlp, train))
    report.facts = {
        "checkpoint": checkpoint,
        "attention": attention,
        "documents": len(golds),
        **report.facts,
        "thresholds": dict(pipe.thresholds),
        "machine": describe_machine(),
    }
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(out, report.to_dict())
    yield from describe(report)


def load_with_attention(checkpoint: str | None, attention: str) -> Language:
    """`spacy_luke.load`, with another attention than the checkpoint was trained with.

    checkpoint (str | None): A joint checkpoint; None for the default model.
    attention (str): A key of `ATTENTION`.
    RETURNS (Language): The pipeline.
    """
    if attention == "trained":
        return load(checkpoint)
    words, entities = ATTENTION[attention]
    model = {
        "checkpoint": checkpoint,
        "words_attend_to_entities": words,
        "entities_attend_to_entities": entities,
        "pair_layers": 0 if words else None,  # pairs are read over words that don't read entities
    }
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("luke", config={"model": model})
    return nlp


def describe(report: Report) -> Iterator[str]:
    """Say what was measured.

    report (Report): The measurements.
    YIELDS (str): Tables.
    """
    yield _figures(list(report.figures.values()))
    for task, title in _TABLES.items():
        if task not in report.tables:
            continue
        rows = report.tables[task]
        yield f"\n{title}"
        yield _operating_points(rows)
    facts, machine = report.facts, report.facts["machine"]
    if "words_per_second" in facts:
        yield f"\nRaw text to facts: {facts['words_per_second']:,.0f} words a second, {facts['words']:,} words"
    yield (
        f"{facts['documents']} documents, attention {facts['attention']}; {machine['cpu']}, "
        f"{machine['threads']} of {machine['cores']} cores, torch {machine['torch']}"
    )


def _figures(figures: Sequence[Figure]) -> str:
    rows = [
        (
            f.name,
            _percent(f.value),
            f"{_percent(f.low)} - {_percent(f.high)}",
            *(_percent(f.details.get(detail)) for detail in _DETAILS),
        )
        for f in figures
    ]
    return _table(("figure", "", "95%", *_DETAILS.values()), rows)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _operating_points(points: Sequence[Operating]) -> str:
    rows = [
        (f"{p.threshold:.2f}", *map(_percent, (p.precision, p.recall, p.f1)), f"{p.answers:,}")
        for p in points
    ]
    return _table(("threshold", "precision", "recall", "F1", "answers"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    aligns = ("l", *"r" * (len(header) - 1))
    text: str = table(rows, header=header, divider=True, aligns=aligns, max_col=64)
    return text.rstrip()


def _read(nlp: Language, path: Path) -> list[Doc]:
    return [example.reference for example in LukeCorpus(path, gold_ents=False)(nlp)]


def _speaks(pipe: EntityPipe) -> bool:
    """Whether any head has labels and trained weights."""
    joint = pipe.joint
    heads = {
        "span_head": joint.ner_labels,
        "entity_head": joint.entity_labels,
        "relation_head": joint.relation_labels,
    }
    return any(labels and head not in joint.untrained for head, labels in heads.items())
