"""The page of a report in a browser."""

from __future__ import annotations

from typing import Any

from drawn import ATTACK, crowd, curie

from spacy_luke.rendering.report import Beside, Part, report_page

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>window.attacked=1</script></svg>'


def test_plots_and_drawings_are_seen(open_page: Any) -> None:
    part = Part(ATTACK, [(ATTACK, SVG)], ATTACK)
    worst = [Beside(crowd(30), curie(), [ATTACK] * 20)]
    page = open_page(report_page(ATTACK, [part], worst), width=1300)
    assert page.locator("h1").inner_text() == page.locator("h2").first.inner_text() == ATTACK
    assert page.locator("pre").text_content() == ATTACK
    assert page.eval_on_selector("img", "image => image.complete && image.naturalWidth") == 9
    assert page.locator("img").count() == 1
    assert [page.locator(".beside figure").nth(i).locator("svg g").count() for i in (0, 1)] == [30, 2]


def test_text_keeps_most_of_the_room_however_many_relations_there_are(open_page: Any) -> None:
    page = open_page(report_page("Many", [], [Beside(crowd(132), crowd(132), ["a"])]), width=1000)
    for figure in page.locator(".beside figure").all():
        whole = figure.bounding_box()["width"]
        text = figure.locator(".sl-text").evaluate(
            "t => t.clientWidth - 2 * parseFloat(getComputedStyle(t).paddingLeft)"
        )
        assert text > whole / 2
