"""Faults planted on purpose are found: else it would mean nothing that the other tests of this folder find none."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from broken import index, pickled
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from spacy_luke.inputs import texts
from spacy_luke.inputs.windows import Window, make_windows
from spacy_luke.nn import checkpoint
from spacy_luke.pipeline.pipe import LukePipe

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # what is told once


def neighbour(name: str) -> ModuleType:
    """RETURNS (ModuleType): A file beside this one; pytest doesn't make a package of the folder."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def found_by(test: Callable[[st.DataObject], Any], most: int = 1000) -> bool:
    """Whether a test finds a fault within so many examples; it isn't made smaller then."""

    @settings(
        max_examples=most,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        report_multiple_bugs=False,
        derandomize=True,
    )
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        test(data)

    try:
        run()
    except (AssertionError, ValueError, OSError):
        return True
    return False


def test_predictions_of_a_batch_in_the_wrong_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where three documents or more are read together, the last two change places."""
    right = LukePipe.predict

    def wrong(self: LukePipe, docs: Sequence[Any]) -> list[Any]:
        found = right(self, docs)
        return [*found[:-2], *found[:-3:-1]] if len(found) > 2 else found

    company = neighbour("test_documents")
    monkeypatch.setattr(LukePipe, "predict", wrong)
    assert found_by(
        lambda data: company.test_company_does_not_matter.hypothesis.inner_test("luke_textcat", data)
    )


def test_a_token_at_the_end_of_a_window_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of long documents end one piece early."""

    def wrong(doc: int, pieces: Any, size: int, overlap: int) -> list[Window]:
        *others, last = make_windows(doc, pieces, size, overlap) or [None]
        return [*others, Window(doc, last.start, last.end - 1)] if others else [w for w in [last] if w]

    reading = neighbour("test_documents")
    monkeypatch.setattr(texts, "make_windows", wrong)
    assert found_by(reading.test_every_token_is_read.hypothesis.inner_test)


def test_code_of_a_pickle_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    right = torch.load
    unsafe = lambda path, **options: right(path, **{**options, "weights_only": False})  # noqa: E731
    monkeypatch.setattr(checkpoint.torch, "load", unsafe)
    broken = neighbour("test_broken")
    assert found_by(lambda data: broken.check("joint", pickled, data.draw))


def test_shards_outside_of_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of weights may name any file."""
    monkeypatch.setattr(checkpoint, "is_beside", lambda index, name: (index.parent / name).is_file())
    broken = neighbour("test_broken")
    assert found_by(lambda data: broken.check("joint", index, data.draw))


def test_files_that_are_written_where_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    @contextmanager
    def in_place(folder: Any) -> Iterator[Path]:
        Path(folder).mkdir(parents=True, exist_ok=True)
        yield Path(folder)

    for module in ("pipeline.pipe", "nn.pretrained", "nn.config", "tokenizer.base"):
        monkeypatch.setattr(f"spacy_luke.{module}.replacing", in_place)
    killed = neighbour("test_killed")
    with pytest.raises((AssertionError, ValueError), match=r"half after|can't be read"):
        killed.test_pipes("luke_textcat", tmp_path)
