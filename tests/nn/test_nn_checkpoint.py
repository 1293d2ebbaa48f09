"""Checkpoints: every form of the published format, and everything that can be wrong with a file."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from spacy_luke.nn.checkpoint import load_weights, save_weights
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.model import LukeModel
from spacy_luke.nn.pretrained import LukePreTrainedModel

ROOT = str(Path(__file__).parents[2])
SAFE, PICKLE = "model.safetensors", "pytorch_model.bin"


class ToyHead(LukePreTrainedModel):
    """A head as the later ones are built: encoder at `luke`, own weights beside it."""

    def __init__(self, config):
        super().__init__(config)
        self.luke = LukeModel(config)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.init_weights()


@pytest.fixture
def model(tiny_model):
    return tiny_model()


@pytest.fixture
def folder(model, tmp_path):
    model.save_pretrained(tmp_path)
    return tmp_path


def states(model, inputs):
    with torch.no_grad():
        out = model(**inputs)
    return torch.cat([out.last_hidden_state, out.entity_last_hidden_state], 1)


def rewrite(folder, change=lambda weights: weights, *, form="safetensors", shards=1):
    """Store the weights of a folder again, changed and in another form."""
    weights = change(load_file(folder / SAFE))
    (folder / SAFE).unlink()
    stem, ending = (SAFE, ".safetensors") if form == "safetensors" else (PICKLE, ".bin")
    save = save_file if form == "safetensors" else torch.save
    if shards == 1:
        save(weights, folder / stem)
        return
    names, places = sorted(weights), {}
    for i in range(shards):
        shard = f"{stem.removesuffix(ending)}-{i + 1:05d}-of-{shards:05d}{ending}"
        save({name: weights[name] for name in names[i::shards]}, folder / shard)
        places |= dict.fromkeys(names[i::shards], shard)
    (folder / f"{stem}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


# --- round trips -------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("form", ["safetensors", "pickle"])
def test_loaded_model_computes_the_same(form, shards, model, folder, luke_inputs):
    rewrite(folder, form=form, shards=shards)
    loaded = LukeModel.from_pretrained(folder)
    assert not loaded.training
    assert all(p.requires_grad for p in loaded.parameters())
    assert torch.equal(states(loaded, luke_inputs()), states(model, luke_inputs()))
    assert loaded.config.hidden_size == 16


@pytest.mark.parametrize("form", ["safetensors", "pickle"])
@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16, torch.float64])
def test_stored_type_is_converted(stored, form, model, folder, luke_inputs):
    rewrite(folder, lambda weights: {n: w.to(stored) for n, w in weights.items()}, form=form)
    loaded = LukeModel.from_pretrained(folder)
    assert loaded.dtype == torch.float32
    torch.testing.assert_close(states(loaded, luke_inputs()), states(model, luke_inputs()), atol=0.1, rtol=0)
    for wanted in (torch.bfloat16, torch.float64):
        assert {p.dtype for p in LukeModel.from_pretrained(folder, dtype=wanted).parameters()} == {wanted}


def test_saving_keeps_the_type_and_says_so(folder, tmp_path):
    LukeModel.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(tmp_path / "half")
    assert {w.dtype for w in load_file(tmp_path / "half" / SAFE).values()} == {torch.bfloat16}
    record = json.loads((tmp_path / "half" / "config.json").read_text())
    assert (record["torch_dtype"], record["architectures"]) == ("bfloat16", ["LukeModel"])


def test_saving_over_the_folder_that_was_loaded(folder, model, luke_inputs):
    loaded = LukeModel.from_pretrained(folder)  # its weights may be mapped from the file
    loaded.save_pretrained(folder)
    assert torch.equal(states(loaded, luke_inputs()), states(model, luke_inputs()))
    assert torch.equal(states(LukeModel.from_pretrained(folder), luke_inputs()), states(model, luke_inputs()))
    assert sorted(os.listdir(folder)) == ["config.json", SAFE]


def test_saving_another_model_over_it_leaves_a_loaded_one_alone(folder, model, luke_inputs):
    loaded = LukeModel.from_pretrained(folder)
    other = LukeModel(model.config)
    other.save_pretrained(folder)
    assert torch.equal(states(loaded, luke_inputs()), states(model, luke_inputs()))
    assert not torch.equal(states(other.eval(), luke_inputs()), states(model, luke_inputs()))


def test_training_a_loaded_model_leaves_its_file_alone(folder, luke_inputs):
    before = (folder / SAFE).read_bytes()
    loaded = LukeModel.from_pretrained(folder)
    with torch.no_grad():
        for weight in loaded.parameters():
            weight += 1.0
    assert (folder / SAFE).read_bytes() == before


def test_loading_draws_no_random_numbers_and_imports_nothing(folder):
    code = (
        "import sys, torch; from spacy_luke.nn.model import LukeModel; before = set(sys.modules); "
        "state = torch.get_rng_state(); LukeModel.from_pretrained(sys.argv[1]); "
        "assert torch.equal(state, torch.get_rng_state()); "
        "new = {name for name in set(sys.modules) - before if not name.startswith('encodings')}; "
        "print(len(new)); assert len(new) < 20, new; "
        "assert not {'huggingface_hub', 'transformers', 'spacy', 'thinc'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=True, env={**os.environ, "PYTHONPATH": ROOT}
    )


def test_safetensors_come_first(folder, model, luke_inputs):
    torch.save({"wrong": torch.zeros(1)}, folder / PICKLE)
    assert torch.equal(
        states(LukeModel.from_pretrained(str(folder)), luke_inputs()), states(model, luke_inputs())
    )


def test_legacy_pickle_format(folder, model, luke_inputs):
    weights = load_file(folder / SAFE)
    (folder / SAFE).unlink()
    torch.save(weights, folder / PICKLE, _use_new_zipfile_serialization=False)
    assert torch.equal(states(LukeModel.from_pretrained(folder), luke_inputs()), states(model, luke_inputs()))


# --- what fits though it differs ---------------------------------------------------------


def test_encoder_of_a_head_checkpoint(tiny_config, tmp_path, luke_inputs):
    head = ToyHead(tiny_config()).eval()
    head.save_pretrained(tmp_path)
    encoder = LukeModel.from_pretrained(tmp_path)
    assert torch.equal(states(encoder, luke_inputs()), states(head.luke, luke_inputs()))


def test_head_comes_back(tiny_config, tmp_path, luke_inputs):
    head = ToyHead(tiny_config(num_labels=3)).eval()
    head.save_pretrained(tmp_path)
    loaded = ToyHead.from_pretrained(tmp_path)
    assert loaded.untrained == ()
    assert torch.equal(loaded.classifier.weight, head.classifier.weight)
    assert loaded.config.num_labels == 3


def test_head_on_an_encoder_checkpoint_is_new_and_says_so(folder, model, luke_inputs):
    loaded = ToyHead.from_pretrained(folder, num_labels=5)
    assert loaded.untrained == ("classifier",)
    assert loaded.classifier.weight.shape == (5, 16)
    assert 0.1 < loaded.classifier.weight.std() < 0.6
    assert not loaded.classifier.bias.any()
    assert torch.equal(states(loaded.luke, luke_inputs()), states(model, luke_inputs()))
    rewrite(folder, lambda weights: {n: w for n, w in weights.items() if not n.startswith("pooler")})
    assert ToyHead.from_pretrained(folder).untrained == ("classifier", "luke.pooler")


def test_known_surplus_is_left_out(folder, model, luke_inputs):
    extra = {"embeddings.position_ids": torch.arange(40)[None], "lm_head.bias": torch.zeros(50)}
    rewrite(folder, lambda weights: {**weights, **extra})
    assert torch.equal(states(LukeModel.from_pretrained(folder), luke_inputs()), states(model, luke_inputs()))
    assert ToyHead.from_pretrained(folder).untrained == ("classifier",)


def test_pooler_may_be_missing_when_it_is_not_wanted(folder, model, luke_inputs):
    assert LukeModel.from_pretrained(folder, add_pooling_layer=False).pooler is None
    rewrite(folder, lambda weights: {n: w for n, w in weights.items() if not n.startswith("pooler")})
    assert LukeModel.from_pretrained(folder, add_pooling_layer=False).pooler is None
    with pytest.raises(ValueError, match=r"pooler.dense.weight.*add_pooling_layer=False"):
        LukeModel.from_pretrained(folder)


def test_overrides_take_effect(folder, luke_inputs, tiny_model):
    cut = {"words_attend_to_entities": False, "entities_attend_to_entities": False}
    loaded = LukeModel.from_pretrained(folder, **cut)
    assert torch.equal(states(loaded, luke_inputs()), states(tiny_model(**cut), luke_inputs()))
    assert not torch.allclose(states(loaded, luke_inputs()), states(tiny_model(), luke_inputs()), atol=1e-3)
    plain = LukeModel.from_pretrained(folder, use_entity_aware_attention=False)
    assert not any("w2e_query" in name for name in plain.state_dict())
    for config in (tiny_model(**cut).config, folder / "other"):
        tiny_model(**cut).config.save_pretrained(folder / "other")
        loaded = LukeModel.from_pretrained(folder, config=config)
        assert torch.equal(states(loaded, luke_inputs()), states(tiny_model(**cut), luke_inputs()))
    with pytest.raises(TypeError, match="hiden_size"):
        LukeModel.from_pretrained(folder, hiden_size=3)


def test_given_config_stays_as_it_was(folder, tiny_config):
    config = tiny_config()
    LukeModel.from_pretrained(folder, config=config, words_attend_to_entities=False)
    assert config == tiny_config()


# --- what does not fit -------------------------------------------------------------------


@pytest.mark.parametrize("form", ["safetensors", "pickle"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: {n: t for n, t in w.items() if "layer.1.output" not in n}, "lacks.*layer.1.output"),
        (lambda w: {n: t for n, t in w.items() if "w2e" not in n}, "lacks.*w2e_query"),
        (lambda w: {**w, "encoder.layer.2.output.dense.weight": torch.zeros(2)}, "no place for.*layer.2"),
        (lambda w: {**w, "pooler.extra": torch.zeros(2)}, "no place for.*pooler.extra"),
        (lambda w: {**w, "something": torch.zeros(2)}, "no place for: something"),
        (
            lambda w: {n: t[:4] for n, t in w.items()},
            r"word_embeddings.weight has the shape \(4, 16\).*\(50, 16\)",
        ),
        (lambda w: {}, r"lacks.* and \d+ more"),
        (
            lambda w: {n: t.to(torch.int64) for n, t in w.items()},
            "type torch.int64 in the checkpoint, but has to be",
        ),
    ],
)
def test_weights_that_do_not_fit(change, message, form, folder):
    rewrite(folder, lambda w: {n: t.contiguous() for n, t in change(w).items()}, form=form)
    with pytest.raises(ValueError, match=message):
        LukeModel.from_pretrained(folder)


def test_half_a_head_does_not_fit(tiny_config, tmp_path):
    ToyHead(tiny_config()).save_pretrained(tmp_path)
    rewrite(tmp_path, lambda weights: {n: w for n, w in weights.items() if n != "classifier.bias"})
    with pytest.raises(ValueError, match=r"lacks.*classifier.bias"):
        ToyHead.from_pretrained(tmp_path)
    ToyHead(tiny_config()).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"classifier.weight has the shape \(2, 16\)"):
        ToyHead.from_pretrained(tmp_path, num_labels=7)


@pytest.mark.parametrize("form", ["safetensors", "pickle"])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.99])
def test_truncated_file(keep, form, folder):
    rewrite(folder, form=form)
    path = folder / (SAFE if form == "safetensors" else PICKLE)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(ValueError, match=path.name):
        LukeModel.from_pretrained(folder)


def test_missing_files(folder, tmp_path):
    (folder / SAFE).unlink()
    with pytest.raises(ValueError, match=r"no weights in .*one of model.safetensors, .*pytorch_model.bin"):
        LukeModel.from_pretrained(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match=r"no config\.json in"):
        LukeModel.from_pretrained(folder)
    with pytest.raises(ValueError, match="no folder"):
        LukeModel.from_pretrained(tmp_path / "nowhere")


@pytest.mark.parametrize("form", ["safetensors", "pickle"])
def test_broken_shards(form, folder):
    rewrite(folder, form=form, shards=2)
    index = next(folder.glob("*.index.json"))
    good = json.loads(index.read_text())
    shard = good["weight_map"].pop("pooler.dense.bias")
    index.write_text(json.dumps({"weight_map": {**good["weight_map"], "ghost": shard}}))
    with pytest.raises(ValueError, match="weights ghost are in none of the files"):
        LukeModel.from_pretrained(folder)
    index.write_text(json.dumps({"weight_map": {**good["weight_map"], "ghost": f"../{folder.name}/{shard}"}}))
    with pytest.raises(ValueError, match="not in the same folder"):
        LukeModel.from_pretrained(folder)
    for text in ("{", "[]", "{}", '{"weight_map": {"a": 1}}'):
        index.write_text(text)
        with pytest.raises(ValueError, match=r"index.json can't be read"):
            LukeModel.from_pretrained(folder)
    index.write_text(json.dumps(good))
    (folder / shard).unlink()
    with pytest.raises(ValueError, match=f"{shard}.*not in the same folder"):
        LukeModel.from_pretrained(folder)


class Bomb:
    """Unpickling it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_code_in_a_pickle_never_runs(writer, folder, tmp_path):
    (folder / SAFE).unlink()
    trace = tmp_path / "trace"
    content = {"embeddings.word_embeddings.weight": torch.zeros(2), "bomb": Bomb(trace)}
    if writer == "torch":
        torch.save(content, folder / PICKLE)
    else:
        (folder / PICKLE).write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match="code in it is never run"):
        LukeModel.from_pretrained(folder)
    assert not trace.exists()
    with open(folder / PICKLE, "rb") as file:  # the bomb is real
        torch.load(file, weights_only=False) if writer == "torch" else pickle.load(file)
    assert trace.exists()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([torch.zeros(1)], "list"),
        ({"a": 3}, "int at 'a'"),
        ({3: torch.zeros(1)}, "Tensor at 3"),
        (None, "NoneType"),
    ],
)
def test_pickle_of_something_else(content, found, folder):
    (folder / SAFE).unlink()
    torch.save(content, folder / PICKLE)
    with pytest.raises(ValueError, match=f"other than named tensors: {found}"):
        LukeModel.from_pretrained(folder)


