"""Text to ids with a model of the `tokenizers` library: byte-level BPE in two files, or any `tokenizer.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers  # type: ignore[import-untyped]
from tokenizers.models import BPE  # type: ignore[import-untyped]

from ..errors import Errors
from .backend import Backend, WordMemory, stored_tokens
from .bytelevel import bytes_to_text, split_words, text_to_bytes
from .spans import CharSpan
from .special import Template

VOCAB, MERGES, TOKENIZER = "vocab.json", "merges.txt", "tokenizer.json"


class TokenizersBackend(Backend):
    """Encode plain text with a model of the `tokenizers` library.

    tokenizer (Tokenizer): The model, which adds no prefix space of its own.
    added (Mapping[int, AddedToken]): Tokens that aren't the model's to find, by id.
    files (str): The form it is saved in: "bpe" (vocab.json, merges.txt) or "json" (tokenizer.json).
    byte_level (bool): Whether pieces are spelled in bytes, a leading space included.
    """

    def __init__(
        self, tokenizer: Tokenizer, added: Mapping[int, AddedToken], files: str, byte_level: bool
    ) -> None:
        self.tokenizer = tokenizer
        self.files = files
        self.byte_level = byte_level
        self.vocab_size = tokenizer.get_vocab_size(with_added_tokens=False)
        self._text_words = WordMemory(self._encode_plain)
        tokenizer.encode_special_tokens = True
        super().__init__(added)

    @classmethod
    def from_bpe(cls, model: BPE, unk_token: str) -> TokenizersBackend:
        """Build the byte-level BPE that RoBERTa and GPT-2 use.

        model (BPE): Its pieces and how to join them.
        unk_token (str): What stands for a byte that the vocabulary lacks.
        RETURNS (TokenizersBackend): A backend without added tokens.
        """
        if model.token_to_id(unk_token) is not None:
            model.unk_token = unk_token
        tokenizer = Tokenizer(model)
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)
        tokenizer.decoder = decoders.ByteLevel()
        return cls(tokenizer, {}, files="bpe", byte_level=True)

    @classmethod
    def from_json(cls, spec: str) -> tuple[TokenizersBackend, bool]:
        """Build from the text of a `tokenizer.json`.

        spec (str): The JSON text.
        RETURNS (tuple[TokenizersBackend, bool]): The backend, and whether the tokenizer adds a prefix space. That is
            taken out of the model: LUKE adds it to each piece of a text, and not after special tokens.
        """
        try:
            data = _parse_byte_level(spec)
            levels = list(_byte_levels(data.get("pre_tokenizer")))
            prefix = any(level.get("add_prefix_space") for level in levels)
            for level in levels:
                level["add_prefix_space"] = False
            tokenizer = Tokenizer.from_str(json.dumps(data) if levels else spec)
        except Exception as error:  # the library raises plain Exception here
            raise ValueError(Errors.L107.format(error=error)) from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        added = tokenizer.get_added_tokens_decoder()
        return cls(tokenizer, added, files="json", byte_level=bool(levels)), prefix

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TokenizersBackend:
        """Rebuild what `to_state` described.

        state (Mapping[str, Any]): The state.
        RETURNS (TokenizersBackend): An equal backend.
        """
        levels = list(_byte_levels(_parse_byte_level(state["tokenizer"]).get("pre_tokenizer")))
        added = stored_tokens(state["added"])
        try:
            words = Tokenizer.from_str(state["tokenizer"])
        except Exception as error:  # the library raises plain Exception here
            raise ValueError(Errors.L107.format(error=error)) from error
        return cls(words, added, state["files"], bool(levels))

    # --- added tokens --------------------------------------------------------------------

    def add(self, tokens: Iterable[AddedToken]) -> None:
        """Add tokens; those that the vocabulary lacks get the next free ids.

        tokens (Iterable[AddedToken]): The tokens; their flags replace those known so far. Empty ones are left out.
        """
        super().add(tokens)
        if self.files == "json":  # the saved tokenizer.json has to be complete
            new = [token for id_, token in self.added.items() if self.tokenizer.id_to_token(id_) is None]
            self.tokenizer.add_special_tokens([token for token in new if token.special])
            self.tokenizer.add_tokens([token for token in new if not token.special])
            self.set_added({**self.added, **self.tokenizer.get_added_tokens_decoder()})

    def _finds(self, token: AddedToken) -> bool:
        """A token that is matched on normalized text stays with the model, which normalizes."""
        normalizes = self.files == "json" and self.tokenizer.normalizer is not None
        return bool(normalizes and token.normalized and not token.special)

    # --- ids and tokens ------------------------------------------------------------------

    def vocab(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Ids of all tokens, the added ones included."""
        return {**self.tokenizer.get_vocab(with_added_tokens=True), **self.added_ids}

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

    def _encode_all(self, texts: Sequence[str]) -> tuple[list[int], list[int]]:
        if self.files != "bpe":  # it isn't known how other models cut text into words
            return super()._encode_all(texts)
        words, ends = split_words(texts)
        ids = self._text_words(words)
        before = [0, *accumulate(map(len, ids))]  # ids before each word
        lengths = [before[end] - before[start] for start, end in pairwise(ends)]
        return list(chain.from_iterable(ids)), lengths

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

    def _encode_plain_with_offsets(self, texts: Sequence[str]) -> list[tuple[list[int], list[CharSpan]]]:
        encoded = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [(e.ids, e.offsets) for e in encoded]

    # --- template and storage ------------------------------------------------------------

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

    def _model_state(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer.to_str()}


def _parse_byte_level(spec: str) -> Any:
    """The JSON description of a tokenizer; an empty one if no step of it is byte-level. To read 30,000 pieces and write
    them again takes longer than to build their model."""
    return json.loads(spec) if '"ByteLevel"' in spec else {}


def _byte_levels(spec: Any) -> Iterable[dict[str, Any]]:
    """The byte-level steps of a pre-tokenizer's JSON description."""
    if isinstance(spec, dict):
        if spec.get("type") == "ByteLevel":
            yield spec
        for step in spec.get("pretokenizers", ()):
            yield from _byte_levels(step)
