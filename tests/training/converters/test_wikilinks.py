from __future__ import annotations

import json
import lzma
from pathlib import Path

import spacy

from spacy_luke.training.converters.wikilinks import convert_wikilinks, wikilinks_docs

PAGE = {
    "title": "Rome",
    "pageid": 1,
    "rev": 2,
    "pars": [
        {
            "k": "p",
            "s": "History",
            "t": "In Athens, Georgia, R.E.M. met Éric.",
            "l": [
                [3, 9, "Athens"],
                [3, 18, "Athens, Georgia"],
                [20, 25, "R.E.M."],
                [31, 35, "Éric"],
                [35, 35, "Nothing"],
            ],
        },
        {"k": "li", "s": "", "t": "an item", "l": [[3, 7, "Item"]]},
        {"k": "p", "s": "", "t": "no links", "l": []},
        {"k": "p", "s": "", "t": " ", "l": []},
    ],
}


def test_links_become_entities_with_titles() -> None:
    nlp = spacy.blank("en")
    linked, plain = wikilinks_docs(PAGE, nlp.make_doc)
    assert [(ent.text, ent.label_, ent.kb_id_) for ent in linked.ents] == [
        ("Athens, Georgia", "ENTITY", "Athens, Georgia"),
        ("R.E.M.", "ENTITY", "R.E.M."),  # a mention that the tokenizer would cut gets the whole token
        ("Éric", "ENTITY", "Éric"),
    ]
    assert [span.kb_id_ for span in linked.spans["luke_nested"]] == ["Athens"]
    assert linked.text == PAGE["pars"][0]["t"]
    assert (plain.text, plain.ents) == ("no links", ())
    assert linked.user_data["title"] == plain.user_data["title"] == "Rome"


def test_files_plain_and_compressed(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    data = (json.dumps(PAGE) + "\n" + json.dumps({**PAGE, "title": "Oslo"}) + "\n").encode()
    (tmp_path / "pages.jsonl").write_bytes(data)
    (tmp_path / "pages.jsonl.xz").write_bytes(lzma.compress(data))
    for name in ("pages.jsonl", "pages.jsonl.xz"):
        docs = list(convert_wikilinks(tmp_path / name, nlp.make_doc))
        assert [doc.user_data["title"] for doc in docs] == ["Rome", "Rome", "Oslo", "Oslo"]
