"""Exports of documents, and what comes back when they are converted again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.cli import app
from spacy.tokens import Doc, DocBin, Span
from spacy.util import filter_spans
from tool_files import read
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  # registers the commands, as the entry point does
from spacy_luke.annotation import (
    REJECTED_ENTITIES,
    get_relations,
    get_unsure,
    has_relations,
    write_labels,
    write_relations,
    write_unsure,
)
from spacy_luke.cli.export import export
from spacy_luke.training.converters.build import NESTED, set_mentions
from spacy_luke.training.converters.labels import read_label_map, rename
from spacy_luke.training.converters.records import Losses
from spacy_luke.training.exporters.formats import EXPORTS
from spacy_luke.training.exporters.uncertain import least_sure
from spacy_luke.training.mentions import all_mentions

NLP = spacy.blank("en")
WORDS = ["Ada", "met", "Bob", "in", "New", "York", ".", "She", "😀", "left", "Él", "."]


def make(
    spans: list[tuple[int, int, str]], links: list[tuple[int, int, str]] | None, sentences: bool = True
) -> Doc:
    starts = [i in (0, 7) for i in range(len(WORDS))] if sentences else None
    doc = Doc(NLP.vocab, words=WORDS, sent_starts=starts)
    found = [Span(doc, *span) for span in spans]
    doc.ents = filter_spans(found)
    nested = [span for span in found if span not in doc.ents]
    if nested:
        doc.spans[NESTED] = nested
    if links is not None:
        write_relations(doc, [(Span(doc, *spans[h]), Span(doc, *spans[t]), label) for h, t, label in links])
    return doc


def save(folder: Path, *docs: Doc) -> Path:
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "corpus.spacy")
    return folder / "corpus.spacy"


def there_and_back(name: str, folder: Path, *docs: Doc) -> tuple[list[Doc], Losses]:
    """Export documents and convert them again."""
    for i, doc in enumerate(docs):
        doc.user_data.setdefault("title", f"doc {i}")
    target = folder / f"out{EXPORTS[name].suffix}"
    _, losses = export(name, save(folder, *docs), target)
    options: dict[str, Any] = {}
    if name == "docred":
        options["names"] = json.loads((folder / "out.rel_info.json").read_text("utf8"))
    back, conversion = read(name, target, options=options)
    assert not conversion.losses
    if (target / "labels.json").exists():
        names = read_label_map(target / "labels.json")
        for doc in back:
            rename(doc, names, Losses(), "")
    return back, losses


def words_of(doc: Doc, start: int, end: int) -> tuple[int, ...]:
    """Tokens by number, white space not counted."""
    kept = [token.i for token in doc if not token.is_space]
    return tuple(kept.index(i) for i in range(start, end) if i in kept)


def mentions(doc: Doc) -> set[Any]:
    return {(words_of(doc, s.start, s.end), s.label_) for s in all_mentions(doc)}


def relations(found: Any, doc: Doc) -> set[Any]:
    return {
        (words_of(doc, r.head.start, r.head.end), r.label, words_of(doc, r.tail.start, r.tail.end))
        for r in found
    }


SPANS = st.lists(
    st.tuples(st.integers(0, 11), st.integers(1, 3), st.sampled_from(["PER", "A B", "LOC"])),
    min_size=2,
    max_size=5,
)


@pytest.mark.parametrize("name", list(EXPORTS))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=SPANS, seed=st.randoms(use_true_random=False))
def test_round_trip(name: str, rows: list[Any], seed: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    spans = [(start, min(start + n, 7 if start < 7 else 12), label) for start, n, label in rows]
    spans = list(dict.fromkeys(spans))
    same = [(h, t) for h in range(len(spans)) for t in range(len(spans)) if h != t]
    within = [(h, t) for h, t in same if (spans[h][0] < 7) == (spans[t][0] < 7)]
    pairs = within if name == "spert" else same
    links = [(*pair, seed.choice(["knows", "part of"])) for pair in seed.sample(pairs, min(3, len(pairs)))]
    # DocRED's evidence is of entities: one mention each, so what is stated is stated of these two.
    doc = make(spans, links)
    (*back,), _ = there_and_back(name, tmp_path_factory.mktemp("trip"), doc)
    if name == "spert":  # a document a sentence
        shifted = [(0, back[0]), (7, back[1])]
        found = {
            (tuple(i + by for i in place), label) for by, one in shifted for place, label in mentions(one)
        }
        related = {
            (tuple(i + by for i in h), label, tuple(i + by for i in t))
            for by, one in shifted
            for h, label, t in relations(get_relations(one), one)
        }
    else:
        (one,) = back
        assert [token.text for token in one if not token.is_space] == WORDS
        found, related = mentions(one), relations(get_relations(one), one)
    assert found == mentions(doc)
    assert related == relations(get_relations(doc), doc) or (name == "brat" and not links)


@pytest.mark.parametrize("name", list(EXPORTS))
def test_not_annotated_stays_not_annotated(name: str, tmp_path: Path) -> None:
    docs = [make([(0, 1, "PER")], None), make([(0, 1, "PER")], None)]
    back, losses = there_and_back(name, tmp_path, *docs)
    assert not any(map(has_relations, back))
    assert losses == []


def test_clusters_and_identifiers(tmp_path: Path) -> None:
    doc = make([], [])
    spans = [
        Span(doc, 0, 1, "PER", kb_id="Q7259", span_id="e1"),
        Span(doc, 7, 8, "PER", span_id="e1"),
        Span(doc, 4, 6, "LOC", kb_id="Wikipedia:60"),
    ]
    set_mentions(doc, spans)
    write_relations(doc, [(spans[0], spans[2], "in", 1.0, "P131")])
    (tmp_path / "b").mkdir()
    (one,), losses = there_and_back("brat", tmp_path / "b", doc)
    assert [ent.kb_id_ for ent in one.ents] == ["Q7259", "Wikipedia:60", ""]
    assert one.ents[0].id_ == one.ents[2].id_ != ""
    assert losses == []
    write_unsure(doc, [(spans[1], spans[2], "in", 1.0, "P131")])
    (tmp_path / "d").mkdir()
    (one,), losses = there_and_back("docred", tmp_path / "d", doc)
    assert [ent.id_ for ent in one.ents] == ["e0", "e1", "e0"]
    assert [(r.label, r.id) for r in get_relations(one)] == [("in", "P131")]
    assert [r.head.text for r in get_unsure(one)] == ["She"]
    assert losses.counts() == {"left out: an identifier of a knowledge base": 2}


def test_what_formats_cannot_hold_is_listed(tmp_path: Path) -> None:
    doc = make([(0, 1, "PER"), (7, 8, "PER")], [(0, 1, "same as")])
    bare = Span(doc, 1, 2)
    write_relations(doc, [*get_relations(doc), (doc.ents[0], bare, "does")])
    write_unsure(doc, [(doc.ents[0], doc.ents[1], "maybe")])
    doc.user_data[REJECTED_ENTITIES] = [[0, 3, "ORG"]]
    expected = {"left out: a rejected entity": 1, "left out: an unsure relation": 1}
    for name, more in {
        "prodigy": {},
        "spert": {"left out: a relation across sentences": 1, "left out: relation to what is no entity": 1},
        "brat": {
            "changed: a label that brat can't hold": 1,
            "changed: what has no label is a Mention": 1,
        },
    }.items():
        _, losses = export(name, save(tmp_path, doc), tmp_path / f"{name}{EXPORTS[name].suffix}")
        assert losses.counts() == {**expected, **more}, name
    rows = [json.loads(line) for line in (tmp_path / "prodigy.jsonl").read_text("utf8").splitlines()]
    assert [row["label"] for row in rows[0]["relations"]] == ["same as", "does"]
    assert rows[0]["relations"][1]["child_span"]["label"] is None


def test_mentions_of_several_lines_in_brat(tmp_path: Path) -> None:
    doc = NLP("New\nYork is\r\nbig.")
    doc.ents = [doc.char_span(0, 8, "LOC")]
    (back,), _ = there_and_back("brat", tmp_path, doc)
    (file,) = (tmp_path / "out").glob("*.ann")
    assert file.read_text("utf8") == "T1\tLOC 0 3;4 8\tNew York\n"
    assert back.text == doc.text
    assert [ent.text for ent in back.ents] == ["New\nYork"]


def test_correct_what_was_least_sure_first(tmp_path: Path) -> None:
    """A model's output goes to a tool, is corrected there, and comes back."""
    docs = []
    for score in (0.99, 0.52, 0.7):
        doc = make([(0, 1, "PER"), (2, 3, "PER")], None)
        write_labels(doc.ents[0], {"PER": score, "ORG": 0.01})
        write_relations(doc, [(doc.ents[0], doc.ents[1], "met", 0.97)])
        docs.append(doc)
    assert least_sure(docs[1]) == 0.52
    source, todo = save(tmp_path, *docs), tmp_path / "todo.jsonl"
    command = ["luke", "export", "prodigy", str(source), str(todo), "--sort", "uncertain", "--limit", "2"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "2 documents, 4 entities, 2 relations" in " ".join(done.output.split())
    rows = [json.loads(line) for line in todo.read_text("utf8").splitlines()]
    assert [row["meta"]["score"] for row in rows] == [0.52, 0.7]
    rows[0]["spans"][0]["label"] = "CHILD"  # a human's work
    rows[0]["relations"][0]["head_span"]["label"] = "CHILD"
    rows[0]["text"] += " "
    rows = [{**row, "answer": answer} for row, answer in zip(rows, ("accept", "ignore"), strict=True)]
    todo.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
    (back,), conversion = read("prodigy", todo)
    assert [(ent.text, ent.label_) for ent in back.ents] == [("Ada", "CHILD"), ("Bob", "PER")]
    assert [(r.head.label_, r.label, r.score) for r in get_relations(back)] == [("CHILD", "met", 1.0)]
    assert len(conversion.losses) == 1


def test_documents_without_scores_come_last(tmp_path: Path) -> None:
    scored = make([(0, 1, "PER"), (2, 3, "PER")], [(0, 1, "met")])
    with pytest.warns(UserWarning, match="1 documents have no scores to sort by"):
        docs, _ = export("spert", save(tmp_path, make([], None), scored), tmp_path / "a.json", "uncertain")
    assert [has_relations(doc) for doc in docs] == [True, False]


def test_wrong_targets_and_sources(tmp_path: Path) -> None:
    source = save(tmp_path, make([(0, 1, "PER")], None))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "bad.spacy").write_bytes(b"x")
    DocBin().to_disk(tmp_path / "none.spacy")
    for message, *arguments in [
        ("Unknown format 'conll'. Choose one of prodigy, brat, spert, docred", "conll", source, "a.json"),
        ("The target of prodigy is a .jsonl file, but", "prodigy", source, "a.json"),
        ("is a folder. Choose another name, for example corpus.json", "spert", source, "full"),
        ("is a folder with files in it", "brat", source, "full"),
        ("There is no file", "brat", tmp_path / "x.spacy", "new"),
        ("can't be read as spaCy's binary format", "brat", tmp_path / "bad.spacy", "new"),
        ("none.spacy has no documents", "brat", tmp_path / "none.spacy", "new"),
        ("--sort has to be one of none, uncertain", "brat", source, "new", "--sort", "x"),
    ]:
        name, path, target, *options = arguments
        done = CliRunner().invoke(
            app, ["luke", "export", str(name), str(path), str(tmp_path / str(target)), *map(str, options)]
        )
        assert done.exit_code == 1
        assert message in " ".join(done.output.split()), done.output
    assert not (tmp_path / "new").exists()
