"""`python -m spacy luke`: a LUKE from an encoder, thresholds, and tables for people."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import spacy
import torch
import typer.main
from spacy.cli import app
from spacy.tokens import Doc, DocBin, Span
from tiny import TEXTS, make_corpus, make_pipeline, save_bert
from typer.testing import CliRunner

import spacy_luke.cli  # registers the commands, as the entry point does
from spacy_luke import LukeModel, LukeTokenizer, Relation, set_extensions
from spacy_luke.annotation import facts_from_relations, write_entities
from spacy_luke.cli.convert_encoder import read_titles
from spacy_luke.cli.run import run
from spacy_luke.cli.tune import tune
from spacy_luke.pipeline.pipe import LukePipe
from spacy_luke.pipeline.prediction import Prediction, choose_entities

RUNNER = CliRunner()


def luke(*arguments: object) -> str:
    """Run a command; returns what it prints."""
    done = RUNNER.invoke(app, ["luke", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT."""
    return save_bert(tmp_path_factory.mktemp("encoder"))


def fails(message: str, *arguments: object) -> None:
    """Run a command that has to end with a message, and without a traceback."""
    done = RUNNER.invoke(app, ["luke", *map(str, arguments)])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert message in " ".join(done.output.split())


def test_help_names_the_commands():
    """All that users call, and nothing of how the default model is made."""
    commands = typer.main.get_command(spacy_luke.cli.app).commands
    assert set(commands) == {
        *("run", "render", "annotate", "config", "convert", "export", "from-encoder", "assemble"),
        *("evaluate", "tune", "report", "teach"),
    }
    text = luke("--help")
    for command in commands:
        assert command in text


def test_from_encoder(encoder: Path, tmp_path: Path):
    assert "Wrote" in luke("from-encoder", encoder, tmp_path / "out")
    model = LukeModel.from_pretrained(tmp_path / "out", add_pooling_layer=False)
    assert model.config.entity_vocab_size == 4
    assert not model.config.words_attend_to_entities
    assert not model.config.entities_attend_to_entities
    assert model.config.type_vocab_size == 2
    assert model.config.attention_probs_dropout_prob == 0.0
    assert model.config.hidden_dropout_prob == 0.1


def test_from_encoder_with_case_types_full_attention_and_titles(encoder: Path, tmp_path: Path):
    titles = tmp_path / "titles.json"
    titles.write_text(json.dumps(["Ana", "Rome"]))
    luke(
        "from-encoder",
        encoder,
        tmp_path / "out",
        "--case-types",
        "--full-attention",
        "--entity-vocab",
        titles,
    )
    model = LukeModel.from_pretrained(tmp_path / "out", add_pooling_layer=False)
    assert model.config.words_attend_to_entities
    assert model.config.entities_attend_to_entities
    assert model.config.case_token_types
    types = model.embeddings.token_type_embeddings.weight
    assert types.shape == (4, 32)
    assert torch.equal(types, types[:1].expand(4, -1))
    assert LukeTokenizer.from_pretrained(tmp_path / "out").entity_vocab.to_dict()["Rome"] == 5


def test_a_made_luke_trains_and_reads_the_case(encoder: Path, tmp_path: Path):
    luke("from-encoder", encoder, tmp_path / "out", "--case-types")
    nlp = make_pipeline(str(tmp_path / "out"))
    corpus = make_corpus(nlp, 6)
    sgd = nlp.initialize(lambda: corpus)
    assert nlp.get_pipe("luke").labels == ("LOC", "ORG", "PER")
    sgd.learn_rate = 0.003
    for _ in range(60):
        losses = nlp.update(corpus, sgd=sgd)
    assert losses["luke"] < 5
    vectors = []
    for text in ("ana likes tea", "ANA likes tea"):
        doc = nlp.make_doc(text)
        doc.ents = [spacy.tokens.Span(doc, 0, 1, label="PER")]
        vectors.append(nlp(doc).ents[0]._.luke_vector)
    assert (vectors[0] != vectors[1]).any()


