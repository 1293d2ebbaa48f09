"""What a config says decides: over what was stored with the weights, in a saved config, and for spaCy's own tools."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from every_pipe import PIPES, make, save
from spacy.cli.find_threshold import find_threshold
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import load_config
from thinc.api import Adam
from tiny import annotate, make_corpus, make_pipeline
from tiny_linker import TITLES, pipeline

import spacy_luke

TUNED = {"ner": 0.3, "labels": 0.0, "relations": {"born in": 0.4}, "facts": 0.5}


@pytest.fixture
def saved(make_checkpoint: Any, tmp_path: Path) -> Path:
    """A saved pipeline whose weights bring thresholds, of which the config names none."""
    tuned = {"ner": 0.3, "relations": {"born in": 0.4}}
    nlp = make_pipeline(make_checkpoint(loud=True, joint={"thresholds": tuned}))
    nlp("Ana likes tea .")
    nlp.to_disk(tmp_path / "saved")
    return tmp_path / "saved"


def thresholds(nlp: Language) -> dict[str, Any]:
    return nlp.get_pipe("luke").thresholds


def edit(folder: Path, old: str, new: str) -> None:
    """Change a saved config as an editor does."""
    text = (folder / "config.cfg").read_text(encoding="utf8")
    assert old in text
    (folder / "config.cfg").write_text(text.replace(old, new), encoding="utf8")


# --- thresholds ----------------------------------------------------------------------------


def test_a_saved_config_shows_the_thresholds_that_act(saved: Path, tmp_path: Path) -> None:
    assert load_config(saved / "config.cfg")["components"]["luke"]["thresholds"] == TUNED
    nlp = spacy.load(saved)
    nlp.rename_pipe("luke", "mine")
    nlp.get_pipe("mine").thresholds["facts"] = {"born in": 0.7, "works for": 0.8}
    nlp.to_disk(tmp_path / "again")
    shown = load_config(tmp_path / "again" / "config.cfg")["components"]["mine"]["thresholds"]
    assert shown == {**TUNED, "facts": {"born in": 0.7, "works for": 0.8}}
    assert spacy.load(tmp_path / "again").get_pipe("mine").thresholds == shown
    data = nlp.to_bytes()
    assert spacy.util.load_model_from_config(nlp.config).from_bytes(data).get_pipe("mine").thresholds == shown


def test_a_config_wins_over_what_is_stored(saved: Path) -> None:
    assert thresholds(spacy.load(saved)) == TUNED
    nested = {"components": {"luke": {"thresholds": {"ner": 0.9}}}}
    for config in (nested, {"components.luke.thresholds.ner": 0.9}):
        assert thresholds(spacy.load(saved, config=config)) == {**TUNED, "ner": 0.9}
    edit(saved, "ner = 0.3", "ner = 0.8")
    assert thresholds(spacy.load(saved)) == {**TUNED, "ner": 0.8}


def test_it_acts(saved: Path) -> None:
    text = "Ana was born in Rome . Bob works for Acme in Oslo ."
    assert spacy.load(saved)(text).ents
    strict = spacy.load(saved, config={"components.luke.thresholds.ner": 1.0})(text)
    assert len(strict.ents) < len(spacy.load(saved)(text).ents)  # what rounds to 1 is still said


def test_an_edited_threshold_survives_the_next_saving_and_new_labels(saved: Path, tmp_path: Path) -> None:
    """Thresholds of the old labels go with them, those that somebody named stay."""
    nlp = spacy.load(saved, config={"components.luke.thresholds.facts": 0.6})
    for folder in (tmp_path / "1", tmp_path / "2"):
        nlp.to_disk(folder)
        nlp = spacy.load(folder)
        assert thresholds(nlp) == {**TUNED, "facts": 0.6}
    nlp.initialize(lambda: [annotate(nlp, "Ana likes tea .", {"Ana": "HERO"}, [])])
    assert thresholds(nlp)["ner"] == 0.5
    assert thresholds(nlp)["facts"] == 0.6


def test_labels_that_a_config_file_can_not_hold_stay_with_the_weights(
    checkpoint: str, tmp_path: Path
) -> None:
    """As a key, "per:title" would come back as "per"."""
    nlp = make_pipeline(checkpoint)
    corpus = [annotate(nlp, "Ana likes Bob .", {"Ana": "PER", "Bob": "PER"}, [("Ana", "Bob", "per:title")])]
    nlp.initialize(lambda: corpus)
    thresholds(nlp)["relations"] = {"per:title": 0.8}
    nlp.to_disk(tmp_path)
    assert "relations" not in load_config(tmp_path / "config.cfg")["components"]["luke"]["thresholds"]
    assert thresholds(spacy.load(tmp_path))["relations"] == {"per:title": 0.8}


def test_a_pipe_that_was_sourced_and_trained_shows_what_acts(saved: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", source=spacy.load(saved))
    nlp.initialize(lambda: [annotate(nlp, "Ana likes tea .", {"Ana": "HERO"}, [])])
    before = thresholds(nlp)
    nlp.to_disk(tmp_path / "sourced")
    assert thresholds(spacy.load(tmp_path / "sourced")) == before != TUNED


def test_pipelines_of_earlier_versions_act_as_they_did_and_say_so(saved: Path) -> None:
    """Their configs didn't show what acts."""
    cfg = json.loads((saved / "luke" / "cfg").read_text())
    assert cfg.pop("named") == []
    (saved / "luke" / "cfg").write_text(json.dumps(cfg))
    assert thresholds(spacy.load(saved)) == TUNED
    edit(saved, "ner = 0.3", "ner = 0.8")
    with pytest.warns(UserWarning, match=re.escape("with the thresholds {'ner': 0.3}. They act")):
        assert thresholds(spacy.load(saved)) == TUNED


