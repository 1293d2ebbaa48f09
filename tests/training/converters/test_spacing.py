from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_luke.training.converters.spacing import natural_spaces

TOKENS_AND_TEXT = [
    ('Wilfried " Willi " S. ( born 1963 ) is fast .', 'Wilfried "Willi" S. (born 1963) is fast.'),
    ("the men 's title in 1997 - 8 , 5 % of $ 3 !", "the men's title in 1997-8, 5% of $3!"),
    ("They do n't know we 'd wait ; it 'll do .", "They don't know we'd wait; it'll do."),
    ("a two - year newspaper / media deal can not", "a two-year newspaper/media deal cannot"),
    ("He lived there ( 1820 – 88 ) — so .", "He lived there (1820 – 88) — so."),
    ("“ Quoted ” and ‘ single ’ marks [ too ]", "“Quoted” and ‘single’ marks [too]"),
    ("the ' straight ' ones , the Smiths ' house", "the 'straight' ones, the Smiths' house"),
    ('a man . "', 'a man."'),
    ("- begins and ends -", "- begins and ends -"),
    ("日本 、 العربية 👩‍🔬 , e\u0301 .", "日本 、 العربية 👩‍🔬, e\u0301."),
    ("", ""),
]


@pytest.mark.parametrize(("tokens", "text"), TOKENS_AND_TEXT)
def test_text(tokens: str, text: str) -> None:
    words = tokens.split()
    spaces = natural_spaces(words)
    assert "".join(w + " " * s for w, s in zip(words, spaces, strict=True)).rstrip() == text


@given(st.lists(st.sampled_from(['"', "'", "(", ")", "-", "/", "a", "s", ".", "'s", "ب", "1"]), max_size=12))
def test_any_tokens(words: list[str]) -> None:
    spaces = natural_spaces(words)
    assert len(spaces) == len(words)
    assert all(spaces[-1:])
