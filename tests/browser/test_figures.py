"""Drawings in a browser: readable, reachable by keyboard, safe."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from drawn import ATTACK, attack, crowd, curie

import spacy_luke

ARROWS = "svg.sl-arrows g"
BOXES = "nodes => nodes.map(n => { const b = n.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })"
Box = list[float]


def boxes(page: Any, selector: str) -> list[Box]:
    found: list[Box] = page.eval_on_selector_all(selector, BOXES)
    return found


def touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def line_boxes(page: Any) -> list[Box]:
    """Of every piece of the text in every line."""
    script = """text => { const range = new Range(); range.selectNodeContents(text);
        return [...range.getClientRects()].filter(b => b.width > 2).map(b => [b.left, b.top, b.right, b.bottom]); }"""
    found: list[Box] = page.eval_on_selector(".sl-text", script)
    return found


def html(*arguments: Any, **options: Any) -> str:
    made = spacy_luke.render(*arguments, jupyter=False, **options)
    assert made is not None
    return made


@pytest.mark.parametrize("width", [400, 900, 1600])
def test_thirty_relations_stay_readable(open_page: Any, width: int) -> None:
    page = open_page(html(crowd(30), page=True), width=width)
    assert page.locator(ARROWS).count() == 30
    names = boxes(page, f"{ARROWS} rect")
    assert [(a, b) for a, b in itertools.combinations(names, 2) if touch(a, b)] == []
    assert [(a, b) for a in names for b in line_boxes(page) if touch(a, b)] == []
    [figure] = boxes(page, "figure")
    assert all(figure[0] <= box[0] and box[2] <= figure[2] for box in names)
    shown = page.eval_on_selector_all(f"{ARROWS} text", "nodes => nodes.map(n => n.textContent)")
    if width > 400:
        assert "located in the administrative territorial entity" in shown
    else:
        assert all(len(name) > 3 for name in shown)


@pytest.mark.parametrize("width", [400, 900])
def test_each_arrow_ends_on_its_tail(open_page: Any, width: int) -> None:
    page = open_page(html(crowd(30), page=True), width=width)
    tips = dict(zip(ids(page), boxes(page, f"{ARROWS} polygon"), strict=True))
    for number, relation in enumerate(crowd(30)._.luke_relations):
        tail = number_of(relation.tail)
        [left, _, right, _] = boxes(page, f'mark[data-m="{tail}"]')[0]
        tip = tips[str(number)]
        assert left - 4 <= tip[0]
        assert tip[2] <= right + 4
        first = page.eval_on_selector(f'mark[data-m="{tail}"]', "m => m.getClientRects()[0].top")
        assert abs(first - tip[3]) < 4


def test_no_mention_leaves_its_edge_on_the_line_before(open_page: Any) -> None:
    """What makes room over a line must not come between the edge of a mention and its first letter."""
    page = open_page(html(crowd(30), page=True))
    script = """marks => marks.filter(mark => {
        const range = new Range(), text = document.createTreeWalker(mark, NodeFilter.SHOW_TEXT).nextNode();
        range.setStart(text, 0); range.setEnd(text, 1);
        const [edge, letter] = [mark.getClientRects()[0], range.getBoundingClientRect()];
        return Math.abs(edge.bottom - letter.bottom) > 8 || letter.left - edge.left > 8;
    }).length"""
    for width in range(330, 1100, 23):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(60)
        assert page.eval_on_selector_all("mark[data-c]", script) == 0, width


def ids(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(ARROWS, "nodes => nodes.map(n => n.dataset.r)")
    return found


def number_of(span: Any) -> int:
    return int(span[0].text.removeprefix("Name"))


def test_arrows_follow_the_text_when_the_window_changes(open_page: Any) -> None:
    page = open_page(html(crowd(10), page=True), width=1200)
    before = boxes(page, f"{ARROWS} polygon")
    page.set_viewport_size({"width": 600, "height": 800})
    page.wait_for_timeout(200)
    assert boxes(page, f"{ARROWS} polygon") != before
    [text], [arrows] = boxes(page, ".sl-stage"), boxes(page, "svg.sl-arrows")
    assert text == pytest.approx(arrows, abs=1)


def test_pointing_at_an_arrow_tells_score_and_evidence(open_page: Any) -> None:
    page = open_page(html(curie(), page=True))
    card = page.locator(".sl-card")
    assert not card.is_visible()
    page.hover(f'{ARROWS}[data-r="0"] text')
    told = card.inner_text()
    for part in ("Marie Curie", "place of birth", "P19", "Warsaw", "0.93", "in 1867 ."):
        assert part in told
    assert page.locator(".sl-on").evaluate_all("nodes => nodes.filter(n => n.matches('mark')).length") == 2
    page.mouse.move(1, 1)
    assert not card.is_visible()


def test_pointing_at_a_mention_tells_its_labels(open_page: Any) -> None:
    page = open_page(html(curie(), "ents", page=True))
    page.hover('mark[data-m="1"]')
    assert page.locator(".sl-card").inner_text().split() == ["LOC", "0.90", "ORG", "0.06"]


@pytest.mark.parametrize("style", ["relations", "graph", "ents"])
def test_the_keyboard_reaches_all_that_the_mouse_does(open_page: Any, style: str) -> None:
    page = open_page(html(curie(), style, page=True))
    reached: dict[str, str] = {}
    for _ in range(14):
        page.keyboard.press("Tab")
        key = page.evaluate(
            "() => { const d = document.activeElement.dataset ?? {}; return d.r ? `r${d.r}` : d.m ? `m${d.m}` : ''; }"
        )
        if key:
            reached[key] = (
                page.locator(".sl-card").inner_text() if page.locator(".sl-card").is_visible() else ""
            )
    facts = {"relations": ["r0", "r1"], "graph": ["r0", "r1", "r2"], "ents": []}[style]
    entities = 4 if style == "graph" else 5
    assert set(reached) == {*facts, *(f"m{i}" for i in range(entities))}
    if facts:
        assert "0.93" in reached["r0"]
        assert "in 1867" in reached["r0"]
    page.keyboard.press("Escape")
    assert not page.locator(".sl-card").is_visible()


@pytest.mark.parametrize("style", ["relations", "graph"])
def test_without_scripts_it_reads(open_page: Any, style: str) -> None:
    page = open_page(html(curie(), style, page=True), java_script_enabled=False)
    assert page.locator("tr[data-r]").first.is_visible()
    told = page.locator("table").inner_text()
    for part in ("Marie Curie", "date of birth", "0.74", "P569"):
        assert part in told
    if style == "graph":
        assert page.locator(".sl-node").first.is_visible()
    else:
        assert "She studied in" in page.locator(".sl-text").inner_text()


@pytest.mark.parametrize("page_", [True, False])
@pytest.mark.parametrize("style", ["relations", "graph", "ents"])
def test_hostile_strings_are_text(open_page: Any, style: str, page_: bool) -> None:
    made = html(attack(), style, page=page_)
    page = open_page(made if page_ else f"<!DOCTYPE html><meta charset=utf-8><body>{made}")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert page.locator("figcaption").inner_text() == ATTACK
    if style != "graph":
        page.hover("mark[data-c]")
        assert ATTACK in page.locator(".sl-card").inner_text()
        assert ATTACK in page.locator(".sl-text").inner_text()
    if style != "ents":
        page.focus("g[data-r][tabindex]")
        assert ATTACK in page.locator(".sl-card").inner_text()


def test_many_drawings_on_one_page_dont_disturb_each_other(open_page: Any) -> None:
    """As in a notebook: parts in a page of somebody else's, one of them twice."""
    one, two, three = html(curie()), html(crowd(20)), html(curie(), "graph")
    page = open_page(f"<!DOCTYPE html><body><p id=mine>mine</p>{one}{two}{three}{one}</body>")
    figures = page.locator("figure")
    assert [figures.nth(i).locator(ARROWS).count() for i in range(4)] == [2, 20, 0, 2]
    figures.nth(0).locator("mark").first.hover()
    assert figures.nth(0).locator(".sl-card").is_visible()
    assert not figures.nth(1).locator(".sl-card").is_visible()
    assert not figures.nth(1).evaluate("f => f.classList.contains('sl-active')")
    assert page.locator("#mine").evaluate("p => getComputedStyle(p).fontSize") == "16px"
    assert page.evaluate("() => typeof spacyLukeFigure") == "undefined"  # nothing is left in the window


