"""The floor: relations by types, order and the words between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import spacy

from scripts.figures import by_label, macro_figure, micro_figure
from scripts.lookup import fit_lookup, lookup_answers
from spacy_luke.annotation import has_relations

from .data import read_golds, report


def run(train: Path, test: Path) -> dict[str, Any]:
    """Learn the lookup and score it. Its settings are chosen within the training data.

    train (Path): Training `.spacy` file.
    test (Path): `.spacy` file for the figures.
    RETURNS (dict[str, Any]): The figures.
    """
    nlp = spacy.blank("en")
    lookup = fit_lookup(read_golds(nlp, train))
    golds = [gold for gold in read_golds(nlp, test) if has_relations(gold)]
    answers = [lookup_answers(lookup, gold) for gold in golds]
    figures = {
        "relations": micro_figure("relations in a sentence, micro-F1", answers),
        "relations_macro": macro_figure("relations in a sentence, macro-F1", answers),
    }
    settings = {"share": lookup.share, "least": lookup.least}
    return report(
        figures,
        baseline="lookup by types, order and words between",
        documents=len(golds),
        **settings,
        labels=by_label(answers),
    )
