"""The smaller methods of LukeTokenizer against transformers, and what its own tests say of the class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import parity_tokenizers as both
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken

from spacy_luke.tokenizer import LukeTokenizer

transformers = pytest.importorskip("transformers")

SENTENCE = "Ana Lopez met Bob in Los Angeles, and they did not stay."
numbers = st.lists(st.integers(0, 300), max_size=5)


def fresh(vocab: str = "tiny", task: str | None = None, **options: Any) -> tuple[LukeTokenizer, Any]:
    """Ours and theirs, to change."""
    return both.tokenizers.__wrapped__(vocab, task, **options)


@given(first=numbers, second=st.none() | numbers)
@both.few
def test_special_tokens_around_ids(first: list[int], second: list[int] | None) -> None:
    ours, theirs = both.tokenizers("tiny")
    for name in (
        "build_inputs_with_special_tokens",
        "get_special_tokens_mask",
        "create_token_type_ids_from_sequences",
    ):
        assert getattr(ours, name)(first, second) == getattr(theirs, name)(first, second), name
    ids = [*first, 0, 2]
    assert ours.get_special_tokens_mask(
        ids, already_has_special_tokens=True
    ) == theirs.get_special_tokens_mask(ids, already_has_special_tokens=True)
    for pair in (False, True):
        assert ours.num_special_tokens_to_add(pair) == theirs.num_special_tokens_to_add(pair)


def state(tokenizer: Any) -> list[Any]:
    text = "Ana<new> <mask> Bob [S] <x>x <ent>"
    return [
        len(tokenizer),
        tokenizer.get_added_vocab(),
        tokenizer.special_tokens_map,
        sorted(tokenizer.all_special_tokens),
        tokenizer(text, "Bob")["input_ids"],
        tokenizer.tokenize(text),
        tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True),
        tokenizer(["Ana", text], padding=True)["input_ids"],
    ]


@pytest.mark.parametrize("vocab", [both.VOCABS[1], both.VOCABS[3]])
@pytest.mark.parametrize(
    "tokens",
    [
        {"bos_token": "<s>"},
        {"mask_token": AddedToken("<mask>", lstrip=True, rstrip=False)},
        {"mask_token": "<mask>"},
        {"pad_token": "<x>"},
        {"sep_token": "[S]", "cls_token": "[C]"},
        {"additional_special_tokens": ["<new>", "<x>"]},
        {"additional_special_tokens": [AddedToken("<new>", lstrip=True)], "eos_token": "<x>"},
    ],
)
@pytest.mark.parametrize("replace", [True, False])
def test_naming_special_tokens(vocab: str, tokens: dict[str, Any], replace: bool) -> None:
    ours, theirs = fresh(vocab)
    assert ours.add_special_tokens(tokens, replace) == theirs.add_special_tokens(tokens, replace)
    assert state(ours) == state(theirs)
    assert ours.add_tokens(["Bob", "<new>"]) == theirs.add_tokens(["Bob", "<new>"])
    assert ours.add_tokens(["<x>"], special_tokens=True) == theirs.add_tokens(["<x>"], special_tokens=True)
    assert ours.tokenize("Ana<new> Bob") == theirs.tokenize("Ana<new> Bob")


def test_an_empty_token_is_not_added() -> None:
    for tokenizer in fresh():
        before = len(tokenizer)
        assert tokenizer.add_tokens(["", "<new>"]) == 1
        assert (len(tokenizer), "" in tokenizer.get_added_vocab()) == (before + 1, False)


def test_a_name_that_there_is_not() -> None:
    ours, _ = fresh()
    with pytest.raises(ValueError, match=r"no special tokens named head_token.*mask_token"):
        ours.add_special_tokens({"head_token": "<h>"})


# --- what transformers' own tests assert -----------------------------------------------------


@both.needs_roberta
def test_spaces_before_words_and_after_the_mask() -> None:
    ours, _ = fresh("roberta")

    def first_character(text: str, place: int, **options: Any) -> str:
        token = ours.convert_ids_to_tokens(ours.encode(text, **options)[place])
        assert token is not None
        return token[0]

    plain = {"add_special_tokens": False}
    assert first_character("Encode this.", 0, **plain, add_prefix_space=False) != "Ġ"
    assert first_character("Encode this.", 0, **plain, add_prefix_space=True) == "Ġ"
    ours.add_special_tokens({"bos_token": "<s>", "mask_token": AddedToken("<mask>", lstrip=True)})
    assert first_character("Encode this.", 1) != "Ġ"
    for text, spaced in (("Encode <mask> this", True), ("Encode <mask>this", False)):
        place = ours.encode(text).index(ours.mask_token_id)
        assert (first_character(text, place + 1) == "Ġ") is spaced
    encoded = ours.encode_plus("A, <mask> AllenNLP sentence.", return_token_type_ids=True)
    assert encoded["input_ids"] == [0, 250, 6, 50264, 3823, 487, 21992, 3645, 4, 2]
    assert set(encoded["token_type_ids"]) == {0}
    assert set(encoded["attention_mask"]) == {1}


@pytest.mark.parametrize("vocab", both.VOCABS)
def test_sequences_are_built_as_they_are_encoded(vocab: str) -> None:
    ours, _ = both.tokenizers(vocab)
    one, two = (ours.encode(text, add_special_tokens=False) for text in (SENTENCE, "Bob, multi-stay"))
    assert ours.build_inputs_with_special_tokens(one) == ours.encode(SENTENCE)
    assert ours.build_inputs_with_special_tokens(one, two) == ours.encode(SENTENCE, "Bob, multi-stay")


@pytest.mark.parametrize("vocab", both.VOCABS)
def test_entities_of_a_batch_are_filled_up(vocab: str) -> None:
    ours, _ = both.tokenizers(vocab)
    mask, pad = ours.entity_vocab["[MASK]"], ours.entity_vocab["[PAD]"]
    span = (4, 9)
    for first, filled in (([span], [mask, pad]), ([], [pad, pad])):
        batch = ours([SENTENCE, SENTENCE], entity_spans=[first, [span, span]], padding=True)
        assert batch["entity_ids"] == [filled, [mask, mask]]
        assert batch["entity_attention_mask"] == [[int(id_ == mask) for id_ in filled], [1, 1]]


@pytest.mark.parametrize("vocab", both.VOCABS)
@pytest.mark.parametrize("task", both.TASKS)
def test_tensors_have_the_lengths_asked_for(vocab: str, task: str | None) -> None:
    ours, _ = both.tokenizers(vocab, task)
    spans = [(0, 9), (14, 17)][: 1 if task == "entity_classification" else 2]
    inputs = ours(
        SENTENCE,
        entity_spans=spans,
        padding="max_length",
        max_length=90,
        max_entity_length=16,
        return_token_type_ids=True,
        return_tensors="pt",
    )
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        assert inputs[name].shape == (1, 90)
    for name in ("entity_ids", "entity_attention_mask", "entity_token_type_ids"):
        assert inputs[name].shape == (1, 16)
    assert inputs["entity_position_ids"].shape == (1, 16, ours.max_mention_length)
    if task == "entity_span_classification":
        assert inputs["entity_start_positions"].shape == inputs["entity_end_positions"].shape == (1, 16)


@both.needs_roberta
def test_spans_decode_to_their_text() -> None:
    sentence = "Top seed Ana Ivanovic said on Thursday she could hardly believe her luck."
    spans = [(9, 21), (30, 38), (39, 42)]
    ours, _ = both.tokenizers("roberta")
    inputs = ours(sentence, entities=["Ana", "Los Angeles", "nobody"], entity_spans=spans)
    apart = {"spaces_between_special_tokens": False}
    assert ours.decode(inputs["input_ids"], **apart) == f"<s>{sentence}</s>"
    for (start, end), positions in zip(spans, inputs["entity_position_ids"], strict=True):
        ids = [inputs["input_ids"][p] for p in positions if p >= 0]
        assert ours.decode(ids, **apart) == " " + sentence[start:end]
    assert inputs["entity_ids"] == ours.entity_vocab.lookup(["Ana", "Los Angeles", "[UNK]"])
    one, _ = both.tokenizers("roberta", "entity_classification")
    inputs = one(sentence, entity_spans=[(39, 42)])
    assert one.decode(inputs["input_ids"], **apart) == f"<s>{sentence[:38]}<ent> she<ent>{sentence[42:]}</s>"
    two, _ = both.tokenizers("roberta", "entity_pair_classification")
    inputs = two(sentence, entity_spans=[(9, 21), (39, 42)])
    marked = f"<s>Top seed<ent> Ana Ivanovic<ent> said on Thursday<ent2> she<ent2>{sentence[42:]}</s>"
    assert two.decode(inputs["input_ids"], **apart) == marked
    assert two.decode(inputs["input_ids"][3:8], **apart) == "<ent> Ana Ivanovic<ent>"


WRONG = [
    (None, {"entities": ("Ana",), "entity_spans": [(0, 9)]}, ValueError),
    (None, {"entities": ["Ana"], "entity_spans": ((0, 9),)}, TypeError),
    (None, {"entities": [0], "entity_spans": [(0, 9)]}, ValueError),
    (None, {"entities": ["Ana"], "entity_spans": [0]}, ValueError),
    (None, {"entities": ["Ana"], "entity_spans": [(0, 9), (0, 4)]}, ValueError),
    ("entity_classification", {"entity_spans": []}, ValueError),
    ("entity_classification", {"entity_spans": [(0, 9), (0, 9)]}, ValueError),
    ("entity_classification", {"entity_spans": [0]}, ValueError),
    ("entity_pair_classification", {"entity_spans": []}, ValueError),
    ("entity_pair_classification", {"entity_spans": [0, 0]}, ValueError),
    ("entity_span_classification", {"entity_spans": []}, ValueError),
    ("entity_span_classification", {"entity_spans": [0, 0, 0]}, ValueError),
]


@pytest.mark.parametrize(("task", "arguments", "error"), WRONG)
def test_invalid_inputs(task: str | None, arguments: dict[str, Any], error: type[Exception]) -> None:
    ours, _ = both.tokenizers("tiny", task)
    with pytest.raises(error):
        ours(SENTENCE, **arguments)


# --- older ways to the same inputs -----------------------------------------------------------


@pytest.mark.parametrize("vocab", both.VOCABS)
@pytest.mark.parametrize("options", [{}, {"padding": True, "return_tensors": "np"}, {"max_length": 7}])
def test_batches_of_texts_and_of_pairs(vocab: str, options: dict[str, Any]) -> None:
    ours, theirs = both.tokenizers(vocab)
    texts = [SENTENCE, "Bob", "Ana met Bob"]
    for batch in (texts, list(zip(texts, reversed(texts), strict=True))):
        found, wanted = (t.batch_encode_plus(batch, return_length=True, **options) for t in (ours, theirs))
        assert list(found) == list(wanted)
        for name, value in wanted.items():
            assert np.array_equal(found[name], value) if "padding" in options else found[name] == value
    with pytest.raises(ValueError, match="input_ids"):
        ours.batch_encode_plus(texts, return_tensors="pt")


ids = st.lists(st.integers(5, 300), min_size=1, max_size=12)
places = st.lists(
    st.tuples(st.integers(0, 11), st.integers(1, 5)).map(lambda p: (p[0], sum(p))), min_size=1, max_size=4
)


@given(
    first=ids,
    second=st.none() | ids,
    spans=st.none() | places,
    pair_spans=st.none() | places,
    options=st.fixed_dictionaries(
        {},
        optional={
            "add_special_tokens": st.booleans(),
            "truncation": st.sampled_from([True, False, "only_first"]),
            "max_length": st.integers(8, 20),
            "max_entity_length": st.integers(1, 5),
            "padding": st.sampled_from([False, "max_length"]),
            "return_special_tokens_mask": st.booleans(),
            "return_length": st.booleans(),
        },
    ),
    task=st.sampled_from([None, "entity_span_classification"]),
)
@both.few
def test_inputs_of_ids(
    first: list[int],
    second: list[int] | None,
    spans: list[tuple[int, int]] | None,
    pair_spans: list[tuple[int, int]] | None,
    options: dict[str, Any],
    task: str | None,
) -> None:
    ours, theirs = both.tokenizers("tiny", task)
    arguments = {"ids": first, "pair_ids": second, "max_length": 30, "truncation": False, **options}
    if spans is not None:
        arguments |= {"entity_ids": [4] * len(spans), "entity_token_spans": spans}
    if spans is not None and second is not None and pair_spans is not None:
        arguments |= {"pair_entity_ids": [5] * len(pair_spans), "pair_entity_token_spans": pair_spans}
    assert dict(ours.prepare_for_model(**arguments)) == dict(theirs.prepare_for_model(**arguments))


@pytest.mark.parametrize("batch", [True, False])
def test_arrays_of_ids(batch: bool) -> None:
    ours, theirs = both.tokenizers("tiny")
    arguments = {"entity_ids": [4], "entity_token_spans": [(0, 2)], "return_tensors": "np"}
    found, wanted = (
        t.prepare_for_model([7, 8, 9], prepend_batch_axis=batch, **arguments) for t in (ours, theirs)
    )
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value)


def test_as_many_spans_as_entities() -> None:
    ours, _ = both.tokenizers("tiny")
    with pytest.raises(ValueError, match="There are 2 entity_ids and 1 entity_token_spans"):
        ours.prepare_for_model([7, 8], entity_ids=[4, 4], entity_token_spans=[(0, 1)])


@pytest.mark.parametrize("names", [("input_ids",), ("input_ids", "attention_mask", "token_type_ids")])
def test_names_of_inputs_say_what_is_made(names: tuple[str, ...]) -> None:
    ours, theirs = fresh()
    assert list(ours.model_input_names) == theirs.model_input_names
    ours.model_input_names, theirs.model_input_names = names, list(names)
    for options in ({}, {"padding": "max_length", "max_length": 40}):
        found, wanted = (t(SENTENCE, entity_spans=[(0, 3)], **options) for t in (ours, theirs))
        assert dict(found) == dict(wanted)


def test_inputs_that_the_model_can_not_take_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    ours, _ = fresh(model_max_length=6)
    ours("Ana")
    ours(SENTENCE, verbose=False)
    ours(SENTENCE, truncation=True)
    assert not caplog.records
    ours(["Ana", SENTENCE])
    n = len(ours.encode(SENTENCE, verbose=False))
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
        f"An input has {n} word pieces, more than the 6 that the model reads"
    ]


@pytest.mark.parametrize("vocab", [both.VOCABS[1], both.VOCABS[3]])
@pytest.mark.parametrize(
    "name", ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token"]
)
def test_special_tokens_are_set_by_name_and_by_id(vocab: str, name: str) -> None:
    ours, theirs = fresh(vocab)
    token = ours.convert_ids_to_tokens(9)
    for tokenizer in (ours, theirs):
        setattr(tokenizer, name, token)
        assert (getattr(tokenizer, name), getattr(tokenizer, f"{name}_id")) == (token, 9)
        setattr(tokenizer, f"{name}_id", 8)
        assert (getattr(tokenizer, name), getattr(tokenizer, f"{name}_id")) == (
            tokenizer.convert_ids_to_tokens(8),
            8,
        )
    assert ours("Bob", "Ana")["input_ids"] == theirs("Bob", "Ana")["input_ids"]
    assert (
        ours("Bob", padding="max_length", max_length=30)["input_ids"]
        == (theirs("Bob", padding="max_length", max_length=30)["input_ids"])
    )


def test_no_mask_but_no_input_without_its_start() -> None:
    ours, theirs = fresh()
    for tokenizer in (ours, theirs):
        tokenizer.mask_token = None
        assert tokenizer.mask_token_id is None
        assert "<mask>" not in tokenizer.all_special_tokens
    with pytest.raises(ValueError, match="cls_token can't be None, because every input needs one"):
        ours.cls_token = None
    with pytest.raises(ValueError, match=r"pad_token_id can't be 9999: the vocabulary has \d+ tokens"):
        ours.pad_token_id = 9999
    ours.sep_token = AddedToken("[S]", lstrip=True)
    assert ours.convert_ids_to_tokens(ours("Bob", "Ana")["input_ids"]).count("[S]") == 3


@pytest.mark.parametrize("vocab", [both.VOCABS[1], both.VOCABS[3]])
@pytest.mark.parametrize("tokens", [["<x>"], ["<x>", "<y>"], ["<x>", "<ent2>", "<ent>"]])
def test_special_tokens_in_place_of_the_markers(vocab: str, tokens: list[str], tmp_path: Path) -> None:
    kinds = [LukeTokenizer, None]
    found = []
    for tokenizer, kind in zip(fresh(vocab), kinds, strict=True):
        folder = tmp_path / type(tokenizer).__module__
        tokenizer.add_special_tokens({"additional_special_tokens": tokens})
        tokenizer.save_pretrained(folder)
        tokenizer.save_vocabulary(folder)
        for task, spans in zip(both.TASKS, ([], [(0, 3)], [(0, 3), (4, 7)]), strict=False):
            loaded = (kind or type(tokenizer)).from_pretrained(folder, task=task)
            found.append(dict(loaded("Ana met <x> Bob<ent>", entity_spans=spans)))
    assert found[:3] == found[3:]


def test_a_task_without_its_markers() -> None:
    ours, _ = fresh("tiny", "entity_pair_classification")
    ours.add_special_tokens({"additional_special_tokens": ["<x>"]})
    with pytest.raises(ValueError, match=r"'entity_pair_classification' marks .* needs 2; there are 1\."):
        ours("Ana met Bob", entity_spans=[(0, 3), (8, 11)])
    ours.additional_special_tokens = ["<ent>", "<ent2>"]
    assert ours("Ana met Bob", entity_spans=[(0, 3), (8, 11)])["entity_ids"] == [2, 3]


@pytest.mark.parametrize("vocab", [both.VOCABS[1], both.VOCABS[3]])
def test_additional_special_tokens_are_set_by_name_and_by_id(vocab: str) -> None:
    for tokenizer in fresh(vocab):
        token = tokenizer.convert_ids_to_tokens(9)
        tokenizer.additional_special_tokens_ids = []
        assert tokenizer.additional_special_tokens == tokenizer.additional_special_tokens_ids == []
        tokenizer.additional_special_tokens_ids = [9]
        assert (tokenizer.additional_special_tokens, tokenizer.additional_special_tokens_ids) == (
            [token],
            [9],
        )
        tokenizer.additional_special_tokens = ["<ent>", "<mask>"]
        assert tokenizer.additional_special_tokens == ["<ent>", "<mask>"]
    ours, _ = fresh(vocab)
    with pytest.raises(ValueError, match=r"additional_special_tokens_ids can't be \[9999\]"):
        ours.additional_special_tokens_ids = [8, 9999]
