"""`python -m scripts ...`: the steps in which `project.yml` makes and measures the default model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.cli._util import parse_config_overrides
from spacy.tokens import DocBin
from wasabi import msg

from spacy_luke import load
from spacy_luke.cli import PlainErrors

from .background import write_background
from .corpus import prepare_default_corpus
from .evaluate import evaluate
from .readers import read_three_types
from .renaming import rename_corpus
from .second_corpus import prepare_second_corpus
from .teach_table import write_tables
from .train import train
from .unchosen import say, unchosen

app = typer.Typer(
    cls=PlainErrors,
    help="Make and measure the model that ships with spacy_luke.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("corpus")
def corpus_command(
    data: Annotated[Path, typer.Argument(help="Folder with redocred, docie, docred-mentions and btc")],
    out: Annotated[Path, typer.Argument(help="Folder for train.spacy, dev.spacy and test.spacy")],
) -> None:
    """Prepare the default model's corpus. Documents that leak into the test half are left out."""
    sources, counts = prepare_default_corpus(data, out)
    rows = [
        (s.name, s.given, sum(s.leaked), sum(s.repeated), s.used, s.mentions, s.relations) for s in sources
    ]
    header = ("source", "documents", "leaked", "repeated", "used", "mentions", "relations")
    msg.table(rows, header=header, divider=True, aligns=("l", *"rrrrrr"))
    _say_written(counts, out)


@app.command("second-corpus")
def second_corpus_command(
    data: Annotated[Path, typer.Argument(help="Folder with redocred, knowledgenet, fewrel, text2kg")],
    corpus: Annotated[Path, typer.Argument(help="Folder that `corpus` wrote")],
    checkpoint: Annotated[
        Path, typer.Argument(help="Joint checkpoint of the first training: finds entities")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for train/ and check.spacy")],
) -> None:
    """Prepare its second training's corpus. It has short and mixed texts, and single sentences."""
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config={"model": {"checkpoint": str(checkpoint)}})
    _say_written(prepare_second_corpus(data, corpus, nlp, out), out)


def _say_written(counts: dict[str, int], out: Path) -> None:
    msg.good(f"Wrote {', '.join(f'{n} documents to {name}' for name, n in counts.items())} in {out}")


@app.command("rename")
def rename_command(
    corpus: Annotated[Path, typer.Argument(help=".spacy file with gold entities and relations")],
    names: Annotated[Path, typer.Argument(help=".spacy file whose entities lend their names")],
    out: Annotated[Path, typer.Argument(help=".spacy file for the documents with other names")],
    seed: Annotated[int, typer.Option(help="Of the choice")] = 0,
) -> None:
    """Give all entities of documents other names, to measure what a model knows of names."""
    n_renamed, docs = rename_corpus(corpus, names, seed)
    DocBin(docs=docs, store_user_data=True).to_disk(out)
    msg.good(f"Wrote {len(docs)} documents, {n_renamed} of them with other names, to {out}")


@app.command("unchosen")
def unchosen_command(
    check: Annotated[Path, typer.Argument(help="check.spacy of the second corpus")],
    tweets: Annotated[Path, typer.Argument(help="btc.dev")],
    checkpoint: Annotated[
        str | None, typer.Option(help="Joint checkpoint; the default model if not given")
    ] = None,
) -> None:
    """Say what the model finds in every fiftieth sentence and tweet, for the model card."""
    nlp = load(checkpoint)
    sentences = DocBin(store_user_data=True).from_disk(check).get_docs(nlp.vocab)
    for docs in (sentences, read_three_types(tweets, nlp.vocab)):
        for paragraph in say(nlp, unchosen(docs)):
            typer.echo(paragraph)


@app.command("train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def train_command(
    context: typer.Context,
    config: Annotated[
        Path, typer.Argument(help="Training config; its settings can follow, as of `spacy train`")
    ],
    output: Annotated[Path, typer.Option(help="Folder for model-best and model-last")],
    state: Annotated[
        Path | None,
        typer.Option(help="Folder for what an interrupted training needs to go on; else the output"),
    ] = None,
) -> None:
    """Train as `spacy train` does. Where a training was interrupted, the same command goes on with it."""
    train(config, output, parse_config_overrides(context.args), state)


@app.command("evaluate")
def evaluate_command(
    corpus: Annotated[Path, typer.Argument(help=".spacy file with gold entities and relations")],
    checkpoint: Annotated[
        str | None, typer.Option(help="Joint checkpoint; the default model if not given")
    ] = None,
    train: Annotated[
        Path | None, typer.Option(help="Training .spacy file, for Ign F1 and the lookup floor")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file for the figures")] = None,
    attention: Annotated[str, typer.Option(help='"trained", "full", "words-cut" or "both-cut"')] = "trained",
) -> None:
    """Report the figures of the model card. Each comes with its 95% bootstrap interval."""
    for line in evaluate(corpus, checkpoint, train, out, attention):
        typer.echo(line)


@app.command("background")
def background_command(
    checkpoint: Annotated[
        Path, typer.Argument(help="Joint checkpoint; the file is written beside its weights")
    ],
    sources: Annotated[list[Path], typer.Argument(help=".spacy files of texts of all kinds")],
) -> None:
    """Write states of general text, which taught labels are told apart from. They belong to these very weights."""
    path, counts = write_background(checkpoint, sources)
    size = path.stat().st_size / 1e6
    msg.good(f"Wrote {', '.join(f'{n} for {task}' for task, n in counts.items())} to {path} ({size:.1f} MB)")


@app.command("teach-table")
def teach_table_command(
    checkpoint: Annotated[
        Path, typer.Argument(help="Joint checkpoint; the file is written beside its weights")
    ],
    relations: Annotated[
        list[Path] | None, typer.Option(help=".spacy file with relations that it wasn't trained for")
    ] = None,
    types: Annotated[
        list[Path] | None, typer.Option(help=".spacy file with types of entities that it wasn't trained for")
    ] = None,
) -> None:
    """Write from which probability on a taught label counts, by its number of examples. Run `background` first."""
    path, found = write_tables(checkpoint, relations or [], types or [])
    for task, table in found.items():
        for count, threshold in table["thresholds"].items():
            recall = table["recalls"][count]
            msg.info(f"{task}, {count} examples: threshold {threshold:.2f}, recall {recall:.2f}")
    msg.good(f"Wrote {path}")


if __name__ == "__main__":
    app()
