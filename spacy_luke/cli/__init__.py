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


_FORMATS = (
    "auto (guessed from the file), or one of: brat, conll, doccano, docred, fewrel, jsonl (by names of fields), "
    "knowledgenet, labelstudio, prodigy, rel_component, semeval (2010, task 8), spert, squad, tacred, triples, ufet, "
    "webanno (TSV 3), wikilinks"
)
_WORDS = "For conll: the column of the words, from 1 on, where it can't be told"
_TAGS = "For conll: the column of the tags; given again, that of entities in entities"
_NAMES = "JSON file with names of relations by id: for fewrel, and for docred's relations"
_ALIGN = "What becomes of a mention that cuts tokens: strict leaves it out, expand (the default) and contract change it"
_OFFSETS = "What offsets count: auto (what the texts of mentions tell), codepoint, utf16 or utf8"
_FIELD = (
    "NAME=PATH: how a field is called, such as text=data.body; for jsonl, triples, labelstudio and webanno"
)
_SPLIT = "Shares of train, dev and test, such as 0.8/0.1/0.1; no document and no text comes into two of them"


@app.command("convert")
def convert_command(
    format_: Annotated[str, Argument(metavar="FORMAT", help=_FORMATS)],
    sources: Annotated[
        list[Path], Argument(help="Files of that format, or folders of brat; may be compressed (.xz)")
    ],
    target: Annotated[Path, Argument(help=".spacy file to write; with --split it may be a folder")],
    names: Annotated[Path | None, Option(help=_NAMES)] = None,
    lang: Annotated[str, Option(help="Language of the tokenizer")] = "en",
    word_column: Annotated[int | None, Option(min=1, help=_WORDS)] = None,
    tag_column: Annotated[list[int] | None, Option(min=1, help=_TAGS)] = None,
    align: Annotated[str | None, Option(help=_ALIGN)] = None,
    offsets: Annotated[str | None, Option(help=_OFFSETS)] = None,
    field: Annotated[list[str] | None, Option(help=_FIELD)] = None,
    label_map: Annotated[
        Path | None, Option(help="JSON file of new labels by old ones; null leaves one out")
    ] = None,
    split: Annotated[str | None, Option(help=_SPLIT)] = None,
    seed: Annotated[int, Option(help="For --split")] = 0,
    problems: Annotated[Path | None, Option(help="CSV file for all that is left out or changed")] = None,
) -> None:
    """Make training data of published data or of an annotation tool's files. Entities go to doc.ents, relations to
    doc._.luke_relations; those that the text may not state of two mentions to doc._.luke_unsure_relations. At the end
    a report tells what was made, what was left out, and what a model will cut.
    """
    from ..training.converters.formats import FORMATS
    from .convert import Options, convert  # 17 ms
    from .data_report import counts, report

    options = Options(
        *(names, word_column, tag_column or (), align, offsets, field or (), label_map, split, seed, problems)
    )
    made = convert(format_, sources, target, lang, options)
    for path, name in made.guesses.items():
        msg.info(f"{path}: guessed the format {name}, by {FORMATS[name].by}")
    docs = [doc for part in made.files.values() for doc in part]
    for block in report(docs, made.losses):
        typer.echo(block)
    for path, part in made.files.items():
        msg.good(f"Wrote {', '.join(f'{n} {what}' for what, n in counts(part).items())} to {path}")


