"""Each format's example in docs/CONVERT.md: it is guessed, read, and the same with Windows' line ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from tool_files import examples, read, related, told, write, write_example

from spacy_luke.annotation import get_labels, get_questions, has_relations
from spacy_luke.training.converters.formats import FORMATS, guess
from spacy_luke.training.converters.place import ANSWERS

NAMES = list(examples())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_example_is_guessed_and_read(name: str, newline: str, tmp_path: Path) -> None:
    source = write_example(name, tmp_path / "files", newline)
    assert guess(source) == ("prodigy" if name == "rel_component" else name)
    (doc,), conversion = read(name, source)
    assert doc.text.strip() == "Ada was born in London."
    labels = [(ent.text, ent.label_) for ent in doc.ents]
    assert told(conversion) == []
    if name == "squad":
        assert get_questions(doc) == ("Where was Ada born?",)
        assert [(span.text, span.label_) for span in doc.spans[ANSWERS]] == [
            ("London", "Where was Ada born?")
        ]
    elif name == "ufet":
        assert get_labels(doc.ents[0]) == {"person": 1.0, "mathematician": 1.0}
        assert not has_relations(doc)
    else:
        assert labels == [("Ada", "PER"), ("London", "LOC")]
        assert related(doc) == [("Ada", "Born", "London")]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("-DOCSTART- O\n\nAda B-PER\nwon O\n", "conll"),
        ("# newdoc id = x\n# text = Ada won\n1\tAda\tB-PER\t-\t-\n2\twon\tO\t-\t-\n", "conll"),
        ('1\t"<e1>Ada</e1> met <e2>Bob</e2>."\nOther\nComment:\n', "semeval"),
        ('[{"sents": [], "vertexSet": []}]', "docred"),
        ('{"P17": [{"tokens": [], "h": [], "t": []}]}', "fewrel"),
        ('{"property": "P", "subject": null, "object": null, "text": "a"}\n', "knowledgenet"),
        ('{"title": "A", "pars": []}\n', "wikilinks"),
        ('[\n {"text": "a",\n "label": []}\n]', "doccano"),
        ('{"text": "a", "answer": "accept"}\n', "prodigy"),
        ('{"text": "a", "label": "x", "entities": [{"start": 1}], "x": 1}\n', "doccano"),
        ('{"doc_key": "a", "sentences": [], "ner": []}\n', "spert"),
        ('{"sent": "a", "labels": [], "start": 0, "end": 1}\n', "ufet"),
        ('{"sent": "a", "sub_label": "a", "rel_label": "b", "obj_label": "c"}\n', "triples"),
    ],
)
def test_guesses(content: str, name: str, tmp_path: Path) -> None:
    assert guess(write(tmp_path / "x.txt", content)) == name


def test_a_file_of_no_format_is_refused(tmp_path: Path) -> None:
    for content, found in [
        ('{"a": 1}\n', "fields: a"),
        ("Some text.\n", r"it begins with \['Some text\.'\]"),
    ]:
        with pytest.raises(ValueError, match=rf"x\.txt looks like none of the formats \({found}"):
            guess(write(tmp_path / "x.txt", content))
    with pytest.raises(ValueError, match="looks like none"):
        guess(tmp_path)


def test_options_are_those_of_the_command() -> None:
    known = {"names", "columns", "align", "offsets", "fields"}
    assert set().union(*(format_.options.split() for format_ in FORMATS.values())) == known
