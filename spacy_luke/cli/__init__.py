"""`python -m spacy luke ...`. spaCy imports this on every one of its commands, so it stays light: what a command
does is imported when it runs, unless that takes less than 5 ms. Registering the commands is the side effect of the
import, the one that spaCy asks for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.cli import app as spacy_app
from typer import Argument, Option
from typer.core import TyperGroup
from wasabi import msg

from .config import list_configs, read_config


class PlainErrors(TyperGroup):
    """Says what was wrong with the input without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command. Errors about input are ValueErrors and OSErrors: of ours, of spaCy, of the file system."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # whoever read the output has seen enough
            raise
        except (ValueError, OSError) as error:
            msg.fail(str(error), exits=1)


app = typer.Typer(
    name="luke",
    cls=PlainErrors,
    help="LUKE: read texts, make pipelines and training data, train your own.",
    no_args_is_help=True,
    add_completion=False,
)
spacy_app.add_typer(app)


@app.command("run")
def run_command(
    texts: Annotated[list[str] | None, Argument(help="Texts to read; examples if there are none")] = None,
    file: Annotated[
        list[Path] | None, Option("--file", "-f", help="Text file to read; may be given several times")
    ] = None,
    checkpoint: Annotated[
        str | None, Option(help="A folder or a hub name; the default model if not given")
    ] = None,
    html: Annotated[
        Path | None, Option(help="File for a page with what was found, to search and filter")
    ] = None,
) -> None:
    """Read texts and print what is in them. Tables show the entities with their labels, and the relations: those of
    a sentence, and the facts that the document as a whole tells.
    """
    from .run import read_texts, run  # 100 ms

    for block in run(read_texts(texts or [], file or []), checkpoint, html):
        typer.echo(block)


@app.command("render")
def render_command(
    corpus: Annotated[
        Path, Argument(help=".spacy file with documents that a pipeline has read", exists=True)
    ],
    html: Annotated[Path, Argument(help="File for the page")],
    lang: Annotated[str, Option(help="Language of the documents, for the direction of writing")] = "en",
    threshold: Annotated[float, Option(min=0, max=1, help="Lowest score of what is drawn")] = 0.0,
) -> None:
    """Make a page of documents: their entities, relations and facts, to search and filter."""
    from .render import render_corpus

    msg.good(f"Wrote {render_corpus(corpus, html, lang, threshold)} documents to {html}")


@app.command("config")
def config_command(
    name: Annotated[str | None, Argument(help="Name of the config, such as luke_relations")] = None,
    show_list: Annotated[bool, Option("--list", help="Tell the names, and what each trains for")] = False,
) -> None:
    """Print a config to train with. Save it, and change what you like: `luke config luke > my.cfg`."""
    if show_list or name is None:
        msg.table(list_configs())
    else:
        typer.echo(read_config(name), nl=False)


@app.command("from-encoder")
def from_encoder_command(
    source: Annotated[
        str, Argument(help="BERT or RoBERTa with its tokenizer: a folder, an installed package or a hub name")
    ],
    target: Annotated[Path, Argument(help="Folder to write the LUKE to")],
    entity_vocab: Annotated[
        Path | None, Option(help="JSON with entity titles; none: special entities")
    ] = None,
    case_types: Annotated[bool, Option(help="Tell an uncased encoder the case of words")] = False,
    full_attention: Annotated[bool, Option(help="Let words and entities read all entities")] = False,
) -> None:
    """Make a LUKE from a BERT or RoBERTa encoder. It knows no labels yet: training starts from it."""
    from .convert_encoder import convert_folder, read_titles  # 70 ms

    convert_folder(
        source,
        target,
        titles=[] if entity_vocab is None else read_titles(entity_vocab),
        words_attend_to_entities=full_attention,
        entities_attend_to_entities=full_attention,
        case_token_types=case_types,
    )
    msg.good(f"Wrote {target}", "Name it as `checkpoint` in the model config of a luke component, and train.")


