"""An index of titles answers as the dict that it was made from, from memory, bytes or a mapped file."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.tokenizer import EntityVocab, LukeTokenizer, title_index
from spacy_luke.tokenizer.folder import load_config, load_titles
from spacy_luke.tokenizer.title_index import TitleIndex

SPECIAL = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3}
MLUKE = [
    *({"id": i, "entities": [[title, None]]} for title, i in SPECIAL.items()),
    {"id": 4, "entities": [["Tokyo", "en"], ["東京", "ja"]], "count": 9},
]

any_text = st.text(st.characters(exclude_categories=()), max_size=12)  # halves of surrogate pairs too
vocabularies = st.dictionaries(any_text, st.integers(0, 2**63 - 1) | st.integers(0, 5), max_size=30)
some = settings(max_examples=60, deadline=None)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, for files of any size."""
    monkeypatch.setenv(title_index.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(title_index, "LARGE", 0)
    return tmp_path / "cache"


@some
@given(vocabularies, any_text)
def test_it_answers_as_a_dict(ids: dict[str, int], other: str) -> None:
    index = TitleIndex.from_dict(ids, {"kept": [1]})
    for copied in (index, pickle.loads(pickle.dumps(index)), copy.deepcopy(index), TitleIndex(index.buffer)):
        assert list(copied) == list(ids)
        assert copied == ids
        assert copied.to_dict() == ids
        assert len(copied) == len(ids)
        assert copied.get(other) == ids.get(other)
        assert (other in copied) == (other in ids)
        assert copied.extra == {"kept": [1]}
    assert 7 not in index
    assert None not in index


@some
@given(vocabularies, st.integers(-2, 6))
def test_ids_give_the_first_of_their_titles(ids: dict[str, int], id_: int) -> None:
    index = TitleIndex.from_dict(ids)
    titles = [title for title, i in ids.items() if i == id_]
    if titles:
        assert index.title(id_) == titles[0]
    else:
        with pytest.raises(KeyError, match=str(id_)):
            index.title(id_)


def test_titles_with_one_checksum_are_told_apart() -> None:
    assert crc32(b"plumless") == crc32(b"buckeroo")
    index = TitleIndex.from_dict({"plumless": 7, "other": 8, "buckeroo": 9})
    assert (index["plumless"], index["buckeroo"], index["other"]) == (7, 9, 8)
    without = TitleIndex.from_dict({"plumless": 7})
    assert "buckeroo" not in without
    with pytest.raises(KeyError, match="buckeroo"):
        without["buckeroo"]


def damage(data: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "other": b"x" * len(data),
        "cut": data[:-1],
        "header": data[:16] + b"?" + data[17:],
    }


@pytest.mark.parametrize("kind", ["empty", "other", "cut", "header"])
def test_damaged_bytes_are_named(kind: str) -> None:
    data = bytes(TitleIndex.from_dict(SPECIAL).buffer)
    with pytest.raises(ValueError, match="index of entity titles is damaged"):
        TitleIndex(damage(data)[kind])


# --- on disk -------------------------------------------------------------------------------


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({**SPECIAL, "Ana": 9, "ü\ud800": 4}, {**SPECIAL, "Ana": 9, "ü\ud800": 4}),
        ([*SPECIAL, "Ana"], {**SPECIAL, "Ana": 4}),
        (MLUKE, {**SPECIAL, "en:Tokyo": 4, "ja:東京": 4}),
    ],
)
def test_the_second_load_reads_the_index_alone(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, data: Any, expected: dict[str, int]
) -> None:
    path = write(tmp_path / "entity_vocab.json", data)
    assert load_titles(path)[0] == expected
    assert len(list(cache.iterdir())) == 1

    def refuse(path: Path) -> Any:
        raise AssertionError

    monkeypatch.setattr("spacy_luke.tokenizer.folder._read_json", refuse)
    titles, source = load_titles(path)
    assert titles == expected
    assert source == str(path)
    vocab = pickle.loads(pickle.dumps(EntityVocab(titles)))
    assert vocab == expected
    assert vocab.mask_id == 2
    assert vocab.title(4) == next(title for title, id_ in expected.items() if id_ == 4)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "entity_vocab.json", {"Ana": 1})
    before = path.stat()
    assert load_titles(path)[0] == {"Ana": 1}
    write(path, {"Bob": 2})
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same time
    assert load_titles(path)[0] == {"Bob": 2}


