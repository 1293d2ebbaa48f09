"""Words that are cut already: the door for spaCy's tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.tokenizer import LukeTokenizer, backend

Make = Callable[..., LukeTokenizer]


def test_a_space_before_a_word_is_part_of_it(make_bpe: Make) -> None:
    tokenizer = make_bpe()
    (plain,), (spaced,) = tokenizer.encode_words(["Ana"], [False]), tokenizer.encode_words(["Ana"], [True])
    assert "".join(map(str, tokenizer.convert_ids_to_tokens(plain))) == "Ana"
    assert "".join(map(str, tokenizer.convert_ids_to_tokens(spaced))) == "ĠAna"


def test_models_without_bytes_ignore_spaces(make_json: Make) -> None:
    for kind in ("bert", "unigram"):
        tokenizer = make_json(kind)
        assert tokenizer.encode_words(["ana"], [True]) == tokenizer.encode_words(["ana"], [False])


@given(words=st.lists(st.text("anmetbob", min_size=1, max_size=6), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_words_together_are_the_text(make_bpe: Make, words: list[str]) -> None:
    tokenizer = make_bpe()
    spaces = [i > 0 for i in range(len(words))]
    ids = [id_ for word in tokenizer.encode_words(words, spaces) for id_ in word]
    assert ids == tokenizer.encode(" ".join(words), add_special_tokens=False)


@pytest.mark.parametrize("word", ["<s>", "</s>", "<mask>", "<pad>", "<ent>", "<ent2>", "x<mask>"])
def test_special_tokens_in_words_are_plain_text(make_bpe: Make, word: str) -> None:
    tokenizer = make_bpe()
    (ids,) = tokenizer.encode_words([word], [False])
    assert not set(ids) & set(tokenizer.all_special_ids)
    assert tokenizer.decode(ids) == word
    assert set(tokenizer.encode(word, add_special_tokens=False)) & set(tokenizer.all_special_ids)


@pytest.mark.parametrize("word", ["[MASK]", "[CLS]", "<ent>"])
def test_special_tokens_in_words_are_plain_text_for_bert(make_json: Make, word: str) -> None:
    tokenizer = make_json()
    (ids,) = tokenizer.encode_words([word], [False])
    named = {
        tokenizer.convert_tokens_to_ids(token) for token in ("[MASK]", "[CLS]", "[SEP]", "<ent>", "<ent2>")
    }
    assert ids
    assert not set(ids) & named


def test_added_words_are_found_in_words(make_bpe: Make) -> None:
    tokenizer = make_bpe()
    assert tokenizer.add_tokens(["covid"]) == 1
    id_ = len(tokenizer) - 1
    assert tokenizer.encode_words(["covid"], [False]) == [(id_,)]
    assert id_ in tokenizer.encode("a covid b")
    assert tokenizer.add_tokens("covid") == 0


def test_a_word_that_the_tokenizer_drops_has_no_pieces(make_json: Make, make_bpe: Make) -> None:
    words = ["ana", "\u200b", "\n", "", "bob"]
    pieces = make_json().encode_words(words, [True] * 5)
    assert [len(ids) for ids in pieces] == [1, 0, 0, 0, 1]
    assert make_bpe().encode_words([""], [False]) == [()]
    assert make_bpe().encode_words([], []) == []


def test_memory_for_words_is_bounded(make_bpe: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "MEMORY_SIZE", 3)
    tokenizer, fresh = make_bpe(), make_bpe()
    for words in (["a", "b"], ["b", "c"], ["c", "d", "a"], ["a", "b", "c", "d", "e"], ["e", "b"]):
        found = tokenizer.encode_words(words, [False] * len(words))
        assert found == [tuple(fresh.encode(word, add_special_tokens=False)) for word in words]
        assert len(tokenizer.backend._words._known) <= 3


def test_different_words_are_encoded_once(make_bpe: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = make_bpe()
    seen: list[list[str]] = []
    encode = tokenizer.backend._encode_plain
    monkeypatch.setattr(
        tokenizer.backend, "_encode_plain", lambda texts: seen.append(list(texts)) or encode(texts)
    )
    tokenizer.encode_words(["a", "b", "a"], [False, False, False])
    tokenizer.encode_words(["b", "c", "c"], [False, False, True])
    assert seen == [["a", "b"], ["c", " c"]]


def test_as_many_spaces_as_words(make_bpe: Make) -> None:
    with pytest.raises(ValueError, match="2 words but 1 spaces"):
        make_bpe().encode_words(["a", "b"], [True])


def test_words_have_to_be_text(make_bpe: Make) -> None:
    with pytest.raises(UnicodeEncodeError, match="surrogate"):
        make_bpe().encode_words(["\ud800"], [False])
    with pytest.raises(TypeError, match="has to be a string, got 5"):
        make_bpe().encode_words([5], [False])  # type: ignore[list-item]
