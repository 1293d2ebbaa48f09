"""Offsets of word pieces beside entity spans, and texts that are given as words, with spans of words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_luke.tokenizer import LukeTokenizer

Make = Callable[..., LukeTokenizer]
TEXT = "Ana  met Bob <mask> in\nLos Angeles, 🙂 she said."
SPANS = [(0, 3), (9, 12)]
TASKS = [None, "entity_classification", "entity_pair_classification", "entity_span_classification"]
KINDS = ["bpe", "bert", "unigram"]
some = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def make(make_bpe: Make, make_json: Make) -> Make:
    def build(kind: str, **options: Any) -> LukeTokenizer:
        return make_bpe(**options) if kind == "bpe" else make_json(kind, **options)

    return build


def spans_for(task: str | None) -> list[tuple[int, int]]:
    return SPANS[:1] if task == "entity_classification" else SPANS


# --- offsets -----------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("prefix", [False, True])
def test_offsets_spell_the_pieces_and_the_entities(make: Make, task: str | None, prefix: bool) -> None:
    tokenizer = make("bpe", task=task, add_prefix_space=prefix)
    spans = spans_for(task)
    inputs = tokenizer(TEXT, entity_spans=spans, return_offsets_mapping=True)
    assert dict(tokenizer(TEXT, entity_spans=spans)).items() <= dict(inputs).items()
    outside = {*tokenizer.all_special_ids} - {tokenizer.mask_token_id}
    for id_, (start, end), sequence in zip(
        inputs["input_ids"], inputs["offset_mapping"], inputs.sequence_ids(), strict=True
    ):
        if id_ in outside:
            assert (start, end, sequence) == (0, 0, None)
        else:
            assert sequence == 0
            piece = tokenizer.decode([id_])
            spelled = piece.strip() or piece
            # A part of a character has all of it.
            assert TEXT[start:end] == spelled or TEXT[start:end] == "🙂"
    for span, positions in zip(spans, inputs["entity_position_ids"], strict=True):
        inside = [inputs["offset_mapping"][p] for p in positions if p >= 0]
        inside = [offset for offset in inside if offset != (0, 0)]
        assert (inside[0][0], inside[-1][1]) == span


@pytest.mark.parametrize("kind", KINDS)
def test_white_space_around_a_piece_does_not_count(make: Make, kind: str) -> None:
    text = " ana\t met  bob"
    inputs = make(kind)(text, entity_spans=[(1, 4)], return_offsets_mapping=True)
    found = {text[start:end] for start, end in inputs["offset_mapping"]}
    words = "".join(text[a:b] for a, b in inputs["offset_mapping"] if not text[a:b].isspace())
    assert words == "anametbob"
    assert all(part == part.strip() or part.isspace() for part in found)


def test_offsets_of_pairs_batches_and_padding(make: Make) -> None:
    tokenizer = make("bpe")
    batch = tokenizer(
        ["Ana", TEXT],
        ["Bob met", "."],
        entity_spans=[[(0, 3)], SPANS],
        entity_spans_pair=[[(0, 3)], []],
        padding=True,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    assert batch["offset_mapping"].shape == (*batch["input_ids"].shape, 2)
    assert batch["offset_mapping"].dtype == torch.int64
    sequences = batch.sequence_ids(0)
    assert sequences[-1] is None
    assert [s for s in sequences if s is not None] == sorted(s for s in sequences if s is not None)
    pieces = {0: "Ana", 1: "Bob met"}
    for which, text in pieces.items():
        offsets = [
            o.tolist() for o, s in zip(batch["offset_mapping"][0], sequences, strict=True) if s == which
        ]
        assert (offsets[0][0], offsets[-1][1]) == (0, len(text))
    assert not batch["offset_mapping"][0][[s is None for s in sequences]].any()
    left = tokenizer(["Ana", TEXT], padding=True, padding_side="left", return_offsets_mapping=True)
    n = left["attention_mask"][0].count(0)
    assert left["offset_mapping"][0][: n + 1] == [(0, 0)] * (n + 1)
    assert left.sequence_ids(0)[: n + 1] == [None] * (n + 1)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("strategy", ["longest_first", "only_first", "only_second"])
@pytest.mark.parametrize("length", [8, 13, 30])
def test_offsets_are_truncated_with_the_pieces(make: Make, side: str, strategy: str, length: int) -> None:
    tokenizer = make("bpe", truncation_side=side)
    texts = (TEXT, "She said that Bob stayed in Los Angeles for 12 days.")
    options = {"truncation": strategy, "max_length": length, "return_offsets_mapping": True}
    inputs = tokenizer(*texts, **options)
    whole = tokenizer(*texts, return_offsets_mapping=True)
    known = set(zip(whole["input_ids"], whole["offset_mapping"], whole.sequence_ids(), strict=True))
    cut = list(zip(inputs["input_ids"], inputs["offset_mapping"], inputs.sequence_ids(), strict=True))
    assert set(cut) <= known
    assert len(cut) == len(inputs["input_ids"])


@pytest.mark.parametrize("single_word", [False, True])
def test_offsets_of_added_tokens(make: Make, single_word: bool) -> None:
    from tokenizers import AddedToken

    tokenizer = make("bpe")
    tokenizer.add_tokens(
        [AddedToken("covid", single_word=single_word, lstrip=not single_word, rstrip=not single_word)]
    )
    text = "a  covid  x covidx xcovid"
    inputs = tokenizer(text, return_offsets_mapping=True)
    id_ = tokenizer.convert_tokens_to_ids("covid")
    found = [o for i, o in zip(inputs["input_ids"], inputs["offset_mapping"], strict=True) if i == id_]
    assert found == ([(3, 8)] if single_word else [(3, 8), (12, 17), (20, 25)])
    covered = "".join(text[a:b] for a, b in inputs["offset_mapping"])
    assert covered.replace(" ", "") == text.replace(" ", "")


def test_places_are_told_only_when_asked_for(make: Make) -> None:
    inputs = make("bpe")(TEXT, return_offsets_mapping=True)
    assert inputs.sequence_ids()[0] is None
    with pytest.raises(ValueError, match=r"inputs have no word_ids.*is_split_into_words=True"):
        inputs.word_ids()
    with pytest.raises(ValueError, match=r"inputs have no sequence_ids.*return_offsets_mapping=True"):
        make("bpe")(TEXT).sequence_ids()


# --- words -------------------------------------------------------------------------------

word = st.one_of(
    st.sampled_from(["Ana", "met", "Los", "Angeles", ",", "don't", "🙂", "a b", "", " ", "<mask>", "東京"]),
    st.text(alphabet=st.characters(exclude_categories=("Cs", "Cn")), max_size=4),
)
lists_of_words = st.lists(word, min_size=1, max_size=8)


@st.composite
def words_and_spans(draw: st.DrawFn, task: str | None) -> tuple[list[str], list[tuple[int, int]]]:
    words = draw(lists_of_words)
    places = st.integers(0, len(words))
    spans = st.tuples(places, places).filter(lambda pair: pair[0] < pair[1])
    n = {None: (0, 3), TASKS[1]: (1, 1), TASKS[2]: (2, 2), TASKS[3]: (1, 3)}[task]
    return words, draw(st.lists(spans, min_size=n[0], max_size=n[1]))


def as_text(words: list[str], spans: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    starts = [sum(len(w) + 1 for w in words[:i]) for i in range(len(words))]
    return " ".join(words), [(starts[a], starts[b - 1] + len(words[b - 1])) for a, b in spans]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@some
def test_words_are_read_as_their_text(make: Make, kind: str, task: str | None, data: st.DataObject) -> None:
    tokenizer = make(kind, task=task)
    words, spans = data.draw(words_and_spans(task))
    text, char_spans = as_text(words, spans)
    inputs = tokenizer(words, entity_spans=spans, is_split_into_words=True)
    assert dict(inputs) == dict(tokenizer(text, entity_spans=char_spans, add_prefix_space=True))
    same = tokenizer(words, entity_spans=spans, is_split_into_words=True, add_prefix_space=False)
    assert dict(same) == dict(tokenizer(text, entity_spans=char_spans, add_prefix_space=False))
    ids = inputs.word_ids()
    known = [id_ for id_ in ids if id_ is not None]
    assert known == sorted(known)
    assert set(known) <= set(range(len(words)))


@given(data=st.data())
@some
def test_offsets_count_in_their_word(make: Make, data: st.DataObject) -> None:
    tokenizer = make("bpe")
    words, spans = data.draw(words_and_spans(None))
    inputs = tokenizer(words, entity_spans=spans, is_split_into_words=True, return_offsets_mapping=True)
    covered = ["" for _ in words]
    for id_, (start, end) in zip(inputs.word_ids(), inputs["offset_mapping"], strict=True):
        if id_ is None:
            assert (start, end) == (0, 0)
        else:
            assert 0 <= start <= end <= len(words[id_])
            covered[id_] += words[id_][start:end]
    for got, wanted in zip(covered, words, strict=True):
        assert set("".join(wanted.split())) <= set(got)


def test_entities_of_words(make: Make) -> None:
    tokenizer = make("bpe")
    words = ["Ana", "lives", "in", "Los", "Angeles", "."]
    inputs = tokenizer(
        words, entity_spans=[(0, 1), (3, 5)], entities=["Ana", "Los Angeles"], is_split_into_words=True
    )
    assert inputs["entity_ids"] == tokenizer.entity_vocab.lookup(["Ana", "Los Angeles"])
    ids = inputs.word_ids()
    found = [{ids[p] for p in positions if p >= 0} for positions in inputs["entity_position_ids"]]
    assert found == [{0}, {3, 4}]
    assert "offset_mapping" not in inputs


def test_batches_and_pairs_of_words(make: Make) -> None:
    tokenizer = make("bpe")
    batch = tokenizer(
        [["Ana", "met"], ["Bob"]],
        [["Los", "Angeles"], ["in", "a"]],
        entity_spans=[[(0, 1)], []],
        entity_spans_pair=[[(0, 2)], [(0, 1)]],
        is_split_into_words=True,
        padding=True,
        return_tensors="np",
    )
    rows = [(["Ana", "met"], ["Los", "Angeles"]), (["Bob"], ["in", "a"])]
    for i, (first, second) in enumerate(rows):
        ids, sequences = batch.word_ids(i), batch.sequence_ids(i)
        assert {(s, w) for s, w in zip(sequences, ids, strict=True) if s is not None} == {
            *((0, n) for n in range(len(first))),
            *((1, n) for n in range(len(second))),
        }
    texts = tokenizer(
        ["Ana met", "Bob"],
        ["Los Angeles", "in a"],
        entity_spans=[[(0, 3)], []],
        entity_spans_pair=[[(0, 11)], [(0, 2)]],
        add_prefix_space=True,
        padding=True,
    )
    assert {name: value.tolist() for name, value in batch.items()} == dict(texts)


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"text": "a b"}, ValueError, "text is a str .*a list of words"),
    ({"text": ["a"], "text_pair": "b"}, ValueError, "text is a list and text_pair a str"),
    ({"text": [["a"], "b"]}, ValueError, "pass a list of words"),
    ({"text": [5]}, ValueError, "pass a list of words"),
    ({"text": ["a"], "entity_spans": [(0, 2)]}, IndexError, "has 1 words"),
    ({"text": ["a"], "entity_spans": [(0, 0)]}, ValueError, "has no words"),
    ({"text": ["a"], "entity_spans": [(-1, 1)]}, ValueError, "has no words"),
    ({"text": ["a"], "entity_spans": [[0, 1]]}, ValueError, "list of tuples"),
]


@pytest.mark.parametrize(("arguments", "error", "match"), WRONG)
def test_words_and_spans_that_do_not_fit(
    make: Make, arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        make("bpe")(**arguments, is_split_into_words=True)
