"""Training that goes on where it was interrupted, as if it had not been.

spaCy's loop is kept. After each evaluation everything that the next step depends on is stored. A new run reads the
corpus from its start, because its order comes from the same seed, but hands out empty batches for the steps that were
taken, which move no weights but the schedules. After the last of them it puts back what was stored.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    create_evaluation_callback,
    train_while_improving,
    update_meta,
)
from spacy.util import fix_random_seed, load_config, registry, resolve_dot_names
from thinc.api import Config, Optimizer
from wasabi import msg

from spacy_luke.layers.joint import JointNetwork
from spacy_luke.layers.shim import LukeShim
from spacy_luke.layers.weights import get_shim
from spacy_luke.pipeline.pipe import LukePipe

from . import renaming as renaming  # registers what configs of the default model name

STATE = "state.pt"
Evaluation = tuple[float, dict[str, Any]]
Batcher = Callable[[Iterable[Example]], Iterable[Iterable[Example]]]


@registry.callbacks("default-model.hard_negatives.v1")
def create_hard_negatives(weight: float) -> Callable[[Language, dict[str, Any]], None]:
    """Let pairs of which the model believes a wrong relation count more in the loss; for `training.before_update`.

    weight (float): How much more; see `threshold_loss`.
    RETURNS (Callable): The callback.
    """

    def set_weight(nlp: Language, info: dict[str, Any]) -> None:
        for _, pipe in nlp.pipeline:
            if isinstance(getattr(pipe, "network", None), JointNetwork):
                pipe.network.hard_negatives = weight

    return set_weight


def train(config_path: Path, output: Path, overrides: dict[str, Any], state: Path | None = None) -> None:
    """Train, or go on with a training that was interrupted.

    config_path (Path): A training config with one component of ours. `max_epochs` doesn't act.
    output (Path): Folder for `model-best` and `model-last`.
    overrides (dict[str, Any]): Settings that replace those of the config, as of `spacy train`. They have to be the
        same when the training goes on.
    state (Path | None): Folder for the state; None for the output folder. When the training ends it is removed.
    RAISES (ValueError): If the state is of a training with other settings or other documents.
    """
    nlp = init_nlp(load_config(config_path, overrides, interpolate=False))
    config = nlp.config.interpolate()
    fix_random_seed(config["training"]["seed"])
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    corpora = resolve_dot_names(config, [settings["train_corpus"], settings["dev_corpus"]])
    optimizer: Optimizer = settings["optimizer"]
    shim = next(get_shim(pipe.model) for _, pipe in nlp.pipeline if isinstance(pipe, LukePipe))
    file = (state or output) / STATE
    for folder in (file.parent, output):
        folder.mkdir(parents=True, exist_ok=True)
    kind = _fingerprint(config)
    done = torch.load(file, weights_only=False) if file.is_file() else None
    if done is not None and done["kind"] != kind:
        raise ValueError(
            f"{file} is of a training with other settings or documents. Remove it to begin anew, or name another "
            "folder with --state."
        )
    last = -1 if done is None else done["step"]
    if done is not None:
        msg.info(f"Going on after step {last}, from {file}")
    evaluations: list[Evaluation] = [] if done is None else done["evaluations"]
    evaluate = _replayed(
        list(evaluations), create_evaluation_callback(nlp, corpora[1], settings["score_weights"])
    )
    batches = _read(lambda: corpora[0](nlp), settings["batcher"])
    names = ("dropout", "accumulate_gradient", "patience", "max_steps", "eval_frequency", "before_update")
    steps = train_while_improving(
        nlp,
        optimizer,
        _skipped(batches, last + 1),
        evaluate,
        exclude=settings["frozen_components"],
        annotating_components=settings["annotating_components"],
        **{name: settings[name] for name in names},
    )
    log, finish = settings["logger"](nlp)
    for _, info, is_best in steps:
        if info["step"] <= last:
            if done is not None and info["step"] == last:
                _restore(done, shim, optimizer)
            continue
        log(info if is_best is not None else None)
        if is_best is not None:
            evaluations.append((info["score"], info["other_scores"]))
            update_meta(settings, nlp, info)
            with nlp.use_params(optimizer.averages or {}):
                for name in (DIR_MODEL_LAST, *((DIR_MODEL_BEST,) if is_best else ())):
                    nlp.to_disk(output / name)
            _store(file, {"kind": kind, "step": info["step"], "evaluations": evaluations}, shim, optimizer)
    finish()
    file.unlink(missing_ok=True)


def _fingerprint(config: Config) -> str:
    """A checksum of the settings and the training documents."""
    path = Path(config["paths"]["train"])
    digest = hashlib.sha256(config.to_str().encode("utf8"))
    for part in sorted(path.rglob("*.spacy")) if path.is_dir() else [path]:
        digest.update(part.read_bytes())
    return digest.hexdigest()


def _read(
    corpus: Callable[[], Iterable[Example]], batcher: Batcher
) -> Iterator[tuple[int, Sequence[Example]]]:
    """Read the corpus anew in each pass, so that an augmenter chooses anew."""
    for epoch in count():
        examples = list(corpus())
        random.shuffle(examples)
        for batch in batcher(examples):
            yield epoch, list(batch)


def _skipped(
    batches: Iterable[tuple[int, Sequence[Example]]], n: int
) -> Iterator[tuple[int, Sequence[Example]]]:
    for step, (epoch, batch) in enumerate(batches):
        yield epoch, batch if step >= n else []


def _replayed(earlier: list[Evaluation], evaluate: Callable[[], Evaluation]) -> Callable[[], Evaluation]:
    return lambda: earlier.pop(0) if earlier else evaluate()


def _store(file: Path, progress: dict[str, Any], shim: LukeShim, optimizer: Optimizer) -> None:
    chance = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    whole = {**progress, "weights": shim.training_state(optimizer), "random": chance}
    torch.save(whole, file.with_suffix(".part"))
    os.replace(file.with_suffix(".part"), file)  # whoever is killed while writing keeps the one before


def _restore(done: dict[str, Any], shim: LukeShim, optimizer: Optimizer) -> None:
    shim.restore_training(done["weights"], optimizer)
    python, numpy, torchs = done["random"]
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002
    torch.set_rng_state(torchs)
