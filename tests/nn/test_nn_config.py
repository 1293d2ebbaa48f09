"""LukeConfig: fields, labels, files, validation."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_luke.nn.config import LukeConfig

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    unknown=st.dictionaries(st.from_regex(r"my_[a-z]{1,8}", fullmatch=True), plain, max_size=3),
    labels=st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=12),
    switches=st.fixed_dictionaries(
        {
            "words_attend_to_entities": st.booleans(),
            "entities_attend_to_entities": st.booleans(),
            "use_entity_aware_attention": st.booleans(),
            "output_attentions": st.booleans(),
        }
    ),
)
def test_every_field_survives_a_file(unknown, labels, switches, tmp_path_factory):
    folder = tmp_path_factory.mktemp("config")
    config = LukeConfig(hidden_size=24, id2label=dict(enumerate(labels)), **unknown, **switches)
    config.save_pretrained(folder)
    back = LukeConfig.from_pretrained(folder)
    assert back == config
    assert back.id2label == dict(enumerate(labels))
    assert [back.label2id[label] for label in labels] == list(range(len(labels)))
    assert all(getattr(back, name) == value for name, value in {**unknown, **switches}.items())
    data = json.loads((folder / "config.json").read_text())
    assert data["model_type"] == "luke"
    assert list(data["id2label"]) == [str(i) for i in range(len(labels))]


def test_string_keys_are_numbers():
    config = LukeConfig.from_dict({"id2label": {"10": "k", **{str(i): f"l{i}" for i in range(10)}}})
    assert config.num_labels == 11
    assert list(config.id2label) == list(range(11))
    assert config.id2label[10] == "k"
    assert config.label2id["k"] == 10


def test_number_of_labels():
    assert LukeConfig().id2label == {0: "LABEL_0", 1: "LABEL_1"}
    assert LukeConfig(num_labels=3).num_labels == 3
    old = LukeConfig(id2label={0: "a", 1: "b"})
    assert LukeConfig.from_dict(old.to_dict(), num_labels=1).label2id == {"LABEL_0": 0}
    assert LukeConfig.from_dict(old.to_dict(), id2label={0: "x"}).label2id == {"x": 0}
    assert LukeConfig.from_dict(old.to_dict(), hidden_size=24).label2id == {"a": 0, "b": 1}
    assert LukeConfig(id2label={0: "a", 1: "a"}, label2id={"a": 0}).label2id == {"a": 0}
    with pytest.raises(ValueError, match="num_labels is 3; allowed is 2"):
        LukeConfig(num_labels=3, id2label={0: "a", 1: "b"})
    for labels in ({1: "a"}, {"x": "a"}, {0: "a", 2: "b"}):
        with pytest.raises(ValueError, match="a label for each number"):
            LukeConfig(id2label=labels)


def test_dict_is_independent():
    config = LukeConfig(my_list=[1])
    data = config.to_dict()
    data["my_list"].append(2)
    data["id2label"][0] = "changed"
    assert config.my_list == [1]
    assert config.id2label[0] == "LABEL_0"
    back = LukeConfig.from_dict(data)
    data["my_list"].append(3)
    assert back.my_list == [1, 2]
    assert repr(back).startswith("LukeConfig(vocab_size=50267")
    assert back != config
    assert back != "config"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("vocab_size", 0, "vocab_size is 0; allowed is an integer from 1 to 2147483647"),
        ("num_hidden_layers", -1, "from 1 to 1000"),
        ("num_hidden_layers", 10**6, "from 1 to 1000"),
        ("hidden_size", 2**63, "from 1 to 2147483647"),
        ("hidden_act", ["gelu"], "hidden_act is"),
        ("id2label", ["a"], "id2label is"),
        ("id2label", {0: ["a"]}, "id2label is"),
        ("pad_token_id", 600, "pad_token_id is 600; allowed is 0 to 510"),
        ("pad_token_id", -1, "from 0 to"),
        ("hidden_dropout_prob", 1.5, "a number from 0 to 1"),
        ("classifier_dropout", -0.1, "a number from 0 to 1"),
        ("layer_norm_eps", -1e-5, "from 0 to inf"),
        ("layer_norm_eps", float("nan"), "from 0 to inf"),
        ("num_attention_heads", 7, "768, which 7 attention heads can't divide"),
        ("hidden_act", "swoosh", "'swoosh'; allowed are gelu, gelu_new, relu, silu"),
    ],
)
def test_value_out_of_range(name, value, message):
    with pytest.raises(ValueError, match=message):
        LukeConfig(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_size", 768.0),
        ("hidden_size", "768"),
        ("vocab_size", True),
        ("words_attend_to_entities", 1),
        ("use_entity_aware_attention", None),
        ("hidden_dropout_prob", "0.1"),
        ("pad_token_id", None),
    ],
)
def test_value_of_wrong_type(name, value):
    with pytest.raises(TypeError, match=name):
        LukeConfig(**{name: value})


def test_unreadable_files(tmp_path):
    with pytest.raises(ValueError, match=r"no config\.json in"):
        LukeConfig.from_pretrained(tmp_path)
    for content in (b"{", b"[1]", b"\xff\xfe\xfa"):
        (tmp_path / "config.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"config\.json can't be read"):
            LukeConfig.from_pretrained(tmp_path)


def test_overrides_replace_fields_of_the_file(tmp_path):
    LukeConfig(hidden_size=24).save_pretrained(tmp_path / "new" / "folder")
    config = LukeConfig.from_pretrained(tmp_path / "new" / "folder", hidden_act="relu")
    assert (config.hidden_size, config.hidden_act) == (24, "relu")
    assert config.use_return_dict


def test_files_of_any_name(tmp_path):
    config = LukeConfig(hidden_size=24, id2label={0: "née", 1: "b"})
    config.to_json_file(tmp_path / "some.json")
    assert LukeConfig.from_json_file(tmp_path / "some.json") == config
    assert LukeConfig.from_json_file(tmp_path / "some.json", hidden_act="relu").hidden_act == "relu"
    assert LukeConfig.from_dict(json.loads(config.to_json_string())) == config
    with pytest.raises(ValueError, match=r"no other\.json in"):
        LukeConfig.from_json_file(tmp_path / "other.json")
    with pytest.raises(ValueError, match="hidden_act"):
        LukeConfig(hidden_act=torch.sigmoid).to_json_file(tmp_path / "act.json")
    assert not (tmp_path / "act.json").exists()


def test_every_common_field_is_kept_as_given():
    """As transformers' test of configurations: fields of all models are attributes, settable at any time."""
    common = {
        "return_dict": False,
        "output_hidden_states": True,
        "tie_word_embeddings": False,
        "chunk_size_feed_forward": 5,
        "architectures": ["LukeModel"],
        "id2label": {0: "label"},
        "label2id": {"label": "0"},
        "problem_type": "regression",
        "pad_token_id": 7,
        "torch_dtype": torch.float16,
    }
    config = LukeConfig(**{**common, "torch_dtype": "float16"})
    assert {name: getattr(config, name) for name in common} == common
    for name, value in {"hidden_size": 37, "num_attention_heads": 3, "vocab_size": 11}.items():
        setattr(config, name, value)
        assert getattr(config, name) == value