def test_what_is_hidden_at_first_is_drawn_when_it_is_shown(open_page: Any) -> None:
    page = open_page(f"<!DOCTYPE html><body><div id=tab hidden>{html(curie())}</div></body>")
    page.eval_on_selector("#tab", "tab => { tab.hidden = false; }")
    page.wait_for_timeout(200)
    assert page.locator(ARROWS).count() == 2


def test_text_fits_into_the_boxes_of_the_graph(open_page: Any) -> None:
    page = open_page(html([crowd(30), curie()], "graph", page=True))
    script = "(groups, name) => groups.map(g => { const b = g.querySelector(name).getBBox(); return [b.x, b.width]; })"
    groups = "g.sl-node, g.sl-name"
    texts, rectangles = (page.eval_on_selector_all(groups, script, name) for name in ("text", "rect"))
    for (x, width), (left, room) in zip(texts, rectangles, strict=True):
        assert left <= x
        assert x + width <= left + room


def test_text_from_right_to_left(open_page: Any) -> None:
    text = "ماري كوري ولدت في وارسو"
    ents = [{"start": 0, "end": 9, "label": "PER"}, {"start": 18, "end": 23, "label": "LOC"}]
    links = [{"head": 0, "tail": 1, "label": "place of birth", "score": 0.9}]
    row = {"text": text, "ents": ents, "relations": links, "settings": {"direction": "rtl", "lang": "ar"}}
    page = open_page(html(row, page=True))
    [head], [tail], [tip] = (
        boxes(page, s) for s in ("mark[data-m='0']", "mark[data-m='1']", f"{ARROWS} polygon")
    )
    assert tail[2] < head[0]
    assert tail[0] <= tip[0] <= tail[2]


@pytest.mark.parametrize(
    ("theme", "scheme", "is_dark"),
    [("auto", "dark", True), ("auto", "light", False), ("light", "dark", False), ("dark", "light", True)],
)
def test_dark_and_light(open_page: Any, theme: str, scheme: str, is_dark: bool) -> None:
    page = open_page(html(curie(), page=True, options={"theme": theme}), color_scheme=scheme)
    ground = page.eval_on_selector("figure", "f => getComputedStyle(f).backgroundColor")
    assert (ground == "rgb(20, 24, 29)") == is_dark
    line = page.eval_on_selector(f"{ARROWS} path:not(.sl-wide)", "p => getComputedStyle(p).stroke")
    assert line != page.evaluate("() => getComputedStyle(document.querySelector('mark')).color")
