"""Text to ids with a SentencePiece model, numbered as XLM-R and the multilingual LUKEs number its pieces."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer  # type: ignore[import-untyped]
from tokenizers.models import Unigram  # type: ignore[import-untyped]

from .backend import Backend, token_flags
from .sentencepiece import BYTE, SPACE, USER_DEFINED, SentencePieceModel
from .spans import CharSpan

PIECES = "sentencepiece.bpe.model"

# fairseq, in which XLM-R was trained, put its own tokens before the pieces and <mask> after them. The model's own
# first three, <unk>, <s> and </s>, are left out.
FIRST, LAST = ("<s>", "<pad>", "</s>", "<unk>"), "<mask>"
OWN = 3
UNKNOWN = FIRST.index("<unk>")

# Types of pieces that a text can be cut into; what else the vocabulary lists gets a name that no text has.
_IN_TEXT = (1, USER_DEFINED, BYTE)
_NOWHERE = "\U0010ffff"


class SentencePieceBackend(Backend):
    """Encode plain text as the SentencePiece library does, with a `tokenizers` model.

    data (bytes): The file `sentencepiece.bpe.model`.
    source (str): Its name, for error messages.
    """

    def __init__(self, data: bytes, source: str = PIECES) -> None:
        model = SentencePieceModel.from_bytes(data, source)
        self.data = data
        self._speller = model.speller
        pieces = model.pieces[OWN:]
        self._tokens = [*FIRST, *(piece for piece, _, _ in pieces), LAST]
        self._ids = {piece: i + len(FIRST) for i, (piece, _, _) in enumerate(pieces)}
        self._ids |= {piece: i + 1 for i, (piece, _, _) in enumerate(model.pieces[1:OWN], 1)}
        self._ids |= {token: i for i, token in enumerate(FIRST)} | {LAST: len(self._tokens) - 1}
        scored = [(f"{_NOWHERE}{i}", 0.0) for i in range(len(FIRST))]
        scored += _scores(pieces)
        unigram = Unigram([*scored, (_NOWHERE, 0.0)], unk_id=UNKNOWN, byte_fallback=model.byte_fallback)
        super().__init__(Tokenizer(unigram), {}, files="spm", byte_level=False)

    # --- ids and tokens ------------------------------------------------------------------

    def vocab(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Ids of all tokens, the added ones included."""
        return {**{token: i for i, token in enumerate(self._tokens)}, **self.added_ids}

    def _model_id(self, token: str) -> int | None:
        return self._ids.get(token)

    def _model_token(self, id_: int) -> str | None:
        return self._tokens[id_] if id_ < len(self._tokens) else None

    def join(self, tokens: Sequence[str], errors: str = "replace") -> str:
        """Put tokens together to text.

        tokens (Sequence[str]): The tokens.
        errors (str): Not used: tokens are characters, not bytes.
        RETURNS (str): The text.
        """
        return "".join(tokens).replace(SPACE, " ").strip()

    # --- text to ids ---------------------------------------------------------------------

    def _encode_plain(self, texts: Sequence[str]) -> list[list[int]]:
        return super()._encode_plain([self._speller(text) for text in texts])

    def _locate_plain(self, texts: Sequence[str]) -> list[tuple[list[int], list[CharSpan]]]:
        spelled = [self._speller.located(text) for text in texts]
        encoded = super()._locate_plain([text for text, _ in spelled])
        return [
            (ids, [(places[start][0], places[end - 1][1]) for start, end in offsets])
            for (ids, offsets), (_, places) in zip(encoded, spelled, strict=True)
        ]

    def _tokenize_plain(self, text: str) -> list[str]:
        spelled = self._speller(text)
        ((ids, offsets),) = super()._locate_plain([spelled])
        known = zip(ids, offsets, strict=True)
        return [spelled[a:b] if id_ == UNKNOWN else self._tokens[id_] for id_, (a, b) in known]

    def vocabulary_files(self) -> dict[str, bytes]:
        """RETURNS (dict[str, bytes]): The files that hold the vocabulary."""
        return {PIECES: self.data}

    # --- state ---------------------------------------------------------------------------

    def to_state(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): All there is to know, as JSON data."""
        added = [{"id": id_, **token_flags(token)} for id_, token in self.added.items()]
        return {"data": base64.b64encode(self.data).decode("ascii"), "added": added, "files": self.files}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> SentencePieceBackend:
        """Rebuild what `to_state` described.

        state (Mapping[str, Any]): The state.
        RETURNS (SentencePieceBackend): An equal backend.
        """
        self = cls(base64.b64decode(state["data"]))
        self.set_added({entry.pop("id"): AddedToken(**entry) for entry in map(dict, state["added"])})
        return self


def _scores(pieces: Sequence[tuple[str, float, int]]) -> list[tuple[str, float]]:
    """What the search compares: pieces that are defined by hand outdo all others of their length."""
    best = max((score for _, score, kind in pieces if kind == 1), default=0.0)
    scored = []
    for i, (piece, score, kind) in enumerate(pieces):
        if kind not in _IN_TEXT:
            piece, score = f"{_NOWHERE}{i + len(FIRST)}", 0.0
        elif kind == USER_DEFINED:
            score = len(piece) * best - 0.1
        scored.append((piece, score))
    return scored
