"""What the pipes on whole texts are asked, and what they say of a document, its tokens and its choices.

Stored as plain data beside the annotation of entities and relations; see `annotation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from spacy.tokens import Doc, Token

from ..errors import Errors
from ..types import Choice
from .store import store, stored


def _write(doc: Doc, kind: str, value: Any) -> None:
    """Store one kind, or forget it where the value is None."""
    tables = {k: v for k, v in stored(doc).items() if k != kind}
    store(doc, tables if value is None else {**tables, kind: value})


def _check_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(Errors.L411.format(what=what, type=type(value).__name__, value=value))
    return value


def _check_texts(value: Any, what: str) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(Errors.L412.format(what=f"{what}s", type=type(value).__name__, value=value))
    return [_check_text(item, what) for item in value]


# --- what is asked -----------------------------------------------------------------------


def read_text_pair(doc: Doc) -> str | None:
    """RETURNS (str | None): The text that stands after the document's own, or None."""
    text: str | None = stored(doc).get("text_pair")
    return text


def write_text_pair(doc: Doc, text: str | None) -> None:
    """doc (Doc): The document. text (str | None): The text after its own, such as a hypothesis; None for none."""
    _write(doc, "text_pair", None if text is None else _check_text(text, "text pair"))


def read_question(doc: Doc) -> str | tuple[str, ...] | None:
    """RETURNS (str | tuple[str, ...] | None): What was assigned: a question, several, or None."""
    question = stored(doc).get("question")
    return tuple(question) if isinstance(question, list) else question


def read_questions(doc: Doc) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The questions of the document; empty if there are none."""
    question = read_question(doc)
    return (question,) if isinstance(question, str) else question or ()


def write_question(doc: Doc, question: str | Iterable[str] | None) -> None:
    """doc (Doc): The document. question (str | Iterable[str] | None): A question, or several; None for none."""
    if question is not None and not isinstance(question, str):
        question = _check_texts(question, "question")
    _write(doc, "question", question)


def read_choices(doc: Doc) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The texts that may follow the document's own; empty if there are none."""
    return tuple(stored(doc).get("choices", ()))


def write_choices(doc: Doc, choices: Iterable[str] | None) -> None:
    """doc (Doc): The document. choices (Iterable[str] | None): The texts; None for none. What was chosen goes."""
    checked = None if choices is None else _check_texts(choices, "choice")
    _write(doc, "choice", None)
    _write(doc, "choices", checked)


def copy_questions(source: Doc, target: Doc) -> None:
    """Give a document what another one of the same text is asked: its text pair, questions and choices.

    source (Doc): The document that has them.
    target (Doc): The other one.
    """
    for kind in ("text_pair", "question", "choices"):
        if kind in stored(source):
            _write(target, kind, stored(source)[kind])


# --- what is said ------------------------------------------------------------------------


def read_choice(doc: Doc) -> Choice | None:
    """RETURNS (Choice | None): The choice that was made, or None."""
    chosen, choices = stored(doc).get("choice"), read_choices(doc)
    if chosen is None or chosen["number"] >= len(choices):
        return None
    return Choice(chosen["number"], choices[chosen["number"]], tuple(chosen["scores"]))


def write_choice(doc: Doc, choice: int | str | Choice | None) -> None:
    """Store a choice.

    doc (Doc): The document, with its choices.
    choice (int | str | Choice | None): The number of the choice or its text, as gold; or with probabilities. None
        removes it.
    RAISES (ValueError): If it is none of the choices. (TypeError): if it is something else.
    """
    if choice is None:
        return _write(doc, "choice", None)
    choices = read_choices(doc)
    number: Any = choice.number if isinstance(choice, Choice) else choice
    if isinstance(number, str):
        number = choices.index(number) if number in choices else -1
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(Errors.L438.format(type=type(choice).__name__, value=choice))
    scores = choice.scores if isinstance(choice, Choice) else [i == number for i in range(len(choices))]
    if not 0 <= number < len(choices) or len(scores) != len(choices):
        raise ValueError(Errors.L439.format(value=choice, choices=list(choices)))
    return _write(doc, "choice", {"number": number, "scores": [float(score) for score in scores]})


def _place(token: Token) -> str:
    return f"{token.idx}:{token.idx + len(token)}:"


def read_tag(token: Token) -> str:
    """RETURNS (str): The token's tag; "" where nothing is known."""
    tag: str = stored(token.doc).get("tags", {}).get(_place(token), "")
    return tag


def write_tag(token: Token, tag: str | None) -> None:
    """token (Token): The token. tag (str | None): Its tag; None removes it."""
    tags = {place: old for place, old in stored(token.doc).get("tags", {}).items() if place != _place(token)}
    if tag is not None:
        tags[_place(token)] = _check_text(tag, "tag")
    _write(token.doc, "tags", tags or None)


def write_tags(doc: Doc, tags: Sequence[str]) -> None:
    """Store the tags of a whole document.

    doc (Doc): The document.
    tags (Sequence[str]): A tag for each token, "" where nothing is known.
    RAISES (ValueError): If there are more or fewer.
    """
    if len(tags) != len(doc):
        raise ValueError(Errors.L408.format(expected=len(doc), what="tags", got=len(tags)))
    known = {_place(token): _check_text(tag, "tag") for token, tag in zip(doc, tags, strict=True) if tag}
    _write(doc, "tags", known or None)