def test_from_an_installed_package(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "place" / "my_tiny_encoder"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model").symlink_to(encoder)
    monkeypatch.syspath_prepend(str(package.parent))
    luke("from-encoder", "my_tiny_encoder", tmp_path / "out")
    assert (tmp_path / "out" / "model.safetensors").is_file()
    assert "my_tiny_encoder" not in sys.modules


def test_from_encoder_without_one(tmp_path: Path):
    fails("There is no folder", "from-encoder", tmp_path / "nowhere", tmp_path / "out")


# Kinds of encoders, and what their config.json calls the width of their states.
OTHER_KINDS = {
    "distilbert": "dim",
    "albert": "hidden_size",
    "electra": "hidden_size",
    "mpnet": "hidden_size",
    "deberta-v2": "hidden_size",
    "modernbert": "hidden_size",
    "gpt2": "n_embd",
    "t5": "d_model",
    "xlnet": "d_model",
    "luke": "hidden_size",
    "": "hidden_size",
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_kinds_of_encoders_are_refused_by_name(kind: str, tmp_path: Path):
    """Before anything else is looked at."""
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind, OTHER_KINDS[kind]: 32}))
    fails(f"from an encoder of type '{kind}'", "from-encoder", tmp_path, tmp_path / "out")
    if kind not in ("luke", ""):  # named as a checkpoint, it is refused too
        with pytest.raises(ValueError, match=f"for a model of type '{kind}'.*from-encoder"):
            spacy_luke.load(tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hidden_size", None, "hidden_size is None; allowed is an integer of at least 1"),
        ("vocab_size", None, "vocab_size is None; allowed is an integer of at least 1"),
        ("vocab_size", "many", "vocab_size is 'many'"),
        ("vocab_size", 5000, "but (5000, 32) by the configuration"),
        ("hidden_size", 64, "64) by the configuration"),
        ("pad_token_id", None, "pad_token_id is None; allowed is an integer of at least 0"),
        ("is_decoder", True, "is_decoder is True; allowed is false"),
        ("num_hidden_layers", 3, "lacks weights of this model"),
        ("position_embedding_type", "relative_key", "with 'relative_key' positions"),
    ],
)
def test_an_encoder_whose_config_does_not_fit(
    encoder: Path, tmp_path: Path, name: str, value: object, message: str
):
    folder = shutil.copytree(encoder, tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, name: value}))
    fails(message, "from-encoder", folder, tmp_path / "out")


@pytest.mark.parametrize("content", ["3", '["a", 3]', "{", None])
def test_titles_that_are_none(tmp_path: Path, content: str | None):
    path = tmp_path / "titles.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match="can't be read as entity titles"):
        read_titles(path)
    path.write_text('{"[PAD]": 0, "Ana": 1}')
    assert read_titles(path) == ["[PAD]", "Ana"]


