"""A text with its mentions marked, and the sentences that a relation was read from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from .colors import Colors
from .content import Content, Mention
from .markup import element, isolated, text

AROUND = 80  # characters to both sides of a mention that are evidence where sentences aren't known
_LEAST = 0.005  # probability of a label that is worth showing
_MOST = 6  # labels and candidates that are shown of one mention


def marked_text(content: Content, colors: Colors) -> str:
    """content (Content): A document. colors (Colors): Colours of its labels.
    RETURNS (str): Its text as markup. Mentions are nested; where two cross, the one that opens later is cut."""
    mentions = content.mentions
    places = sorted({0, len(content.text), *(p for mention in mentions for p in mention[:2])})
    out: list[str] = []
    stack: list[int] = []
    begun: set[int] = set()
    for place, following in pairwise([*places, len(content.text)]):
        reopened: list[int] = []
        while any(mentions[number].end == place for number in stack):
            number = stack.pop()
            is_over = mentions[number].end == place
            out.append((_tag(mentions[number]) if is_over else "") + "</mark>")
            reopened += [] if is_over else [number]
        opening = [number for number, mention in enumerate(mentions) if mention.start == place]
        opening.sort(key=lambda number: -mentions[number].end)
        for number in (*reversed(reopened), *opening):
            out.append(_opening(number, mentions[number], colors, number not in begun))
            begun.add(number)
            stack.append(number)
        out.append(text(content.text[place:following]))
    return "".join(out)


def evidence(content: Content, pair: tuple[int, int]) -> str:
    """content (Content): A document. pair (tuple[int, int]): Numbers of head and tail.
    RETURNS (str): The sentences that hold them as markup, with head and tail in bold."""
    head, tail = (content.mentions[number] for number in pair)
    parts = [_around(content, mention) for mention in sorted({head[:2], tail[:2]})]
    joined = [parts[0]]
    for start, end in parts[1:]:
        if start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    bold = sorted({head[:2], tail[:2]})
    return " … ".join(_with_bold(content.text, start, end, bold) for start, end in joined)


def first_place(content: Content, pair: tuple[int, int]) -> int:
    """RETURNS (int): The first character of the pair's two mentions."""
    return min(content.mentions[number].start for number in pair)


def _opening(number: int, mention: Mention, colors: Colors, is_first: bool) -> str:
    title = mention.label if mention.score is None else f"{mention.label} {mention.score:.2f}"
    whole = element(
        "mark",
        style=colors.style(mention.label),
        data_m=number,
        data_l=mention.label,
        data_s=1.0 if mention.score is None else round(mention.score, 4),
        data_c=json.dumps(_card(mention)) if is_first else None,
        title=title,
        tabindex=0 if is_first else None,
    )
    return whole.removesuffix("</mark>")


def _tag(mention: Mention) -> str:
    return element("span", text(mention.label), class_="sl-tag") if mention.label else ""


def _card(mention: Mention) -> dict[str, object]:
    """What is told of a mention when it is pointed at."""
    labels = sorted(mention.labels.items(), key=lambda item: -item[1])
    shown = [item for item in labels if item[1] >= _LEAST or item[0] == mention.label][:_MOST]
    if not shown and mention.score is not None:
        shown = [(mention.label, mention.score)]
    card: dict[str, object] = {"labels": [(label, round(score, 4)) for label, score in shown]}
    if mention.kb_id:
        card["id"] = mention.kb_id
    if mention.candidates:
        card["candidates"] = [(title, round(score, 4)) for title, score in mention.candidates[:_MOST]]
    return card


def _around(content: Content, place: Sequence[int]) -> tuple[int, int]:
    start, end = place
    for first, last in content.sents:
        if first <= start < last:
            return first, max(last, end)
    first, last = max(0, start - AROUND), min(len(content.text), end + AROUND)
    if first and (space := content.text.find(" ", first, start)) >= 0:
        first = space + 1
    if last < len(content.text) and (space := content.text.rfind(" ", end, last)) >= 0:
        last = space
    return first, last


def _with_bold(whole: str, start: int, end: int, bold: Sequence[tuple[int, int]]) -> str:
    out, at = [], start
    for first, last in bold:
        if at <= first and last <= end:
            out += [text(whole[at:first]), element("b", isolated(whole[first:last]))]
            at = last
    return "".join([*out, text(whole[at:end])]).strip()
