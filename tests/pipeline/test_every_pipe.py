"""What holds for every pipe on a published head: wrong checkpoints, odd documents in a stream, entities, processes."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import spacy
from every_pipe import ENTITY_INPUTS, PIPES, TOKENIZER, ask, make, said, save
from safetensors.torch import load_file, save_file
from spacy.util import registry

import spacy_luke
from spacy_luke.layers.weights import get_module as get_head
from spacy_luke.pipeline.pipe import LukePipe

TEXT = "Ana was born in Rome . Bob likes the old tea from Oslo ."
JOINT = {"@architectures": "spacy-luke.Joint.v1"}
ENTITY_PIPES = ("luke_ner", "luke_typing", "luke_relations")  # one component, whatever its architecture
ARCHITECTURES = sorted(name for name in registry.architectures.get_entry_points() if "spacy-luke" in name)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {pipe: save(pipe, tmp_path_factory.mktemp(pipe)) for pipe in PIPES}


# --- checkpoints ---------------------------------------------------------------------------


@pytest.mark.parametrize("pipe", PIPES)
@pytest.mark.parametrize("saved", PIPES)
def test_each_reads_its_own_checkpoint_and_names_the_pipe_for_others(
    saved: str, pipe: str, folders: dict[str, str]
):
    nlp = make(pipe, folders[saved])
    docs = [ask(nlp, pipe, TEXT)]
    if saved == pipe:
        (doc,) = nlp.pipe(docs)
        assert said(doc) != said(ask(nlp, pipe, TEXT))
        assert spacy_luke.load(folders[saved]).pipe_names[-1] == pipe
    elif saved == "luke_linker":  # what LUKE was pretrained as: where every head starts
        with pytest.warns(UserWarning, match="no trained"):
            (doc,) = nlp.pipe(docs)
        assert said(doc) == said(ask(nlp, pipe, TEXT))
    else:
        kind = PIPES[saved][0]
        with pytest.raises(ValueError, match=f"is a {kind} checkpoint; use {saved}[ .]"):
            list(nlp.pipe(docs))


@pytest.mark.parametrize("saved", PIPES)
@pytest.mark.parametrize("pipe", ["luke", "luke_ner"])
def test_the_joint_architecture_names_the_pipe_for_published_heads(
    saved: str, pipe: str, folders: dict[str, str]
):
    nlp = make("luke_ner", folders[saved])
    nlp.remove_pipe("luke_ner")
    nlp.add_pipe(pipe, config={"model": {**JOINT, "checkpoint": folders[saved]}})
    with pytest.raises(ValueError, match=f"is a {PIPES[saved][0]} checkpoint.*Use {saved}[ ;]"):
        nlp(TEXT)


@pytest.mark.parametrize("pipe", [pipe for pipe in PIPES if pipe not in ENTITY_PIPES])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_architecture_of_another_pipe_is_refused_at_once(pipe: str, name: str):
    nlp = spacy.blank("en")
    own = nlp.add_pipe(pipe).architecture
    assert own in ARCHITECTURES
    if name != own:
        with pytest.raises(ValueError, match=f"'wrong' needs a model made by {own}"):
            nlp.add_pipe(pipe, "wrong", config={"model": {"@architectures": name}})


@pytest.mark.parametrize("pipe", PIPES)
def test_a_head_needs_no_pooler_that_it_does_not_read(pipe: str, folders: dict[str, str], tmp_path: Path):
    weights = load_file(Path(folders[pipe]) / "model.safetensors")
    own = Path(save(pipe, tmp_path))
    kept = {name: weight.clone() for name, weight in weights.items() if "pooler" not in name}
    save_file(kept, own / "model.safetensors", metadata={"format": "pt"})
    texts = make(pipe, str(own))
    if pipe in ("luke_textcat", "luke_choice"):
        with pytest.warns(UserWarning, match="no trained head"):
            assert said(texts(ask(texts, pipe, TEXT))) == said(ask(texts, pipe, TEXT))
    else:
        whole = make(pipe, folders[pipe])
        assert said(texts(ask(texts, pipe, TEXT))) == said(whole(ask(whole, pipe, TEXT)))


# --- documents -----------------------------------------------------------------------------

ODD = [
    "",
    " ",
    "\n\n",
    "Ana",
    "x" * 300,
    "Ana\x00 met\u200b Bob",
    "\u200b",
    "<ent> </s> [MASK] [SEP]",
    "🍵 東京 مريم",
]
BESIDE = ["", " ", "the old tea " * 60, "\x00\u200b", "🍵"]


@pytest.mark.parametrize("pipe", PIPES)
@pytest.mark.parametrize("kind", ["mask", "title"])
def test_odd_documents_do_not_disturb_a_stream(pipe: str, kind: str, folders: dict[str, str]):
    if pipe not in ENTITY_INPUTS and kind == "title":
        pytest.skip("reads candidates or masks")
    options = {"entity_input": kind} if pipe in ENTITY_INPUTS else {}
    nlp = make(pipe, folders[pipe], **options)
    docs = [ask(nlp, pipe, TEXT)]
    for text in (*ODD, TEXT, TEXT * 8):
        for beside in BESIDE:
            docs += [ask(nlp, pipe, text, beside, step) for step in (1, 2)]
    docs += [nlp.make_doc(TEXT), ask(nlp, pipe, TEXT)]  # one without entities, question or choices
    found = list(nlp.pipe(docs))
    assert [doc.text for doc in found] == [doc.text for doc in docs]
    assert said(found[0]) == said(found[-1]) == said(nlp(ask(nlp, pipe, TEXT)))


@pytest.mark.parametrize("pipe", ENTITY_INPUTS)
def test_titles_are_read_and_counted(pipe: str, folders: dict[str, str]):
    results = {}
    for kind in ("mask", "title"):
        nlp = make(pipe, folders[pipe], entity_input=kind)
        component = nlp.get_pipe(pipe)
        doc = nlp(ask(nlp, pipe, TEXT, step=1))
        results[kind] = said(doc)
        titles = component.titles
        counts = None if titles is None else (titles.hits, titles.misses, titles.untitled)
        assert counts == ((3, 11, 0) if kind == "title" else None)
    assert pipe == "luke_tagger" or results["mask"] != results["title"]  # its states differ, see below


def test_words_are_enriched_by_titles_as_on_the_page(folders: dict[str, str]):
    """The page's second example, as a pipe reads it."""
    transformers = pytest.importorskip("transformers")
    import torch

    text, titles, spans = "Ana lives in Rome", ["Ana", "Rome"], [(0, 3), (13, 17)]
    theirs = transformers.LukeForTokenClassification.from_pretrained(folders["luke_tagger"]).eval()
    inputs = TOKENIZER(text, entities=titles, entity_spans=spans, return_tensors="pt")
    nlp = make("luke_tagger", folders["luke_tagger"], entity_input="title")
    doc = ask(nlp, "luke_tagger", text, step=3)
    (scores,) = nlp.get_pipe("luke_tagger").logits([doc], [(None,)])
    with torch.no_grad():
        enriched = theirs(**inputs).logits[0]
        plain = theirs(input_ids=inputs["input_ids"]).logits[0]
    ours = torch.from_numpy(scores.texts[0][0].logits)
    torch.testing.assert_close(ours, enriched, atol=1e-5, rtol=0)
    assert (ours - plain).abs().max() > 1e-3


