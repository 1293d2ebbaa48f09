"""Joint models on disk and in bytes, and what can be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import make_joint, make_tokenizer

from spacy_luke.nn.joint.config import JointConfig
from spacy_luke.nn.joint.folder import (
    joint_config,
    joint_from_state,
    load_joint,
    save_joint,
)
from spacy_luke.nn.model import LukeModel

TOKENIZER = make_tokenizer()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_joint(make_joint(TOKENIZER), tmp_path / "model")
    return tmp_path / "model"


def test_round_trips(folder: Path):
    model = make_joint(TOKENIZER)
    loaded = load_joint(folder)
    rebuilt = joint_from_state(joint_config(model), model.state_dict(), "bytes")
    for other in (loaded, rebuilt):
        assert other.joint == model.joint
        assert other.config.to_dict().get("case_token_types") is True
        assert not other.training
        assert all(p.requires_grad for p in other.parameters())
        for name, weight in model.state_dict().items():
            assert torch.equal(other.state_dict()[name], weight), name


def test_half_precision_is_read_as_float32(folder: Path):
    save_joint(load_joint(folder), folder, torch.float16)
    assert {w.dtype for w in load_file(folder / "model.safetensors").values()} == {torch.float16}
    assert {w.dtype for w in load_joint(folder).state_dict().values()} == {torch.float32}


def test_saving_over_a_loaded_folder_leaves_the_loaded_model_alone(folder: Path):
    first = load_joint(folder)
    before = {name: weight.clone() for name, weight in first.state_dict().items()}
    save_joint(make_joint(TOKENIZER, seed=5), folder)
    assert all(torch.equal(first.state_dict()[name], weight) for name, weight in before.items())


def test_attention_can_be_changed_on_loading(folder: Path):
    assert load_joint(folder, True, True).luke.encoder.layers()[0].attention.self.words_read_entities
    assert not load_joint(folder).luke.encoder.layers()[0].attention.self.words_read_entities


def test_any_luke_loads_without_heads(tmp_path: Path):
    luke = LukeModel(make_joint(TOKENIZER).config)
    luke.save_pretrained(tmp_path)
    model = load_joint(tmp_path)
    assert model.joint.ner_labels == model.joint.entity_labels == model.joint.relation_labels == ()
    assert torch.equal(
        model.luke.encoder.layers()[1].output.dense.weight, luke.encoder.layers()[1].output.dense.weight
    )


def test_wrong_weights_are_named(folder: Path):
    weights = load_file(folder / "model.safetensors")
    broken = dict(weights)
    del broken["entity_head.classifier.bias"]
    broken["stranger.weight"] = torch.zeros(2)
    broken["span_head.classifier.bias"] = torch.zeros(9)
    save_file(broken, folder / "model.safetensors")
    with pytest.raises(
        ValueError, match=r"missing \['entity_head.classifier.bias'\].*stranger.weight.*\(9,\)"
    ):
        load_joint(folder)


def test_truncated_and_missing_files(folder: Path):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match="can't be read"):
        load_joint(folder)
    file.unlink()
    with pytest.raises(ValueError, match="no weights in"):
        load_joint(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match=r"no config\.json"):
        load_joint(folder)


def test_unknown_field_of_the_heads(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    config["joint"]["colour"] = "red"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"Unknown fields.*colour"):
        load_joint(folder)


@pytest.mark.parametrize("labels", [("A", "A"), ("A", "")])
def test_labels_have_to_differ_and_have_names(labels: tuple[str, ...]):
    with pytest.raises(ValueError, match="different, and not empty"):
        JointConfig(ner_labels=labels)


def test_joint_config_is_plain_data():
    config = JointConfig(ner_labels=["A"], thresholds={"ner": 0.3}, untrained=["span_head"])
    assert JointConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
