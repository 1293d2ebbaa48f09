"""The word and the entity table of a model: to get, to set and to resize."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, cast

import torch
from torch import Tensor, nn

from ..errors import Errors
from .config import LukeConfig
from .trainer import SavedByTrainer

if TYPE_CHECKING:
    from .model import LukeModel


class ModelWithTables(SavedByTrainer):
    """What encoder and heads do with their two tables. config (LukeConfig): The model's configuration."""

    base_model_prefix: ClassVar[str] = "luke"

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def base_model(self) -> LukeModel:
        """RETURNS (LukeModel): The encoder; of the bare encoder, itself."""
        return cast("LukeModel", getattr(self, self.base_model_prefix, self))

    def get_input_embeddings(self) -> nn.Embedding:
        """RETURNS (Embedding): The word table."""
        return self.base_model.embeddings.word_embeddings

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        """value (Embedding): A word table to use instead. Call `tie_weights` where one is tied to it."""
        self.base_model.embeddings.word_embeddings = value

    def get_entity_embeddings(self) -> nn.Embedding:
        """RETURNS (Embedding): The entity table."""
        return self.base_model.entity_embeddings.entity_embeddings

    def set_entity_embeddings(self, value: nn.Embedding) -> None:
        """value (Embedding): An entity table to use instead. Call `tie_weights` where one is tied to it."""
        self.base_model.entity_embeddings.entity_embeddings = value

    def get_output_embeddings(self) -> nn.Linear | None:
        """RETURNS (Linear | None): The layer that scores words, if the model has one."""
        return None

    def tied_weights(self) -> dict[str, str]:
        """RETURNS (dict[str, str]): Weights that are another one's, with the other's name."""
        return {}

    def tie_weights(self) -> None:
        """Make the weights of `tied_weights` those of the other again, after either was exchanged."""
        for name, source in self.tied_weights().items():
            module, _, own = name.rpartition(".")
            setattr(self.get_submodule(module), own, attrgetter(source)(self))

    def resize_word_scores(self, rows: int, std: float | None) -> None:
        """Keep what scores the words in step with their table. rows, std: See `resize_rows`."""

    def resize_entity_scores(self, rows: int) -> None:
        """Keep what scores the entities in step with their table. rows (int): Its rows."""

    def resize_token_embeddings(
        self,
        new_num_tokens: int | None = None,
        pad_to_multiple_of: int | None = None,
        mean_resizing: bool = True,
    ) -> nn.Embedding:
        """Make the word table longer or shorter at its end, and `config.vocab_size` with it.

        new_num_tokens (int | None): Number of words; None means as many as there are.
        pad_to_multiple_of (int | None): Add rows up to a multiple of this.
        mean_resizing (bool): New rows are the mean of the old ones; if false, new random weights.
        RETURNS (Embedding): The table.
        RAISES (ValueError): If a number is not a positive integer, or the table would lose its padding row.
        """
        table, least = self.get_input_embeddings(), self.config.pad_token_id + 1
        rows = _rows("new_num_tokens", new_num_tokens, pad_to_multiple_of, table.num_embeddings, least)
        std = None if mean_resizing else self.config.initializer_range
        _resize_table(table, rows, std)
        self.resize_word_scores(rows, std)
        self.config.vocab_size = rows
        self.tie_weights()
        return table

    def resize_entity_embeddings(
        self,
        new_num_entities: int | None = None,
        pad_to_multiple_of: int | None = None,
        mean_resizing: bool = True,
    ) -> nn.Embedding:
        """As `resize_token_embeddings`, for the entity table and `config.entity_vocab_size`.

        new_num_entities (int | None): Number of entities; None means as many as there are.
        RETURNS (Embedding): The table.
        RAISES (ValueError): If a number is not a positive integer.
        """
        table = self.get_entity_embeddings()
        rows = _rows("new_num_entities", new_num_entities, pad_to_multiple_of, table.num_embeddings, 1)
        _resize_table(table, rows, None if mean_resizing else self.config.initializer_range)
        self.resize_entity_scores(rows)
        self.config.entity_vocab_size = rows
        self.tie_weights()
        return table


def _resize_table(table: nn.Embedding, rows: int, std: float | None) -> None:
    table.weight = resize_rows(table.weight, rows, std)
    table.num_embeddings = rows


@torch.no_grad()
def resize_rows(old: Tensor, rows: int, std: float | None) -> nn.Parameter:
    """Cut rows off at the end, or add some.

    old (Tensor): Shape: (old rows, ...)
    std (float | None): Standard deviation of new rows; None makes them the mean of the old ones.
    RETURNS (Parameter): Shape: (rows, ...)
    """
    new = old.new_empty(rows, *old.shape[1:])
    kept = min(rows, len(old))
    new[:kept] = old[:kept]
    if std is None:
        new[kept:] = old.mean(dim=0)
    else:
        new[kept:].normal_(std=std)
    return nn.Parameter(new, requires_grad=old.requires_grad)


def _rows(name: str, wanted: int | None, multiple: int | None, present: int, least: int) -> int:
    rows = present if wanted is None else wanted
    step = 1 if multiple is None else multiple
    for label, value, lowest in ((name, rows, least), ("pad_to_multiple_of", step, 1)):
        allowed = f"an integer of at least {lowest}"
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise ValueError(Errors.L243.format(name=label, value=value, allowed=allowed))
    return -(-rows // step) * step