def test_switches_of_the_model(saved: Path) -> None:
    switch = "components.luke.model.words_attend_to_entities"
    kept, changed = spacy.load(saved), spacy.load(saved, config={switch: True})
    switches = [nlp.get_pipe("luke").network.config.words_attend_to_entities for nlp in (kept, changed)]
    assert switches == [False, True]


# --- tables of the linker ------------------------------------------------------------------


def write_tables(folder: Path, title: str, id_: str) -> dict[str, str]:
    """An alias table and a table of ids. RETURNS (dict[str, str]): The settings that name them."""
    folder.mkdir()
    (folder / "aliases.tsv").write_text(f"Rome\t{title}\t0.5\n")
    (folder / "ids.tsv").write_text(f"{title}\t{id_}\n")
    return {kind: str(folder / f"{kind}.tsv") for kind in ("aliases", "ids")}


def test_tables_that_a_config_names_win(tmp_path: Path) -> None:
    first, second = (
        write_tables(tmp_path / "1", TITLES[2], "Q1"),
        write_tables(tmp_path / "2", TITLES[4], "Q2"),
    )
    nlp = pipeline(save("luke_linker", tmp_path / "checkpoint"), **first)
    nlp.to_disk(tmp_path / "saved")
    shutil.rmtree(tmp_path / "1")
    tables = [
        ({"Rome": {TITLES[2]: 0.5}}, {TITLES[2]: "Q1"}),
        ({"Rome": {TITLES[4]: 0.5}}, {TITLES[4]: "Q2"}),
    ]

    def found(**settings: Any) -> tuple[Any, Any]:
        config = {f"components.luke_linker.{kind}": path for kind, path in settings.items()}
        pipe = spacy.load(tmp_path / "saved", config=config).get_pipe("luke_linker")
        return pipe.aliases, pipe.ids

    assert found() == tables[0]
    assert found(**second) == tables[1]
    assert found(aliases=None) == tables[0]  # no file is named: what is stored stays
    edit(tmp_path / "saved", json.dumps(first["ids"]), json.dumps(second["ids"]))
    assert found() == (tables[0][0], tables[1][1])
    again = spacy.load(tmp_path / "saved")
    again.get_pipe("luke_linker").aliases = {"Rome": {TITLES[0]: 1.0}}
    again.to_disk(tmp_path / "again")
    assert spacy.load(tmp_path / "again").get_pipe("luke_linker").aliases == {"Rome": {TITLES[0]: 1.0}}


# --- spacy find-threshold ------------------------------------------------------------------


