"""Words a second from raw text to facts, beside the encoder's plain word pass and spaCy's `ner`.

`python -m benchmarks.speed corpus/dev.spacy --ner training/baselines/ner/model-best --out metrics/speed.json`

Every way reads the same texts, one after the other in each round, so that what else the machine does hits all of
them; a ratio is taken within a round, and the median of the rounds is told.

`--size hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072` reads with an encoder as
large as that, with random weights, instead of the checkpoint; see `enlarged`.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import spacy
import srsly
import torch
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import table

from scripts.evaluate import ATTENTION, load_with_attention
from scripts.machine import describe_machine
from spacy_luke.inputs.batch import WindowBatch, window_batch
from spacy_luke.inputs.pieces import encode_docs
from spacy_luke.inputs.windows import Window, make_windows
from spacy_luke.nn.model import LukeModel
from spacy_luke.pipeline.entities import EntityPipe

from .baselines.data import read_golds
from .enlarged import enlarge, given_entities

ENCODER = "the encoder's word pass alone"
FACTS = "raw text to facts"
GIVEN = "given entities and as many candidates to facts"
ONE_MORE = "one more entity in each window that was read"
OTHERS = [attention for attention in ATTENTION if attention != "trained"]


class Way(NamedTuple):
    """One way to read the texts.

    name (str): What it is.
    seconds (list[float]): How long it took in each round.
    """

    name: str
    seconds: list[float]


def run(
    corpus: Path,
    checkpoint: str | None,
    ner: Path | None,
    attentions: Sequence[str],
    sizes: dict[str, int],
    n_docs: int,
    rounds: int,
) -> dict[str, Any]:
    """Measure all ways in turn.

    corpus (Path): A `.spacy` file; only its texts are used.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    ner (Path | None): A pipeline with spaCy's `ner`; None leaves it out.
    attentions (Sequence[str]): Other attentions than the trained one to read with.
    sizes (dict[str, int]): What differs from the default model's encoder; with any, weights are random.
    n_docs (int): How many documents to read.
    rounds (int): How often to read them in each way.
    RETURNS (dict[str, Any]): Words a second and the time as a multiple of the encoder's, for each way.
    """
    golds = read_golds(spacy.blank("en"), corpus)[:n_docs]
    texts = [doc.text for doc in golds]
    words = sum(len(doc) for doc in spacy.blank("en").pipe(texts))
    ways = measure(_large_ways(golds, sizes) if sizes else _ways(texts, checkpoint, ner, attentions), rounds)
    encoder = next(way for way in ways if way.name == ENCODER)
    return {
        "documents": len(texts),
        "words": words,
        "sizes": sizes,
        "rounds": rounds,
        "ways": [
            {
                "name": way.name,
                "words_per_second": words / median(way.seconds),
                "times_the_encoder": median(
                    ours / theirs for ours, theirs in zip(way.seconds, encoder.seconds, strict=True)
                ),
            }
            for way in ways
        ],
        "machine": describe_machine(),
    }


def measure(ways: Mapping[str, Callable[[], object]], rounds: int) -> list[Way]:
    """Time functions in turn, after one round that doesn't count.

    ways (dict[str, Callable]): What to call, by name.
    rounds (int): How many rounds count.
    RETURNS (list[Way]): The times.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, read in ways.items():
            start = perf_counter()
            read()
            times[name].append(perf_counter() - start)
    return [Way(name, seconds[1:]) for name, seconds in times.items()]


def _ways(
    texts: Sequence[str], checkpoint: str | None, ner: Path | None, attentions: Sequence[str]
) -> dict[str, Callable[[], None]]:
    trained = load_with_attention(checkpoint, "trained")
    ways: dict[str, Callable[[], None]] = {
        ENCODER: _encoder(trained, texts),
        FACTS: _pipeline(trained, texts),
        ONE_MORE: _one_more(trained, texts),
    }
    for attention in attentions:
        ways[f"{FACTS}, attention {attention}"] = _pipeline(load_with_attention(checkpoint, attention), texts)
    if ner is not None:
        ways["spaCy's ner on tok2vec, entities only"] = _pipeline(spacy.load(ner), texts)
    return ways


