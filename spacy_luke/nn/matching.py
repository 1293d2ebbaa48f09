"""Fitting the weights of a checkpoint to a model: prefixes, old buffers, heads, and what must not differ."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ..errors import Errors
from .checkpoint import some

ENCODER_PARTS = ("embeddings", "entity_embeddings", "encoder", "pooler")
# Heads that published checkpoints carry at the top level, beside an encoder without a prefix.
PUBLISHED_HEADS = ("lm_head", "entity_predictions", "classifier", "qa_outputs")
OLD_BUFFERS = ("embeddings.position_ids",)  # saved by early versions, computed here
# Left over where a model with the entity-aware attention is loaded with the switch off.
_PAIR_QUERIES = tuple(
    f".{pair}_query.{kind}" for pair in ("w2e", "e2w", "e2e") for kind in ("weight", "bias")
)


def fit_prefix(weights: Mapping[str, Tensor], prefix: str, *, is_base: bool) -> dict[str, Tensor]:
    """Give the encoder's weights the names that a model expects.

    weights (Mapping[str, Tensor]): Of a bare encoder, or of a head with its encoder under `prefix`.
    prefix (str): Where a head has its encoder, "luke".
    is_base (bool): Whether the model is the bare encoder.
    RETURNS (dict[str, Tensor]): The weights; for a bare encoder without those of a head.
    """
    dotted = prefix + "."
    prefixed = any(name.startswith(dotted) for name in weights)
    if is_base and prefixed:
        return {name.removeprefix(dotted): w for name, w in weights.items() if name.startswith(dotted)}
    if is_base:
        return {name: w for name, w in weights.items() if _part(name) not in PUBLISHED_HEADS}
    if not prefixed:
        return {dotted + name if _part(name) in ENCODER_PARTS else name: w for name, w in weights.items()}
    return dict(weights)


def fit_weights(
    weights: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    prefix: str,
    *,
    is_base: bool,
    tied: Mapping[str, str] | None = None,
    head_may_be_missing: bool = True,
    ignore_mismatched_sizes: bool = False,
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Pick the weights of a model out of those of a checkpoint.

    weights, prefix, is_base: See `fit_prefix`.
    expected (Mapping[str, Tensor]): The model's state dict; only names and shapes are read.
    tied (Mapping[str, str] | None): Weights that are another one's, with the other's name. A checkpoint may
        hold both or either; the other's name counts.
    head_may_be_missing (bool): Whether heads and the pooler of a model with a head may be missing.
    ignore_mismatched_sizes (bool): Whether a head with a weight of another shape counts as missing.
    RETURNS (tuple[dict[str, Tensor], tuple[str, ...]]): Weights to load, none of them tied, and the names of
        the modules that the checkpoint has no weights for: heads, and the pooler of a model with a head.
    RAISES (ValueError): If any other weight is missing or superfluous, or has another shape.
    """
    tied = tied or {}
    all_named = fit_prefix(weights, prefix, is_base=is_base)
    named = {name: w for name, w in all_named.items() if name not in tied}
    for name, source in tied.items():
        if name in all_named:
            named.setdefault(source, all_named[name])
    expected = {name: w for name, w in expected.items() if name not in tied}
    base = "" if is_base else prefix + "."
    optional = set()
    if head_may_be_missing and not is_base:
        optional = {base + "pooler", *map(_part, expected)} - {prefix}
    if ignore_mismatched_sizes:
        other = {_part(n) for n, w in expected.items() if n in named and named[n].shape != w.shape}
        named = {name: w for name, w in named.items() if not _is_in(name, *(other & optional))}
    surplus = [name for name in named if name not in expected and not _is_known_surplus(name, expected, base)]
    if surplus:
        raise ValueError(Errors.L236.format(names=some(sorted(surplus))))
    untrained = tuple(sorted(part for part in optional if _has(expected, part) and not _has(named, part)))
    missing = [name for name in expected if name not in named and not _is_in(name, *untrained)]
    if missing:
        hint = Errors.L238 if all(_is_in(name, "pooler") for name in missing) else Errors.L237
        raise ValueError(hint.format(names=some(missing)))
    for name, wanted in expected.items():
        if name in named and named[name].shape != wanted.shape:
            found, needed = tuple(named[name].shape), tuple(wanted.shape)
            hint = Errors.L240 if _part(name) in optional else Errors.L239
            raise ValueError(hint.format(name=name, found=found, needed=needed))
    weird = next((name for name in expected if name in named and not named[name].is_floating_point()), None)
    if weird is not None:
        raise ValueError(Errors.L298.format(name=weird, found=named[weird].dtype))
    return {name: named[name] for name in expected if name in named}, untrained


def _is_known_surplus(name: str, expected: Mapping[str, Tensor], base: str) -> bool:
    inner = name.removeprefix(base)
    if inner in OLD_BUFFERS:
        return True
    if _is_in(inner, "pooler"):
        return not _has(expected, base + "pooler")
    if inner.endswith(_PAIR_QUERIES):
        return not any(wanted.endswith(_PAIR_QUERIES) for wanted in expected)
    return _part(name) in set(PUBLISHED_HEADS) - {_part(wanted) for wanted in expected}


def _part(name: str) -> str:
    return name.split(".", 1)[0]


def _has(weights: Mapping[str, Tensor], part: str) -> bool:
    return any(_is_in(name, part) for name in weights)


def _is_in(name: str, *parts: str) -> bool:
    return any(name.startswith(part + ".") for part in parts)
