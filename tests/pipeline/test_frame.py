"""What all pipes of published heads on text have in common."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from tiny import TEXTS
from tiny_heads import (
    CLASSES,
    LABELS,
    LONG,
    TOKENIZER,
    asked,
    head_summary,
    make_head_pipeline,
    outputs,
    save_encoder,
    save_head,
)

import spacy_luke
from spacy_luke.layers.weights import get_module as get_head
from spacy_luke.layers.weights import has_weights

PIPES = list(CLASSES)
READ = [*TEXTS, LONG]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {pipe: save_head(pipe, tmp_path_factory.mktemp(pipe)) for pipe in PIPES}


# --- the numbers ---------------------------------------------------------------------------


PLAIN = {"split_special_tokens": True}


def _published_inputs(pipe: str, text: str):
    if pipe == "luke_choice":
        choices = ["tea", "the old tea from Oslo"]
        rows = TOKENIZER([text] * 2, choices, padding=True, return_tensors="pt", **PLAIN)
        return choices, {name: value.unsqueeze(0) for name, value in rows.items()}
    if pipe == "luke_qa":
        return ["where was Ana born"], TOKENIZER("where was Ana born", text, return_tensors="pt", **PLAIN)
    if pipe == "luke_textcat":
        return ["she likes tea"], TOKENIZER(text, "she likes tea", return_tensors="pt", **PLAIN)
    return [None], TOKENIZER(text, return_tensors="pt")


@pytest.mark.parametrize("pipe", PIPES)
def test_logits_are_those_of_transformers(pipe: str, tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    folder = save_head(pipe, tmp_path, library=transformers)
    theirs = getattr(transformers, CLASSES[pipe]).from_pretrained(folder).eval()
    nlp = make_head_pipeline(pipe, folder)
    text = "Ana was born in Rome and Bob likes the old tea."
    if pipe != "luke_tagger":  # whole texts are tokenized as published, whatever spaCy's tokens are
        text = "Ana doesn't\n like the <mask>-tea:Bob's"
    beside, inputs = _published_inputs(pipe, text)
    (scores,) = nlp.get_pipe(pipe).logits([nlp.make_doc(text)], [beside])
    ours = np.stack([rows[0].logits for rows in scores.texts])
    with torch.no_grad():
        output = theirs(**inputs)
    if pipe == "luke_qa":
        wanted = torch.stack([output.start_logits, output.end_logits], -1)
    else:
        wanted = output.logits.T if pipe == "luke_choice" else output.logits
    np.testing.assert_allclose(ours, wanted.numpy(), atol=1e-5)


@pytest.mark.parametrize("kind", ["mask", "title"])
def test_entity_inputs_are_those_of_transformers(kind: str, tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    folder = save_head("luke_tagger", tmp_path, library=transformers)
    theirs = transformers.LukeForTokenClassification.from_pretrained(folder).eval()
    nlp = make_head_pipeline("luke_tagger", folder, entity_input=kind)
    text = "Ana was born in Rome."
    doc = nlp.make_doc(text)
    doc.ents = [Span(doc, 0, 1, "PER", kb_id="[MASK2]"), Span(doc, 4, 5, "LOC", kb_id="nowhere")]
    titles = None if kind == "mask" else ["[UNK]", "[UNK]"]
    inputs = TOKENIZER(text, entity_spans=[(0, 3), (16, 20)], entities=titles, return_tensors="pt")
    with torch.no_grad():
        wanted = theirs(**inputs).logits[0].numpy()
        words = theirs(input_ids=inputs["input_ids"]).logits[0].numpy()
    (scores,) = nlp.get_pipe("luke_tagger").logits([doc], [(None,)])
    np.testing.assert_allclose(scores.texts[0][0].logits, wanted, atol=1e-5)
    assert np.abs(wanted - words).max() > 1e-3
    titles_read = nlp.get_pipe("luke_tagger").titles
    assert (titles_read is None) == (kind == "mask")
    if titles_read is not None:
        assert titles_read.hits == 0
        assert titles_read.misses == 2


@pytest.mark.parametrize("pipe", PIPES)
def test_batches_do_not_matter(pipe: str, folders: dict[str, str]):
    nlp = make_head_pipeline(pipe, folders[pipe])
    together = outputs(nlp, pipe, READ)
    alone = [head_summary(nlp(asked(nlp, pipe, text))) for text in READ]
    narrow = outputs(make_head_pipeline(pipe, folders[pipe], max_batch_pieces=1), pipe, READ)
    assert together == narrow == alone


@pytest.mark.parametrize("pipe", PIPES)
def test_max_length_makes_windows(pipe: str, folders: dict[str, str]):
    nlp = make_head_pipeline(pipe, folders[pipe], model={"max_length": 24, "overlap": 4})
    component = nlp.get_pipe(pipe)
    doc = asked(nlp, pipe, LONG)
    scores = component.logits([doc], [component.beside(doc)])[0]
    assert all(len(rows) > 5 for rows in scores.texts)
    assert max(len(row.row) for rows in scores.texts for row in rows) <= 24


# --- ready at once, or silent --------------------------------------------------------------


@pytest.mark.parametrize("pipe", PIPES)
def test_a_fine_tuned_checkpoint_is_ready_at_once(pipe: str, folders: dict[str, str]):
    nlp = make_head_pipeline(pipe, folders[pipe])
    assert not has_weights(nlp.get_pipe(pipe).model)
    found = outputs(nlp, pipe, TEXTS[:1])[0]
    if pipe == "luke_textcat":
        assert set(found["cats"]) == set(LABELS[pipe])
    elif pipe == "luke_tagger":
        assert set(found["tags"]) <= set(LABELS[pipe])
    elif pipe == "luke_qa":
        assert found["answers"][1] == ["who likes tea", "where was Ana born"]
    else:
        assert found["choice"] is not None


@pytest.mark.parametrize("pipe", ["luke_textcat", "luke_tagger"])
def test_the_first_update_learns_without_initialize(pipe: str, folders: dict[str, str]):
    nlp = make_head_pipeline(pipe, folders[pipe])
    example = Example(nlp.make_doc("Ana likes tea"), nlp.make_doc("Ana likes tea"))
    example.reference.cats = {"bad": 1.0}
    example.reference[0]._.luke_tag = "PER"
    assert nlp.get_pipe(pipe).update([example])[pipe] > 0


@pytest.mark.parametrize("pipe", PIPES)
def test_a_new_head_is_silent_until_it_is_trained(pipe: str, tmp_path: Path):
    nlp = make_head_pipeline(pipe, save_encoder(tmp_path / "encoder"))
    with pytest.warns(UserWarning, match=f"'{pipe}' has no trained head.*{CLASSES[pipe]}"):
        found = outputs(nlp, pipe, TEXTS[:1])[0]
    assert found == {"cats": {}, "tags": [""] * 6, "answers": None, "choice": None}
    nlp.initialize()
    nlp.to_disk(tmp_path / "saved")
    with pytest.warns(UserWarning, match="no trained head"):  # saved weights don't make it trained
        assert outputs(spacy.load(tmp_path / "saved"), pipe, TEXTS[:1])[0] == found


@pytest.mark.parametrize("pipe", PIPES)
def test_the_default_models_encoder_is_the_start(pipe: str):
    nlp = make_head_pipeline(pipe, None)
    with pytest.warns(UserWarning, match="no trained head"):
        nlp("Ana likes tea.")
    head = get_head(nlp.get_pipe(pipe).model)
    assert head.config.hidden_size == 384
    assert not hasattr(head.config, "joint")
    assert head.untrained


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 5}, "`window` is 5, but this encoder reads windows of 6 to 38"),
        ({"window": 39}, "`window` is 39, but this encoder reads windows of 6 to 38"),
        ({"max_length": 7}, "`window` is 5, but this encoder reads windows of 6 to 38"),
        ({"max_length": 41}, "`window` is 39, but this encoder reads windows of 6 to 38"),
        ({"overlap": -1}, "can't overlap by -1"),
    ],
)
def test_lengths_are_checked(settings: dict[str, int], message: str, folders: dict[str, str]):
    nlp = make_head_pipeline("luke_tagger", folders["luke_tagger"], model=settings)
    with pytest.raises(ValueError, match=message):
        nlp("Ana likes tea.")


def test_settings_are_checked(folders: dict[str, str]):
    with pytest.raises(ValueError, match=r"max_batch_pieces is 0; allowed is 1 or more.*'luke_choice'"):
        make_head_pipeline("luke_choice", folders["luke_choice"], max_batch_pieces=0)
    with pytest.raises(ValueError, match="entity_input is 'all'; allowed is one of none, mask, title"):
        make_head_pipeline("luke_choice", folders["luke_choice"], entity_input="all")


# --- storage -------------------------------------------------------------------------------


@pytest.mark.parametrize("pipe", PIPES)
def test_round_trips_keep_the_outputs(pipe: str, folders: dict[str, str], tmp_path: Path):
    own = shutil.copytree(folders[pipe], tmp_path / "own")
    nlp = make_head_pipeline(pipe, str(own))
    before = outputs(nlp, pipe, READ)
    data, pickled = nlp.to_bytes(), pickle.dumps(nlp)
    nlp.to_disk(tmp_path / "saved")
    shutil.rmtree(own)
    assert outputs(spacy.load(tmp_path / "saved"), pipe, READ) == before
    assert outputs(spacy.util.load_model_from_config(nlp.config).from_bytes(data), pipe, READ) == before
    assert outputs(pickle.loads(pickled), pipe, READ) == before
    again = make_head_pipeline(pipe, str(tmp_path / "saved" / pipe / "model"))
    assert outputs(again, pipe, READ) == before


@pytest.mark.parametrize("pipe", PIPES)
def test_documents_keep_what_is_written(pipe: str, folders: dict[str, str]):
    nlp = make_head_pipeline(pipe, folders[pipe])
    doc = nlp(asked(nlp, pipe, TEXTS[1]))
    stored = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin().from_bytes(stored).get_docs(spacy.blank("en").vocab)
    for copy in (again, pickle.loads(pickle.dumps(doc)), Doc(nlp.vocab).from_bytes(doc.to_bytes())):
        assert head_summary(copy) == head_summary(doc)


def test_pipes_on_one_checkpoint_share_its_weights(folders: dict[str, str]):
    nlp = make_head_pipeline("luke_tagger", folders["luke_tagger"])
    config = {"model": {"checkpoint": folders["luke_tagger"]}, "pieces": "mean"}
    nlp.add_pipe("luke_tagger", name="second", config=config)
    assert get_head(nlp.get_pipe("luke_tagger").model) is get_head(nlp.get_pipe("second").model)


def test_public_heads_start_from_a_joint_model(checkpoint: str):
    with pytest.warns(UserWarning, match="found no weights for classifier"):
        model = spacy_luke.LukeForTokenClassification.from_pretrained(checkpoint)
    assert model.untrained == ("classifier",)


@pytest.mark.filterwarnings("default::UserWarning")
@pytest.mark.parametrize("attends", [True, False])
def test_entities_that_no_word_reads_are_warned_of(
    attends: bool, tmp_path: Path, recwarn: pytest.WarningsRecorder
):
    folder = save_head("luke_textcat", tmp_path, words_attend_to_entities=attends)
    logits = []
    for kind in ("none", "mask"):
        nlp = make_head_pipeline("luke_textcat", folder, entity_input=kind)
        (scores,) = nlp.get_pipe("luke_textcat").logits([Doc(nlp.vocab, ["Ana"], ents=["B-PER"])], [(None,)])
        logits.append(scores.texts[0][0].logits)
    warned = [str(warning.message) for warning in recwarn if "don't read entities" in str(warning.message)]
    assert len(warned) == (0 if attends else 1)
    assert np.allclose(*logits, atol=1e-6) == (not attends)
