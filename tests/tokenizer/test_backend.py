"""Words that are remembered have the ids that the whole text has."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.tokenizer import backend as backends
from spacy_luke.tokenizer.bytelevel import split_words

ASCII = st.text(st.characters(max_codepoint=127), max_size=40)
PARTS = [*"aB3 '.\t\n\x1c\x85\xa0\u2003\u00e9\u00b2\u2167\u4e2d\u0301", "'s", "'ll", "  "]
SOME = st.lists(st.sampled_from(PARTS), max_size=30).map("".join)


@given(texts=st.lists(ASCII | SOME | st.text(max_size=20), max_size=4))
@settings(max_examples=500, deadline=None)
def test_texts_have_the_ids_of_the_model(make_bpe, texts: list[str]) -> None:
    backend = make_bpe().backend
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    plain = backend._encode_plain(texts)
    expected = list(chain.from_iterable(plain)), list(map(len, plain))
    assert backend._encode_all(texts) == expected
    assert backend._encode_all(texts) == expected  # now they are known


def test_each_word_is_encoded_once_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def encode(texts: list[str]) -> list[list[int]]:
        seen.append(list(texts))
        return [list(map(ord, text)) for text in texts]

    memory = backends.WordMemory(encode)

    def ids_of(text: str) -> str:
        words, ends = split_words([text])
        assert ends == [0, len(words)]
        return "".join(map(chr, chain.from_iterable(memory(words))))

    words, ends = split_words(["a cat, a dog", "a cat"])
    assert ends == [0, 5, 7]
    assert memory(words) == [tuple(map(ord, word)) for word in ("a", " cat", ",", " a", " dog", "a", " cat")]
    assert sorted(seen.pop()) == [" a", " cat", " dog", ",", "a"]
    assert ids_of(" dog's" + 40 * "x") == " dog's" + 40 * "x"
    assert sorted(seen.pop()) == ["'s", 40 * "x"]
    assert ids_of(40 * "x") == 40 * "x"
    assert seen.pop() == [40 * "x"]  # too long to be kept
    ids_of("é b")
    assert sorted(seen.pop()) == [" b", "é"]
    monkeypatch.setattr(backends, "MEMORY_SIZE", 3)
    for text in ("p q r s", "t u", "v w"):
        assert ids_of(text) == text
        assert len(memory._known) <= 3
    assert memory([]) == []
    assert sorted(seen[-1]) == [" w", "v"]
