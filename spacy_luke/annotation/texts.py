"""What stands beside a text (its text pair, questions, choices), the choice that was made, and tags of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from spacy.tokens import Doc, Token

from ..errors import Errors
from ..types import Choice
from .checks import check_length, check_text, check_texts
from .store import get_kind, get_row, row_key, store, stored, write_kind, write_row

_BESIDE = ("text_pair", "question", "choices")


def get_text_pair(doc: Doc) -> str | None:
    """RETURNS (str | None): The text that stands after the document's own, or None."""
    return get_kind(doc, "text_pair")


def write_text_pair(doc: Doc, text: str | None) -> None:
    """doc (Doc): The document. text (str | None): The text after its own, such as a hypothesis; None for none."""
    write_kind(doc, "text_pair", None if text is None else check_text(text, "text pair"))


def get_question(doc: Doc) -> str | tuple[str, ...] | None:
    """RETURNS (str | tuple[str, ...] | None): What was assigned: a question, several, or None."""
    question = get_kind(doc, "question")
    return tuple(question) if isinstance(question, list) else question


def get_questions(doc: Doc) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The questions of the document; empty if there are none."""
    question = get_question(doc)
    return (question,) if isinstance(question, str) else question or ()


def write_question(doc: Doc, question: str | Iterable[str] | None) -> None:
    """doc (Doc): The document. question (str | Iterable[str] | None): A question, or several; None for none."""
    if question is not None:
        one = isinstance(question, str)
        question = check_text(question, "question") if one else check_texts(question, "question")
    write_kind(doc, "question", question)


def get_choices(doc: Doc) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The texts that may follow the document's own; empty if there are none."""
    return tuple(get_kind(doc, "choices") or ())


def write_choices(doc: Doc, choices: Iterable[str] | None) -> None:
    """doc (Doc): The document. choices (Iterable[str] | None): The texts; None for none. The choice is forgotten."""
    checked = None if choices is None else check_texts(choices, "choice")
    write_kind(doc, "choice", None)
    write_kind(doc, "choices", checked)


def copy_questions(source: Doc, target: Doc) -> None:
    """source (Doc): A document. target (Doc): The one that gets its text pair, questions and choices."""
    beside = {kind: table for kind, table in stored(source).items() if kind in _BESIDE}
    if beside:
        store(target, {**stored(target), **beside})


def get_choice(doc: Doc) -> Choice | None:
    """RETURNS (Choice | None): The choice that was made, or None."""
    chosen, choices = get_kind(doc, "choice"), get_choices(doc)
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
        return write_kind(doc, "choice", None)
    choices = get_choices(doc)
    number: Any = choice.number if isinstance(choice, Choice) else choice
    if isinstance(number, str):
        number = choices.index(number) if number in choices else -1
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(Errors.L438.format(type=type(choice).__name__, value=choice))
    scores = choice.scores if isinstance(choice, Choice) else [i == number for i in range(len(choices))]
    if not 0 <= number < len(choices) or len(scores) != len(choices):
        raise ValueError(Errors.L439.format(value=choice, choices=list(choices)))
    return write_kind(doc, "choice", {"number": number, "scores": [float(score) for score in scores]})


def get_tag(token: Token) -> str:
    """RETURNS (str): The token's tag; "" where nothing is known."""
    return get_row(token, "tags") or ""


def write_tag(token: Token, tag: str | None) -> None:
    """token (Token): The token. tag (str | None): Its tag; None removes it."""
    write_row(token, "tags", None if tag is None else check_text(tag, "tag"))


def write_tags(doc: Doc, tags: Sequence[str]) -> None:
    """Store the tags of a whole document.

    doc (Doc): The document.
    tags (Sequence[str]): A tag for each token, "" where nothing is known.
    RAISES (ValueError): If there are more or fewer.
    """
    check_length(tags, "tags", len(doc), "token")
    known = {row_key(token): check_text(tag, "tag") for token, tag in zip(doc, tags, strict=True) if tag}
    write_kind(doc, "tags", known or None)
