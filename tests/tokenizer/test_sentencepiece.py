"""MLukeTokenizer on SentencePiece files that are written here, by hand."""

from __future__ import annotations

import json
import pickle
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.tokenizer import LukeTokenizer, MLukeTokenizer
from spacy_luke.tokenizer.sentencepiece_backend import SentencePieceBackend

pytest.importorskip("sentencepiece")

ENTITIES = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3, "en:Ana": 4, "ja:アナ": 4, "de:Bob": 5}
PIECES = [
    ("▁", -4.0),
    ("▁Ana", -2.0),
    ("▁met", -2.0),
    ("▁Bob", -2.5),
    ("an", -3.0),
    ("a", -4.0),
    ("ア", -4.0),
]
RULES = {"\t": " ", "Ａ": "A", "ｱ": "ア", "a\u0300": "à", "\x01": "", "½": "1/2"}


# --- writing protocol buffers and Darts tries ----------------------------------------------


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def entry(number: int, value: int | float | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3) + varint(value)


def trie_of(values: dict[bytes, int]) -> list[int]:
    units: dict[int, int] = {0: 0}

    def place(node: int, prefix: bytes) -> None:
        children = sorted({key[len(prefix)] for key in values if key.startswith(prefix) and key != prefix})
        labels = [0, *children] if prefix in values else children
        offset = next(
            o for o in range(1, 1 << 16) if all((node ^ o ^ label) not in units for label in labels)
        )
        units[node] |= offset << 10 | (prefix in values) << 8
        for label in labels:
            units[node ^ offset ^ label] = label if label or prefix not in values else 0
        if prefix in values:
            units[node ^ offset] = values[prefix] | 1 << 31
        for label in children:
            place(node ^ offset ^ label, prefix + bytes([label]))

    place(0, b"")
    return [units.get(i, 0) for i in range(max(units) + 1)]


def charsmap(rules: dict[str, str]) -> bytes:
    texts, values = b"", {}
    for key, replacement in rules.items():
        values[key.encode()] = len(texts)
        texts += replacement.encode() + b"\0"
    units = trie_of(values)
    units += [0] * (-len(units) % 256)  # the library makes them in blocks
    trie = b"".join(struct.pack("<I", unit) for unit in units)
    return struct.pack("<I", len(trie)) + trie + texts


def write_model(
    pieces: list[Any] = PIECES, rules: dict[str, str] = RULES, spelling: bytes = b"", training: bytes = b""
) -> bytes:
    special = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    data = b""
    for piece, score, kind in [*special, *((*piece, 1)[:3] for piece in pieces)]:
        data += entry(1, entry(1, piece.encode()) + entry(2, score) + entry(3, kind))
    return data + entry(2, training) + entry(3, (entry(2, charsmap(rules)) if rules else b"") + spelling)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sentencepiece.bpe.model").write_bytes(write_model())
    (tmp_path / "entity_vocab.json").write_text(json.dumps(ENTITIES), encoding="utf-8")
    return tmp_path


def make(folder: Path, data: bytes | None = None, **options: Any) -> MLukeTokenizer:
    if data is not None:
        (folder / "sentencepiece.bpe.model").write_bytes(data)
    return MLukeTokenizer(folder / "sentencepiece.bpe.model", folder / "entity_vocab.json", **options)


# --- tests -------------------------------------------------------------------------------


