"""Entity vocabularies in the forms in which they are published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacy_luke.tokenizer import EntityVocab, LukeTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[MASK]", "[MASK2]"]
MLUKE = [
    *({"id": i, "entities": [[title, None]]} for i, title in enumerate(SPECIAL)),
    {"id": 4, "entities": [["Tokyo", "en"], ["東京", "ja"]], "count": 9},
]


def test_a_list_of_titles_numbers_them() -> None:
    vocab = EntityVocab([*SPECIAL, "Ana"])
    assert vocab["Ana"] == 4
    assert vocab == {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3, "Ana": 4}
    assert (vocab.pad_id, vocab.unk_id, vocab.mask_id, vocab.mask2_id) == (0, 1, 2, 3)
    assert len(vocab) == 5
    assert "Bob" not in vocab
    assert vocab.lookup(["Bob", "Ana"]) == [1, 4]


def test_titles_in_several_languages_share_an_id() -> None:
    vocab = EntityVocab(MLUKE)
    assert vocab["en:Tokyo"] == vocab["ja:東京"] == 4
    assert vocab.mask2_id == 3


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_files(tmp_path: Path, suffix: str, bpe_folder: Path, make_bpe: Callable[..., LukeTokenizer]) -> None:
    path = tmp_path / f"entity_vocab.{suffix}"
    text = json.dumps(MLUKE) if suffix == "json" else "\n".join(map(json.dumps, MLUKE)) + "\n"
    path.write_text(text, encoding="utf-8")
    tokenizer = LukeTokenizer(bpe_folder / "vocab.json", bpe_folder / "merges.txt", path)
    assert tokenizer("東京", entity_spans=[(0, 2)], entities=["ja:東京"])["entity_ids"] == [4]
    assert tokenizer.entity_vocab["en:Tokyo"] == 4


def test_special_entities_of_another_name(make_json: Callable[..., LukeTokenizer], bpe_folder: Path) -> None:
    titles = {"<pad>": 7, "<unk>": 8, "<m1>": 5, "<m2>": 6}
    names = {
        "entity_unk_token": "<unk>",
        "entity_pad_token": "<pad>",
        "entity_mask_token": "<m1>",
        "entity_mask2_token": "<m2>",
    }
    tokenizer = LukeTokenizer(bpe_folder / "vocab.json", bpe_folder / "merges.txt", titles, **names)
    ids = (
        tokenizer.entity_mask_id,
        tokenizer.entity_mask2_id,
        tokenizer.entity_pad_id,
        tokenizer.entity_unk_id,
    )
    assert ids == (5, 6, 7, 8)
    assert (tokenizer.entity_mask_token_id, tokenizer.entity_pad_token_id) == (5, 7)


@pytest.mark.parametrize(
    ("titles", "match"),
    [
        ({"[PAD]": 0, "[UNK]": 1, "[MASK]": 2}, r"lacks.*\[MASK2\]"),
        ({}, "lacks"),
        ("Ana", "is a str"),
        ([1, 2], "is a list"),
        ({"[PAD]": "0"}, "maps '\\[PAD\\]' to '0'"),
        ({"[PAD]": -1}, "maps '\\[PAD\\]' to -1"),
        ({"[PAD]": True}, "to True"),
        ({"[PAD]": 1 << 63}, "to 9223372036854775808"),
    ],
)
def test_errors(titles: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        EntityVocab(titles)