@app.command("assemble")
def assemble_command(
    checkpoint: Annotated[str, Argument(help="A folder or a hub name, of any published LUKE class")],
    out: Annotated[Path, Argument(help="Folder for the pipeline")],
    lang: Annotated[str | None, Option(help="Language of the pipeline, such as en, ja or xx")] = None,
) -> None:
    """Make a ready pipeline of a checkpoint. It gets the pipe that reads what the checkpoint was trained for."""
    from .assemble import assemble  # 90 ms

    for line in assemble(checkpoint, out, lang):
        typer.echo(line)


_FORMATS = "conll, docred, fewrel, knowledgenet, semeval (2010, task 8) or wikilinks"
_WORDS = "For conll: the column of the words, from 1 on, where it can't be told"
_TAGS = "For conll: the column of the tags; given again, that of entities in entities"
_NAMES = "JSON file with names of relations by id: for fewrel, and for docred's relations"


@app.command("convert")
def convert_command(
    format_: Annotated[str, Argument(metavar="FORMAT", help=_FORMATS)],
    source: Annotated[Path, Argument(help="File of that format; it may be compressed (.xz)")],
    target: Annotated[Path, Argument(help=".spacy file to write")],
    names: Annotated[Path | None, Option(help=_NAMES)] = None,
    lang: Annotated[str, Option(help="Language of the tokenizer")] = "en",
    word_column: Annotated[int | None, Option(min=1, help=_WORDS)] = None,
    tag_column: Annotated[list[int] | None, Option(min=1, help=_TAGS)] = None,
) -> None:
    """Make training data of a published format. Entities go to doc.ents, relations to doc._.luke_relations. DocRED's
    relations that the text may not state of two mentions go to doc._.luke_unsure_relations."""
    from .convert import convert  # 17 ms

    counts = convert(format_, source, target, names, lang, word_column, tag_column or ())
    msg.good(f"Wrote {', '.join(f'{n} {what}' for what, n in counts.items())} to {target}")


@app.command("evaluate")
def evaluate_command(
    pipeline: Annotated[str, Argument(help="Trained pipeline")],
    corpus: Annotated[Path, Argument(help=".spacy file or folder to evaluate on", exists=True)],
    output: Annotated[Path | None, Option("--output", "-o", help="JSON file for all scores")] = None,
    gpu_id: Annotated[int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Score a pipeline as `spacy evaluate` does, and print the scores of its luke components too."""
    from .evaluate import evaluate

    for block in evaluate(pipeline, corpus, output, gpu_id):
        typer.echo(block)


@app.command("report")
def report_command(
    pipeline: Annotated[str, Argument(help="Trained pipeline with a component on entities")],
    corpus: Annotated[Path, Argument(help=".spacy file or folder with gold documents", exists=True)],
    out: Annotated[Path, Argument(help="Folder for report.html and report.txt")],
    log: Annotated[
        Path | None,
        Option(help="Log of the training, for learning curves: output_file of its logger", exists=True),
    ] = None,
    name: Annotated[
        str | None, Option(help="Name of the component; the first that fits if not given")
    ] = None,
) -> None:
    """Show how good a pipeline is, and where it errs. Precision and recall, calibration, confusions and the documents
    with most errors, as a page and as text."""
    from .report import report

    msg.good(f"Wrote {' and '.join(map(str, report(pipeline, corpus, out, log, name)))}")


@app.command("tune")
def tune_command(
    pipeline: Annotated[Path, Argument(help="Trained pipeline with a luke component")],
    corpus: Annotated[Path, Argument(help="Held-out .spacy file")],
    out: Annotated[Path, Argument(help="Folder for the checkpoint, with thresholds")],
    name: Annotated[str, Option(help="Name of the component")] = "luke",
    half: Annotated[bool, Option(help="Store weights in half precision")] = True,
) -> None:
    """Choose thresholds on held-out documents. The component is written with them, as a checkpoint."""
    from .tune import tune  # 45 ms

    for task, (threshold, figure) in tune(pipeline, corpus, out, name, half).items():
        msg.info(f"{task}: threshold {threshold:.2f}, held-out F1 {figure:.4f}")
    msg.good(f"Wrote {out}")