def _large_ways(golds: Sequence[Doc], sizes: dict[str, int]) -> dict[str, Callable[[], None]]:
    with tempfile.TemporaryDirectory() as folder:
        nlp = enlarge(Path(folder), sizes)
    texts = [gold.text for gold in golds]

    def read() -> None:
        for _ in nlp.pipe(given_entities(nlp, golds)):
            pass

    return {ENCODER: _encoder(nlp, texts), GIVEN: read, ONE_MORE: _one_more(nlp, texts)}


def _pipeline(nlp: Language, texts: Sequence[str]) -> Callable[[], None]:
    def read() -> None:
        for _ in nlp.pipe(texts):
            pass

    return read


def _encoder(nlp: Language, texts: Sequence[str]) -> Callable[[], None]:
    """The published forward pass on ready pieces, in sorted batches as large as the pipe's, arranged as there."""
    luke, batches = _prepare(nlp, texts)

    def read() -> None:
        with torch.inference_mode():
            for batch in batches:
                luke(*batch)

    return read


def _one_more(nlp: Language, texts: Sequence[str]) -> Callable[[], None]:
    """The row of one [MASK] entity for each window, from word states that are kept."""
    luke, batches = _prepare(nlp, texts)
    with torch.inference_mode():
        kept = [luke.encode_words(*batch) for batch in batches]

    def read() -> None:
        with torch.inference_mode():
            for states in kept:
                places = torch.ones(len(states.last_hidden_state), 1, dtype=torch.long)
                luke.encode_entities(states, places, places[..., None])

    return read


def _prepare(nlp: Language, texts: Sequence[str]) -> tuple[LukeModel, list[list[torch.Tensor | None]]]:
    pipe: EntityPipe = nlp.get_pipe("luke")
    module = copy.deepcopy(pipe.network.module).float()
    batches = [_tensors(batch, module) for batch in _batches(nlp, pipe, texts)]
    module.luke.set_precision(pipe.model.shims[0].dtype)
    return module.luke, batches


def _batches(nlp: Language, pipe: EntityPipe, texts: Sequence[str]) -> list[WindowBatch]:
    """All windows, sorted by length, in padded batches of as many pieces as the pipe allows."""
    tokenizer = pipe.network.tokenizer
    pieces = encode_docs([nlp.make_doc(text) for text in texts], tokenizer)
    windows = [w for i, p in enumerate(pieces) for w in make_windows(i, p, *pipe.network.window_sizes())]
    batches: list[list[Window]] = []
    for window in sorted(windows, key=len):
        if not batches or (len(batches[-1]) + 1) * (len(window) + 2) > pipe.max_batch_pieces:
            batches.append([])
        batches[-1].append(window)
    return [window_batch(batch, pieces, tokenizer) for batch in batches]


def _tensors(batch: WindowBatch, module: Any) -> list[torch.Tensor | None]:
    cased = getattr(module.config, "case_token_types", False)
    return [
        torch.from_numpy(batch.inputs.needed("input_ids")),
        torch.from_numpy(batch.inputs.needed("attention_mask")).long(),
        torch.from_numpy(batch.inputs.needed("token_type_ids")) if cased else None,
    ]


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    sizes = {name: int(value) for name, value in (size.split("=") for size in options.size)}
    result = run(
        options.corpus,
        options.checkpoint,
        options.ner,
        options.attentions,
        sizes,
        options.docs,
        options.rounds,
    )
    rows = [
        (way["name"], f"{way['words_per_second']:,.0f}", f"{way['times_the_encoder']:.2f}")
        for way in result["ways"]
    ]
    header = ("way", "words/s", "x encoder")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r"), max_col=64))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.speed", description=__doc__)
    parser.add_argument("corpus", type=Path, help=".spacy file with the texts")
    parser.add_argument("--checkpoint", help="joint checkpoint; the default model if not given")
    parser.add_argument("--ner", type=Path, help="pipeline from `python -m benchmarks.baselines ner --keep`")
    parser.add_argument(
        "--attentions",
        nargs="*",
        choices=OTHERS,
        default=OTHERS,
        help="other attentions; none leaves them out",
    )
    parser.add_argument(
        "--size", nargs="*", default=[], help="changes of the encoder, such as hidden_size=768"
    )
    parser.add_argument("--docs", type=int, default=100, help="how many documents to read")
    parser.add_argument("--rounds", type=int, default=5, help="how often to read them")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
