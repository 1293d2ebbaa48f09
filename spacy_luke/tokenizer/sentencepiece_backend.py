"""Text to ids with a SentencePiece model, numbered as XLM-R and the multilingual LUKEs number its pieces."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import Errors
from .backend import Backend, stored_tokens
from .spans import CharSpan

PIECES = "sentencepiece.bpe.model"
SPACE = "\u2581"  # what stands for a space within pieces

# fairseq, in which XLM-R was trained, put its own tokens before the pieces and <mask> after them. The model's own
# first three, <unk>, <s> and </s>, are left out: the ids of all others are one higher than the model's.
FIRST, LAST = ("<s>", "<pad>", "</s>", "<unk>"), "<mask>"
UNKNOWN = FIRST.index("<unk>")


class SentencePieceBackend(Backend):
    """Encode plain text with the `sentencepiece` library.

    data (bytes): The file `sentencepiece.bpe.model`.
    source (str): Its name, for error messages.
    """

    files = "spm"

    def __init__(self, data: bytes, source: str = PIECES) -> None:
        try:
            # Imported here: it is an extra, and takes 5 ms that other models needn't wait for.
            from sentencepiece import SentencePieceProcessor
        except ImportError as error:
            raise ImportError(Errors.L151.format(path=source)) from error
        # For a call of 4 texts, threads of its own take more than twice the time; in a forked process they are at risk.
        self._model = SentencePieceProcessor(num_threads=1)
        try:
            self._model.LoadFromSerializedProto(data)
        except RuntimeError as error:
            raise ValueError(Errors.L113.format(path=source, error=error)) from error
        if self._model.unk_id() != 0:
            raise ValueError(Errors.L141.format(path=source))
        self.data = data
        self.vocab_size = self._model.get_piece_size() + 2
        super().__init__({})

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> SentencePieceBackend:
        """Rebuild what `to_state` described.

        state (Mapping[str, Any]): The state.
        RETURNS (SentencePieceBackend): An equal backend.
        """
        self = cls(base64.b64decode(state["data"]))
        self.set_added(stored_tokens(state["added"]))
        return self

    # --- ids and tokens ------------------------------------------------------------------

    def vocab(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Ids of all tokens, the added ones included."""
        pieces = self._model.id_to_piece(list(range(len(FIRST) - 1, self.vocab_size - 2)))
        return {**{token: i for i, token in enumerate([*FIRST, *pieces, LAST])}, **self.added_ids}

    def _model_id(self, token: str) -> int | None:
        if token in FIRST:
            return FIRST.index(token)
        if token == LAST:
            return self.vocab_size - 1
        id_: int = self._model.piece_to_id(token)
        return id_ + 1 if id_ else None

    def _model_token(self, id_: int) -> str | None:
        if id_ < len(FIRST):
            return FIRST[id_]
        if id_ < self.vocab_size - 1:
            return str(self._model.id_to_piece(id_ - 1))
        return LAST if id_ == self.vocab_size - 1 else None

    def join(self, tokens: Sequence[str], errors: str = "replace") -> str:
        """Put tokens together to text.

        tokens (Sequence[str]): The tokens.
        errors (str): Not used: tokens are characters, not bytes.
        RETURNS (str): The text.
        """
        return "".join(tokens).replace(SPACE, " ").strip()

    # --- text to ids ---------------------------------------------------------------------

    def _encode_plain(self, texts: Sequence[str]) -> list[list[int]]:
        return [[id_ + 1 if id_ else UNKNOWN for id_ in ids] for ids in self._model.encode(list(texts))]

    def _tokenize_plain(self, text: str) -> list[str]:
        tokens: list[str] = self._model.encode(text, out_type=str)
        return tokens

    def _encode_plain_with_offsets(self, texts: Sequence[str]) -> list[tuple[list[int], list[CharSpan]]]:
        return [
            (ids, self._offsets(text, ids))
            for text, ids in zip(texts, self._encode_plain(texts), strict=True)
        ]

    def _offsets(self, text: str, ids: Sequence[int]) -> list[CharSpan]:
        """The characters of each piece of a text. The library tells where each character of the normalized text, which
        the pieces make up, comes from; those that come from one place have the same characters."""
        normalized, starts = self._model.normalize(text, with_offsets=True)
        ends = [len(text)] * len(normalized)
        for i in reversed(range(len(normalized) - 1)):
            ends[i] = starts[i + 1] if starts[i + 1] > starts[i] else ends[i + 1]
        if normalized.startswith(SPACE) and starts[1] == starts[0]:
            ends[0] = starts[0]  # a space that was put before the text
        offsets: list[CharSpan] = []
        at = n_bytes = 0
        for id_, piece in zip(ids, self._tokenize_plain(text), strict=True):
            if self._model.is_byte(id_ - 1):  # one of the bytes of a character
                n_bytes = n_bytes or len(normalized[at].encode("utf-8"))
                offsets.append((starts[at], ends[at]))
                n_bytes -= 1
                at += n_bytes == 0
            else:
                offsets.append((starts[at], ends[at + len(piece) - 1]))
                at += len(piece)
        return offsets

    # --- storage -------------------------------------------------------------------------

    def vocabulary_files(self) -> dict[str, bytes]:
        """RETURNS (dict[str, bytes]): The files that hold the vocabulary."""
        return {PIECES: self.data}

    def _model_state(self) -> dict[str, Any]:
        return {"data": base64.b64encode(self.data).decode("ascii")}