@pytest.mark.parametrize("kind", ["empty", "other", "cut", "header"])
def test_a_damaged_index_is_made_again(tmp_path: Path, cache: Path, kind: str) -> None:
    path = write(tmp_path / "entity_vocab.json", SPECIAL)
    load_titles(path)
    (kept,) = cache.iterdir()
    good = kept.read_bytes()
    kept.write_bytes(damage(good)[kind])
    assert load_titles(path)[0] == SPECIAL
    assert kept.read_bytes() == good


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    path = write(tmp_path / "entity_vocab.json", SPECIAL)
    assert load_titles(path)[0] == SPECIAL
    assert cache.is_file()


def test_no_half_written_index_stays(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, target: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "replace", fail)
    assert load_titles(write(tmp_path / "entity_vocab.json", SPECIAL))[0] == SPECIAL
    assert not list(cache.iterdir())


def test_the_folder_of_the_cache(tmp_path: Path) -> None:
    """The hub's, or the one that our variable names; asked in a process of its own, because the hub reads its
    variables once."""
    code = "from spacy_luke.tokenizer import title_index; print(title_index._cache_folder())"
    usual = tmp_path / "hub"
    for ours, expected in ((None, usual / "assets" / "spacy_luke"), (tmp_path / "own", tmp_path / "own")):
        env = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        env["HF_HOME"] = str(usual)
        env.pop(title_index.CACHE_VARIABLE, None)
        if ours is not None:
            env[title_index.CACHE_VARIABLE] = str(ours)
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == str(expected)


def test_small_files_are_just_read(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(title_index, "LARGE", 1000)
    assert load_titles(write(tmp_path / "entity_vocab.json", SPECIAL))[0] == SPECIAL
    assert not cache.exists()


def test_processes_share_an_index(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path / "entity_vocab.json", {**SPECIAL, **{f"Title {i}": i for i in range(4, 20000)}})
    code = (
        "from spacy_luke.tokenizer import title_index\n"
        "from spacy_luke.tokenizer.folder import load_titles\n"
        "title_index.LARGE = 0\n"
        f"assert load_titles({str(path)!r})[0]['Title 19999'] == 19999"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert [kept.suffix for kept in cache.iterdir()] == [".index"]


# --- in tokenizers -------------------------------------------------------------------------


def test_a_vocabulary_in_the_configuration_is_indexed_with_its_settings(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path / "tokenizer_config.json", {"task": "x", "entity_vocab": SPECIAL})
    for _ in range(2):
        assert load_config(path) == ({"task": "x"}, SPECIAL)
    assert len(list(cache.iterdir())) == 1
    assert load_config(write(path, {"task": "y"})) == ({"task": "y"}, None)


def test_tokenizers_save_and_load_titles_through_the_cache(
    tmp_path: Path, cache: Path, make_bpe: Callable[..., LukeTokenizer]
) -> None:
    tokenizer = make_bpe()
    tokenizer.save_pretrained(tmp_path / "saved")
    before = len(list(cache.iterdir()))
    for _ in range(2):
        loaded = LukeTokenizer.from_pretrained(tmp_path / "saved")
        for copied in (loaded, pickle.loads(pickle.dumps(loaded)), copy.deepcopy(loaded)):
            assert copied.entity_vocab == tokenizer.entity_vocab
            inputs = copied("Ana met Bob", entity_spans=[(0, 3), (8, 11)], entities=["Ana", "Nobody"])
            assert inputs["entity_ids"] == [4, 1]
        loaded.save_pretrained(tmp_path / "again")
        saved = [(tmp_path / name / "entity_vocab.json").read_bytes() for name in ("saved", "again")]
        assert saved[0] == saved[1]
    assert len(list(cache.iterdir())) == before + 2  # entity_vocab.json and tokenizer_config.json


# --- bounds --------------------------------------------------------------------------------


def test_the_cache_keeps_what_was_used_last(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write(tmp_path / f"{name}.json", {**SPECIAL, name: 9}) for name in "abcd"]
    used = {path: cached(cache, path).pop() for path in paths[:3]}
    for age, path in enumerate(used, start=1):
        os.utime(used[path], (1e9 - age, 1e9 - age))
    load_titles(paths[1])  # "b" is in use again: "a" and "c" are older
    monkeypatch.setattr(title_index, "KEPT", 2 * used[paths[0]].stat().st_size + 100)
    load_titles(paths[3])
    assert used[paths[1]].exists()
    assert [used[path].exists() for path in (paths[0], paths[2])] == [False, False]
    assert len(list(cache.iterdir())) == 2
    monkeypatch.setattr(title_index, "KEPT", 0)
    assert load_titles(paths[0])[0]["a"] == 9  # the newest stays
    assert len(list(cache.iterdir())) == 1


def cached(cache: Path, path: Path) -> set[Path]:
    """The file that loading a vocabulary adds to the cache."""
    before = set(cache.iterdir()) if cache.exists() else set()
    load_titles(path)
    return set(cache.iterdir()) - before
