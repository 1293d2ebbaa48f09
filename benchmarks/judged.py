"""What a pipeline says of texts of ten genres, judged by two people who read independently.

    python -m benchmarks.judged draw GUM.tar.xz facts.jsonl [--n 300] [--seed 0] [--checkpoint FOLDER]
    python -m benchmarks.judged count facts.jsonl first.jsonl second.jsonl [--out FILE]

`draw` reads the GUM corpus as raw text and draws facts at the default thresholds, of each genre the same number, as far
as there are so many. Each is written with the passage that it was read from. A judge writes JSONL with "id" and
"verdict":

    stated      the passage states it, or says what can't be otherwise
    true only   it is true, or may well be, but the passage doesn't state it
    wrong       neither

`count` tells the shares of both judges and how far they agree. What it writes holds places and verdicts, and no text.
"""

from __future__ import annotations

import argparse
import io
import random
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import Doc

import spacy_luke

VERDICTS = ("stated", "true only", "wrong")


def read_gum(archive: Path) -> Iterator[tuple[str, str]]:
    """Read the documents as raw text.

    archive (Path): A tar of CoNLL-U files.
    YIELDS (tuple[str, str]): Name and text, by name: a line for each paragraph.
    """
    with tarfile.open(archive) as files:
        members = [member for member in files.getmembers() if member.name.endswith(".conllu")]
        for member in sorted(members, key=lambda member: member.name):
            content = files.extractfile(member)
            if content is not None:
                lines = io.TextIOWrapper(content, encoding="utf8").read().splitlines()
                yield Path(member.name).stem, _text(lines)


def _text(lines: Sequence[str]) -> str:
    text = ""
    for line in lines:
        if line.startswith("# newpar") and text:
            text = text.rstrip() + "\n"
        elif line.startswith("# text = "):
            text += line.removeprefix("# text = ") + " "
    return text.rstrip()


def genre(name: str) -> str:
    """name (str): E.g. "GUM_news_asylum". RETURNS (str): E.g. "news"."""
    return name.split("_")[1]


def draw(archive: Path, n: int, seed: int, checkpoint: str | None) -> list[dict[str, Any]]:
    """Draw facts.

    archive (Path): See `read_gum`.
    n (int): How many.
    seed (int): Of the choice.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    RETURNS (list[dict]): Facts with their passages, in random order.
    """
    names, texts = zip(*read_gum(archive), strict=True)
    by_genre: dict[str, list[dict[str, Any]]] = {}
    for name, doc in zip(names, spacy_luke.load(checkpoint).pipe(texts), strict=True):
        by_genre.setdefault(genre(name), []).extend(_facts(name, doc))
    choose = random.Random(seed)
    for facts in by_genre.values():
        choose.shuffle(facts)
    # One of each genre in turn, so that those with few facts give all of theirs.
    longest = max(map(len, by_genre.values()), default=0)
    turns = [facts[i] for i in range(longest) for _, facts in sorted(by_genre.items()) if i < len(facts)]
    drawn = turns[:n]
    choose.shuffle(drawn)
    return drawn


def _facts(name: str, doc: Doc) -> Iterator[dict[str, Any]]:
    for fact in doc._.luke_facts:
        head, tail = fact.pairs[0][:2]
        parts = (head, tail, head.sent, tail.sent)  # an entity may cross the end of a sentence
        passage = doc[min(part.start for part in parts) : max(part.end for part in parts)]
        yield {
            "id": f"{name}:{head.start_char}:{tail.start_char}:{fact.label}",
            "head": _one_line(head.text),
            "relation": fact.label,
            "tail": _one_line(tail.text),
            "score": round(fact.score, 3),
            "passage": _one_line(passage.text),
        }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def count(facts: Sequence[dict[str, Any]], judges: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Count verdicts.

    facts (Sequence[dict]): From `draw`.
    judges (Sequence[dict[str, str]]): The verdict by the fact's id, of each of two judges.
    RETURNS (dict): Shares by judge and of both, agreement with Cohen's kappa, the share that both find stated by genre,
        and all verdicts.
    RAISES (ValueError): If a verdict is missing or none.
    """
    for number, judge in enumerate(judges, 1):
        wrong = [fact["id"] for fact in facts if judge.get(fact["id"]) not in VERDICTS]
        if wrong:
            raise ValueError(
                f"Judge {number} has no verdict of {wrong[0]!r}. Allowed are {', '.join(VERDICTS)}."
            )
    pairs = [(judges[0][fact["id"]], judges[1][fact["id"]]) for fact in facts]
    shares = [{v: sum(pair[side] == v for pair in pairs) / len(pairs) for v in VERDICTS} for side in (0, 1)]
    agreed = sum(first == second for first, second in pairs) / len(pairs)
    by_chance = sum(shares[0][v] * shares[1][v] for v in VERDICTS)
    stated = Counter(
        genre(fact["id"]) for fact, pair in zip(facts, pairs, strict=True) if pair == ("stated",) * 2
    )
    genres = Counter(genre(fact["id"]) for fact in facts)
    return {
        "facts": len(facts),
        "judges": shares,
        "stated": {
            "both": sum(stated.values()) / len(facts),
            "mean": sum(share["stated"] for share in shares) / 2,
        },
        "agreement": agreed,
        "kappa": (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 1.0,
        "stated by both, by genre": {g: f"{stated[g]} of {n}" for g, n in sorted(genres.items())},
        "verdicts": {fact["id"]: list(pair) for fact, pair in zip(facts, pairs, strict=True)},
    }


def main(args: Sequence[str] | None = None) -> None:
    """Draw or count.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    parser = argparse.ArgumentParser(
        "python -m benchmarks.judged",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("archive", type=Path)
    drawing.add_argument("out", type=Path)
    drawing.add_argument("--n", type=int, default=300)
    drawing.add_argument("--seed", type=int, default=0)
    drawing.add_argument("--checkpoint")
    counting = commands.add_parser("count")
    for name in ("facts", "first", "second"):
        counting.add_argument(name, type=Path)
    counting.add_argument("--out", type=Path)
    options = parser.parse_args(args)
    if options.command == "draw":
        srsly.write_jsonl(options.out, draw(options.archive, options.n, options.seed, options.checkpoint))
        return
    judges = [
        {row["id"]: row["verdict"] for row in srsly.read_jsonl(p)} for p in (options.first, options.second)
    ]
    result = count(list(srsly.read_jsonl(options.facts)), judges)
    print(srsly.json_dumps({key: value for key, value in result.items() if key != "verdicts"}, indent=2))
    if options.out is not None:
        srsly.write_json(options.out, result)


if __name__ == "__main__":
    main()