def test_pieces_are_numbered_as_in_the_published_checkpoints(folder: Path) -> None:
    tokenizer = make(folder)
    # Four of fairseq's own, all pieces but the first three, <mask>; then what LUKE adds.
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3, 4, 5]) == [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        "▁",
        "▁Ana",
    ]
    assert tokenizer.vocab_size == 4 + len(PIECES) + 1
    assert (tokenizer.mask_token_id, tokenizer.pad_token_id) == (tokenizer.vocab_size - 1, 1)
    assert tokenizer.additional_special_tokens_ids == [tokenizer.vocab_size, tokenizer.vocab_size + 1]
    assert len(tokenizer) == len(tokenizer.get_vocab()) == tokenizer.vocab_size + 2
    assert tokenizer.convert_tokens_to_ids(["▁Ana", "<unk>", "nobody", "<mask>"]) == [5, 3, 3, 11]
    assert tokenizer("Ana met Bob")["input_ids"] == [0, 5, 6, 7, 2]
    assert tokenizer("Ana", "Bob")["input_ids"] == [0, 5, 2, 2, 7, 2]
    assert tokenizer.decode([0, 5, 6, 7, 2], skip_special_tokens=True) == "Ana met Bob"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Ana  met \t Bob ", ["▁Ana", "▁met", "▁Bob"]),
        ("Ａna", ["▁Ana"]),
        ("ｱ", ["▁", "ア"]),
        ("a\u0300", ["▁", "à"]),
        ("a\u0301", ["▁", "a", "\u0301"]),
        ("a", ["▁", "a"]),
        ("½", ["▁", "1/2"]),
        ("xyz Ana", ["▁", "xyz", "▁Ana"]),
        ("\x01", []),
        (" \t ", []),
        ("", []),
        ("<s>Ana<mask>Bob", ["<s>", "▁Ana", "<mask>", "▁Bob"]),
    ],
)
def test_spelling_and_cutting(folder: Path, text: str, tokens: list[str]) -> None:
    tokenizer = make(folder)
    assert tokenizer.tokenize(text) == tokens
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert ids == tokenizer.convert_tokens_to_ids(tokens)
    located = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    assert located["input_ids"] == ids


def test_special_tokens_as_text_are_no_special_tokens(folder: Path) -> None:
    ids = make(folder)("<s> Ana </s>", split_special_tokens=True)["input_ids"]
    assert ids[1:-1] == [4, 3, 5, 4, 3]


def test_offsets_are_those_before_spelling(folder: Path) -> None:
    text = " Ａna  met½ a\u0300Bob <mask>"
    inputs = make(folder)(text, return_offsets_mapping=True)
    found = [text[start:end] for start, end in inputs["offset_mapping"]]
    assert found == ["", "Ａna", "met", "½", " ", "a\u0300Bob", "<mask>", ""]


def test_entities_of_several_languages(folder: Path) -> None:
    tokenizer = make(folder)
    inputs = tokenizer(
        "Ana met Bob", entity_spans=[(0, 3), (0, 3), (8, 11)], entities=["en:Ana", "ja:アナ", "en:Bob"]
    )
    assert inputs["entity_ids"] == [4, 4, tokenizer.entity_unk_token_id]
    assert [[p for p in row if p >= 0] for row in inputs["entity_position_ids"]] == [[1], [1], [3]]
    asked = tokenizer("Ana met Bob", entity_spans=[(0, 3)])
    assert asked["entity_ids"] == [tokenizer.entity_mask_token_id] == [2]
    pair = make(folder, task="entity_pair_classification")("Ana met Bob", entity_spans=[(0, 3), (8, 11)])
    markers = tokenizer.additional_special_tokens_ids
    assert pair["input_ids"] == [0, markers[0], 5, markers[0], 6, markers[1], 7, markers[1], 2]
    assert pair["entity_ids"] == [2, 3]


def test_words_that_are_cut_already(folder: Path) -> None:
    tokenizer = make(folder)
    assert tokenizer.encode_words(["Ana", "met", "", "Bob"], [False, True, True, False]) == [
        (5,),
        (6,),
        (),
        (7,),
    ]
    inputs = tokenizer(["Ana", "met", "Bob"], entity_spans=[(0, 1)], is_split_into_words=True)
    assert dict(inputs) == dict(tokenizer("Ana met Bob", entity_spans=[(0, 3)]))
    assert inputs.word_ids() == [None, 0, 1, 2, None]