@app.command("export")
def export_command(
    format_: Annotated[str, Argument(metavar="FORMAT", help="One of: prodigy, brat, spert, docred")],
    source: Annotated[Path, Argument(help=".spacy file, such as a corpus or what a pipeline has predicted")],
    target: Annotated[Path, Argument(help="File to write; for brat a new folder")],
    sort: Annotated[str, Option(help="uncertain: first what a model was least sure of")] = "none",
    limit: Annotated[int | None, Option(min=1, help="Most documents to write")] = None,
) -> None:
    """Write documents for an annotation tool: entities and relations, found or gold. `luke convert` reads them again
    when people have corrected them.
    """
    from .data_report import counts, loss_lines
    from .export import export

    docs, losses = export(format_, source, target, sort, limit)
    for line in loss_lines(losses):
        typer.echo(line)
    msg.good(f"Wrote {', '.join(f'{n} {what}' for what, n in counts(docs).items())} to {target}")


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
    beta: Annotated[
        float, Option(help="F-beta to choose relations and facts by; below 1, precision counts more", min=0.0)
    ] = 1.0,
    train: Annotated[
        Path | None, Option(help="Training .spacy file, to learn which relations contradict each other")
    ] = None,
) -> None:
    """Choose thresholds on held-out documents, and make probabilities of scores. The component is written with both,
    as a checkpoint."""
    from .tune import tune  # 45 ms

    for task, (threshold, figure) in tune(pipeline, corpus, out, name, half, beta, train).items():
        msg.info(f"{task}: threshold {threshold:.2f}, held-out F1 {figure:.4f}")
    msg.good(f"Wrote {out}")


_IN = "Files, folders, globs, or - for JSON lines from stdin; .txt, .jsonl (also .gz, .xz), .parquet, .spacy"
_OUT = "Folder to write to; its name ends in .jsonl, .parquet or .spacy"
_SHARD = "Read one of several shards: 3/100 for every hundredth document from the third on"


@app.command("annotate")
def annotate_command(
    inputs: Annotated[list[str], Argument(metavar="IN...", help=_IN)],
    out: Annotated[Path, Argument(metavar="OUT", help=_OUT)],
    model: Annotated[
        str | None,
        Option(help="A pipeline or a checkpoint: folder, package or hub name; else the default model"),
    ] = None,
    id_field: Annotated[str, Option(help="Field or column with the ids")] = "id",
    text_field: Annotated[
        str, Option(help="Field or column with the texts; all others are kept as metadata")
    ] = "text",
    n_process: Annotated[int, Option(min=1, help="Processes that annotate")] = 1,
    batch_size: Annotated[int | None, Option(min=1, help="Documents of a batch; else the pipeline's")] = None,
    shard: Annotated[str, Option(help=_SHARD)] = "",
    vectors: Annotated[bool, Option(help="Write vectors of entities")] = True,
    part_size: Annotated[int, Option(min=1, help="Characters of the input in a part")] = 500_000,
    gpu_id: Annotated[int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Annotate a corpus. The output is a folder of numbered parts. If the command is killed, give it again, and it goes
    on."""
    from .annotate import annotate_corpus

    for line in annotate_corpus(
        inputs,
        out,
        model,
        id_field=id_field,
        text_field=text_field,
        n_process=n_process,
        batch_size=batch_size,
        shard=shard,
        vectors=vectors,
        part_size=part_size,
        gpu_id=gpu_id,
    ):
        typer.echo(line)


@app.command("teach")
def teach_command(
    examples: Annotated[
        Path, Argument(help=".spacy file, or .jsonl of Prodigy or a tool like it", exists=True)
    ],
    out: Annotated[Path, Argument(help="Folder for the pipeline")],
    pipeline: Annotated[Path | None, Option(help="Pipeline to teach; the default model if not given")] = None,
    name: Annotated[str, Option(help="Name of the component")] = "luke",
    complete: Annotated[
        bool, Option("--complete/--only-marked", help="Whether what isn't marked has none of the labels")
    ] = True,
    replace: Annotated[bool, Option(help="Forget first what was taught before")] = False,
    background: Annotated[
        list[Path] | None, Option(help="Text file, in whose lines the labels are rare")
    ] = None,
    report: Annotated[Path | None, Option(help="JSON file for the report")] = None,
) -> None:
    """Teach a pipeline labels of your own from a few annotated documents, in seconds and without training. The
    pipeline is written with them."""
    from .teach import teach  # 60 ms

    typer.echo(teach(examples, out, pipeline, name, complete, replace, background or (), report))
    msg.good(f"Wrote {out}")
