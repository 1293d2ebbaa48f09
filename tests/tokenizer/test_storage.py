"""Saving and loading: the outputs are what counts."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken

from spacy_luke.tokenizer import LukeTokenizer

Make = Callable[..., LukeTokenizer]
SPECIAL = ["[PAD]", "[UNK]", "[MASK]", "[MASK2]"]
TEXT = "Ana met Bob <mask> in Los Angeles [MASK] covid <x>."


def outputs(tokenizer: LukeTokenizer) -> list[Any]:
    """What a tokenizer says to inputs that touch all of its settings."""
    tokenizer = pickle.loads(pickle.dumps(tokenizer))
    tokenizer.task, tokenizer.max_entity_length = None, 32
    spans = [(0, 3), (8, 11)]
    words = ["Ana", "covid", "<x>", "<ent>"]
    return [
        dict(tokenizer(TEXT, entity_spans=spans, entities=["Ana", "x"])),
        dict(tokenizer([TEXT, "Ana"], ["Bob", "b"], padding=True)),
        tokenizer.encode_words(words, [True] * len(words)),
        tokenizer.decode(tokenizer.encode(TEXT)),
        (len(tokenizer), tokenizer.vocab_size, tokenizer.all_special_tokens, tokenizer.options),
    ]


def with_extras(tokenizer: LukeTokenizer) -> LukeTokenizer:
    tokenizer.add_tokens(["covid"])
    tokenizer.add_tokens([AddedToken("<x>", rstrip=True)], special_tokens=True)
    return tokenizer


OPTIONS: list[dict[str, Any]] = [
    {},
    {"task": "entity_span_classification", "max_mention_length": 7, "max_entity_length": 5},
    {"add_prefix_space": True, "padding_side": "left", "model_max_length": 16},
    {"entity_token_1": "<head>", "entity_token_2": "<tail>", "errors": "ignore"},
]


@pytest.fixture(params=["bpe", "bert", "unigram"])
def make(request: pytest.FixtureRequest, make_bpe: Make, make_json: Make) -> Make:
    if request.param == "bpe":
        return make_bpe
    return lambda **options: make_json(request.param, **options)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("extras", [False, True])
def test_a_folder_gives_the_same_tokenizer(
    tmp_path: Path, make: Make, options: dict[str, Any], extras: bool
) -> None:
    tokenizer = with_extras(make(**options)) if extras else make(**options)
    files = tokenizer.save_pretrained(tmp_path / "deep" / "folder")
    assert sorted(files) == sorted(map(str, (tmp_path / "deep" / "folder").iterdir()))
    loaded = LukeTokenizer.from_pretrained(tmp_path / "deep" / "folder")
    assert outputs(loaded) == outputs(tokenizer)
    assert loaded.task == tokenizer.task


@pytest.mark.parametrize("options", OPTIONS)
def test_bytes_need_no_file(
    tmp_path: Path, bpe_folder: Path, make_json: Make, options: dict[str, Any]
) -> None:
    shutil.copytree(bpe_folder, tmp_path / "gone")
    tokenizer = with_extras(LukeTokenizer.from_pretrained(tmp_path / "gone", **options))
    data, expected = tokenizer.to_bytes(), outputs(tokenizer)
    shutil.rmtree(tmp_path / "gone")
    assert outputs(LukeTokenizer.from_bytes(data)) == expected
    other = with_extras(make_json(**options))
    assert outputs(LukeTokenizer.from_bytes(other.to_bytes())) == outputs(other)


def test_a_task_for_pairs_does_not_stay_behind_when_loaded_for_another(tmp_path: Path, make: Make) -> None:
    make(task="entity_pair_classification").save_pretrained(tmp_path)
    assert LukeTokenizer.from_pretrained(tmp_path).max_entity_length == 2
    assert LukeTokenizer.from_pretrained(tmp_path, task=None).max_entity_length == 32


def test_overrides_replace_what_is_saved(tmp_path: Path, make: Make) -> None:
    make(max_mention_length=9).save_pretrained(str(tmp_path))
    loaded = LukeTokenizer.from_pretrained(str(tmp_path), max_mention_length=4, task="entity_classification")
    assert (loaded.max_mention_length, loaded.task, loaded.max_entity_length) == (
        4,
        "entity_classification",
        1,
    )
    with pytest.raises(TypeError, match="max_menton_length"):
        LukeTokenizer.from_pretrained(tmp_path, max_menton_length=4)


def test_an_entity_vocabulary_in_the_configuration(tmp_path: Path, make: Make) -> None:
    tokenizer = make()
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "entity_vocab.json").unlink()
    config = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    config["entity_vocab"] = dict(tokenizer.entity_vocab)
    config["extra_special_tokens"] = config.pop("additional_special_tokens")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    assert outputs(LukeTokenizer.from_pretrained(tmp_path)) == outputs(tokenizer)


def test_files_with_a_prefix(tmp_path: Path, make_bpe: Make, make_json: Make) -> None:
    names = {Path(path).name for path in make_bpe().save_vocabulary(tmp_path, "my")}
    assert names == {"my-vocab.json", "my-merges.txt", "my-entity_vocab.json"}
    assert {Path(path).name for path in make_json().save_vocabulary(tmp_path)} == {
        "tokenizer.json",
        "entity_vocab.json",
    }


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("vocab.json", r"lacks vocab.json.*Copy"),
        ("merges.txt", "lacks merges.txt"),
        ("entity_vocab.json", "no entity vocabulary.*entity_vocab.json"),
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, bpe_folder: Path, name: str, match: str) -> None:
    shutil.copytree(bpe_folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=match):
        LukeTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("vocab.json", "{", "vocab.json can't be read"),
        ("vocab.json", "[]", "it isn't a dict"),
        ("vocab.json", '{"a": 0}', "don't fit together"),
        ("merges.txt", "#version\na b c\n", "'a b c' isn't a pair"),
        ("entity_vocab.json", "\x00", "entity_vocab.json can't be read"),
        ("tokenizer_config.json", "[]", "it isn't a JSON object"),
        ("tokenizer_config.json", '{"task": "dance"}', "Unknown task 'dance'.*entity_classification"),
        ("tokenizer_config.json", '{"padding_side": "up"}', "padding_side is 'up'"),
        ("tokenizer_config.json", '{"max_mention_length": 0}', "max_mention_length is 0"),
        ("tokenizer_config.json", '{"max_mention_length": 100000000000}', "max_mention_length is 1000"),
        ("tokenizer_config.json", '{"model_max_length": "x"}', "model_max_length is 'x'"),
        ("tokenizer_config.json", '{"cls_token": 5}', "cls_token is 5, but has to be a string"),
        ("tokenizer_config.json", '{"entity_token_1": ""}', "is '', but has to be a string that isn't empty"),
        ("tokenizer_config.json", '{"entity_mask_token": 5}', "can't be read"),
        (
            "tokenizer_config.json",
            '{"added_tokens_decoder": {"x1": "y"}}',
            "tokenizer_config.json can't be read",
        ),
    ],
)
def test_a_damaged_file_is_named(
    tmp_path: Path, bpe_folder: Path, name: str, content: str, match: str
) -> None:
    shutil.copytree(bpe_folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=match):
        LukeTokenizer.from_pretrained(tmp_path)


def test_other_errors_of_files(tmp_path: Path, bpe_folder: Path, make_bpe: Make) -> None:
    with pytest.raises(FileNotFoundError, match="There is no file"):
        LukeTokenizer(tmp_path / "vocab.json", bpe_folder / "merges.txt", bpe_folder / "entity_vocab.json")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"tokenizer\.json can't be read"):
        LukeTokenizer.from_tokenizer_json(tmp_path / "tokenizer.json", dict(make_bpe().entity_vocab))
    with pytest.raises(NotADirectoryError, match="is a file"):
        make_bpe().save_pretrained(tmp_path / "tokenizer.json")


def test_special_tokens_that_cannot_be_found_are_asked_for(make_bpe: Make) -> None:
    from tokenizers import Tokenizer, models

    bare = Tokenizer(models.WordLevel({"a": 0, "[BEGIN]": 1, "[SEP]": 2, "[PAD]": 3}, unk_token="a"))
    entities = dict(make_bpe().entity_vocab)
    with pytest.raises(ValueError, match=r"no cls_token.*\[CLS\].*cls_token='\[X\]'"):
        LukeTokenizer.from_tokenizer_json(bare, entities)
    tokenizer = LukeTokenizer.from_tokenizer_json(bare, entities, cls_token="[BEGIN]")
    assert tokenizer.encode("a") == [1, 0, 2]
    assert tokenizer.mask_token_id is None
    with pytest.raises(ValueError, match="special_tokens_pattern is 'x'"):
        LukeTokenizer.from_tokenizer_json(bare, entities, cls_token="[BEGIN]", special_tokens_pattern="x")


def test_a_sentencepiece_model_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    (tmp_path / "sentencepiece.bpe.model").write_bytes(b"any")
    (tmp_path / "entity_vocab.json").write_text(json.dumps(SPECIAL))
    with pytest.raises(ImportError, match=r"sentencepiece\.bpe\.model.*spacy_luke\[sentencepiece\]"):
        LukeTokenizer.from_pretrained(tmp_path)


def test_importing_the_tokenizer_is_light() -> None:
    code = (
        "import sys, spacy_luke.tokenizer\n"
        "heavy = {'torch', 'spacy', 'thinc', 'transformers', 'sentencepiece'} & set(sys.modules)\n"
        "heavy |= {'huggingface_hub.hf_api', 'requests', 'httpx'} & set(sys.modules)  # its constants take 1 ms\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