@pytest.mark.parametrize("way", ["folder", "bytes", "pickle"])
def test_storage(folder: Path, tmp_path: Path, way: str) -> None:
    tokenizer = make(folder, task="entity_pair_classification", padding_side="left")
    tokenizer.add_tokens(["covid"])
    if way == "folder":
        saved = tokenizer.save_pretrained(tmp_path / "saved")
        assert {Path(path).name for path in saved} >= {"sentencepiece.bpe.model", "entity_vocab.json"}
        assert (
            json.loads((tmp_path / "saved" / "tokenizer_config.json").read_text("utf-8"))["tokenizer_class"]
            == "MLukeTokenizer"
        )
        again = LukeTokenizer.from_pretrained(tmp_path / "saved")
    elif way == "bytes":
        again = LukeTokenizer.from_bytes(tokenizer.to_bytes())
    else:
        again = pickle.loads(pickle.dumps(tokenizer))
    assert type(again) is MLukeTokenizer
    text, spans = "Ana met covid Bob <mask>", [(0, 3), (14, 17)]
    assert dict(again(text, entity_spans=spans)) == dict(tokenizer(text, entity_spans=spans))
    assert again.get_vocab() == tokenizer.get_vocab()
    assert again.options == tokenizer.options


def test_a_folder_of_three_files(folder: Path) -> None:
    """As in the Japanese checkpoints, whose configuration may lack what the constructor knows."""
    tokenizer = LukeTokenizer.from_pretrained(folder, task="entity_span_classification")
    assert type(tokenizer) is MLukeTokenizer
    inputs = tokenizer("Ana met Bob", entity_spans=[(0, 3), (8, 11)])
    assert (inputs["entity_start_positions"], inputs["entity_end_positions"]) == ([1, 3], [1, 3])


def test_pieces_defined_by_hand(folder: Path) -> None:
    # They beat better scores, and no rule changes them; unused pieces stand for nothing.
    pieces = [*PIECES, ("n", -1.0), ("Ａn", -1.0, 4), ("met", -1.0, 5)]
    tokenizer = make(folder, write_model(pieces))
    assert tokenizer.tokenize("Ana") == ["▁Ana"]
    assert tokenizer.tokenize("Ａna met") == ["▁", "Ａn", "a", "▁met"]
    assert tokenizer.tokenize("amet") == ["▁", "a", "met"]
    assert tokenizer.encode("amet", add_special_tokens=False)[-1] == tokenizer.unk_token_id


def test_other_spelling(folder: Path) -> None:
    as_they_are = entry(3, 0) + entry(4, 0)
    tokenizer = make(folder, write_model(spelling=as_they_are))
    assert tokenizer.tokenize("a  Ana ") == ["a", "▁", "▁Ana", "▁"]
    tokenizer = make(folder, write_model(rules={}))
    assert tokenizer.tokenize("Ａna a") == ["▁", "Ａn", "a", "▁", "a"]
    upper = {char: char.upper() for char in "abeimnot"} | {"mm": "m"}
    tokenizer = make(folder, write_model([("▁ANA", -1.0), ("M", -1.0)], upper))
    assert tokenizer.tokenize("ana") == ["▁ANA"]
    assert tokenizer.tokenize("anammm") == ["▁ANA", "m", "M"]


def test_unknown_characters_in_bytes(folder: Path) -> None:
    data = write_model(
        [*PIECES, *((f"<0x{byte:02X}>", 0.0, 6) for byte in range(256))], training=entry(35, 1)
    )
    assert make(folder, data).tokenize("Ana é") == ["▁Ana", "▁", "<0xC3>", "<0xA9>"]


def test_models_of_other_kinds(folder: Path) -> None:
    joined = make(folder, write_model([*PIECES, ("An", -1.0), ("▁An", -1.5)], training=entry(3, 2)))  # BPE
    assert joined.tokenize("Ana met") == ["▁Ana", "▁", "met"]
    spaces = make(folder, write_model([*PIECES, (" ", -1.0), (" met", -1.0)], spelling=entry(5, 0)))
    assert spaces.tokenize("a met") == [" ", "a", " met"]


