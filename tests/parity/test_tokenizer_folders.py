"""Folders that transformers saved load here, and ours load there, with the same outputs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers

from spacy_luke.tokenizer import LukeTokenizer

transformers = pytest.importorskip("transformers")
if int(transformers.__version__.split(".")[0]) != 4:
    pytest.skip("the tokenizer to compare with is that of transformers 4", allow_module_level=True)
logging.getLogger("transformers").setLevel(logging.CRITICAL)

TEXT = "Ana met Bob <mask> in Los Angeles <ent> <x> covid 19<h>."
PAIR = [(0, 3), (8, 11)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """vocab.json, merges.txt and entity_vocab.json of a tiny tokenizer."""
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"]), ""]
    contents = {
        "vocab.json": json.dumps(model["vocab"]),
        "merges.txt": "\n".join(merges),
        "entity_vocab.json": json.dumps({"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3, "Ana": 4}),
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [str(folder / name) for name in contents]


def outputs(tokenizer: Any) -> list[Any]:
    """What a tokenizer of either side says, with its own task and as a plain one."""
    told = [dict(tokenizer(TEXT, entity_spans=PAIR[: 1 if tokenizer.task == "entity_classification" else 2]))]
    tokenizer.task, tokenizer.max_entity_length = None, 32
    told += [
        dict(tokenizer(TEXT, entity_spans=PAIR, entities=["Ana", "nobody"])),
        dict(tokenizer([TEXT, "Ana"], ["Bob", "b"], padding=True, truncation="only_first", max_length=12)),
        dict(tokenizer(TEXT, padding="max_length", max_length=70)),
        tokenizer.decode(tokenizer(TEXT)["input_ids"]),
        tokenizer.decode(tokenizer(TEXT)["input_ids"], skip_special_tokens=True),
        (len(tokenizer), tokenizer.vocab_size, tokenizer.max_mention_length, tokenizer.model_max_length),
        (tokenizer.entity_mask_token_id, tokenizer.additional_special_tokens_ids[:2]),
    ]
    return told


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "one entity": {"task": "entity_classification"},
    "a pair": {"task": "entity_pair_classification", "add_prefix_space": True},
    "spans": {"task": "entity_span_classification", "padding_side": "left", "model_max_length": 20},
    "own markers": {"task": "entity_classification", "entity_token_1": "<h>", "entity_token_2": "<t>"},
    "more special tokens": {
        "additional_special_tokens": ["<x>", "<y>"],
        "task": "entity_pair_classification",
    },
    "other flags": {"mask_token": AddedToken("<mask>", lstrip=False, rstrip=True), "errors": "ignore"},
    "a new pad": {"pad_token": "<fill>", "clean_up_tokenization_spaces": True},
}


def fresh(options: dict[str, Any]) -> dict[str, Any]:
    """Theirs writes into lists that it is given."""
    return {name: list(value) if isinstance(value, list) else value for name, value in options.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_theirs_loads_here(tmp_path: Path, files: list[str], kind: str) -> None:
    theirs = transformers.LukeTokenizer(*files, **fresh(KINDS[kind]))
    theirs.add_tokens(["covid"])
    theirs.save_pretrained(tmp_path)
    loaded = LukeTokenizer.from_pretrained(tmp_path)
    again = transformers.LukeTokenizer.from_pretrained(tmp_path)
    assert loaded.additional_special_tokens_ids[:2] == again.additional_special_tokens_ids[:2]
    assert outputs(loaded) == outputs(again)


@pytest.mark.parametrize("kind", KINDS)
def test_ours_loads_there(tmp_path: Path, files: list[str], kind: str) -> None:
    ours = LukeTokenizer(*files, **fresh(KINDS[kind]))
    ours.add_tokens(["covid"])
    ours.save_pretrained(tmp_path)
    assert outputs(transformers.LukeTokenizer.from_pretrained(tmp_path)) == outputs(ours)


@pytest.mark.parametrize("kind", KINDS)
def test_constructors_agree(files: list[str], kind: str) -> None:
    ours = LukeTokenizer(*files, **fresh(KINDS[kind]))
    assert outputs(ours) == outputs(transformers.LukeTokenizer(*files, **fresh(KINDS[kind])))


def test_plain_special_tokens_as_a_setting(tmp_path: Path, files: list[str]) -> None:
    theirs = transformers.LukeTokenizer(*files, split_special_tokens=True)
    theirs.save_pretrained(tmp_path)
    ours = LukeTokenizer.from_pretrained(tmp_path)
    assert ours(TEXT)["input_ids"] == theirs(TEXT)["input_ids"]
    # Theirs forgets the setting in batches.
    assert ours([TEXT])["input_ids"] == [theirs(TEXT)["input_ids"]]


def as_strings(folder: Path) -> None:
    """Special tokens without flags, as in the oldest checkpoints."""
    special = json.loads((folder / "special_tokens_map.json").read_text("utf-8"))
    plain = {
        name: [t["content"] if isinstance(t, dict) else t for t in token]
        if isinstance(token, list)
        else (token["content"] if isinstance(token, dict) else token)
        for name, token in special.items()
    }
    (folder / "special_tokens_map.json").write_text(json.dumps(plain), "utf-8")


def as_objects(folder: Path) -> None:
    """Special tokens with all their flags."""
    special = json.loads((folder / "special_tokens_map.json").read_text("utf-8"))

    def flagged(token: Any) -> dict[str, Any]:
        token = token if isinstance(token, dict) else {"content": token}
        flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True}
        return {**flags, **token, "lstrip": token["content"] == "<mask>"}

    full = {
        name: list(map(flagged, token)) if isinstance(token, list) else flagged(token)
        for name, token in special.items()
    }
    (folder / "special_tokens_map.json").write_text(json.dumps(full), "utf-8")


def without_added(folder: Path) -> None:
    (folder / "added_tokens.json").unlink()


def without_configuration(folder: Path) -> None:
    for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"):
        (folder / name).unlink(missing_ok=True)


@pytest.mark.parametrize("change", [as_strings, as_objects, without_added, without_configuration])
@pytest.mark.parametrize("task", [None, "entity_pair_classification"])
def test_older_forms_of_a_folder(
    tmp_path: Path, files: list[str], change: Callable[[Path], None], task: str | None
) -> None:
    transformers.LukeTokenizer(*files, task=task).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    # The flags and ids of added tokens moved into the configuration only in 2023.
    del config["added_tokens_decoder"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    change(tmp_path)
    theirs = transformers.LukeTokenizer.from_pretrained(tmp_path)
    assert outputs(LukeTokenizer.from_pretrained(tmp_path)) == outputs(theirs)


def test_the_form_of_transformers_5(tmp_path: Path, files: list[str]) -> None:
    """tokenizer.json without special tokens around texts, and the entity vocabulary in the configuration."""
    expected = transformers.LukeTokenizer(*files)
    native = Tokenizer(models.BPE.from_file(*files[:2], unk_token="<unk>"))
    native.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    named = {name: getattr(expected, name) for name in expected.SPECIAL_TOKENS_ATTRIBUTES[:-1]}
    native.add_special_tokens([AddedToken(t, lstrip=t == "<mask>", special=True) for t in named.values()])
    native.add_tokens(["<ent>", "<ent2>"])
    native.save(str(tmp_path / "tokenizer.json"))
    config = {
        **named,
        "entity_vocab": expected.entity_vocab,
        "extra_special_tokens": ["<ent>", "<ent2>"],
        "special_tokens_pattern": "cls_double_sep",
        "tokenizer_class": "LukeTokenizer",
        "add_prefix_space": False,
        "backend": "tokenizers",
        "is_local": True,
        "task": None,
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    loaded = LukeTokenizer.from_pretrained(tmp_path)
    assert outputs(loaded) == outputs(expected)
    LukeTokenizer.from_pretrained(tmp_path).save_pretrained(tmp_path / "again")
    assert outputs(LukeTokenizer.from_pretrained(tmp_path / "again")) == outputs(expected)
