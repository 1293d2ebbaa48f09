from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import torch
from tiny import ENTITIES, make_tokenizer

from benchmarks.linking import Mention, alias_table, figures, main, read_pages
from spacy_luke import LukeConfig, LukeModel


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty pages, on each of which Ana is of the town that the page is about."""
    path = tmp_path_factory.mktemp("wiki") / "pages.jsonl"
    rows = []
    for i in range(30):
        town = ("Rome", "Oslo")[i % 2]
        text = f"Ana was born in {town} . Bob likes tea ."
        links = [[0, 3, f"Ana of {town}"], [16, 20, town], [23, 26, f"Bob {i}"]]
        rows.append({"title": f"Page {i}", "pars": [{"k": "p", "t": text, "l": links}]})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_pages_are_split_by_their_titles(pages: Path) -> None:
    split = read_pages(pages, 0)
    again = read_pages(pages, 20)
    assert [len(docs) for docs in split] == [
        len(split.train),
        len(split.dev),
        30 - len(split.train) - len(split.dev),
    ]
    assert all(len(docs) > 0 for docs in split)
    for docs, fewer in zip(split, again, strict=True):
        assert [doc.user_data["title"] for doc in fewer] == [doc.user_data["title"] for doc in docs][
            : len(fewer)
        ]


def test_priors_are_shares_of_links(pages: Path) -> None:
    table = alias_table(read_pages(pages, 0).train)
    assert table["Rome"] == {"Rome": 1.0}
    assert set(table["Ana"]) == {"Ana of Rome", "Ana of Oslo"}
    assert sum(table["Ana"].values()) == pytest.approx(1)


def test_figures_count_what_is_known() -> None:
    mentions = [
        Mention("a", True, False, {"way": ["a", "b"]}),
        Mention("b", True, True, {"way": ["a", "b"]}),
        Mention("c", False, True, {"way": ["c"]}),
        Mention("d", False, False, {"way": []}),
    ]
    found = figures(mentions, Counter({"a": 9, "b": 8, "d": 1}), 2)
    (way,) = found["ways"]
    assert way["all"] == {"mentions": 2, "accuracy_1": 0.5, "accuracy_10": 1.0}
    assert way["text new for this title"] == {"mentions": 1, "accuracy_1": 0.0, "accuracy_10": 1.0}
    assert found["reach"] == {
        "mentions": 4,
        "title in the vocabulary": 0.5,
        "title seen in training": 0.75,
        "title seen in training with this text": 0.5,
    }
    assert found["random"] == {"accuracy_1": 0.5, "accuracy_10": 1.0}


@pytest.mark.filterwarnings(r"ignore:\d+ of \d+ gold links have labels")  # the vocabulary is closed
def test_the_whole_experiment(pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    sizes = {"hidden_size": 16, "entity_emb_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LukeConfig(
        vocab_size=len(tokenizer),
        entity_vocab_size=len(ENTITIES),
        intermediate_size=24,
        initializer_range=0.1,
        **sizes,
    )
    LukeModel(config).save_pretrained(tmp_path / "start")
    tokenizer.save_pretrained(tmp_path / "start")
    out = tmp_path / "new" / "linking.json"
    options = [
        f"--checkpoint={tmp_path / 'start'}",
        "--minutes=0.02",
        f"--out={out}",
        f"--keep={tmp_path / 'kept'}",
    ]
    main([str(pages), *options])
    printed = capsys.readouterr().out
    assert "prior of the text" in printed
    data = json.loads(out.read_text(encoding="utf8"))
    assert data["titles"] == 4  # the two towns, and Ana of each
    assert data["training"]["steps"] > 0
    assert data["reach"]["title in the vocabulary"] == pytest.approx(2 / 3)
    ways = {way["name"]: way["all"] for way in data["ways"]}
    assert ways["prior of the text"]["accuracy_10"] == 1
    assert ways["masked entity, whole vocabulary"]["accuracy_10"] == 1  # there are but four
    assert (tmp_path / "kept" / "luke_linker").is_dir()
