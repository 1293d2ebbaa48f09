"""Joint models on disk and in bytes, and what can be wrong with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import make_joint, make_tokenizer

from spacy_luke.nn.heads import LukeForSequenceClassification, LukeJointModel
from spacy_luke.nn.joint_config import JointConfig
from spacy_luke.nn.model import LukeModel

TOKENIZER = make_tokenizer()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_joint(TOKENIZER).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("pair_layers", [0, 1])
def test_round_trips(pair_layers: int, folder: Path):
    untrained = ("pair_reader",) * pair_layers
    model = make_joint(TOKENIZER, joint={"pair_layers": pair_layers, "untrained": untrained})
    model.save_pretrained(folder)
    loaded = LukeJointModel.from_pretrained(folder)
    rebuilt = LukeJointModel.from_state(model.saved_config(), model.saved_weights())
    for other in (loaded, rebuilt):
        assert other.joint == model.joint
        assert other.untrained == untrained
        assert other.config.to_dict().get("case_token_types") is True
        assert not other.training
        assert all(p.requires_grad for p in other.parameters())
        for name, weight in model.state_dict().items():
            assert torch.equal(other.state_dict()[name], weight), name


def test_half_precision_is_read_as_float32(folder: Path):
    LukeJointModel.from_pretrained(folder).half().save_pretrained(folder)
    assert {w.dtype for w in load_file(folder / "model.safetensors").values()} == {torch.float16}
    loaded = LukeJointModel.from_pretrained(folder)
    assert {w.dtype for w in loaded.state_dict().values()} == {torch.float32}


def test_saving_over_a_loaded_folder_leaves_the_loaded_model_alone(folder: Path):
    first = LukeJointModel.from_pretrained(folder)
    before = {name: weight.clone() for name, weight in first.state_dict().items()}
    make_joint(TOKENIZER, seed=5).save_pretrained(folder)
    assert all(torch.equal(first.state_dict()[name], weight) for name, weight in before.items())


def test_attention_can_be_changed_on_loading(folder: Path):
    switches = {"words_attend_to_entities": True, "entities_attend_to_entities": True}
    model = LukeJointModel.from_pretrained(folder, **switches)
    assert model.luke.encoder.layers()[0].attention.self.words_attend_to_entities
    model = LukeJointModel.from_pretrained(folder)
    assert not model.luke.encoder.layers()[0].attention.self.words_attend_to_entities


@pytest.mark.parametrize("kind", [LukeModel, LukeForSequenceClassification])
def test_any_luke_loads_without_heads(kind: type[LukeModel | LukeForSequenceClassification], tmp_path: Path):
    source = kind(make_joint(TOKENIZER).config)
    del source.config.joint
    source.untrained = ("classifier",)
    source.save_pretrained(tmp_path)
    model = LukeJointModel.from_pretrained(tmp_path)
    assert model.joint.ner_labels == model.joint.entity_labels == model.joint.relation_labels == ()
    assert model.untrained == ()
    luke = source.base_model
    assert torch.equal(
        model.luke.encoder.layers()[1].output.dense.weight, luke.encoder.layers()[1].output.dense.weight
    )


def test_a_head_of_an_unknown_class_is_left_out(tmp_path: Path):
    source = make_joint(TOKENIZER)
    source.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["joint"], config["architectures"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    model = LukeJointModel.from_pretrained(tmp_path)
    assert (model.joint.ner_labels, model.span_head) == ((), None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entity_head.classifier.bias": None}, "lacks weights.*: entity_head.classifier.bias"),
        (
            dict.fromkeys(("entity_head.classifier.weight", "entity_head.classifier.bias")),
            "lacks.*entity_head",
        ),
        ({"stranger.weight": torch.zeros(2)}, "no place for: stranger.weight"),
        ({"span_head.classifier.bias": torch.zeros(9)}, r"span_head.classifier.bias has.*\(9,\)"),
    ],
)
def test_wrong_weights_are_named(change: dict[str, torch.Tensor | None], message: str, folder: Path):
    weights = load_file(folder / "model.safetensors") | change
    save_file({n: w for n, w in weights.items() if w is not None}, folder / "model.safetensors")
    with pytest.raises(ValueError, match=message):
        LukeJointModel.from_pretrained(folder)


def test_heads_that_are_untrained_are_saved_as_such(folder: Path):
    make_joint(TOKENIZER, joint={"untrained": ("span_head",)}).save_pretrained(folder)
    assert LukeJointModel.from_pretrained(folder).joint.untrained == ("span_head",)
    # As earlier releases have saved it.
    config = json.loads((folder / "config.json").read_text())
    config["joint"]["untrained"] = config.pop("untrained")
    (folder / "config.json").write_text(json.dumps(config))
    assert LukeJointModel.from_pretrained(folder).untrained == ("span_head",)


def test_loading_draws_no_random_numbers_and_imports_nothing(folder: Path):
    code = (
        "import sys, torch; from spacy_luke.nn.heads import LukeJointModel; before = set(sys.modules); "
        "state = torch.get_rng_state(); LukeJointModel.from_pretrained(sys.argv[1]); "
        "assert torch.equal(state, torch.get_rng_state()); new = set(sys.modules) - before; "
        "assert len(new) < 20, new; assert not {'torch._dynamo', 'sympy'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=environment)


def test_truncated_and_missing_files(folder: Path):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match="can't be read"):
        LukeJointModel.from_pretrained(folder)
    file.unlink()
    with pytest.raises(ValueError, match="no weights in"):
        LukeJointModel.from_pretrained(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match=r"no config\.json"):
        LukeJointModel.from_pretrained(folder)


def test_heads_saved_before_pairs_were_read_again(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    for field in ("pair_layers", "pair_floor", "pairs_per_token"):
        del config["joint"][field]
    (folder / "config.json").write_text(json.dumps(config))
    loaded = LukeJointModel.from_pretrained(folder)
    assert (loaded.pair_reader, loaded.joint) == (None, make_joint(TOKENIZER).joint)


def test_unknown_field_of_the_heads(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    config["joint"]["colour"] = "red"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"Unknown fields.*colour"):
        LukeJointModel.from_pretrained(folder)


@pytest.mark.parametrize("labels", [("A", "A"), ("A", "")])
def test_labels_have_to_differ_and_have_names(labels: tuple[str, ...]):
    with pytest.raises(ValueError, match="different, and not empty"):
        JointConfig(ner_labels=labels)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_span_width", 10**12),
        ("max_span_width", 0),
        ("relation_width", "384"),
        ("proposal_width", True),
        ("entity_mask_id", -1),
        ("max_mention_length", 10**9),
        ("proposals_per_token", float("inf")),
        ("proposals_per_token", None),
        ("proposal_floor", 1),
        ("proposal_margin", float("nan")),
        ("dropout", 1.5),
        ("relation_ids", []),
        ("relation_ids", {"a": 3}),
        ("thresholds", None),
    ],
)
def test_values_that_no_head_can_have(name, value):
    with pytest.raises(ValueError, match=rf"joint\.{name} is .*; allowed is"):
        JointConfig(**{name: value})


def test_joint_config_is_plain_data():
    config = JointConfig(ner_labels=["A"], thresholds={"ner": 0.3}, untrained=["span_head"])
    assert JointConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
