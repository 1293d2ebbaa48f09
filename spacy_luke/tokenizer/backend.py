"""Text to word-piece ids: a model of the `tokenizers` library and the added tokens around it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers  # type: ignore[import-untyped]
from tokenizers.models import BPE  # type: ignore[import-untyped]

from ..errors import Errors
from .bytelevel import bytes_to_text, text_to_bytes
from .spans import CharSpan, trim
from .splitting import Splitter
from .template import Template
from .wordmemory import WordMemory

VOCAB, MERGES, TOKENIZER = "vocab.json", "merges.txt", "tokenizer.json"

# How many different words `encode_words` remembers; about 10 MB.
CACHE_SIZE = 1 << 16

Added = dict[int, AddedToken]


class Backend:
    """Encode plain text with a `tokenizers` model; cut added tokens out of it first.

    The model itself never parses special tokens, so one model serves both raw text, where `<mask>` means the
    mask, and words of a document, where it is six characters that somebody wrote.

    tokenizer (Tokenizer): The model, which adds no prefix space of its own.
    added (Mapping[int, AddedToken]): Tokens that aren't the model's to find, by id.
    files (str): The form it is saved in: "bpe" (vocab.json, merges.txt), "json" (tokenizer.json) or "spm"
        (sentencepiece.bpe.model).
    byte_level (bool): Whether pieces are spelled in bytes, a leading space included.
    """

    def __init__(
        self, tokenizer: Tokenizer, added: Mapping[int, AddedToken], files: str, byte_level: bool
    ) -> None:
        self.tokenizer = tokenizer
        self.files = files
        self.byte_level = byte_level
        self.vocab_size: int = tokenizer.get_vocab_size(with_added_tokens=False)
        self._words: dict[str, tuple[int, ...]] = {}
        # The published form, of which it is known how it cuts text into words.
        self._encode_texts = WordMemory(self._encode_plain) if files == "bpe" else self._encode_all
        tokenizer.encode_special_tokens = True
        self.set_added(dict(added))

    @classmethod
    def from_bpe(cls, model: BPE, unk_token: str) -> Backend:
        """Build the byte-level BPE that RoBERTa and GPT-2 use.

        model (BPE): Its pieces and how to join them.
        unk_token (str): What stands for a byte that the vocabulary lacks.
        RETURNS (Backend): A backend without added tokens.
        """
        if model.token_to_id(unk_token) is not None:
            model.unk_token = unk_token
        tokenizer = Tokenizer(model)
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)
        tokenizer.decoder = decoders.ByteLevel()
        return cls(tokenizer, {}, files="bpe", byte_level=True)

    @classmethod
    def from_json(cls, spec: str) -> tuple[Backend, bool]:
        """Build from the text of a `tokenizer.json`.

        spec (str): The JSON text.
        RETURNS (tuple[Backend, bool]): The backend, and whether the tokenizer adds a prefix space. That is
            taken out of the model: LUKE adds it to each piece of a text, and not after special tokens.
        """
        try:
            data = json.loads(spec)
            levels = list(_byte_levels(data.get("pre_tokenizer")))
            prefix = any(level.get("add_prefix_space") for level in levels)
            for level in levels:
                level["add_prefix_space"] = False
            tokenizer = Tokenizer.from_str(json.dumps(data))
        except Exception as error:  # the library raises plain Exception here
            raise ValueError(Errors.L107.format(error=error)) from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        added = tokenizer.get_added_tokens_decoder()
        return cls(tokenizer, added, files="json", byte_level=bool(levels)), prefix

    # --- added tokens --------------------------------------------------------------------

    def load_added(self, added: Mapping[int, AddedToken | dict[str, Any]]) -> None:
        """Replace the added tokens by stored ones.

        added (Mapping[int, AddedToken | dict]): The tokens or their flags, by id.
        """
        tokens = (
            (int(i), AddedToken(**token) if isinstance(token, dict) else token) for i, token in added.items()
        )
        self.set_added(dict(tokens))

    def set_added(self, added: Added) -> None:
        """Replace the added tokens.

        added (dict[int, AddedToken]): The tokens, by id.
        """
        self.added = dict(sorted(added.items()))
        self.added_ids = {token.content: id_ for id_, token in self.added.items()}
        self.size: int = self.vocab_size + sum(self._model_id(token) is None for token in self.added_ids)
        # A token that is matched on normalized text stays with the model, which normalizes.
        native = self.files == "json" and self.tokenizer.normalizer is not None
        ours = {id_: t for id_, t in self.added.items() if t.special or not (native and t.normalized)}
        self._split = Splitter(ours)
        self._split_words = Splitter({id_: token for id_, token in ours.items() if not token.special})
        self._words.clear()

    def add(self, tokens: Iterable[AddedToken]) -> None:
        """Add tokens; those that the vocabulary lacks get the next free ids.

        tokens (Iterable[AddedToken]): The tokens; their flags replace those known so far. Empty ones are left out.
        """
        added = dict(self.added)
        new_ids: dict[str, int] = {}
        for token in filter(lambda token: token.content, tokens):
            id_ = new_ids.get(token.content, self.token_to_id(token.content))
            if id_ is None:
                # The published tokenizer counts the tokens; in a vocabulary with holes that id may be taken.
                id_ = self.size + len(new_ids)
                while id_ in added or self.id_to_token(id_) is not None:
                    id_ += 1
                new_ids[token.content] = id_
            added[id_] = token
        if self.files == "json":
            # The saved tokenizer.json has to be complete.
            new = [token for id_, token in added.items() if self.tokenizer.id_to_token(id_) is None]
            self.tokenizer.add_special_tokens([token for token in new if token.special])
            self.tokenizer.add_tokens([token for token in new if not token.special])
            added = {**added, **self.tokenizer.get_added_tokens_decoder()}
        self.set_added(added)

    # --- ids and tokens ------------------------------------------------------------------

    def vocab(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Ids of all tokens, the added ones included."""
        vocab: dict[str, int] = self.tokenizer.get_vocab(with_added_tokens=True)
        vocab.update(self.added_ids)
        return vocab

    def token_to_id(self, token: str) -> int | None:
        """RETURNS (int | None): The id of a token, or None."""
        id_ = self.added_ids.get(token)
        return id_ if id_ is not None else self._model_id(token)

    def id_to_token(self, id_: int) -> str | None:
        """RETURNS (str | None): The token with an id, or None."""
        added = self.added.get(id_)
        if added is not None:
            return str(added.content)
        return self._model_token(id_) if id_ >= 0 else None

    def _model_id(self, token: str) -> int | None:
        # The tokenizer itself also knows added tokens, and makes a dict of all to count them.
        return self.tokenizer.model.token_to_id(token)

    def _model_token(self, id_: int) -> str | None:
        return self.tokenizer.id_to_token(id_)

    def join(self, tokens: Sequence[str], errors: str = "replace") -> str:
        """Put tokens together to text.

        tokens (Sequence[str]): The tokens.
        errors (str): What to do with bytes that aren't UTF-8, as in `bytes.decode`; byte-level models only.
        RETURNS (str): The text.
        """
        if self.byte_level:
            return bytes_to_text("".join(tokens), errors)
        decoder = self.tokenizer.decoder
        return decoder.decode(list(tokens)) if decoder is not None else " ".join(tokens)

    # --- text to ids ---------------------------------------------------------------------

    def encode(self, texts: Sequence[str], *, parse_added: bool = True) -> tuple[list[int], list[int]]:
        """Encode raw texts, all in one call of the library.

        texts (Sequence[str]): The texts.
        parse_added (bool): Whether added tokens in the text are meant as such.
        RETURNS (tuple[list[int], list[int]]): The ids of all texts, one after the other, and how many each has.
        """
        _check_texts(texts)
        if not parse_added or not self._split.may_cut(texts):
            return self._encode_texts(texts)
        return _run_on(self._encode_segments([self._split(text) for text in texts]))

    def tokenize(self, text: str, *, parse_added: bool = True) -> list[str]:
        """Cut a raw text.

        text (str): The text.
        parse_added (bool): Whether added tokens in the text are meant as such.
        RETURNS (list[str]): Its tokens.
        """
        _check_text(text)
        tokens: list[str] = []
        for part in self._split(text) if parse_added else [text]:
            tokens += self._tokenize_plain(part) if isinstance(part, str) else [self.added[part].content]
        return tokens

    def encode_located(
        self, texts: Sequence[str], *, parse_added: bool = True
    ) -> list[tuple[list[int], list[CharSpan]]]:
        """Encode raw texts, and tell which characters each token stands for.

        texts (Sequence[str]): The texts.
        parse_added (bool): Whether added tokens in the text are meant as such.
        RETURNS (list[tuple[list[int], list[tuple[int, int]]]]): The ids of each text, and as many offsets. White
            space around a token doesn't count, unless it is all there is.
        """
        for text in texts:
            _check_text(text)
        rows = [self._split.located(text) if parse_added else [(text, 0)] for text in texts]
        plain = iter(self._locate_plain([part for row in rows for part, _ in row if isinstance(part, str)]))
        encoded = []
        for text, row in zip(texts, rows, strict=True):
            ids: list[int] = []
            offsets: list[CharSpan] = []
            for part, at in row:
                if isinstance(part, str):
                    found, places = next(plain)
                    ids += found
                    offsets += [trim(text, at + start, at + end) for start, end in places]
                else:
                    ids.append(part)
                    offsets.append((at, at + len(self.added[part].content)))
            encoded.append((ids, offsets))
        return encoded

    def encode_words(self, words: Sequence[str], spaces: Sequence[bool]) -> list[tuple[int, ...]]:
        """Encode words that somebody else has cut; special tokens in them are plain text.

        words (Sequence[str]): The words.
        spaces (Sequence[bool]): Whether a space stands before each word.
        RETURNS (list[tuple[int, ...]]): The ids of each word; none for a word that the model drops.
        """
        if self.byte_level:
            words = [" " + word if space else word for word, space in zip(words, spaces, strict=True)]
        unique = dict.fromkeys(words)
        cache = self._words
        new = [word for word in unique if word not in cache]
        if len(cache) + len(new) > CACHE_SIZE:
            cache, new = {}, list(unique)
        for word in new:
            _check_text(word)
        if new:
            segments = [self._split_words(word) for word in new]
            cache.update(zip(new, map(tuple, self._encode_segments(segments)), strict=True))
        self._words = cache if len(cache) <= CACHE_SIZE else {}
        return [cache[word] for word in words]  # shared: new lists would set the garbage collector going

    def _encode_segments(self, rows: Sequence[Sequence[str | int]]) -> list[list[int]]:
        plain = iter(self._encode_plain([part for row in rows for part in row if isinstance(part, str)]))
        encoded = []
        for row in rows:
            ids: list[int] = []
            for part in row:
                if isinstance(part, str):
                    ids += next(plain)
                else:
                    ids.append(part)
            encoded.append(ids)
        return encoded

    def _encode_all(self, texts: Sequence[str]) -> tuple[list[int], list[int]]:
        return _run_on(self._encode_plain(texts))

    def _encode_plain(self, texts: Sequence[str]) -> list[list[int]]:
        return [e.ids for e in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _tokenize_plain(self, text: str) -> list[str]:
        (ids,) = self._encode_plain([text])
        tokens = [self.tokenizer.id_to_token(id_) for id_ in ids]
        if self.files == "bpe" and (unknown := self.tokenizer.model.unk_token) in tokens:
            # Each stands for one byte, which is its name as long as nobody asks for its id.
            spelled, at = text_to_bytes(text), 0
            for i, token in enumerate(tokens):
                tokens[i] = spelled[at] if token == unknown else token
                at += len(tokens[i])
        return tokens

    def _locate_plain(self, texts: Sequence[str]) -> list[tuple[list[int], list[CharSpan]]]:
        return [
            (e.ids, e.offsets) for e in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]

    # --- template and state --------------------------------------------------------------

    def template(self) -> Template | None:
        """RETURNS (Template | None): The special tokens that a tokenizer.json puts around texts, if any."""
        if self.tokenizer.post_processor is None:
            return None
        one = self.tokenizer.encode("a", add_special_tokens=False)
        n = len(one.ids)
        pair = self.tokenizer.post_process(one, self.tokenizer.encode("a", add_special_tokens=False))
        if n == 0 or len(pair.ids) == 2 * n:
            return None
        start = pair.special_tokens_mask.index(0)
        second = pair.special_tokens_mask.index(0, start + n)
        ids = pair.ids
        return Template(tuple(ids[:start]), tuple(ids[start + n : second]), tuple(ids[second + n :]))

    def vocabulary_files(self) -> dict[str, bytes]:
        """RETURNS (dict[str, bytes]): The files that hold the vocabulary."""
        if self.files == "json":
            return {TOKENIZER: self.tokenizer.to_str(pretty=True).encode("utf-8")}
        model = json.loads(self.tokenizer.to_str())["model"]
        vocab = json.dumps(model["vocab"], indent=2, ensure_ascii=False)
        merges = "\n".join(["#version: 0.2", *(" ".join(merge) for merge in model["merges"])])
        return {VOCAB: f"{vocab}\n".encode(), MERGES: f"{merges}\n".encode()}

    def to_state(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): All there is to know, as JSON data."""
        added = [{"id": id_, **token_flags(token)} for id_, token in self.added.items()]
        return {"tokenizer": self.tokenizer.to_str(), "added": added, "files": self.files}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Backend:
        """Rebuild what `to_state` described.

        state (Mapping[str, Any]): The state.
        RETURNS (Backend): An equal backend.
        """
        added = {entry.pop("id"): AddedToken(**entry) for entry in map(dict, state["added"])}
        levels = list(_byte_levels(json.loads(state["tokenizer"]).get("pre_tokenizer")))
        return cls(Tokenizer.from_str(state["tokenizer"]), added, state["files"], bool(levels))


def token_flags(token: AddedToken) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): An added token as the keyword arguments that make it."""
    names = ("content", "single_word", "lstrip", "rstrip", "normalized", "special")
    return {name: getattr(token, name) for name in names}


def _run_on(rows: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """The items of all rows, and how many each has."""
    return list(chain.from_iterable(rows)), list(map(len, rows))


def _byte_levels(spec: Any) -> Iterable[dict[str, Any]]:
    """The byte-level steps of a pre-tokenizer's JSON description."""
    if isinstance(spec, dict):
        if spec.get("type") == "ByteLevel":
            yield spec
        for step in spec.get("pretokenizers", ()):
            yield from _byte_levels(step)


def _check_texts(texts: Sequence[Any]) -> None:
    """`_check_text` for all, at once where they are plain."""
    try:
        plain = "".join(texts).isascii()
    except TypeError:
        plain = False
    if not plain:
        for text in texts:
            _check_text(text)


def _check_text(text: Any) -> None:
    """Raise if something isn't text. Some versions of the library silently replace what has no UTF-8 form."""
    if not isinstance(text, str):
        raise TypeError(Errors.L108.format(value=repr(text)))
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UnicodeEncodeError("utf-8", text, error.start, error.end, Errors.L109) from None
