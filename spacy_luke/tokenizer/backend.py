"""Text to word-piece ids: what all models share, the added tokens around them and a memory for words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from tokenizers import AddedToken  # type: ignore[import-untyped]

from ..errors import Errors
from .spans import CharSpan, trim
from .splitting import Splitter

# How many different words are remembered, about 10 MB, and how many characters each of them may have.
MEMORY_SIZE, LONGEST_WORD = 1 << 16, 32


class WordMemory:
    """Encode each different word once. Most words of a text were met before: fresh text takes half the time.

    encode (Callable): The model: the ids of each of some words.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Sequence[Sequence[int]]]) -> None:
        self._encode = encode
        self._known: dict[str, tuple[int, ...]] = {}

    def __call__(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Encode words.

        words (Sequence[str]): The words.
        RETURNS (list[tuple[int, ...]]): The ids of each. Equal words share one tuple, so that the garbage collector
            has fewer objects to look at.
        """
        known = self._known
        unique = dict.fromkeys(words)
        new = [word for word in unique if word not in known]
        if len(known) + len(new) > MEMORY_SIZE:
            known, new = {}, list(unique)
        fresh = dict(zip(new, map(tuple, self._encode(new) if new else ()), strict=True))
        kept = {word: ids for word, ids in fresh.items() if len(word) <= LONGEST_WORD}
        known.update(kept)
        self._known = known if len(known) <= MEMORY_SIZE else {}
        if len(kept) == len(fresh):
            return list(map(known.__getitem__, words))
        return [known[word] if word in known else fresh[word] for word in words]


class Backend(ABC):
    """Encode plain text with a model; cut added tokens out of it first.

    The model itself never parses special tokens, so one model serves both raw text, where `<mask>` means the
    mask, and words of a document, where it is six characters that somebody wrote.

    added (Mapping[int, AddedToken]): Tokens that aren't the model's to find, by id.
    """

    # The form it is saved in: "bpe" (vocab.json, merges.txt), "json" (tokenizer.json) or "spm" (a SentencePiece model).
    files: str
    # Size of the model's vocabulary, without added tokens.
    vocab_size: int
    # Whether pieces are spelled in bytes, a leading space included.
    byte_level = False

    def __init__(self, added: Mapping[int, AddedToken]) -> None:
        self.set_added(added)

    # --- added tokens --------------------------------------------------------------------

    def load_added(self, added: Mapping[int, AddedToken | dict[str, Any]]) -> None:
        """Replace the added tokens by stored ones.

        added (Mapping[int, AddedToken | dict]): The tokens or their flags, by id.
        """
        self.set_added({int(i): AddedToken(**t) if isinstance(t, dict) else t for i, t in added.items()})

    def set_added(self, added: Mapping[int, AddedToken]) -> None:
        """Replace the added tokens.

        added (Mapping[int, AddedToken]): The tokens, by id.
        """
        self.added = dict(sorted(added.items()))
        self.added_ids: dict[str, int] = {token.content: id_ for id_, token in self.added.items()}
        self.size: int = self.vocab_size + sum(self._model_id(token) is None for token in self.added_ids)
        ours = {id_: token for id_, token in self.added.items() if not self._finds(token)}
        self._split = Splitter(ours)
        self._split_words = Splitter({id_: token for id_, token in ours.items() if not token.special})
        self._words = WordMemory(self._encode_new_words)

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
        self.set_added(added)

    def _finds(self, token: AddedToken) -> bool:
        """Whether the model itself finds an added token in a text."""
        return False

    # --- ids and tokens ------------------------------------------------------------------

    @abstractmethod
    def vocab(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Ids of all tokens, the added ones included."""

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

    @abstractmethod
    def _model_id(self, token: str) -> int | None:
        """The id of a token in the model's vocabulary."""

    @abstractmethod
    def _model_token(self, id_: int) -> str | None:
        """The token with an id in the model's vocabulary."""

    @abstractmethod
    def join(self, tokens: Sequence[str], errors: str = "replace") -> str:
        """Put tokens together to text.

        tokens (Sequence[str]): The tokens.
        errors (str): What to do with bytes that aren't UTF-8, as in `bytes.decode`; byte-level models only.
        RETURNS (str): The text.
        """

    # --- text to ids ---------------------------------------------------------------------

    def encode(self, texts: Sequence[str], *, parse_added: bool = True) -> tuple[list[int], list[int]]:
        """Encode raw texts, all in one call of the library.

        texts (Sequence[str]): The texts.
        parse_added (bool): Whether added tokens in the text are meant as such.
        RETURNS (tuple[list[int], list[int]]): The ids of all texts, one after the other, and how many each has: a list
            for each text would set the garbage collector going (a fifth more often, in calls of 500 sentences).
        """
        _check_texts(texts)
        if not parse_added or not self._split.may_cut(texts):
            return self._encode_all(texts)
        return run_on(self._encode_parts([self._split(text) for text in texts]))

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

    def encode_with_offsets(
        self, texts: Sequence[str], *, parse_added: bool = True
    ) -> list[tuple[list[int], list[CharSpan]]]:
        """Encode raw texts, and tell which characters each token stands for.

        texts (Sequence[str]): The texts.
        parse_added (bool): Whether added tokens in the text are meant as such.
        RETURNS (list[tuple[list[int], list[tuple[int, int]]]]): The ids of each text, and as many offsets. White
            space around a token doesn't count, unless it is all there is.
        """
        _check_texts(texts)
        rows = [self._split.with_starts(text) if parse_added else [(text, 0)] for text in texts]
        plain = iter(
            self._encode_plain_with_offsets([p for row in rows for p, _ in row if isinstance(p, str)])
        )
        encoded = []
        for text, row in zip(texts, rows, strict=True):
            ids: list[int] = []
            offsets: list[CharSpan] = []
            for part, at in row:
                if isinstance(part, str):
                    found, spans = next(plain)
                    ids += found
                    offsets += [trim(text, at + start, at + end) for start, end in spans]
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
        return self._words(words)

    def _encode_new_words(self, words: Sequence[str]) -> list[list[int]]:
        _check_texts(words)
        return self._encode_parts([self._split_words(word) for word in words])

    def _encode_parts(self, rows: Sequence[Sequence[str | int]]) -> list[list[int]]:
        """Encode texts that are cut into plain text and ids of added tokens."""
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
        """As `encode`, of plain texts."""
        return run_on(self._encode_plain(texts))

    @abstractmethod
    def _encode_plain(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each plain text."""

    @abstractmethod
    def _tokenize_plain(self, text: str) -> list[str]:
        """The tokens of a plain text."""

    @abstractmethod
    def _encode_plain_with_offsets(self, texts: Sequence[str]) -> list[tuple[list[int], list[CharSpan]]]:
        """The ids of each plain text, and the characters of each."""

    # --- storage -------------------------------------------------------------------------

    @abstractmethod
    def vocabulary_files(self) -> dict[str, bytes]:
        """RETURNS (dict[str, bytes]): The files that hold the vocabulary."""

    def to_state(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): All there is to know, as JSON data."""
        added = [{"id": id_, **token_flags(token)} for id_, token in self.added.items()]
        return {**self._model_state(), "added": added, "files": self.files}

    @abstractmethod
    def _model_state(self) -> dict[str, Any]:
        """The model as JSON data."""


def token_flags(token: AddedToken) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): An added token as the keyword arguments that make it."""
    names = ("content", "single_word", "lstrip", "rstrip", "normalized", "special")
    return {name: getattr(token, name) for name in names}


def stored_tokens(added: Iterable[Mapping[str, Any]]) -> dict[int, AddedToken]:
    """added (Iterable[Mapping]): The added tokens of `to_state`. RETURNS (dict[int, AddedToken]): The tokens by id."""
    return {entry.pop("id"): AddedToken(**entry) for entry in map(dict, added)}


def run_on(rows: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """The items of all rows, and how many each has."""
    return list(chain.from_iterable(rows)), list(map(len, rows))


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
