"""LUKE's masked-entity prediction as a thinc `Model`: logits of the entities that masked mentions may be of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from thinc.api import Model
from thinc.types import ArgsKwargs
from torch import Tensor

from ..inputs.batch import Arrays
from ..inputs.pieces import Ints
from ..nn.heads.losses import class_loss
from ..nn.heads.masked_lm import LukeForMaskedLM
from ..tokenizer import EntityVocab
from .head import HeadNetwork, WindowSettings
from .network import build_model, tensors_of
from .shim import LukeShim


class LinkNetwork(HeadNetwork):
    """Masked-entity prediction, with the entity vocabulary."""

    @property
    def is_trained(self) -> bool:
        """RETURNS (bool): Whether the head that predicts entities has trained weights."""
        return "entity_predictions" not in self.untrained

    @property
    def entities_see_each_other(self) -> bool:
        """RETURNS (bool): Whether it makes a difference to one mention what is known of another."""
        return bool(self.config.entities_attend_to_entities or self.config.words_attend_to_entities)

    def add_titles(self, titles: Sequence[str]) -> list[str]:
        """Put titles into the entity vocabulary, with new random rows of the entity table.

        titles (Sequence[str]): The titles; those that are known keep their rows.
        RETURNS (list[str]): Those that are new.
        """
        vocab = self.tokenizer.entity_vocab
        ids = vocab.to_dict()
        rows = max(self.config.entity_vocab_size, max(ids.values()) + 1)
        new = [title for title in dict.fromkeys(titles) if title not in ids]
        if not new:
            return new
        ids.update(zip(new, range(rows, rows + len(new)), strict=True))
        self.change(lambda module: module.resize_entity_embeddings(rows + len(new), mean_resizing=False))
        special = {name.removeprefix("entity_"): token for name, token in vocab.special_tokens.items()}
        self.model.attrs["tokenizer"] = self.tokenizer.with_entities(EntityVocab(ids, **special))
        return new

    @torch.no_grad()
    def set_rows(self, ids: Ints, batches: Iterable[tuple[Ints, Arrays]]) -> None:
        """Let entities begin as what the model makes of their titles, each alone as a mention. Mentions mostly share
        words with the titles that they mean, so such rows guess right before any training.

        ids (ndarray): The entities. Shape: (n,)
        batches (Iterable[tuple[ndarray, LukeInputs]]): Their titles as mentions: which of them are asked about, and
            the inputs. Entities that are in none of the batches keep their rows.
        """
        module = cast(LukeForMaskedLM, self.module)
        found = [(which, module.entity_features(tensors_of(self.model, batch))) for which, batch in batches]
        if not found:
            return
        rows = torch.cat([features for _, features in found])
        places = torch.from_numpy(ids[np.concatenate([which for which, _ in found])])
        table = module.get_entity_embeddings().weight
        # The mean of the rows says nothing about one of them and is left out; they get the length of random rows.
        length = module.config.initializer_range * table.shape[1] ** 0.5
        table[places] = length * F.normalize(rows - rows.mean(0), dim=-1)

    def loss(self, logits: Tensor, gold: Ints) -> Tensor:
        """Cross entropy of masked-entity prediction (Yamada et al., 2020, section 3.3).

        logits (Tensor): Shape: (n_asked, n_entities)
        gold (ndarray): The entities that the mentions are of. Shape: (n_asked,)
        RETURNS (Tensor): Shape: ()
        """
        return class_loss(logits, torch.from_numpy(gold))


def build_entity_prediction(
    checkpoint: str | None = None,
    window: int | None = None,
    overlap: int | None = None,
    head_learn_rate_scale: float = 2.0,
    mixed_precision: bool = False,
    dtype: str = "float32",
) -> Model[Arrays, Tensor]:
    """Registered as `spacy-luke.EntityPrediction.v1`: LUKE as it was pretrained, for its entities. Training fills the
    entity vocabulary of the default model's encoder.

    head_learn_rate_scale (float): Learning rate of the head and of the entity table, as a multiple of the encoder's.
    RETURNS (Model[Arrays, Tensor]): It gives logits: (n_asked, n_candidates), or (n_asked, entity_vocab_size). Further
        arguments: see `network`.
    """
    heads = ("entity_predictions.", "luke.entity_embeddings.entity_embeddings.")
    shim = LukeShim(head_learn_rate_scale, mixed_precision, dtype, "predict_entities", heads)
    settings = WindowSettings("LukeForMaskedLM", checkpoint, window, overlap)
    return build_model("luke_entity_prediction", LinkNetwork, settings, shim, _convert_inputs)


def _convert_inputs(
    model: Model[Any, Any], batch: Arrays, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    return ArgsKwargs((), {"inputs": tensors_of(model, batch)}), lambda _: batch
