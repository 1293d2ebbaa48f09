"""LukeTokenizer against transformers: the same arguments must give the same fields, or the same error."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity_tokenizers import (
    TASKS,
    TITLES,
    VOCABS,
    few,
    many,
    needs_roberta,
    tokenizers,
    vocabulary,
)

transformers = pytest.importorskip("transformers")


# --- strategies ----------------------------------------------------------------------------

# Everything but halves of surrogate pairs and characters that Python's Unicode doesn't know yet.
characters = st.characters(exclude_categories=("Cs", "Cn"))
fragments = st.one_of(
    st.sampled_from(
        ["Ana", "Los Angeles", "Bob", "don't", "I'LL", "e.g.", "12", "½", "東京", "Zürich", "مرحبا"]
    ),
    st.sampled_from(
        [" ", "  ", "\t", "\n", "\r\n", "\xa0", "\u2003", "\u200b", "\x1c", "\x85", "\x00", "\x7f"]
    ),
    st.sampled_from(["<s>", "</s>", "<mask>", "<ent>", "<ent2>", "<pad>", "<unk>", "<", ">", "[MASK]"]),
    st.sampled_from(["🙂", "👩‍👩‍👧", "🇩🇪", "é", "e\u0301", "ﬁ", "İ", "ß", "\u202e", "\ufeff", "�"]),
    st.text(alphabet=characters, max_size=6),
    st.text(alphabet="ab .,'12\n", max_size=8),
)
texts = st.lists(fragments, max_size=10).map("".join)


@st.composite
def spans_of(draw: st.DrawFn, text: str, sizes: tuple[int, int] = (0, 4)) -> list[tuple[int, int]]:
    """Spans in a text: also empty, nested, overlapping, equal and in any order."""
    places = st.integers(0, len(text))
    pairs = st.tuples(places, places).map(lambda pair: (min(pair), max(pair)))
    return draw(st.lists(pairs, min_size=sizes[0], max_size=sizes[1]))


def titles_for(spans: list[tuple[int, int]]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([*TITLES, "nobody"]), min_size=len(spans), max_size=len(spans))


call_options = st.fixed_dictionaries(
    {},
    optional={
        "add_prefix_space": st.booleans(),
        "add_special_tokens": st.booleans(),
        "split_special_tokens": st.booleans(),
        "padding": st.sampled_from([True, False, "longest", "max_length", "do_not_pad"]),
        "truncation": st.sampled_from(
            [True, False, None, "longest_first", "only_first", "only_second", "do_not_truncate"]
        ),
        "max_length": st.integers(0, 24),
        "max_entity_length": st.integers(0, 4),
        "stride": st.integers(0, 5),
        "pad_to_multiple_of": st.sampled_from([1, 2, 8]),
        "padding_side": st.sampled_from(["left", "right"]),
        "return_token_type_ids": st.booleans(),
        "return_attention_mask": st.booleans(),
        "return_overflowing_tokens": st.booleans(),
        "return_special_tokens_mask": st.booleans(),
        "return_length": st.booleans(),
        "return_tensors": st.sampled_from([None, "np", "pt"]),
    },
)


@st.composite
def inputs(draw: st.DrawFn, task: str | None) -> dict[str, Any]:
    """The arguments of one input."""
    text = draw(texts)
    sizes = {None: (0, 4), TASKS[1]: (1, 1), TASKS[2]: (2, 2), TASKS[3]: (1, 4)}[task]
    arguments: dict[str, Any] = {"text": text}
    if task is not None or draw(st.booleans()):
        arguments["entity_spans"] = draw(spans_of(text, sizes))
    if task is None and draw(st.booleans()):
        arguments["text_pair"] = draw(texts)
        if draw(st.booleans()):
            arguments["entity_spans_pair"] = draw(spans_of(arguments["text_pair"]))
    for name, spans in (("entities", "entity_spans"), ("entities_pair", "entity_spans_pair")):
        if spans in arguments and draw(st.booleans()):
            arguments[name] = draw(titles_for(arguments[spans]))
    return arguments


@st.composite
def batches(draw: st.DrawFn, task: str | None) -> dict[str, Any]:
    """The arguments of a batch: one input after another, all with the same fields."""
    first = draw(inputs(task))
    others = st.lists(inputs(task).filter(lambda other: other.keys() == first.keys()), max_size=3)
    rows = [first, *draw(others)]
    return {name: [row[name] for row in rows] for name in first}


# --- comparison ----------------------------------------------------------------------------


def run(call: Callable[[], Any]) -> Any:
    """What a call returns as plain data, or the type of its error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(call())
    except Exception as error:
        return type(error)


def plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, torch.Tensor)):
        # An empty array has whatever shape and type its maker gave it.
        return plain(value.tolist()) if 0 not in value.shape else []
    if hasattr(value, "items"):
        return {name: plain(entry) for name, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def same(ours: Any, theirs: Any) -> None:
    if theirs is UnboundLocalError:
        # Theirs is a slip: no entity overflows, but overflowing ones are asked for. Ours goes on from there.
        assert ours is ValueError or "overflowing_entities" in ours
        return
    if ours is ValueError and isinstance(theirs, dict) and [] in theirs.values():
        return  # Of rows of different lengths torch makes an empty tensor if the first one is empty.
    assert ours == theirs


# --- text ----------------------------------------------------------------------------------


@pytest.mark.parametrize("vocab", VOCABS)
@given(text=texts, prefix=st.booleans(), split=st.booleans())
@many
def test_ids_of_any_text_are_equal(vocab: str, text: str, prefix: bool, split: bool) -> None:
    ours, theirs = tokenizers(vocab)
    options = {"add_prefix_space": prefix, "split_special_tokens": split}
    assert ours.encode(text, **options) == theirs.encode(text, **options)


@pytest.mark.parametrize("vocab", VOCABS)
@given(text=texts, skip=st.booleans(), clean=st.sampled_from([None, True, False]), spaces=st.booleans())
@many
def test_tokens_and_decoded_text_are_equal(
    vocab: str, text: str, skip: bool, clean: bool | None, spaces: bool
) -> None:
    ours, theirs = tokenizers(vocab)
    assert ours.tokenize(text) == theirs.tokenize(text)
    assert ours.tokenize(text, split_special_tokens=True) == theirs.tokenize(text, split_special_tokens=True)
    tokens = theirs.tokenize(text)
    markers = theirs.additional_special_tokens_ids
    ids = [*theirs.encode(text), markers[0], 7, markers[1]]
    assert ours.convert_ids_to_tokens(ids) == theirs.convert_ids_to_tokens(ids)
    assert ours.convert_tokens_to_ids(tokens) == theirs.convert_tokens_to_ids(tokens)
    options = {
        "skip_special_tokens": skip,
        "clean_up_tokenization_spaces": clean,
        "spaces_between_special_tokens": spaces,
    }
    assert ours.decode(ids, **options) == theirs.decode(ids, **options)


@lru_cache
def roberta_fast() -> Any:
    """RoBERTa's tokenizer of the `tokenizers` library, which tells offsets of texts without entities."""
    vocab, merges, _ = vocabulary("roberta")
    return transformers.RobertaTokenizerFast(vocab, merges, trim_offsets=False)


def trimmed(text: str, offset: tuple[int, int]) -> tuple[int, int]:
    part = text[slice(*offset)]
    if not part.strip():
        return offset
    return offset[0] + len(part) - len(part.lstrip()), offset[1] - len(part) + len(part.rstrip())


@needs_roberta
@given(first=texts, second=texts)
@many
def test_offsets_are_those_of_the_fast_tokenizer(first: str, second: str) -> None:
    ours, _ = tokenizers("roberta")
    # Special tokens have other flags there.
    pair = [text.replace("<", "").replace(">", "") or "b" for text in (first, second)]
    got = ours(*pair, return_offsets_mapping=True)
    wanted = roberta_fast()(*pair, return_offsets_mapping=True)
    assert got["input_ids"] == wanted["input_ids"]
    sequences = got.sequence_ids()
    assert sequences == wanted.sequence_ids()
    offsets = zip(sequences, wanted["offset_mapping"], strict=True)
    assert got["offset_mapping"] == [trimmed(pair[i or 0], offset) for i, offset in offsets]


@needs_roberta
def test_every_assigned_character_is_spelled_equally() -> None:
    import unicodedata

    ours, theirs = tokenizers("roberta")
    # Between such neighbours letters, digits, spaces and the rest are cut differently.
    rows = [[c for c in map(chr, range(i, i + 256)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]
            for i in range(0, 0x110000, 256)]  # fmt: skip
    lines = ["".join(f"a{c}1{c} {c}." for c in row[::7]) for row in rows if row]
    assert ours(lines)["input_ids"] == theirs(lines)["input_ids"]


@needs_roberta
def test_the_published_example() -> None:
    ours, _ = tokenizers("roberta")
    assert ours("Hello world")["input_ids"] == [0, 31414, 232, 2]
    assert ours(" Hello world")["input_ids"] == [0, 20920, 232, 2]


@pytest.mark.parametrize("prefix", ["", "a", "<mask> "])
def test_half_a_surrogate_pair_is_the_same_error(prefix: str) -> None:
    text = prefix + "\ud83d"
    ours, theirs = tokenizers("tiny")
    with pytest.raises(UnicodeEncodeError, match="surrogate pair"):
        ours(text)
    with pytest.raises(UnicodeEncodeError):
        theirs(text)


# --- inputs --------------------------------------------------------------------------------


@pytest.mark.parametrize("vocab", VOCABS)
@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@few
def test_single_inputs_are_equal(vocab: str, task: str | None, data: st.DataObject) -> None:
    ours, theirs = tokenizers(vocab, task)
    arguments, options = data.draw(inputs(task)), data.draw(call_options)
    if options.get("add_special_tokens") is False and not ours.tokenize(arguments["text"]):
        return  # theirs leaves empty inputs without padding and entities' attention mask
    same(run(lambda: ours(**arguments, **options)), run(lambda: theirs(**arguments, **options)))


@pytest.mark.parametrize("vocab", VOCABS)
@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@few
def test_batches_are_equal(vocab: str, task: str | None, data: st.DataObject) -> None:
    ours, theirs = tokenizers(vocab, task)
    arguments, options = data.draw(batches(task)), data.draw(call_options)
    if options.get("add_special_tokens") is False and not all(map(ours.tokenize, arguments["text"])):
        return  # theirs trips over empty inputs in batches, or loses the others
    same(run(lambda: ours(**arguments, **options)), run(lambda: theirs(**arguments, **options)))


@given(data=st.data(), width=st.integers(1, 6), entities=st.integers(1, 3), length=st.integers(4, 20))
@few
def test_settings_of_the_constructor_act_equally(
    data: st.DataObject, width: int, entities: int, length: int
) -> None:
    options = {"max_mention_length": width, "max_entity_length": entities, "model_max_length": length}
    ours, theirs = tokenizers("tiny", None, **options)
    arguments = data.draw(inputs(None).filter(lambda drawn: drawn["text"]))
    padding, truncation = data.draw(
        st.sampled_from([(True, True), ("max_length", True), (False, "only_first")])
    )
    how = {"padding": padding, "truncation": truncation}
    same(run(lambda: ours(**arguments, **how)), run(lambda: theirs(**arguments, **how)))


@given(text=texts, pair=texts, length=st.integers(3, 12), strategy=st.sampled_from([True, "only_second"]))
@few
def test_truncation_on_the_left_is_equal(text: str, pair: str, length: int, strategy: bool | str) -> None:
    ours, theirs = tokenizers("tiny", None, truncation_side="left", padding_side="left")
    options = {"max_length": length, "truncation": strategy, "padding": "max_length"}
    assert plain(ours(text, pair, **options)) == plain(theirs(text, pair, **options))


@pytest.mark.parametrize("tensors", [None, "np", "pt"])
@given(data=st.data())
@few
def test_padding_later_is_equal(tensors: str | None, data: st.DataObject) -> None:
    ours, theirs = tokenizers("tiny", TASKS[3])
    rows = [theirs(**row) for row in data.draw(st.lists(inputs(TASKS[3]), min_size=1, max_size=3))]
    options = data.draw(
        st.fixed_dictionaries(
            {"return_tensors": st.just(tensors)},
            optional={
                "padding": st.sampled_from([True, "max_length", False]),
                "max_length": st.integers(0, 20),
                "max_entity_length": st.integers(0, 5),
                "pad_to_multiple_of": st.just(4),
                "padding_side": st.sampled_from(["left", "right"]),
            },
        )
    )
    same(run(lambda: ours.pad(rows, **options)), run(lambda: theirs.pad(rows, **options)))
    same(run(lambda: ours.pad(dict(rows[0]), **options)), run(lambda: theirs.pad(dict(rows[0]), **options)))


WRONG: list[tuple[str | None, dict[str, Any]]] = [
    (None, {"text": 5}),
    (None, {"text": None}),
    (None, {"text": [["a"]]}),
    (None, {"text": "a", "text_pair": 5}),
    (None, {"text": []}),
    (None, {"text": "a b", "entity_spans": ((0, 1),)}),
    (None, {"text": "a b", "entity_spans": [[0, 1]]}),
    (None, {"text": "a b", "entity_spans": [(0, 9)]}),
    (None, {"text": "a b", "entity_spans": [(0, 1)], "entities": ("Ana",)}),
    (None, {"text": "a b", "entity_spans": [(0, 1)], "entities": [5]}),
    (None, {"text": "a b", "entity_spans": [(0, 1)], "entities": ["Ana", "Ana"]}),
    (None, {"text": ["a"], "entity_spans": [None]}),
    (None, {"text": ["a", "b"], "entity_spans": [[(0, 1)]]}),
    (None, {"text": ["a"], "entity_spans": [[[0, 1]]]}),
    (None, {"text": "a", "padding": "far"}),
    (None, {"text": "a", "truncation": "hard"}),
    (None, {"text": "a", "return_tensors": "xy"}),
    (None, {"text": "a", "padding": True, "padding_side": "up", "pad_to_multiple_of": 8}),
    (None, {"text": "a", "padding": True, "truncation": True, "max_length": 9, "pad_to_multiple_of": 8}),
    (None, {"text": "a", "return_token_type_ids": True, "add_special_tokens": False}),
    (None, {"text": "a", "return_overflowing_tokens": True}),
    (None, {"text": "a b", "text_pair": "c", "max_length": 6, "return_overflowing_tokens": True}),
    (None, {"text": ["a b", "a"], "return_tensors": "pt"}),
    (TASKS[1], {"text": "a b"}),
    (TASKS[1], {"text": "a b", "entity_spans": [(0, 1), (2, 3)]}),
    (TASKS[2], {"text": "a b", "entity_spans": [(0, 1)]}),
    (TASKS[2], {"text": "a b", "entity_spans": [(0, 1), [2, 3]]}),
    (TASKS[3], {"text": "a b", "entity_spans": []}),
]


@pytest.mark.parametrize(("task", "arguments"), WRONG)
def test_errors_have_the_same_type(task: str | None, arguments: dict[str, Any]) -> None:
    ours, theirs = tokenizers("tiny", task)
    found = run(lambda: ours(**arguments))
    assert isinstance(found, type), f"ours accepts {arguments}"
    assert found is run(lambda: theirs(**arguments))