def test_saving_to_a_file_or_with_a_function_is_refused(folder, model, tiny_model, tmp_path):
    with pytest.raises(ValueError, match="is a file"):
        model.save_pretrained(folder / SAFE)
    with pytest.raises(ValueError, match="hidden_act"):
        tiny_model(hidden_act=torch.tanh).save_pretrained(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_other_architecture_is_refused(folder):
    data = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**data, "model_type": "bert"}))
    with pytest.raises(ValueError, match=r"type 'bert', not 'luke'.*from-encoder"):
        LukeModel.from_pretrained(folder)
    assert isinstance(LukeModel.from_pretrained(folder, config=LukeConfig(**_tiny(data))), LukeModel)


def _tiny(data):
    return {name: value for name, value in data.items() if name != "model_type"}


def test_a_pickle_takes_the_place_of_safetensors(model, folder, luke_inputs):
    with torch.no_grad():
        model.encoder.layer[0].output.dense.weight.mul_(-2)
    model.save_pretrained(folder, safe_serialization=False)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", PICKLE]
    assert torch.equal(states(LukeModel.from_pretrained(folder), luke_inputs()), states(model, luke_inputs()))


def test_weights_are_as_readable_as_other_files(tmp_path: Path) -> None:
    save_weights(tmp_path, {"a": torch.zeros(2)})
    (tmp_path / "other").touch()
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


TYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.mark.parametrize("shape", [(), (0, 5), (3, 5), (300, 301)])
@pytest.mark.parametrize("dtype", TYPES)
def test_safetensors_are_read_as_the_library_reads_them(tmp_path, dtype, shape):
    tensor = torch.randint(0, 100, shape).to(getattr(torch, dtype))
    save_file({"before": torch.ones(1, dtype=torch.bool), "it": tensor}, tmp_path / "model.safetensors")
    found = load_weights(tmp_path)["it"]
    assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
    assert torch.equal(found, load_file(tmp_path / "model.safetensors")["it"])


def test_a_type_of_tensor_that_is_unknown(tmp_path):
    save_file({"it": torch.ones(3).to(torch.float8_e4m3fn)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"model\.safetensors can.t be read: .*F8_E4M3"):
        load_weights(tmp_path)


def test_safetensors_are_mapped_one_by_one(tmp_path):
    save_file({"a": torch.ones(3), "b": torch.zeros(2)}, tmp_path / "model.safetensors")
    weights = load_weights(tmp_path)
    assert list(weights) == ["a", "b"]
    assert len(weights) == 2
    assert "c" not in weights
    assert torch.equal(weights["a"], torch.ones(3))
    # Each has a mapping of its own, which goes with it.
    assert weights["a"].untyped_storage().data_ptr() != weights["b"].untyped_storage().data_ptr()
