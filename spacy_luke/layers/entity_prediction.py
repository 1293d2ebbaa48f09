"""LUKE's masked-entity prediction as a thinc `Model`: logits of the entities that masked mentions may be of.

As all architectures of ours it reads and initializes nothing; see `weights` for where weights come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import torch
import torch.nn.functional as F
from thinc.api import Model
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.types import ArgsKwargs
from torch import Tensor

from ..batch import LukeInputs
from ..inputs.masked import MaskedBatch
from ..inputs.pieces import Ints
from ..nn.heads.losses import class_loss
from ..nn.heads.masked_lm import LukeForMaskedLM
from ..nn.tensors import to_tensors
from ..tokenizer import EntityVocab
from . import weights
from .shim import LukeShim
from .store import Checkpoint, load_shared

TASK = "LukeForMaskedLM"


@dataclass(frozen=True)
class PredictionSettings:
    """What the config says of the model, beside its weights.

    checkpoint (str | None): Where weights come from if no saved pipeline brings them; None for the default model.
    window (int | None): Most pieces of a window, special tokens not counted; None for all the encoder has.
    overlap (int): Pieces that consecutive windows share at least.
    """

    task: ClassVar[str] = TASK
    checkpoint: str | None
    window: int | None
    overlap: int

    def load(self) -> Checkpoint:
        """RETURNS (Checkpoint): The checkpoint's weights, shared, and their tokenizer."""
        return load_shared(self.checkpoint, self.task)


def build_entity_prediction(
    checkpoint: str | None = None,
    window: int | None = None,
    overlap: int = 128,
    head_learn_rate_scale: float = 2.0,
    mixed_precision: bool = False,
    dtype: str = "float32",
) -> Model[MaskedBatch, Tensor]:
    """Registered as `spacy-luke.EntityPrediction.v1`: LUKE as it was pretrained, for its entities.

    checkpoint (str | None): A folder or a hub name; None for the encoder of the model that ships with the
        package, whose entity vocabulary training fills.
    window (int | None): Most pieces of a window, special tokens not counted; None for all the encoder has.
    overlap (int): Pieces that consecutive windows share at least, or half of a smaller window.
    head_learn_rate_scale (float): Learning rate of the head and of the entity table, as a multiple of the encoder's.
    mixed_precision (bool): Train and predict in bfloat16.
    dtype (str): Precision of the encoder's products in prediction: "float32", "bfloat16" or "int8".
    RETURNS (Model[MaskedBatch, Tensor]): The model, without weights. It gives logits: (n_asked, n_candidates), or
        (n_asked, entity_vocab_size).
    """
    return Model(
        "luke_entity_prediction",
        pytorch_forward,
        attrs={
            "convert_inputs": _convert_inputs,
            "convert_outputs": _convert_outputs,
            "dropout_rate": None,
            "settings": PredictionSettings(checkpoint, window, overlap),
            "tokenizer": None,
        },
        shims=[
            LukeShim(
                None,
                head_learn_rate_scale,
                mixed_precision,
                method="predict_entities",
                heads=("entity_predictions.", "luke.entity_embeddings.entity_embeddings."),
                dtype=dtype,
            )
        ],
        dims={"nI": None, "nO": None},
    )


def get_model(model: Model[Any, Any]) -> LukeForMaskedLM:
    """RETURNS (LukeForMaskedLM): The torch module behind the thinc model; see `weights.get_module`."""
    return cast(LukeForMaskedLM, weights.get_module(model))


def is_trained(model: Model[Any, Any]) -> bool:
    """RETURNS (bool): Whether the head that predicts entities has trained weights."""
    return "entity_predictions" not in get_model(model).untrained


def entities_see_each_other(model: Model[Any, Any]) -> bool:
    """RETURNS (bool): Whether it makes a difference to one mention what is known of another."""
    config = get_model(model).config
    return config.entities_attend_to_entities or config.words_attend_to_entities


