"""Guessing the masked words of a text."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import torch

from ...errors import Errors
from ...tokenizer import LukeTokenizer
from .masked_lm import LukeForMaskedLM


def fill_mask(
    text: str,
    model: LukeForMaskedLM | str | PathLike[str],
    tokenizer: LukeTokenizer | None = None,
    *,
    n: int = 5,
    entity_spans: Sequence[tuple[int, int]] | None = None,
    entities: Sequence[str] | None = None,
) -> list[list[tuple[str, float]]]:
    """Guess the masked words of a text, each with the others masked.

    text (str): The text, with the tokenizer's mask token, such as "<mask>", for each word to guess.
    model (LukeForMaskedLM | str | os.PathLike): The model, or a folder or hub name to load it and its tokenizer from.
    tokenizer (LukeTokenizer | None): The model's tokenizer.
    n (int): How many guesses to give.
    entity_spans (Sequence[tuple[int, int]] | None): Entities of the text, as character spans.
    entities (Sequence[str] | None): Their titles; None for [MASK] entities.
    RETURNS (list[list[tuple[str, float]]]): For each mask the best words with their probabilities.
    RAISES (ValueError): If nothing is masked, the text is too long, or the model never learned to guess words.
    """
    if not isinstance(model, LukeForMaskedLM):
        tokenizer = LukeTokenizer.from_pretrained(model) if tokenizer is None else tokenizer
        model = LukeForMaskedLM.from_pretrained(model)
    if tokenizer is None or tokenizer.mask_token is None or n < 1:
        wrong = "n of 1 or more" if n < 1 else "a tokenizer with a mask token"
        raise ValueError(Errors.L271.format(needed=wrong))
    if "lm_head" in model.untrained:
        raise ValueError(Errors.L272)
    spans = None if entity_spans is None else [(start, end) for start, end in entity_spans]
    titles = None if entities is None else list(entities)
    inputs = tokenizer(text, entity_spans=spans, entities=titles, return_tensors="pt").to(model.device)
    places = (inputs["input_ids"][0] == tokenizer.mask_token_id).nonzero().flatten()
    if not len(places):
        raise ValueError(Errors.L273.format(mask=tokenizer.mask_token, text=text))
    model.eval()
    with torch.inference_mode():
        logits = model(**inputs, return_dict=True).logits[0, places].float()  # type: ignore[union-attr]
    best = logits.softmax(dim=-1).topk(min(n, logits.shape[-1]))  # (masks, n)
    return [
        [(tokenizer.decode([id_]).strip(), score) for id_, score in zip(ids, scores, strict=True)]
        for ids, scores in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
