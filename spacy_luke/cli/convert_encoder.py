"""A folder with a LUKE, made from a folder with a BERT or RoBERTa encoder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import Errors
from ..files import read_json, replacing
from ..inputs.pieces import N_CASES
from ..nn.checkpoint import load_weights
from ..nn.config import load_config_file
from ..nn.convert import check_encoder, luke_from_encoder
from ..nn.hub import resolve_checkpoint
from ..tokenizer import LukeTokenizer
from ..types import PathOrStr

ENTITY_TOKENS = ("[PAD]", "[UNK]", "[MASK]", "[MASK2]")
MARKERS = {"<ent>": "@", "<ent2>": "#"}  # LUKE's entity markers, and the words that they start from


def convert_folder(
    source: PathOrStr,
    target: PathOrStr,
    *,
    titles: Iterable[str] = (),
    entity_emb_size: int | None = None,
    words_attend_to_entities: bool = False,
    entities_attend_to_entities: bool = False,
    type_vocab_size: int | None = None,
    case_token_types: bool = False,
    **tokenizer_options: Any,
) -> None:
    """Make a LUKE from an encoder and write it, with its tokenizer, in the published directory format.

    source (str | os.PathLike): A BERT or RoBERTa with `config.json`, weights and `tokenizer.json`: a folder, an
        installed Python package that has it in its folder `model`, or a name on the Hugging Face hub.
    target (str | os.PathLike): Folder to write to.
    titles (Iterable[str]): Entities of the vocabulary besides [PAD], [UNK], [MASK] and [MASK2].
    entity_emb_size (int | None): Width of the entity table; None means the encoder's, without a projection.
    words_attend_to_entities, entities_attend_to_entities (bool): See `LukeConfig`.
    type_vocab_size (int | None): Number of token types; None means the encoder's.
    case_token_types (bool): Make the token type of a word its case, which an uncased vocabulary throws away: as
        many types as there are cases, all alike at first.
    **tokenizer_options (Any): Arguments of `LukeTokenizer`, e.g. `max_mention_length`.
    RAISES (ValueError): If the source is incomplete or of another kind.
    """
    folder = _find_source(source)
    # Attention without dropout has a far faster kernel on CPU, and the other dropouts regularize enough.
    config = {**load_config_file(folder), "attention_probs_dropout_prob": 0.0}
    check_encoder(config)
    if not (folder / "tokenizer.json").is_file():
        raise ValueError(Errors.L254.format(folder=folder))
    entities = {title: i for i, title in enumerate(dict.fromkeys((*ENTITY_TOKENS, *titles)))}
    tokenizer = LukeTokenizer.from_tokenizer_json(folder / "tokenizer.json", entities, **tokenizer_options)
    vocab = tokenizer.get_vocab()
    model = luke_from_encoder(
        load_weights(folder),
        config,
        entity_vocab_size=len(entities),
        entity_emb_size=config["hidden_size"] if entity_emb_size is None else entity_emb_size,
        words_attend_to_entities=words_attend_to_entities,
        entities_attend_to_entities=entities_attend_to_entities,
        type_vocab_size=N_CASES if case_token_types else type_vocab_size,
        mask_token_id=tokenizer.mask_token_id,
        entity_mask_ids=(entities["[MASK]"], entities["[MASK2]"]),
        new_words=_new_words(vocab, config["vocab_size"]),
    )
    if case_token_types:
        types = model.embeddings.token_type_embeddings.weight.data
        types[:] = types[:1].clone()
        vars(model.config)["case_token_types"] = True  # a field of ours that LukeConfig only keeps
    with replacing(target) as out:
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)


def _find_source(source: PathOrStr) -> Path:
    name = os.fspath(source)
    if name.isidentifier() and not Path(name).exists():
        package = find_spec(name)
        for place in (package.submodule_search_locations or ()) if package else ():
            if (Path(place) / "model").is_dir():
                return Path(place) / "model"
    return resolve_checkpoint(source)


def read_titles(path: Path) -> list[str]:
    """Read the titles of an entity vocabulary.

    path (Path): JSON: a list of titles, or a dict with their ids.
    RETURNS (list[str]): In the order of the file.
    RAISES (ValueError): If the file is missing or holds anything else.
    """
    try:
        data = read_json(path)
    except (OSError, ValueError) as error:
        raise ValueError(Errors.L511.format(path=path, found=error)) from error
    titles = list(data) if isinstance(data, dict) else data
    if not isinstance(titles, list) or not all(isinstance(title, str) for title in titles):
        raise ValueError(Errors.L511.format(path=path, found=type(data).__name__))
    return titles


def _new_words(vocab: dict[str, int], known: int) -> list[int | None]:
    """For each word id that the encoder has no row for, the word that it starts from."""
    names = {i: name for name, i in vocab.items()}
    count = max(names) + 1 - known
    return [vocab.get(MARKERS.get(names.get(known + i, ""), "")) for i in range(count)]