@pytest.mark.parametrize("pipe", ["luke", "luke_ner"])
def test_find_threshold(pipe: str, checkpoint: str, tmp_path: Path) -> None:
    nlp = make_pipeline(checkpoint, pipe)
    corpus = make_corpus(nlp)
    sgd = nlp.initialize(lambda: corpus)
    sgd.learn_rate = 0.003
    for _ in range(30):
        nlp.update(corpus, sgd=sgd)
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[eg.reference for eg in corpus], store_user_data=True).to_disk(tmp_path / "dev.spacy")
    best, score, scores = find_threshold(
        str(tmp_path / "model"), tmp_path / "dev.spacy", pipe, "thresholds.ner", "ents_f", n_trials=5
    )
    assert score == max(scores.values()) > 0.9
    assert scores[1.0] < score  # what rounds to 1 is still said
    for threshold in (best, 1.0):
        config = {f"components.{pipe}.thresholds.ner": threshold}
        assert spacy.load(tmp_path / "model", config=config).evaluate(corpus)["ents_f"] == scores[threshold]


def test_find_threshold_of_texts(tmp_path: Path) -> None:
    folder = save("luke_textcat", tmp_path / "checkpoint")
    nlp = make("luke_textcat", folder, problem_type="multi_label_classification")
    nlp("Ana likes tea")
    docs = []
    for i, text in enumerate(("Ana likes tea", "Bob works for Acme", "Rome", "Eve was born in Oslo")):
        doc = nlp.make_doc(text)
        doc.cats = {"good": float(i % 2), "bad": float(i < 2)}
        docs.append(doc)
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    nlp.to_disk(tmp_path / "model")
    arguments = str(tmp_path / "model"), tmp_path / "dev.spacy", "luke_textcat", "threshold", "cats_micro_f"
    _, _, scores = find_threshold(*arguments, n_trials=5)
    assert len(set(scores.values())) > 1
    assert scores[0.0] == pytest.approx(2 / 3)  # half of all are true, and all are found
    for threshold in (0.25, 0.5):
        config = {"components.luke_textcat.threshold": threshold}
        found = spacy.load(tmp_path / "model", config=config).evaluate([Example(d.copy(), d) for d in docs])
        assert found["cats_micro_f"] == scores[threshold]


# --- labels, pickles -----------------------------------------------------------------------


@pytest.mark.parametrize("pipe", ["luke", *PIPES])
def test_no_label_is_added_and_the_message_says_where_labels_come_from(
    pipe: str, checkpoint: str, tmp_path: Path
) -> None:
    component: Any = make_pipeline(checkpoint) if pipe == "luke" else make(pipe, save(pipe, tmp_path))
    component = component.get_pipe(pipe)
    place = {
        "luke": "doc.ents; the labels or `luke_labels` of its entities",
        "luke_ner": "doc.ents",
        "luke_typing": "the labels or `luke_labels` of its entities",
        "luke_relations": "doc._.luke_relations",
        "luke_linker": "`kb_id_` of its entities",
        "luke_textcat": "doc.cats",
        "luke_tagger": "token._.luke_tag",
        "luke_qa": "with questions in doc._.luke_question",
        "luke_choice": "doc._.luke_choice, beside doc._.luke_choices",
    }[pipe]
    with pytest.raises(ValueError, match=rf"'{pipe}' can't take the label 'X'.*{re.escape(place)}"):
        component.add_label("X")


def test_a_pickle_leaves_the_optimizer_out(checkpoint: str) -> None:
    nlp = make_pipeline(checkpoint)
    corpus = make_corpus(nlp)
    nlp.initialize(lambda: corpus)
    pipe: Any = nlp.get_pipe("luke")
    before = len(pickle.dumps(pipe))
    nlp.update(corpus, sgd=Adam(0.001))
    assert len(pickle.dumps(pipe)) == pytest.approx(before, rel=0.01)
    again = pickle.loads(pickle.dumps(nlp))
    again.update(corpus, sgd=Adam(0.001))
    nlp.get_pipe("luke").model.shims[0].forget_optimizer()
    nlp.update(corpus, sgd=Adam(0.001))
    states = [n.get_pipe("luke").network.module.state_dict() for n in (nlp, again)]
    assert all(np.allclose(states[0][name], states[1][name], atol=1e-6) for name in states[0])


def test_spacy_loads_the_default_model_by_the_packages_name() -> None:
    nlp = spacy.load("spacy_luke", exclude=["sentencizer"], config={"components.luke.thresholds.ner": 0.9})
    assert nlp.pipe_names == ["luke"]
    assert thresholds(nlp) == {**thresholds(spacy_luke.load()), "ner": 0.9}
    assert spacy_luke.load(lang="de", disable="luke").pipe_names == ["sentencizer"]
