"""Masked-entity prediction on Wikipedia's links, beside the prior of the mention's text.

`python -m benchmarks.linking path/to/paragraphs.jsonl.xz --minutes 20 --out metrics/linking.json`

trains `luke_linker` from the default model's encoder on most pages, with the titles that these link to five times or
more as entity vocabulary, and links the mentions of other pages. Pages are split by a checksum of their titles.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from math import log
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import spacy
import srsly
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from wasabi import table

from scripts.machine import describe_machine
from spacy_luke.training.converters.wikilinks import convert_wikilinks

LEAST = 5
N_BEST = 10
WARM_UP = 0.05  # of the time
# Chosen on the held-out pages. Rows that begin as the model sees titles are worth more than fast learning of new ones.
HEAD_LEARN_RATE_SCALE = 2.0
PRIOR_WEIGHTS = (0.0, 0.25, 0.5, 1.0)

TINY = 1e-30  # a probability that is 0.0 in float32 has no logarithm
N_SCORED = 50  # titles scored for a mention, before the prior is counted

Scores = dict[str, float]
Aliases = dict[str, Scores]


class Pages(NamedTuple):
    """Paragraphs with links.

    train, dev, test (list[Doc]): Of eight, one and one tenth of the pages.
    """

    train: list[Doc]
    dev: list[Doc]
    test: list[Doc]


class Mention(NamedTuple):
    """A mention of the test pages.

    title (str): What it links to.
    known (bool): Whether the entity vocabulary has it.
    new_text (bool): Whether no training page links to it by this text.
    ranked (dict[str, list[str]]): The best titles, by way to find them.
    """

    title: str
    known: bool
    new_text: bool
    ranked: dict[str, list[str]]


def read_pages(path: Path, limit: int) -> Pages:
    """Read paragraphs and split them by page.

    path (Path): The data; see `convert_wikilinks`.
    limit (int): How many paragraphs to read; 0 for all.
    RETURNS (Pages): Those with links.
    """
    pages = Pages([], [], [])
    for number, doc in enumerate(convert_wikilinks(path, spacy.blank("en").make_doc)):
        if limit and number >= limit:
            break
        if doc.ents:
            tenth = sha256(doc.user_data["title"].encode("utf8")).digest()[0] % 10
            (pages.test if tenth == 0 else pages.dev if tenth == 1 else pages.train).append(doc)
    return pages


def alias_table(docs: Iterable[Doc]) -> Aliases:
    """RETURNS (dict[str, dict[str, float]]): How often each text links to each title, as shares of the text's links."""
    counts: dict[str, Counter[str]] = {}
    for doc in docs:
        for ent in doc.ents:
            counts.setdefault(ent.text, Counter())[ent.kb_id_] += 1
    return {
        text: {title: n / found.total() for title, n in found.most_common()} for text, found in counts.items()
    }


def run(
    path: Path,
    minutes: float,
    limit: int = 0,
    checkpoint: str | None = None,
    least: int = LEAST,
    keep: Path | None = None,
) -> dict[str, Any]:
    """Train, link and count.

    path (Path): The data.
    minutes (float): How long to train, in processor time.
    limit (int): How many paragraphs to read; 0 for all.
    checkpoint (str | None): What to start from; None for the default model.
    least (int): How often training pages have to link to a title of the vocabulary.
    keep (Path | None): Where to save the trained pipeline.
    RETURNS (dict[str, Any]): Accuracies at 1 and 10 by way, and what share of mentions can be found at all.
    """
    random.seed(0)
    torch.manual_seed(0)
    pages = read_pages(path, limit)
    counts = Counter(ent.kb_id_ for doc in pages.train for ent in doc.ents)
    titles = [title for title, n in counts.most_common() if n >= least]
    nlp = spacy.blank("en")
    model = {"checkpoint": checkpoint, "head_learn_rate_scale": HEAD_LEARN_RATE_SCALE}
    nlp.add_pipe("luke_linker", config={"model": model, "mask_rate": 1.0, "n_candidates": N_SCORED})
    training = train(nlp, pages.train, titles, minutes)
    if keep is not None:
        nlp.to_disk(keep)
    aliases = alias_table(pages.train)
    weight = choose_weight(nlp, pages.dev, aliases, titles)
    mentions = find_mentions(nlp, pages.test, aliases, counts, titles, weight)
    return {
        "paragraphs": {name: len(docs) for name, docs in pages._asdict().items()},
        "titles": len(titles),
        "links_in_training": counts.total(),
        "training": training,
        "prior_weight": weight,
        **figures(mentions, counts, len(titles)),
        "machine": describe_machine(),
    }


