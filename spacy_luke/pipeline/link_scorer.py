"""The scorer of `luke_linker`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from spacy.scorer import PRFScore
from spacy.training import Example

from ..annotation import has_candidates
from ..inputs.titles import plain_title
from ..types import NIL

if TYPE_CHECKING:
    from .linker import LukeLinker

_N_BEST = 10


def make_linker_scorer() -> Callable[..., dict[str, float | None]]:
    """RETURNS (Callable): `score_links`."""
    return score_links


def score_links(examples: Iterable[Example], *, pipe: LukeLinker, **_: object) -> dict[str, float | None]:
    """Registered as `spacy-luke.linker_scorer.v1`. Gold is `kb_id_` of the reference's entities, a title or an id;
    mentions without one don't count.

    examples (Iterable[Example]): Examples whose predicted documents have the gold mentions.
    pipe (LukeLinker): The pipe that linked them.
    RETURNS (dict[str, float | None]): Accuracy over entities of the vocabulary (`luke_links_acc`), with the entity
        among the first ten candidates (`luke_links_acc_10`); the vocabulary's share of gold entities
        (`luke_links_known`); accuracy over all mentions (`luke_links_micro_acc`); precision, recall and F-score of
        "NIL" (`luke_links_nil_p/r/f`).
    """
    n, nil = Counter[str](), PRFScore()
    for example in examples:
        # The layout may have given the predicted document gold entities, ids included: only links of ours count.
        linked = (span for span in pipe.entities(example.predicted) if has_candidates(span))
        by_place = {(span.start_char, span.end_char): span for span in linked}
        for gold in pipe.entities(example.reference):
            if not gold.kb_id_:
                continue
            found, title = by_place.get((gold.start_char, gold.end_char)), plain_title(pipe.title_of(gold))
            said = "" if found is None else found.kb_id_
            right = said != "" and (said == gold.kb_id_ or plain_title(pipe.title_of(found)) == title != "")
            n.update(mentions=1, right=right)
            nil.score_set({said} & {NIL}, {gold.kb_id_} & {NIL})
            if pipe.row_of(title) is not None:
                best = () if found is None else found._.luke_candidates[:_N_BEST]
                among = title in {plain_title(candidate.title) for candidate in best}
                n.update(known=1, first=right, among=among)
    n_nil = nil.tp + nil.fn
    return {
        "luke_links_acc": _share(n["first"], n["known"]),
        "luke_links_acc_10": _share(n["among"], n["known"]),
        "luke_links_known": _share(n["known"], n["mentions"] - n_nil),
        "luke_links_micro_acc": _share(n["right"], n["mentions"]),
        "luke_links_nil_p": nil.precision if nil.tp + nil.fp else None,
        "luke_links_nil_r": nil.recall if n_nil else None,
        "luke_links_nil_f": nil.fscore if len(nil) else None,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
