"""Texts and entities to model inputs, where transformers has nothing to compare with, and what errors say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from spacy_luke.tokenizer import LukeEncoding, LukeTokenizer

Make = Callable[..., LukeTokenizer]
TEXT = "Ana met Bob in Los Angeles."


def tokens(tokenizer: LukeTokenizer, encoding: LukeEncoding) -> list[Any]:
    return tokenizer.convert_ids_to_tokens(encoding["input_ids"])


def test_entities_of_a_wordpiece_text(make_json: Make) -> None:
    tokenizer = make_json()
    encoding = tokenizer(TEXT, entity_spans=[(0, 3), (15, 26)], entities=["Ana", "nowhere"])
    assert tokens(tokenizer, encoding) == ["[CLS]", "ana", "met", "bob", "in", "los", "angeles", ".", "[SEP]"]
    assert encoding["entity_ids"] == [4, tokenizer.entity_unk_id]
    assert [row[:3] for row in encoding["entity_position_ids"]] == [[1, -1, -1], [5, 6, -1]]
    assert len(encoding["entity_position_ids"][0]) == tokenizer.max_mention_length


def test_markers_of_a_wordpiece_text(make_json: Make) -> None:
    tokenizer = make_json(task="entity_pair_classification")
    encoding = tokenizer(TEXT, entity_spans=[(8, 11), (0, 3)])
    marked = ["<ent2>", "ana", "<ent2>", "met", "<ent>", "bob", "<ent>"]
    assert tokens(tokenizer, encoding)[1:8] == marked
    assert encoding["entity_ids"] == [tokenizer.entity_mask_id, tokenizer.entity_mask2_id]
    assert [row[:4] for row in encoding["entity_position_ids"]] == [[5, 6, 7, -1], [1, 2, 3, -1]]


@pytest.mark.parametrize(
    ("kind", "options", "around"),
    [
        ("bert", {}, [2, 7, 3, 9, 3]),
        ("unigram", {}, [0, 5, 2, 7, 2]),
        ("unigram", {"special_tokens_pattern": "cls_double_sep"}, [0, 5, 2, 2, 7, 2]),
    ],
)
def test_special_tokens_around_a_pair(
    make_json: Make, kind: str, options: dict[str, Any], around: list[int]
) -> None:
    tokenizer = make_json(kind, **options)
    one, two = ({"bert": "ana", "unigram": "ana"}[kind], {"bert": "bob", "unigram": "bob"}[kind])
    if kind == "bert":
        around = [2, tokenizer.encode(one)[1], 3, tokenizer.encode(two)[1], 3]
    encoding = tokenizer(one, two, entity_spans=[(0, 3)], entity_spans_pair=[(0, 3)])
    assert encoding["input_ids"] == around
    assert encoding["entity_position_ids"][1][0] == len(around) - 2
    assert tokenizer.num_special_tokens_to_add(pair=True) == len(around) - 2
    assert tokenizer.num_special_tokens == 2


def test_special_tokens_in_text_mean_themselves(make_json: Make) -> None:
    tokenizer = make_json()
    assert tokens(tokenizer, tokenizer("ana [MASK] bob"))[1:4] == ["ana", "[MASK]", "bob"]
    assert "[MASK]" not in tokens(tokenizer, tokenizer("ana [MASK] bob", split_special_tokens=True))


def test_byte_level_json_takes_its_prefix_space_along(make_bpe: Make) -> None:
    ours = make_bpe(add_prefix_space=True)
    native = ours.backend.tokenizer
    spec = native.to_str().replace('"add_prefix_space":false', '"add_prefix_space":true', 1)
    from tokenizers import Tokenizer

    names = {"cls_token": "<s>", "sep_token": "</s>"}
    same = LukeTokenizer.from_tokenizer_json(Tokenizer.from_str(spec), dict(ours.entity_vocab), **names)
    assert same.add_prefix_space
    arguments = {"text": "Ana<mask>met Bob", "entity_spans": [(9, 12)]}
    assert same(**arguments)["input_ids"] == ours(**arguments)["input_ids"]
    assert same.encode_words(["Ana"], [False]) == ours.encode_words(["Ana"], [False])


def test_arrays_and_tensors(make_bpe: Make) -> None:
    tokenizer = make_bpe()
    spans = [[(0, 3), (8, 11)], []]
    batch = tokenizer([TEXT, "Ana"], entity_spans=spans, padding=True, return_tensors="pt")
    assert batch.input_ids.dtype == batch.entity_position_ids.dtype == torch.int64
    assert batch.entity_position_ids.shape == (2, 2, 30)
    assert batch.entity_attention_mask.tolist() == [[1, 1], [0, 0]]
    arrays = tokenizer([TEXT, "Ana"], entity_spans=spans, padding=True, return_tensors="np")
    assert all(np.array_equal(arrays[name], batch[name].numpy()) for name in batch)
    empty = tokenizer("Ana", entity_spans=[], return_tensors="pt")
    assert empty.entity_ids.shape == (1, 0)
    assert empty.entity_position_ids.shape == (1, 0, 30)
    assert empty.entity_ids.dtype == torch.int64


def test_an_encoding_is_a_mapping_with_attributes(make_bpe: Make) -> None:
    encoding = make_bpe()("Ana", return_tensors="pt")
    assert encoding.to("cpu") is encoding
    assert encoding.input_ids is encoding["input_ids"]
    assert dict(**encoding).keys() == {"input_ids", "attention_mask"}
    with pytest.raises(AttributeError, match="no field 'entity_ids'"):
        _ = encoding.entity_ids
    import pickle

    assert torch.equal(pickle.loads(pickle.dumps(encoding)).input_ids, encoding.input_ids)


def test_padding_keeps_other_fields_and_its_input(make_bpe: Make) -> None:
    tokenizer = make_bpe()
    rows = [{**tokenizer(text), "label": i, "name": text} for i, text in enumerate(["Ana", TEXT])]
    before = [dict(row) for row in rows]
    batch = tokenizer.pad(rows)
    assert rows == before
    assert batch["label"] == [0, 1]
    assert batch["name"] == ["Ana", TEXT]
    assert len({len(ids) for ids in batch["input_ids"]}) == 1


def test_overflowing_entities_of_a_text_that_loses_none(make_bpe: Make) -> None:
    options = {"truncation": True, "max_length": 40, "return_overflowing_tokens": True}
    encoding = make_bpe()(TEXT, entity_spans=[(0, 3)], **options)
    assert encoding["overflowing_entities"] == []
    assert encoding["num_truncated_entities"] == 1 - 32


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"text": TEXT, "return_tensors": "tf"}, ValueError, "'pt' for PyTorch tensors, 'np'"),
        ({"text": TEXT, "return_tensors": "jax"}, ValueError, "'pt' for PyTorch tensors"),
        ({"text": ["a", TEXT], "return_tensors": "pt"}, ValueError, "input_ids.*padding=True"),
        ({"text": TEXT, "entity_spans": [(-1, 3)]}, ValueError, r"\(-1, 3\)"),
        ({"text": TEXT, "entity_spans": [(3, 1)]}, ValueError, r"\(3, 1\)"),
        ({"text": TEXT, "entity_spans": [(3, 99)]}, IndexError, r"\(3, 99\).*27 characters.*Ana met"),
        ({"text": TEXT, "entity_spans": [(1.5, 2)]}, TypeError, "integer"),
        ({"text": [TEXT], "text_pair": "b"}, ValueError, "text_pair"),
        ({"text": [TEXT], "text_pair": ["a", "b"]}, ValueError, "2 entries for 1 texts"),
        ({"text": [TEXT], "entity_spans": [[], []]}, ValueError, "2 entries for 1 texts"),
        ({"text": TEXT, "text_pair": ["a"]}, ValueError, "text_pair a list"),
        ({"text": [TEXT, 5]}, ValueError, "text is a int"),
        ({"text": TEXT, "padding": "far"}, ValueError, "padding is 'far'.*max_length"),
        ({"text": TEXT, "is_split_into_words": True}, ValueError, "list of words"),
        ({"text": TEXT, "entity_spans": [(0, 3)], "entities": ["a", "b"]}, ValueError, "2 entities for 1"),
        ({"text": TEXT, "add_prefix": True}, TypeError, "add_prefix"),
    ],
)
def test_errors_say_what_is_wrong(
    make_bpe: Make, arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        make_bpe()(**arguments)


def test_entities_cannot_be_found_in_texts_truncated_on_the_left(make_bpe: Make) -> None:
    tokenizer = make_bpe(truncation_side="left")
    short = {"truncation": True, "max_length": 8}
    with pytest.raises(ValueError, match="truncated on the left"):
        tokenizer(TEXT, entity_spans=[(0, 3)], **short)
    with pytest.raises(ValueError, match="truncated on the left"):
        tokenizer("Ana", TEXT, entity_spans=[], entity_spans_pair=[(0, 3)], **short)
    assert tokenizer(TEXT, entity_spans=[(0, 3)])["entity_ids"] == [2]


@pytest.mark.parametrize("side", ["left", "right"])
def test_entities_of_texts_that_are_short_enough(make_bpe: Make, side: str) -> None:
    tokenizer = make_bpe(truncation_side=side)
    plain = make_bpe()(TEXT, entity_spans=[(0, 3)])
    assert tokenizer(TEXT, entity_spans=[(0, 3)], truncation=True, max_length=200) == plain
    options = {"entity_spans": [(0, 2)], "truncation": "only_second"}
    both = tokenizer("Ana", TEXT, max_length=12, **options)
    assert len(both["input_ids"]) == 12
    assert both["entity_position_ids"] == tokenizer("Ana", TEXT, entity_spans=[(0, 2)])["entity_position_ids"]


def test_entities_truncated_on_the_left_keep_their_places(make_bpe: Make) -> None:
    whole = make_bpe()(TEXT, entity_spans=[(0, 3), (15, 26)], entities=["Ana", "Los Angeles"])
    options = {"truncation": True, "max_length": 200, "max_entity_length": 1}
    tokenizer = make_bpe(truncation_side="left")
    last = tokenizer(TEXT, entity_spans=[(0, 3), (15, 26)], entities=["Ana", "Los Angeles"], **options)
    for name in ("entity_ids", "entity_position_ids"):
        assert last[name] == whole[name][1:]


def test_entities_that_truncation_drops_are_logged(make_bpe: Make, caplog: pytest.LogCaptureFixture) -> None:
    options = {"entity_spans": [(0, 3), (15, 26)], "truncation": True, "max_length": 7}
    assert len(make_bpe()(TEXT, **options)["entity_ids"]) == 1
    assert "1 entities are left out" in caplog.text
    caplog.clear()
    make_bpe()(TEXT, **options, verbose=False)
    assert not caplog.text


def test_lengths_without_a_limit_are_logged(make_bpe: Make, caplog: pytest.LogCaptureFixture) -> None:
    plain = make_bpe()(TEXT)
    assert make_bpe()(TEXT, padding="max_length") == plain
    assert "model_max_length" in caplog.text
    assert len(make_bpe(model_max_length=9)(TEXT, truncation=True)["input_ids"]) == 9


def test_a_length_that_padding_ignores_is_a_warning(make_bpe: Make) -> None:
    with pytest.warns(UserWarning, match="max_length has no effect"):
        make_bpe()(TEXT, padding=True, max_length=50)