def window_sizes(model: Model[Any, Any]) -> tuple[int, int]:
    """RETURNS (tuple[int, int]): Most pieces of a window, and how many of them consecutive ones share."""
    settings: PredictionSettings = model.attrs["settings"]
    most = weights.most_pieces(model)
    size = most if settings.window is None else min(settings.window, most)
    return size, min(settings.overlap, size // 2)


def add_titles(model: Model[Any, Any], titles: Sequence[str]) -> list[str]:
    """Put titles into the entity vocabulary, with new random rows of the entity table.

    model (Model): From `build_entity_prediction`.
    titles (Sequence[str]): The titles; those that are known keep their rows.
    RETURNS (list[str]): Those that are new.
    """
    vocab = weights.get_tokenizer(model).entity_vocab
    ids = vocab.to_dict()
    rows = max(get_model(model).config.entity_vocab_size, max(ids.values()) + 1)
    new = [title for title in dict.fromkeys(titles) if title not in ids]
    if not new:
        return new
    ids.update(zip(new, range(rows, rows + len(new)), strict=True))
    shim = cast(LukeShim, model.shims[0])
    module = cast(LukeForMaskedLM, shim.own_module())
    module.resize_entity_embeddings(rows + len(new), mean_resizing=False)
    shim.forget_optimizer()
    special = {name.removeprefix("entity_"): token for name, token in vocab.special_tokens.items()}
    model.attrs["tokenizer"] = weights.get_tokenizer(model).with_entities(EntityVocab(ids, **special))
    return new


@torch.no_grad()
def set_rows(model: Model[Any, Any], ids: Ints, batches: Iterable[tuple[Ints, MaskedBatch]]) -> None:
    """Let entities begin where the model sees their titles: as what it makes of a title that stands alone as a mention.

    Mentions mostly share words with the titles that they mean, so that such rows guess right before any training. The
    mean of the rows says nothing about one of them and is left out; they get the length of random rows.

    model (Model): From `build_entity_prediction`.
    ids (ndarray): The entities. Shape: (n,)
    batches (Iterable[tuple[ndarray, MaskedBatch]]): Their titles as mentions: which of them are asked about, and the
        inputs. Entities that are in none of the batches keep their rows.
    """
    module = get_model(model)
    found = [(which, module.entity_features(**_arguments(module, batch))) for which, batch in batches]
    if not found:
        return
    rows = torch.cat([features for _, features in found])
    places = torch.from_numpy(ids[np.concatenate([which for which, _ in found])])
    table = module.get_entity_embeddings().weight
    length = module.config.initializer_range * table.shape[1] ** 0.5
    table[places] = length * F.normalize(rows - rows.mean(0), dim=-1)


def entity_loss(logits: Tensor, gold: Ints) -> Tensor:
    """Cross entropy of masked-entity prediction (Yamada et al., 2020, section 3.3).

    logits (Tensor): Shape: (n_asked, n_entities)
    gold (ndarray): The entities that the mentions are of. Shape: (n_asked,)
    RETURNS (Tensor): Shape: ()
    """
    return class_loss(logits, torch.from_numpy(gold))


# --- between numpy and torch ---------------------------------------------------------------


def _convert_inputs(
    model: Model[Any, Any], batch: MaskedBatch, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    kwargs = _arguments(get_model(model), batch)
    if is_train:
        cast(LukeShim, model.shims[0]).dropout = model.attrs["dropout_rate"]
    return ArgsKwargs(args=(), kwargs=kwargs), lambda _: batch


def _arguments(module: LukeForMaskedLM, batch: MaskedBatch) -> dict[str, Any]:
    """What `LukeForMaskedLM.predict_entities` takes."""
    cased = getattr(module.config, "case_token_types", False)
    inputs = LukeInputs(
        input_ids=batch.words.ids,
        attention_mask=batch.words.mask,
        token_type_ids=batch.words.cases if cased else None,
        entity_ids=batch.entity_ids,
        entity_attention_mask=batch.entity_mask,
        entity_position_ids=batch.entity_positions,
        asked=batch.asked,
        candidate_ids=batch.candidates,
    )
    return {"inputs": to_tensors(inputs, module.device)}


def _convert_outputs(
    model: Model[Any, Any], outputs: tuple[Any, Tensor], is_train: bool
) -> tuple[Tensor, Callable[[Tensor], ArgsKwargs]]:
    """In training, hand out a leaf: the loss accumulates in its `.grad`, which goes back at once."""
    logits = outputs[1].float()
    if not is_train:
        return logits, lambda _: ArgsKwargs((), {})

    def to_torch(answered: Tensor) -> ArgsKwargs:
        return ArgsKwargs(args=([logits],), kwargs={"grad_tensors": [answered.grad]})

    return logits.detach().requires_grad_(), to_torch
