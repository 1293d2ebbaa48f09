"""A pipeline whose encoder is larger than the default model's, with random weights: for its speed.

Such a model finds nothing, so the documents' gold entities are given to it. Beside them it scores fewer candidates than
the default model: together it reads as many rows as a trained one, whose found entities are among its candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc

from spacy_luke.layers.store import DEFAULT_CHECKPOINT
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.heads.joint.model import LukeJointModel
from spacy_luke.tokenizer import LukeTokenizer
from spacy_luke.training.mentions import given_tokens

# A token: of the held-out documents the default model reads 0.143 candidates, and 0.128 entities are given.
CANDIDATES = 0.015


def enlarge(folder: Path, sizes: dict[str, int]) -> Language:
    """Make the pipeline.

    folder (Path): Where its weights go; needed until the pipeline is returned.
    sizes (dict[str, int]): What differs from the default model's encoder.
    RETURNS (Language): The pipeline, which reads documents from `given_entities`.
    """
    config = LukeConfig.from_pretrained(DEFAULT_CHECKPOINT).to_dict()
    candidates = {"proposals_per_token": CANDIDATES, "proposal_floor": 0.0, "proposal_margin": 1e6}
    joint = {**config.pop("joint"), **candidates}
    joint["pair_layers"] = min(
        joint["pair_layers"], sizes.get("num_hidden_layers", config["num_hidden_layers"])
    )
    torch.manual_seed(0)
    LukeJointModel(LukeConfig.from_dict({**config, **sizes, "joint": joint})).save_pretrained(folder)
    LukeTokenizer.from_pretrained(DEFAULT_CHECKPOINT).save_pretrained(folder)
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": {"checkpoint": str(folder)}, "find_entities": True})
    nlp("Load the weights while they are there.")
    return nlp


def given_entities(nlp: Language, golds: Sequence[Doc]) -> list[Doc]:
    """golds (Sequence[Doc]): Gold documents. RETURNS (list[Doc]): Copies to read, with their entities."""
    return [given_tokens(nlp.vocab, gold, mentions=True) for gold in golds]
