"""SemEval 2010 task 8: sentences with two marked nominals and a directed relation.

Hendrickx et al., 2010, https://aclanthology.org/S10-1006
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from spacy.tokens import Doc

from ...annotation import write_relations
from ...errors import Errors
from .build import Mention, build_text_doc

LABEL = "NOMINAL"
_SENTENCE = re.compile(r'\d+\t"(.*)"\s*')
_RELATION = re.compile(r"(Other)|([\w-]+)\((e[12]),(e[12])\)")
_MARKED = re.compile(r"(.*)<e1>(.*)</e1>(.*)<e2>(.*)</e2>(.*)")


def convert_semeval(path: str | Path, tokenizer: Callable[[str], Doc]) -> Iterator[Doc]:
    """Convert a file of numbered sentences, each followed by its relation.

    path (str | Path): A text file.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    YIELDS (Doc): One sentence, with two entities of label "NOMINAL" and one relation from the first argument to the
        second, e.g. "Component-Whole"; none for "Other".
    RAISES (ValueError): If a sentence has no marks or no relation.
    """
    lines = Path(path).read_text("utf8").splitlines()
    for number, line in enumerate(lines, 1):
        if sentence := _SENTENCE.fullmatch(line):
            relation = _RELATION.fullmatch(lines[number].strip()) if number < len(lines) else None
            marked = _MARKED.fullmatch(sentence[1])
            if relation is None or marked is None:
                raise ValueError(Errors.L422.format(path=Path(path).name, number=number, line=line))
            yield _doc(tokenizer, marked.groups(), relation.groups())


def _doc(tokenizer: Callable[[str], Doc], pieces: Sequence[str], relation: Sequence[str | None]) -> Doc:
    """From the text before, in, between, in and after the nominals, and "Other" or label, head and tail."""
    other, label, head, tail = relation
    _, first, first_end, second, second_end, _ = accumulate(map(len, pieces), initial=0)
    mentions = [Mention(first, first_end, LABEL, "e1"), Mention(second, second_end, LABEL, "e2")]
    doc, spans = build_text_doc(tokenizer, "".join(pieces), mentions)
    nominals = {span.id_: span for span in spans}
    write_relations(doc, [] if other else [(nominals[head], nominals[tail], label)])
    for token in doc:
        token.is_sent_start = token.i == 0
    return doc
