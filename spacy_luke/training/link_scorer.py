"""Scores of linked entities: over those that the vocabulary has, over all, and of what is in no vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from spacy.scorer import PRFScore
from spacy.tokens import Span
from spacy.training import Example

from ..annotation import has_candidates
from ..types import NIL

N_BEST = 10


@dataclass
class LinkCounts:
    """What gold mentions were linked to.

    known, first, among (int): Mentions of entities of the vocabulary; linked to them; with them among the first ten.
    mentions, right (int): All mentions with gold; linked as in gold, be it to "NIL".
    nil (PRFScore): Links to "NIL", for mentions of what is in no vocabulary.
    """

    known: int = 0
    first: int = 0
    among: int = 0
    mentions: int = 0
    right: int = 0
    nil: PRFScore = field(default_factory=PRFScore)

    def scores(self) -> dict[str, float | None]:
        """RETURNS (dict[str, float | None]): The scores by name; None where there is nothing to score."""
        nil, n_nil = self.nil, self.nil.tp + self.nil.fn
        return {
            "luke_links_acc": _share(self.first, self.known),
            "luke_links_acc_10": _share(self.among, self.known),
            "luke_links_known": _share(self.known, self.mentions - n_nil),
            "luke_links_micro_acc": _share(self.right, self.mentions),
            "luke_links_nil_p": nil.precision if nil.tp + nil.fp else None,
            "luke_links_nil_r": nil.recall if n_nil else None,
            "luke_links_nil_f": nil.fscore if len(nil) else None,
        }


def score_links(examples: Iterable[Example], *, pipe: Any, **_: Any) -> dict[str, float | None]:
    """Registered as `spacy-luke.linker_scorer.v1`. Gold is `kb_id_` of the reference's entities, a title or an id;
    mentions without one don't count.

    examples (Iterable[Example]): Examples whose predicted documents have the gold mentions.
    pipe (LukeLinker): The pipe that linked them.
    RETURNS (dict[str, float | None]): Accuracy over entities of the vocabulary (`luke_links_acc`), with the entity
        among the first ten candidates (`luke_links_acc_10`); the vocabulary's share of gold entities
        (`luke_links_known`); accuracy over all mentions (`luke_links_micro_acc`); precision, recall and F-score of
        "NIL" (`luke_links_nil_p/r/f`).
    """
    known, counts = set(pipe.label_data), LinkCounts()
    for example in examples:
        # The reader may have given the predicted document gold entities, ids included: only links of ours count.
        linked = (span for span in pipe.entities(example.predicted) if has_candidates(span))
        found = {(span.start_char, span.end_char): span for span in linked}
        for gold in pipe.entities(example.reference):
            if gold.kb_id_:
                _count(counts, gold, found.get((gold.start_char, gold.end_char)), pipe, known)
    return counts.scores()


def _count(counts: LinkCounts, gold: Span, found: Span | None, pipe: Any, known: set[str]) -> None:
    said, title = "" if found is None else found.kb_id_, pipe.title_of(gold)
    right = said != "" and (said == gold.kb_id_ or pipe.title_of(found) == title != "")
    counts.mentions += 1
    counts.right += right
    counts.nil.score_set({said} & {NIL}, {gold.kb_id_} & {NIL})
    if title in known:
        counts.known += 1
        counts.first += right
        best = () if found is None else found._.luke_candidates[:N_BEST]
        counts.among += title in {candidate.title for candidate in best}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def make_linker_scorer() -> Callable[..., dict[str, float | None]]:
    """RETURNS (Callable): `score_links`."""
    return score_links
