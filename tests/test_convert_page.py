"""The commands of docs/CONVERT.md run as they stand, one after the other."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from spacy.cli import app
from spacy.tokens import DocBin
from spacy.vocab import Vocab
from tool_files import PAGE, examples
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  # registers the commands, as the entry point does


@pytest.mark.filterwarnings("ignore:.*have no scores to sort by")
def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    row = json.loads(examples()["prodigy"][".json"])
    for name, numbers in {"annotations": range(10), "first": range(10), "second": range(10, 20)}.items():
        lines = [json.dumps({**row, "text": f"{row['text']} {i}"}) for i in numbers]
        Path(f"{name}.jsonl").write_text("\n".join(lines), "utf8")
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text("utf8"), re.M | re.S)
    commands = [line for block in blocks for line in block.splitlines()]
    assert len(commands) == 7
    for command in commands:
        if "predicted.spacy" in command:
            Path("predicted.spacy").write_bytes(Path("corpus.spacy").read_bytes())
        done = CliRunner().invoke(app, shlex.split(command.removeprefix("python -m spacy ")))
        assert done.exit_code == 0, done.output
    sizes = [len(DocBin().from_disk(f"corpus-{part}.spacy")) for part in ("train", "dev", "test")]
    assert sizes == [16, 2, 2]
    docs = DocBin().from_disk("corpus.spacy").get_docs(Vocab())
    assert [ent.text for ent in next(iter(docs)).ents] == ["Ada", "London"]
    assert len(list(Path("folder").glob("*.ann"))) == 10
