"""Broken checkpoints and saved pipelines: read as if whole, or refused in our own words. No code of theirs runs."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import spacy
import torch
from broken import DAMAGES, bounded, flip_bytes, is_ours, weights_of
from fuzzing import examples
from hypothesis import given, note
from hypothesis import strategies as st
from saved_docs import HEADS, PIPELINES, SAVED, ask

import spacy_luke

TEXT, SPANS = "Ana was born in Rome .", [(0, 3), (16, 20)]


def read(name: str, folder: Path) -> Any:
    """Load what lies in a folder, and read something with it."""
    if name in HEADS:
        tokenizer = spacy_luke.LukeTokenizer.from_pretrained(folder)
        model = getattr(spacy_luke, HEADS[name]).from_pretrained(folder)
        spans = None if name == "head_sequence" else SPANS
        with torch.no_grad():
            return model(**tokenizer(TEXT, entity_spans=spans, return_tensors="pt"))
    if name == "joint":
        return spacy_luke.load(folder)(TEXT)
    nlp = spacy.load(folder)
    data = json.loads((SAVED / f"{name}.json").read_text("utf8"))
    return list(nlp.pipe([ask(nlp, asked) for asked in data["asked"][:2]]))


def check(name: str, damage: Any, draw: Any) -> bool:
    """Break a copy and read it. RETURNS (bool): Whether it was refused."""
    with TemporaryDirectory() as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of heads without weights and of such like
        flag, folder = Path(temporary, "flag"), Path(temporary, name)
        shutil.copytree(SAVED / name, folder)
        # Of a saved pipeline, our component; the rest is spaCy's.
        own = weights_of(folder).parent.parent if name in PIPELINES else folder
        told, must_fail = damage(draw, own, flag)
        if draw is not None:
            note(told[:200])
        refused = False
        try:
            with bounded():
                read(name, folder)
        except Exception as error:
            if not is_ours(error):
                raise
            refused = True
        assert not flag.exists()
        assert refused or not must_fail
        return refused


@examples(900)
@given(data=st.data())
@pytest.mark.slow
def test_every_damage_is_read_well_or_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*PIPELINES, *[*HEADS, "joint"] * 3]))
    check(name, data.draw(st.sampled_from(DAMAGES)), data.draw)


@examples(100)
@given(data=st.data())
def test_damaged_bytes(data: st.DataObject) -> None:
    nlp = load_textcat()
    pipe = nlp.get_pipe("luke_textcat")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        broken = flip_bytes(data.draw, pipe.to_bytes(exclude=["vocab"]))
        try:
            with bounded():
                list(pipe.from_bytes(broken, exclude=["vocab"]).pipe([nlp.make_doc(TEXT)]))
        except Exception as error:
            if not is_ours(error):
                raise


def load_textcat() -> spacy.language.Language:
    """RETURNS (Language): A new one each time, because what is read from broken bytes stays in it."""
    return spacy.load(SAVED / "luke_textcat")


@pytest.mark.parametrize("name", ["joint", "luke", *HEADS])
def test_what_is_whole_is_read(name: str) -> None:
    """Else refusing would mean nothing."""
    assert not check(name, lambda draw, folder, flag: ("nothing", False), None)
