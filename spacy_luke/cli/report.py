"""How good a pipeline on entities is, and where it errs: one page with plots, the same figures as text, and the
documents with most errors drawn with the gold beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import table

from ..annotation import get_labels, get_relations, has_relations
from ..errors import Errors
from ..files import read_json_lines
from ..pipeline.decode import threshold_of
from ..pipeline.entities import EntityPipe
from ..rendering.plots import (
    MOST_BARS,
    plot_bars,
    plot_calibration,
    plot_confusion,
    plot_curves,
    plot_learning,
    require_matplotlib,
)
from ..rendering.report import Beside, Part, report_page
from ..training.answers import Comparison, ScoredAnswers, fact_answers, pair_answers, span_answers
from ..training.corpus import LukeCorpus
from ..training.curves import (
    Reading,
    average_precision,
    calibration,
    calibration_error,
    confusions,
    figures_by_label,
    precision_recall,
    rate,
)
from ..training.outcomes import best_labels, char_offsets, gold_labels, mention_pairs
from .tune import predict_given

WORST = 5  # documents that are drawn
_STEPS = [round(0.1 * i, 1) for i in range(1, 10)]  # thresholds in the text
_MOST_CONFUSED = 20  # confusions in the text


def report(pipeline: str, corpus: Path, out: Path, log: Path | None, name: str | None) -> list[Path]:
    """Write `report.html` and `report.txt`.

    pipeline (str): A trained pipeline.
    corpus (Path): Gold documents.
    out (Path): Folder for the two; made if it isn't there.
    log (Path | None): Log of the training, for the learning curves; None for none.
    name (str | None): Name of the component; None for the first on entities.
    RETURNS (list[Path]): The files.
    RAISES (ValueError): If matplotlib isn't there, the pipeline has no component on entities, or nothing is annotated.
    """
    require_matplotlib()
    learning = [] if log is None else [learning_part(read_log(log))]
    nlp = spacy.load(pipeline)
    pipe = find_pipe(nlp, name)
    examples = list(LukeCorpus(corpus, gold_ents=False)(nlp))
    golds = [eg.reference for eg in examples]
    found = list(nlp.pipe(eg.predicted for eg in examples))
    readings = [
        reading for reading in read_all(nlp, pipe, golds, found) if any(row.gold for row in reading.decided)
    ]
    if not readings:
        raise ValueError(Errors.L641.format(path=corpus))
    parts = [reading_part(reading) for reading in readings] + learning
    title = f"{Path(pipeline).name} on {corpus.name}"
    out.mkdir(parents=True, exist_ok=True)
    pages = {
        out / "report.html": report_page(title, parts, worst_documents(golds, found)),
        out / "report.txt": "\n".join([f"{title}\n", *(f"{part.title}\n{part.table}" for part in parts)]),
    }
    for path, content in pages.items():
        path.write_text(content, encoding="utf8")
    return list(pages)


def find_pipe(nlp: Language, name: str | None) -> EntityPipe:
    """nlp (Language): A pipeline. name (str | None): Name of a component; None for the first that fits.
    RETURNS (EntityPipe): The component. RAISES (ValueError): If there is none."""
    pipes = {key: pipe for key, pipe in nlp.pipeline if isinstance(pipe, EntityPipe)}
    if not pipes or (name is not None and name not in pipes):
        allowed = ", ".join(pipes) or "none"
        raise ValueError(
            Errors.L640.format(name=name or "on entities", found=", ".join(nlp.pipe_names), allowed=allowed)
        )
    return pipes[name or next(iter(pipes))]


def read_all(
    nlp: Language, pipe: EntityPipe, golds: Sequence[Doc], found: Sequence[Doc]
) -> Iterator[Reading]:
    """Entities are those that the pipeline finds; labels, relations and facts are of gold mentions."""
    if pipe.joint.ner_labels:
        spans = [span_answers(doc, gold) for doc, gold in zip(found, golds, strict=True)]
        yield Reading("Entities that were found", [], spans)
    given = predict_given(nlp, pipe, golds)
    if pipe.joint.entity_labels:
        pairs = [_label_answers(doc, gold) for doc, gold in given]
        yield Reading("Labels of gold mentions", [row[0] for row in pairs], [row[1] for row in pairs])
    if not pipe.joint.relation_labels:
        return
    known = [(doc, gold) for doc, gold in given if has_relations(gold)]
    kinds = (("relations", "Relations of gold mentions", pair_answers), ("facts", "Facts", fact_answers))
    for task, title, answers in kinds:
        scored = [answers(doc, gold) for doc, gold in known]
        least = pipe.thresholds[task]
        yield Reading(title, scored, [row.above(lambda label: threshold_of(least, label)) for row in scored])  # noqa: B023


def _label_answers(doc: Doc, gold: Doc) -> tuple[ScoredAnswers, Comparison]:
    right = {(*char_offsets(span), label) for span in gold.ents for label in gold_labels(span)}
    scores = {(*char_offsets(span), label): s for span in doc.ents for label, s in get_labels(span).items()}
    given = {(*char_offsets(span), label) for span in doc.ents for label in best_labels(span)}
    return ScoredAnswers(scores, right), Comparison(given, right)


def worst_documents(golds: Sequence[Doc], found: Sequence[Doc]) -> list[Beside]:
    """golds (Sequence[Doc]): Gold documents. found (Sequence[Doc]): What the pipeline says of them.
    RETURNS (list[Beside]): Those with most errors in entities and relations, the worst first."""
    rows = []
    for gold, doc in zip(golds, found, strict=True):
        entities = span_answers(doc, gold)
        relations = Comparison(mention_pairs(get_relations(doc)), mention_pairs(get_relations(gold)))
        if not has_relations(gold):
            relations = Comparison(set(), set())
        differences = [*_differences(gold, entities), *_differences(gold, relations)]
        rows.append(Beside(gold, doc, differences))
    rows.sort(key=lambda row: -len(row.differences))
    return [row for row in rows[:WORST] if row.differences]


def _differences(gold: Doc, answers: Comparison) -> Iterator[str]:
    for name, some in (
        ("missed", answers.gold - answers.predicted),
        ("wrong", answers.predicted - answers.gold),
    ):
        for answer in sorted(some):
            yield f"{name}: {_told(gold.text, answer)}"


def _told(text: str, answer: tuple[Any, ...]) -> str:
    if len(answer) == 3 and isinstance(answer[0], tuple):
        head, tail = (text[slice(*place)] for place in answer[:2])
        return f"{head} — {answer[2]} → {tail}"
    return f"{text[slice(*answer[:2])]} {answer[2]}"


# --- parts ---------------------------------------------------------------------------------


def reading_part(reading: Reading) -> Part:
    """reading (Reading): Answers of one kind. RETURNS (Part): Its plots, and its figures as text."""
    figures, mixed = figures_by_label(reading.decided), confusions(reading.decided)
    few = f", of {len(figures) - 1} labels those with most gold" if len(figures) - 1 > MOST_BARS else ""
    plots = [(f"Precision, recall and F1 by label, with the number of gold answers{few}", plot_bars(figures))]
    tables = [_figure_table(figures)]
    if any(row.scores for row in reading.scored):
        rated = rate(reading.scored)
        bins = calibration(rated[""])
        plots += [("Precision by recall", plot_curves(rated)), ("Calibration", plot_calibration(bins))]
        tables += [_curve_table(rated), _calibration_table(bins)]
    plots.append(("Confusion: gold labels, and the answers at their places", plot_confusion(mixed)))
    tables.append(_confusion_table(mixed))
    return Part(reading.name, plots, "\n".join(tables))


def _figure_table(figures: Mapping[str, tuple[float, float, float, int]]) -> str:
    return _table(
        ("label", "P", "R", "F1", "gold"), [(label or "all", *row) for label, row in figures.items()]
    )


def _curve_table(rated: Mapping[str, Any]) -> str:
    thresholds, precision, recall = precision_recall(rated[""])
    rows: list[tuple[Any, ...]] = []
    for step in _STEPS:
        at = int((thresholds >= step).sum()) - 1
        rows.append(
            (f"{step:.1f}", float(precision[at]), float(recall[at])) if at >= 0 else (f"{step:.1f}", "–", 0.0)
        )
    areas = [(label or "all", average_precision(answers)) for label, answers in rated.items()]
    return _table(("threshold", "P", "R"), rows) + "\n" + _table(("label", "average precision"), areas)


def _calibration_table(bins: Sequence[Any]) -> str:
    rows = [(f"{part.score:.2f}", part.right, part.n) for part in bins]
    whole = f"A score is off by {calibration_error(bins):.3f} on average.\n"
    return _table(("mean score", "right", "answers"), rows) + whole


def _confusion_table(counts: Mapping[tuple[str, str], int]) -> str:
    wrong = [(gold, given, n) for (gold, given), n in counts.items() if gold != given]
    wrong.sort(key=lambda row: (-row[2], row[:2]))
    shown = (
        _table(("gold", "answer", "times"), wrong[:_MOST_CONFUSED])
        if wrong
        else "No answer is wrong or missed.\n"
    )
    left = len(wrong) - _MOST_CONFUSED
    return shown + (f"and {left} more kinds of errors\n" if left > 0 else "")


def read_log(path: Path) -> list[dict[str, Any]]:
    """path (Path): The `output_file` of spaCy's ConsoleLogger.
    RETURNS (list[dict[str, Any]]): Its lines. RAISES (ValueError): If it is something else."""
    rows = [row for _, row in read_json_lines(path)]
    for row in rows:
        if not isinstance(row, dict) or not {"step", "score", "scores", "losses"} <= set(row):
            raise ValueError(Errors.L642.format(path=path))
    if not rows:
        raise ValueError(Errors.L642.format(path=path))
    return rows


def learning_part(rows: Sequence[Mapping[str, Any]]) -> Part:
    """rows (Sequence[Mapping[str, Any]]): Lines of a training log. RETURNS (Part): Its learning curves."""
    names = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    lines = [
        (str(row["step"]), row["score"], *(row["scores"].get(name, "–") for name in names)) for row in rows
    ]
    plot = ("Scores on the development documents by step", plot_learning(rows))
    return Part("Training", [plot], _table(("step", "score", *names), lines))


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    cells = [[f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    numbers = [all(not isinstance(row[i], str) or row[i] == "–" for row in rows) for i in range(len(header))]
    text: str = table(cells, header=header, divider=True, aligns=tuple("r" if n else "l" for n in numbers))
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"