# --- processes -----------------------------------------------------------------------------

SCRIPT = """
import sys
import torch
sys.path.insert(0, sys.argv[1])
import spacy
from every_pipe import PIPES, ask, said
texts = ["Ana was born in Rome .", "", "Bob likes the old tea from Oslo .", "Lea ."] * 2
torch.set_num_threads(2)
nlp = spacy.blank("en")
nlp.add_pipe("sentencizer")
for pipe, folder in zip(sys.argv[2::2], sys.argv[3::2]):
    nlp.add_pipe(pipe, config={"model": {**PIPES[pipe][1], "checkpoint": folder}})
alone = [said(doc) for doc in nlp.pipe([ask(nlp, "luke_ner", text) for text in texts])]
assert all(any(one[part] for one in alone) for part in alone[0]), alone
docs = [ask(nlp, "luke_ner", text) for text in texts]
assert [said(doc) for doc in nlp.pipe(docs, n_process=2, batch_size=3)] == alone
print("same")
"""


def test_several_processes_with_all_pipes(folders: dict[str, str], tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text('if __name__ == "__main__":\n' + SCRIPT.replace("\n", "\n    "))
    command = [sys.executable, str(script), str(Path(__file__).parents[1]), *sum(folders.items(), ())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout.strip() == "same", done.stderr


def test_nothing_is_loaded_before_it_is_needed(folders: dict[str, str]):
    for pipe, folder in folders.items():
        nlp = make(pipe, folder)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert nlp.get_pipe(pipe).model.shims[0].module is None
            assert nlp.config["components"][pipe]["model"]["checkpoint"] == folder
        assert get_head(nlp.get_pipe(pipe).model).untrained == ()


FRAME = ["pipe", "predict", "set_annotations", "initialize", "update", "score"]
FRAME += ["to_bytes", "from_bytes", "to_disk", "from_disk"]


@pytest.mark.parametrize("name", ["luke", *PIPES])
def test_no_pipe_overrides_the_frame(name: str):
    pipe = spacy.blank("en").add_pipe(name)
    assert isinstance(pipe, LukePipe)
    for method in FRAME:
        assert getattr(type(pipe), method) is getattr(LukePipe, method)
        assert method in vars(LukePipe)


@pytest.mark.parametrize("name", ["luke_textcat", "luke_tagger", "luke_qa", "luke_choice"])
def test_max_length_of_earlier_configs_is_window(name: str, folders: dict[str, str]):
    sizes = []
    for model in ({"max_length": 24, "overlap": 4}, {"window": 22, "overlap": 4}):
        nlp = make(name, folders[name], model)
        doc = ask(nlp, name, "Ana was in Rome and Oslo . " * 12)
        pipe = nlp.get_pipe(name)
        sizes.append([(row.window.start, row.window.end, len(row)) for row in pipe.items([doc]).rows])
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) > 3
    assert max(size for *_, size in sizes[0]) <= 24


@pytest.mark.parametrize(
    "name", ["luke", "luke_linker", "luke_textcat", "luke_tagger", "luke_qa", "luke_choice"]
)
def test_windows_follow_one_rule(name: str, folders: dict[str, str], checkpoint: str):
    def sizes(**model: int | None) -> tuple[int, int]:
        config = {"model": {"checkpoint": folders.get(name, checkpoint), **model}}
        return spacy.blank("en").add_pipe(name, config=config).network.window_sizes()

    most, overlap = sizes()
    assert overlap == min(128, most // 3)
    assert sizes(window=12) == (12, 4)
    assert sizes(window=12, overlap=9) == (12, 9)
    with pytest.raises(ValueError, match="can't overlap by 12"):
        sizes(window=12, overlap=12)
    with pytest.raises(ValueError, match=f"`window` is {most + 1}, but this encoder reads windows of"):
        sizes(window=most + 1)
    if name != "luke":  # 128 was the default of heads, and then at most half of a window
        assert sizes(window=12, overlap=128) == (12, 6)


# --- devices -------------------------------------------------------------------------------


@pytest.mark.parametrize("pipe", PIPES)
def test_padding_decides_nothing(pipe: str, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    """In the layout that a GPU gets, in which padding has rows, every pipe says the same. (It never ran on one.)"""
    nlp = make(pipe, folders[pipe])
    texts = [TEXT, TEXT * 3, "Ana met Bob .", "Rome ."]
    packed = list(nlp.pipe([ask(nlp, pipe, text) for text in texts]))
    monkeypatch.setattr(spacy_luke.LukeModel, "_can_pack", lambda self, inputs: False)
    padded = list(nlp.pipe([ask(nlp, pipe, text) for text in texts]))
    assert [said(doc) for doc in padded] == [said(doc) for doc in packed]
    assert any(said(doc) != said(ask(nlp, pipe, text)) for doc, text in zip(packed, texts, strict=True))


def test_padding_decides_nothing_in_the_default_model(monkeypatch: pytest.MonkeyPatch):
    nlp = spacy_luke.load()
    texts = [
        "Marie Curie was born in Warsaw.",
        "She married Pierre Curie in Paris. Both worked at the Sorbonne.",
        "No.",
    ]
    packed = list(nlp.pipe(texts))
    monkeypatch.setattr(spacy_luke.LukeModel, "_can_pack", lambda self, inputs: False)
    for doc, other in zip(nlp.pipe(texts), packed, strict=True):
        assert [(e.start, e.end, e.label_) for e in doc.ents] == [
            (e.start, e.end, e.label_) for e in other.ents
        ]
        for mine, theirs in zip(doc.ents, other.ents, strict=True):
            assert mine._.luke_labels == pytest.approx(theirs._.luke_labels, abs=1e-4)
            assert mine._.luke_vector == pytest.approx(theirs._.luke_vector, abs=1e-4)
        found, wanted = doc._.luke_relations, other._.luke_relations
        assert [(r.head.start, r.label, r.tail.start) for r in found] == [
            (r.head.start, r.label, r.tail.start) for r in wanted
        ]
    assert packed[0].ents
