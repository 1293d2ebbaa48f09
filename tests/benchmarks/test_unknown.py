from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.vocab import Vocab

from benchmarks.unknown import WAYS, hide, main
from spacy_luke.training.converters.conll import convert_conll

TEXT = "Ada I-PER\nmet O\nBob I-PER\nin O\nRome I-LOC\n. O\n\n"


def test_f1_of_all_and_of_half_of_the_names(
    make_checkpoint: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "a.conll", tmp_path / "new" / "unknown.json"
    source.write_text(TEXT * 12)
    main(
        [str(source), "--checkpoint", make_checkpoint(), "--train=8", "--test=4", "--steps=2", f"--out={out}"]
    )
    assert "half, others missing" in capsys.readouterr().out
    report = json.loads(out.read_text())
    assert (report["train"], report["test"], list(report["f1"])) == (8, 4, list(WAYS))
    assert all(0 <= f1 <= 1 for f1 in report["f1"].values())


def test_half_of_the_names_are_hidden(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("".join(TEXT.replace("Ada", f"Ada{i}") for i in range(40)))
    docs = list(convert_conll(tmp_path / "a.conll", Vocab()))
    for way, iob in ((None, 3), ("missing", 0), ("outside", 2)):
        kinds = [[token.ent_iob for token in hide(doc, way)] for doc in docs]
        assert all([row[i] for i in (1, 3, 5)] == [2, 2, 2] for row in kinds)
        names = [row[i] for row in kinds for i in (0, 2, 4)]
        assert set(names) <= {3, iob}
        assert names.count(3) == 120 if way is None else 40 < names.count(3) < 80