def test_characters_that_become_several_or_none(folder: Path) -> None:
    """A piece of a part of them has the whole character; what is removed goes with the piece before it."""
    tokenizer = make(folder, write_model([*PIECES, ("1", -1.0), ("/", -1.0), ("2", -1.0), ("▁1", -1.0)]))
    inputs = tokenizer("½a ½\x01a\x01", add_special_tokens=False, return_offsets_mapping=True)
    assert tokenizer.convert_ids_to_tokens(inputs["input_ids"]) == [*["▁1", "/", "2", "a"] * 2]
    assert inputs["offset_mapping"] == [(0, 1)] * 3 + [(1, 2)] + [(3, 5)] * 3 + [(5, 7)]


def test_characters_spelled_in_bytes(folder: Path) -> None:
    all_bytes = [(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
    tokenizer = make(folder, write_model([*PIECES, *all_bytes], training=entry(35, 1)))
    inputs = tokenizer("éa東<0x41>", add_special_tokens=False, return_offsets_mapping=True)
    assert len(inputs["input_ids"]) == 1 + 2 + 1 + 3 + 6  # what looks like a byte's piece is six characters
    expected = [(0, 0), (0, 1), (0, 1), (1, 2), *[(2, 3)] * 3, *((i, i + 1) for i in range(3, 9))]
    assert inputs["offset_mapping"] == expected


HOSTILE = [
    *"Aan mtBｱアＡé½\u0300\u2581\t\n\x00\x01\x7f\xad\u200b\u3000\ufeff\ufffd\U0010ffff😀",
    "<s>",
    "<0x41>",
    "met",
]


@given(st.lists(st.sampled_from(HOSTILE), max_size=12).map("".join) | st.text(max_size=12))
@settings(max_examples=300, deadline=None)
def test_offsets_of_hostile_texts(text: str) -> None:
    pieces = [*PIECES, ("Ａn", -1.0, 4), *((f"<0x{byte:02X}>", 0.0, 6) for byte in range(256))]
    for data in (write_model(), write_model(pieces, training=entry(35, 1))):
        backend = SentencePieceBackend(data)
        ((ids, offsets),) = backend._encode_plain_with_offsets([text])
        assert ids == backend._encode_plain([text])[0]
        assert len(backend._tokenize_plain(text)) == len(ids) == len(offsets)
        assert all(0 <= start <= end <= len(text) for start, end in offsets)
        assert sorted(offsets) == offsets
        if ids:  # nothing between two pieces is lost
            assert all(b[0] <= a[1] for a, b in pairwise(offsets))
            assert text[: offsets[0][0]].strip(" \t\x01") == ""


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", r"sentencepiece\.bpe\.model can't be read"),
        (write_model()[:-7], r"sentencepiece\.bpe\.model can't be read"),
        (b"\x0b" + write_model(), "can't be read"),
        (b"\xff", "can't be read"),
        (entry(1, entry(1, b"a") + entry(2, -1.0)), "unk is not defined"),
        (
            b"".join(
                entry(1, entry(1, piece) + entry(3, kind))
                for piece, kind in [(b"<pad>", 3), (b"<unk>", 2), (b"a", 1)]
            ),
            "its first piece has to be the unknown one",
        ),
    ],
)
def test_files_that_cannot_be_read(folder: Path, data: bytes, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        make(folder, data)


def test_a_missing_file(folder: Path) -> None:
    (folder / "sentencepiece.bpe.model").unlink()
    with pytest.raises(FileNotFoundError, match=r"sentencepiece\.bpe\.model"):
        make(folder)
    with pytest.raises(FileNotFoundError, match=r"has no word vocabulary.*sentencepiece\.bpe\.model"):
        LukeTokenizer.from_pretrained(folder)