def train(nlp: Language, docs: Sequence[Doc], titles: Sequence[str], minutes: float) -> dict[str, Any]:
    """Train for some time, with a learning rate that rises and then falls with it.

    nlp (Language): A pipeline with an untrained linker.
    docs (Sequence[Doc]): Documents with gold.
    titles (Sequence[str]): The entity vocabulary.
    minutes (float): How long, in processor time.
    RETURNS (dict[str, Any]): Steps, passes over the data and the last loss.
    """
    pipe, known = nlp.get_pipe("luke_linker"), set(titles)
    useful = [doc for doc in docs if any(ent.kb_id_ in known for ent in doc.ents)]
    pipe.initialize(lambda: [Example(doc, doc) for doc in useful[:10]], nlp=nlp, labels=list(titles))
    optimizer = nlp.create_optimizer()
    start, steps, passes, loss, part = process_time(), 0, 0, 0.0, 0.0
    while part < 1:
        for batch in _batches(useful):
            part = (process_time() - start) / (60 * minutes)
            if part >= 1 and steps:
                break
            optimizer.learn_rate = 2e-4 * max(0.01, min(part / WARM_UP, 1 - part))
            found = pipe.update([Example(doc, doc) for doc in batch], drop=0.1, sgd=optimizer)
            loss = 0.98 * loss + 0.02 * found[pipe.name] if steps else found[pipe.name]
            steps += 1
            if steps % 100 == 0:
                print(f"{part:6.1%}  step {steps}  pass {passes}  loss {loss:.3f}", flush=True)
        passes += 1
    return {"minutes": minutes, "steps": steps, "passes": passes, "loss": loss, "paragraphs": len(useful)}


def _batches(docs: Sequence[Doc], size: int = 1000) -> Iterable[list[Doc]]:
    """Shuffled, paragraphs of like length together: at most so many tokens, padding included."""
    order = sorted(docs, key=lambda doc: len(doc) * random.uniform(0.8, 1.25))
    batches: list[list[Doc]] = [[]]
    for doc in order:
        if batches[-1] and (len(batches[-1]) + 1) * len(doc) > size:
            batches.append([])
        batches[-1].append(doc)
    random.shuffle(batches)
    return batches


def link(nlp: Language, docs: Sequence[Doc], aliases: Aliases | None) -> list[list[Scores]]:
    """Score titles for the mentions of documents.

    nlp (Language): A pipeline with a trained linker.
    docs (Sequence[Doc]): Documents with gold, of which only the mentions are used.
    aliases (dict | None): What a mention may be; None for the whole vocabulary.
    RETURNS (list[list[dict[str, float]]]): For each mention of each document the best titles, the best one first.
    """
    pipe = nlp.get_pipe("luke_linker")
    pipe.aliases = aliases
    linked = pipe.pipe((_mentions_only(doc) for doc in docs), batch_size=64)
    return [[dict(ent._.luke_candidates) for ent in doc.ents] for doc in linked]


def with_prior(scores: Scores, prior: Scores, weight: float) -> list[str]:
    """Rank titles by the model and the prior, as the linker does with `prior_weight`.

    scores (dict[str, float]): Probabilities by title, by the model.
    prior (dict[str, float]): Those of the mention's text.
    weight (float): How much the prior counts.
    RETURNS (list[str]): The titles, the best one first.
    """
    return sorted(scores, key=lambda title: -log(max(scores[title], TINY)) - weight * log(prior[title]))


def _mentions_only(doc: Doc) -> Doc:
    bare = Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])
    bare.ents = [Span(bare, ent.start, ent.end, ent.label) for ent in doc.ents]
    return bare


def choose_weight(nlp: Language, docs: Sequence[Doc], aliases: Aliases, titles: Iterable[str]) -> float:
    """Choose how much the prior counts.

    nlp (Language): A pipeline with a trained linker.
    docs (Sequence[Doc]): Held-out documents.
    aliases (dict): How texts link in training pages.
    titles (Iterable[str]): The entity vocabulary.
    RETURNS (float): The weight by which most mentions of the vocabulary's titles are linked right.
    """
    known = set(titles)
    pairs = zip(docs, link(nlp, docs, aliases), strict=True)
    found = [(ent, scores) for doc, row in pairs for ent, scores in zip(doc.ents, row, strict=True) if scores]

    def right(weight: float) -> int:
        return sum(
            with_prior(scores, aliases[ent.text], weight)[0] == ent.kb_id_
            for ent, scores in found
            if ent.kb_id_ in known
        )

    return max(PRIOR_WEIGHTS, key=right)


