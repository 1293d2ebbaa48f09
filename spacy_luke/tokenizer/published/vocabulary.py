"""The word vocabulary as transformers shows it: added and special tokens, tokens of ids, text from ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

from tokenizers import AddedToken  # type: ignore[import-untyped]

from ..base import BaseTokenizer
from ..special import as_special
from ..words import Token

# Spaces that `clean_up_tokenization_spaces` takes away: before the last character or characters of each.
_SPACED = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")


class PublishedVocab(BaseTokenizer):
    """The methods of transformers' tokenizers on ids, tokens and text, without entities."""

    # --- added and special tokens --------------------------------------------------------

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """RETURNS (dict[int, AddedToken]): The added tokens by id."""
        return dict(self.backend.added)

    @property
    def added_tokens_encoder(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Ids of the added tokens."""
        return {token.content: id_ for id_, token in self.backend.added.items()}

    def get_added_vocab(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Ids of the added tokens."""
        return self.added_tokens_encoder

    @property
    def all_special_tokens(self) -> list[str]:
        """RETURNS (list[str]): Every special token once."""
        return self.special.all()

    @property
    def all_special_ids(self) -> list[int]:
        """RETURNS (list[int]): Their ids."""
        return [self.backend.added_ids[token] for token in self.special.all()]

    @property
    def special_tokens_map(self) -> dict[str, str | list[str]]:
        """RETURNS (dict[str, str | list[str]]): The special tokens by name."""
        return {**self.special.names, "additional_special_tokens": list(self.special.additional)}

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """RETURNS (int): How many special tokens stand around one text, or around two."""
        return self.template.size(pair)

    def add_tokens(self, new_tokens: Token | Sequence[Token], special_tokens: bool = False) -> int:
        """Add tokens to the vocabulary. The model's word embeddings have to grow with it.

        new_tokens (str | AddedToken | Sequence[str | AddedToken]): One token or several.
        special_tokens (bool): Whether they are special, i.e. left out by `skip_special_tokens`.
        RETURNS (int): How many of them the vocabulary lacked.
        """
        tokens = [new_tokens] if isinstance(new_tokens, (str, AddedToken)) else list(new_tokens)
        before = len(self)
        if special_tokens:
            added = [as_special(token) for token in tokens]
            known = set(self.special.all())
            self.special.additional += [token.content for token in added if token.content not in known]
        else:
            added = [token if isinstance(token, AddedToken) else AddedToken(token) for token in tokens]
        self.backend.add(added)
        return len(self) - before

    # --- special tokens around ids -------------------------------------------------------

    def build_inputs_with_special_tokens(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
    ) -> list[int]:
        """Put special tokens around ids.

        token_ids_0 (Sequence[int]): The ids of a text.
        token_ids_1 (Sequence[int] | None): Those of the text after it.
        RETURNS (list[int]): All ids.
        """
        return self.template.around(token_ids_0, token_ids_1)

    def get_special_tokens_mask(
        self,
        token_ids_0: Sequence[int],
        token_ids_1: Sequence[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """Which tokens are special once they stand around ids.

        token_ids_0 (Sequence[int]): The ids of a text.
        token_ids_1 (Sequence[int] | None): Those of the text after it.
        already_has_special_tokens (bool): Whether `token_ids_0` are all ids already.
        RETURNS (list[int]): 1 for special tokens, 0 for others.
        """
        if already_has_special_tokens:
            special = set(self.all_special_ids)
            return [int(id_ in special) for id_ in token_ids_0]
        second = None if token_ids_1 is None else [0] * len(token_ids_1)
        return self.template.around([0] * len(token_ids_0), second, special=1)

    def create_token_type_ids_from_sequences(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
    ) -> list[int]:
        """Token types of ids with special tokens around them: LUKE tells no texts apart.

        token_ids_0 (Sequence[int]): The ids of a text.
        token_ids_1 (Sequence[int] | None): Those of the text after it.
        RETURNS (list[int]): Zeros.
        """
        return [0] * len(self.template.around(token_ids_0, token_ids_1))

    # --- tokens and text -----------------------------------------------------------------

    def convert_tokens_to_ids(self, tokens: Any) -> Any:
        """Ids of tokens; that of the unknown token for those that the vocabulary lacks.

        tokens (str | Sequence[str] | None): A token, several, or None.
        RETURNS (int | list[int] | None): An id, as many ids, or None.
        """
        if tokens is None:
            return None
        if isinstance(tokens, str):
            id_ = self.backend.token_to_id(tokens)
            return id_ if id_ is not None else self.unk_token_id
        return [self.convert_tokens_to_ids(token) for token in tokens]

    @overload
    def convert_ids_to_tokens(self, ids: int, skip_special_tokens: bool = False) -> str | None: ...

    @overload
    def convert_ids_to_tokens(
        self, ids: Iterable[int], skip_special_tokens: bool = False
    ) -> list[str | None]: ...

    def convert_ids_to_tokens(
        self, ids: int | Iterable[int], skip_special_tokens: bool = False
    ) -> str | list[str | None] | None:
        """Tokens of ids.

        ids (int | Iterable[int]): An id or several.
        skip_special_tokens (bool): Whether to leave out special tokens (not for a single id).
        RETURNS (str | list[str | None] | None): A token or as many; None for an id that the vocabulary lacks.
        """
        if isinstance(ids, int):
            return self.backend.id_to_token(ids)
        skip = set(self.all_special_ids) if skip_special_tokens else set()
        return [self.backend.id_to_token(int(id_)) for id_ in ids if int(id_) not in skip]

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Put tokens together to text.

        tokens (Sequence[str]): The tokens.
        RETURNS (str): The text.
        """
        return self.backend.join(tokens, self.errors)

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        spaces_between_special_tokens: bool = True,
    ) -> str:
        """Text from ids.

        token_ids (int | Sequence[int] | ndarray | Tensor): An id or several.
        skip_special_tokens (bool): Whether to leave out special tokens.
        clean_up_tokenization_spaces (bool | None): Whether to take away spaces before English punctuation;
            None for the tokenizer's own setting.
        spaces_between_special_tokens (bool): Whether spaces stand around added tokens such as `<ent>`.
        RETURNS (str): The text.
        """
        ids = token_ids.tolist() if hasattr(token_ids, "tolist") else token_ids
        ids = [ids] if isinstance(ids, int) else ids
        apart = self._set_apart()
        parts: list[str] = []
        run: list[str] = []
        for token in self.convert_ids_to_tokens(ids, skip_special_tokens):
            if token is None:
                continue
            if token in apart:
                parts += [self.convert_tokens_to_string(run), token]
                run = []
            else:
                run.append(token)
        parts.append(self.convert_tokens_to_string(run))
        text = (" " if spaces_between_special_tokens else "").join(part for part in parts if part)
        clean = (
            self.clean_up_tokenization_spaces
            if clean_up_tokenization_spaces is None
            else clean_up_tokenization_spaces
        )
        if clean:
            for spaced in _SPACED:
                text = text.replace(spaced, spaced.strip())
        return text

    def _set_apart(self) -> set[str]:
        """Added tokens that aren't spelled like the model's pieces, so that decoding leaves them alone."""
        ids, special = self.added_tokens_encoder, set(self.special.all())
        own = {token for token in ids if token not in special}
        return own | {token for token in self.special.additional if ids.get(token, -1) >= self.vocab_size}

    def batch_decode(self, sequences: Any, **kwargs: Any) -> list[str]:
        """Texts from several sequences of ids.

        sequences (Iterable): The sequences, each as `decode` takes it.
        kwargs (Any): As for `decode`.
        RETURNS (list[str]): As many texts.
        """
        return [self.decode(sequence, **kwargs) for sequence in sequences]
