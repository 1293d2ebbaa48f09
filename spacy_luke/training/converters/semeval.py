"""SemEval 2010 task 8: sentences with two marked nominals and a directed relation.

Hendrickx et al., 2010, https://aclanthology.org/S10-1006
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from spacy.tokens import Doc

from ...annotation import write_relations
from ...errors import Errors
from ...files import read_lines
from .build import Mention, build_text_doc

LABEL = "NOMINAL"
_SENTENCE = re.compile(r"\s*\d+[\t ]+(.*)")
_RELATION = re.compile(r"(Other)\b.*|([\w-]+)\s*\(\s*(e[12])\s*,\s*(?!\3)(e[12])\s*\)")
_MARK = re.compile(r"<(/?)(e[12])>")
_QUOTES = {'"': '"', "“": "”"}


def convert_semeval(path: str | Path, tokenizer: Callable[[str], Doc]) -> Iterator[Doc]:
    """Convert a file of numbered sentences, each followed by its relation and perhaps a comment.

    path (str | Path): A text file.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    YIELDS (Doc): One sentence, with two entities of label "NOMINAL" and one relation from the first argument to the
        second, e.g. "Component-Whole"; none for "Other".
    RAISES (ValueError): If a line is none of these, or a sentence has no marks or no relation.
    """
    lines = iter(read_lines(path))
    for number, line in lines:
        if line.startswith("Comment"):
            continue
        sentence = _SENTENCE.fullmatch(line)
        nominals = _nominals(sentence[1].strip()) if sentence else None
        relation = _RELATION.fullmatch(next(lines, (0, ""))[1].strip())
        if nominals is None or relation is None:
            raise ValueError(Errors.L422.format(path=path, number=number, line=line))
        yield _doc(tokenizer, *nominals, relation)


def _nominals(sentence: str) -> tuple[str, list[Mention]] | None:
    """The text without marks, and where the nominals are in it; None if they aren't marked once each."""
    if _QUOTES.get(sentence[:1]) == sentence[-1:]:
        sentence = sentence[1:-1]
    # From the text before the first mark: whether a mark ends, its name, the text behind it, and so on.
    text, *marks = _MARK.split(sentence)
    names, places = [], [len(text)]
    for slash, name, piece in zip(marks[::3], marks[1::3], marks[2::3], strict=True):
        names.append(slash + name)
        text += piece
        places.append(len(text))
    if names not in (["e1", "/e1", "e2", "/e2"], ["e2", "/e2", "e1", "/e1"]):
        return None
    mentions = []
    for i in (0, 2):
        inner = text[places[i] : places[i + 1]]
        start = places[i] + len(inner) - len(inner.lstrip())
        mentions.append(Mention(start, start + len(inner.strip()), LABEL, names[i]))
    return (text, mentions) if all(mention.start < mention.end for mention in mentions) else None


def _doc(tokenizer: Callable[[str], Doc], text: str, mentions: list[Mention], relation: re.Match[str]) -> Doc:
    other, label, head, tail = relation.groups()
    doc, spans = build_text_doc(tokenizer, text, mentions)
    nominals = {span.id_: span for span in spans}
    write_relations(doc, [] if other else [(nominals[head], nominals[tail], label)])
    for token in doc:
        token.is_sent_start = token.i == 0
    return doc