@pytest.fixture(scope="module")
def trained(checkpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained pipeline, with the corpus that it has learned beside it."""
    folder = tmp_path_factory.mktemp("trained")
    nlp = make_pipeline(checkpoint)
    corpus = make_corpus(nlp)
    sgd = nlp.initialize(lambda: corpus)
    sgd.learn_rate = 0.003
    for _ in range(60):
        nlp.update(corpus, sgd=sgd)
    nlp.to_disk(folder / "model")
    DocBin(docs=[eg.reference for eg in corpus], store_user_data=True).to_disk(folder / "dev.spacy")
    return folder


def test_tune_writes_a_checkpoint_with_thresholds(trained: Path, tmp_path: Path):
    text = luke("tune", trained / "model", trained / "dev.spacy", tmp_path / "out")
    for task in ("ner", "relations", "facts"):
        assert task in text
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    thresholds = config["joint"]["thresholds"]
    assert set(thresholds) == {"ner", "labels", "relations", "facts"}
    assert set(config["joint"]["presets"]) == {"precise", "balanced", "all"}
    nlp = make_pipeline(str(tmp_path / "out"))
    assert nlp.get_pipe("luke").thresholds == thresholds
    doc = nlp("Ana was born in Oslo .")
    assert [(r.head.text, r.label, r.tail.text) for r in doc._.luke_relations] == [("Ana", "born in", "Oslo")]


def test_tune_returns_the_figures(trained: Path, tmp_path: Path):
    chosen = tune(trained / "model", trained / "dev.spacy", tmp_path / "out", "luke", half=False)
    assert all(0.2 <= threshold <= 0.9 and figure > 0.95 for threshold, figure in chosen.values())


def test_tune_leaves_pipelines_alone_that_share_the_weights(trained: Path, tmp_path: Path):
    tune(trained / "model", trained / "dev.spacy", tmp_path / "checkpoint", "luke", half=False)
    make_pipeline(str(tmp_path / "checkpoint")).to_disk(tmp_path / "model")
    nlp = spacy.load(tmp_path / "model")
    text = "Ana was born in Oslo ."
    before = [relation.score for relation in nlp(text)._.luke_relations]
    module = nlp.get_pipe("luke").network.module
    module.joint = joint = module.joint.with_changes(fact_slope=0.5)
    tune(tmp_path / "model", trained / "dev.spacy", tmp_path / "out", "luke", half=False)
    assert before
    assert [relation.score for relation in nlp(text)._.luke_relations] == before
    assert module.joint == joint


def test_tune_without_sentences(trained: Path, tmp_path: Path):
    """A document without sentence boundaries is one sentence."""
    docs = []
    for eg in make_corpus(spacy.load(trained / "model")):
        gold = eg.reference
        doc = Doc(gold.vocab, [t.text for t in gold], [bool(t.whitespace_) for t in gold])
        doc.ents = [Span(doc, ent.start, ent.end, ent.label_) for ent in gold.ents]
        doc._.luke_relations = [
            Relation(doc[r.head.start : r.head.end], doc[r.tail.start : r.tail.end], r.label)
            for r in gold._.luke_relations
        ]
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "dev.spacy")
    chosen = tune(trained / "model", tmp_path / "dev.spacy", tmp_path / "out", "luke", half=False)
    assert all(figure > 0.95 for _, figure in chosen.values())


def test_one_reading_tells_what_each_threshold_would_have_found(make_checkpoint: Callable[..., str]):
    """Also where windows disagree about a span, of which the tiny model's long document has several."""
    nlp = make_pipeline(make_checkpoint(), "luke_ner")
    pipe = nlp.get_pipe("luke_ner")
    docs = [nlp.make_doc(text) for text in (*TEXTS, " ".join(TEXTS) * 3)]
    pipe.thresholds["ner"] = 0.05
    readings = pipe.predict(docs)
    assert any(len({s[:2] for s in reading.scored}) < len(reading.scored) for reading in readings)
    probabilities = sorted(span.entity for reading in readings for span in reading.scored)
    numbers = set()
    for threshold in (0.05, *probabilities[:: len(probabilities) // 6]):
        pipe.thresholds["ner"] = threshold
        found = [reading.found for reading in pipe.predict(docs)]
        assert found == [
            choose_entities(r, len(doc), threshold) for r, doc in zip(readings, docs, strict=True)
        ]
        numbers.add(sum(map(len, found)))
    assert len(numbers) > 3


def test_tune_needs_a_joint_model(trained: Path, tmp_path: Path):
    nlp = spacy.load(trained / "model")
    nlp.add_pipe("luke_typing")
    nlp.to_disk(tmp_path / "model")
    for name, found in (("luke_typing", "spacy-luke.MarkedEntity.v1"), ("nothing", "no architecture")):
        with pytest.raises(ValueError, match=f"component '{name}' of .* has {found}.* can be tuned: luke\\."):
            tune(tmp_path / "model", trained / "dev.spacy", tmp_path / "out", name, half=True)
    assert not (tmp_path / "out").exists()


def test_tune_reads_once_for_entities(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read = []
    predict = LukePipe.predict

    def count(pipe: LukePipe, docs: list[Doc]) -> list[Prediction]:
        read.append((pipe.joint.relation_labels == (), len(docs)))
        return predict(pipe, docs)

    monkeypatch.setattr(LukePipe, "predict", count)
    tune(trained / "model", trained / "dev.spacy", tmp_path / "out", "luke", half=True)
    assert sum(size for only_entities, size in read if only_entities) == 18


def test_tune_where_entities_are_added_to_gold_ones(trained: Path, tmp_path: Path):
    nlp = spacy.load(trained / "model")
    nlp.get_pipe("luke").find_entities = True
    nlp.config["components"]["luke"]["find_entities"] = True
    nlp.to_disk(tmp_path / "model")
    corpus = [eg.reference for eg in make_corpus(nlp)]
    for doc in corpus:
        doc.ents = doc.ents[1:]
        doc._.luke_relations = [r for r in doc._.luke_relations if r.head in doc.ents]
    DocBin(docs=corpus, store_user_data=True).to_disk(tmp_path / "dev.spacy")
    assert "facts" in tune(tmp_path / "model", tmp_path / "dev.spacy", tmp_path / "out", "luke", half=True)


def test_run_prints_what_was_found(trained: Path, tmp_path: Path):
    checkpoint = trained / "model" / "luke" / "model"
    config = json.loads((checkpoint / "config.json").read_text())
    assert config["joint"]["ner_labels"]
    file = tmp_path / "text.txt"
    file.write_text("Bob works for Vox in Oslo .", encoding="utf8")
    done = RUNNER.invoke(app, ["luke", "run", "-f", str(file), "--checkpoint", str(checkpoint)])
    assert done.exit_code == 0
    assert "Oslo" in done.output


def test_run_refuses_what_is_no_text(tmp_path: Path):
    fails("There is no file", "run", "-f", tmp_path / "none.txt")
    fails("There is no file", "run", "-f", tmp_path)
    file = tmp_path / "latin.txt"
    file.write_bytes("Zürich".encode("latin1"))
    fails("latin.txt can't be read: line 1 has the byte 0xfc, so it isn't UTF-8", "run", "-f", file)
    fails(f"`python -m spacy luke run --file {file}`", "run", file)


def test_a_name_over_several_lines_is_one_row(monkeypatch: pytest.MonkeyPatch):
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["New", "\n", "York", "\u2028", "City"], spaces=[False] * 5)
    doc.ents = [Span(doc, 0, 5, "LOC")]
    monkeypatch.setattr(
        "spacy_luke.cli.run.load", lambda checkpoint: SimpleNamespace(pipe=lambda texts: [doc])
    )
    assert ["New York City", "LOC", "1"] in rows("\n".join(run(["x"], None)))


def test_run_reads_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    nlp = spacy.blank("en")
    monkeypatch.setattr("spacy_luke.cli.run.load", lambda checkpoint: nlp)
    for name in "ab":
        (tmp_path / name).write_text(f"\ufefffile {name}", "utf8")
    printed = luke("run", "first text", "--file", tmp_path / "a", "-f", tmp_path / "b")
    found = [line for line in printed.splitlines() if line and line != "No entities found."]
    assert found == ["first text", "file a", "file b"]


def test_errors_of_spacy_and_the_file_system_are_plain(tmp_path: Path):
    fails("Can't find model directory", "tune", tmp_path / "none", tmp_path / "none.spacy", tmp_path / "out")


def rows(text: str) -> list[list[str]]:
    """The rows of the tables in a text, cell by cell, headers among them."""
    return [
        re.split(r" {2,}", line.strip()) for line in text.splitlines() if "  " in line and "---" not in line
    ]


def test_tables(trained: Path, monkeypatch: pytest.MonkeyPatch):
    nlp = spacy.load(trained / "model")
    monkeypatch.setattr("spacy_luke.cli.run.load", lambda checkpoint: nlp)
    text = "\n".join(run(["Bob works for Vox in Oslo .", "\n"], None))
    found = [row[:2] for row in rows(text)]
    assert found[:4] == [["entity", "label"], ["Bob", "PER"], ["Vox", "ORG"], ["Oslo", "LOC"]]
    assert found[4] == ["head", "relation"]
    assert ["Bob", "works for"] in found[5:]
    assert text.endswith("\n(no text)\n\nNo entities found.")
    assert not re.search(r" $", text, re.MULTILINE)
    assert list(run([], None))


def test_tables_tell_each_thing_once(monkeypatch: pytest.MonkeyPatch):
    """A name that occurs again, a relation that is a fact too, a fact across sentences, a long text."""
    nlp = spacy.blank("en")
    set_extensions()
    doc = nlp.make_doc("Ana left Rome . ANA likes Bob . " + "Then nothing happened for a while . " * 20)
    ana, rome, again, bob = (
        Span(doc, i, i + 1, label) for i, label in ((0, "PER"), (2, "LOC"), (4, "PER"), (6, "X"))
    )
    doc.ents = [ana, rome, again, bob]
    write_entities(
        doc,
        doc.ents,
        labels=[{"PER": 0.7}, {"LOC": 0.9}, {"PER": 0.8}, {"PER": 0.6}],
        best=["PER", "LOC", "PER", "PER"],
    )
    near = [Relation(ana, rome, "left", 0.5, "P1"), Relation(again, bob, "likes", 0.4)]
    doc._.luke_relations = near
    far = Relation(bob, rome, "left", 0.6, "P1")
    doc._.luke_facts = facts_from_relations([near[0], Relation(again, rome, "left", 0.9, "P1"), far])
    monkeypatch.setattr(
        "spacy_luke.cli.run.load", lambda checkpoint: SimpleNamespace(pipe=lambda texts: [doc])
    )
    text = "\n".join(run([doc.text], None))
    assert rows(text) == [
        ["entity", "label", "score", "mentions"],
        ["ANA", "PER", "0.80", "2"],
        ["Rome", "LOC", "0.90", "1"],
        ["Bob", "PER (found as X)", "0.60", "1"],
        ["head", "relation", "tail", "id", "score", "from"],
        ["ANA", "left", "Rome", "P1", "0.90", "sentence"],
        ["ANA", "likes", "Bob", "0.40", "sentence"],
        ["Bob", "left", "Rome", "P1", "0.60", "document"],
    ]
    assert f"... ({len(doc.text.strip()):,} characters)" in text
    assert len(text) < len(doc.text) + 700