def find_mentions(
    nlp: Language,
    docs: Sequence[Doc],
    aliases: Aliases,
    counts: Counter[str],
    titles: Sequence[str],
    weight: float,
) -> list[Mention]:
    """Rank titles for all mentions in all ways.

    nlp (Language): A pipeline with a trained linker.
    docs (Sequence[Doc]): Test documents.
    aliases (dict): How texts link in training pages.
    counts (Counter): How often these link to each title.
    titles (Sequence[str]): The entity vocabulary, the most frequent title first.
    weight (float): How much the prior counts where both are used.
    RETURNS (list[Mention]): The mentions.
    """
    anything, possible = link(nlp, docs, None), link(nlp, docs, aliases)
    known, mentions = set(titles), []
    for i, doc in enumerate(docs):
        for j, ent in enumerate(doc.ents):
            prior = aliases.get(ent.text, {})
            ranked = {
                "masked entity, whole vocabulary": list(anything[i][j]),
                "masked entity, candidates of the text": list(possible[i][j]),
                "both: candidates, model and prior": with_prior(possible[i][j], prior, weight),
                "prior of the text": [title for title in prior if title in known],
                "most frequent title": list(titles[:N_BEST]),
            }
            is_new = ent.kb_id_ not in prior
            mentions.append(Mention(ent.kb_id_, ent.kb_id_ in known, is_new, ranked))
    return mentions


def figures(mentions: Sequence[Mention], counts: Counter[str], n_titles: int) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): Accuracies over mentions of the vocabulary's titles, and what can be reached."""
    groups: dict[str, Callable[[Mention], bool]] = {
        "all": lambda mention: mention.known,
        "text seen with this title": lambda mention: mention.known and not mention.new_text,
        "text new for this title": lambda mention: mention.known and mention.new_text,
    }
    rows = []
    for way in mentions[0].ranked if mentions else ():
        row: dict[str, Any] = {"name": way}
        for group, belongs in groups.items():
            inside = [mention for mention in mentions if belongs(mention)]
            row[group] = {"mentions": len(inside)}
            for n in (1, N_BEST):
                hits = sum(mention.title in mention.ranked[way][:n] for mention in inside)
                row[group][f"accuracy_{n}"] = hits / len(inside) if inside else None
        rows.append(row)
    total = max(len(mentions), 1)
    return {
        "ways": rows,
        "random": {"accuracy_1": 1 / max(n_titles, 1), f"accuracy_{N_BEST}": N_BEST / max(n_titles, N_BEST)},
        "reach": {
            "mentions": len(mentions),
            "title in the vocabulary": sum(mention.known for mention in mentions) / total,
            "title seen in training": sum(mention.title in counts for mention in mentions) / total,
            "title seen in training with this text": sum(not mention.new_text for mention in mentions)
            / total,
        },
    }


def main(args: Sequence[str] | None = None) -> None:
    """Run, print tables and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    result = run(
        options.pages, options.minutes, options.limit, options.checkpoint, options.least, options.keep
    )
    rows = [
        (
            way["name"],
            *(_percent(way[group][f"accuracy_{n}"]) for group in list(way)[1:] for n in (1, N_BEST)),
        )
        for way in result["ways"]
    ]
    header = ("way", "all @1", "@10", "seen text @1", "@10", "new text @1", "@10")
    print(table(rows, header=header, divider=True, aligns=("l", *"rrrrrr"), max_col=48))
    for name, share in result["reach"].items():
        print(f"{name}: {share if name == 'mentions' else _percent(share)}")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.linking", description=__doc__)
    parser.add_argument("pages", type=Path, help=".jsonl or .jsonl.xz file of pages with links")
    parser.add_argument("--minutes", type=float, default=20, help="how long to train, in processor time")
    parser.add_argument("--limit", type=int, default=0, help="how many paragraphs to read; 0 for all")
    parser.add_argument("--least", type=int, default=LEAST, help="links that a title of the vocabulary needs")
    parser.add_argument("--checkpoint", help="what to start from; the default model if not given")
    parser.add_argument("--keep", type=Path, help="where to save the trained pipeline")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
