"""What loaders and savers of other libraries are called with: used, or ignored; never stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from spacy_luke import LukeConfig, LukeForMaskedLM, LukeForSequenceClassification, LukeModel, LukeTokenizer
from spacy_luke.nn.hub import IGNORED, CheckpointError, in_variant

SECRET = "hf_secret"
# Of the hub, of transformers, of accelerate.
FOR_LOADING = {
    "token": SECRET,
    "use_auth_token": SECRET,
    "cache_dir": "cache-of-somebody",
    "revision": "some-branch",
    "force_download": False,
    "local_files_only": False,
    "resume_download": None,
    "proxies": None,
    "trust_remote_code": True,
    "low_cpu_mem_usage": True,
    "attn_implementation": "eager",
    "max_memory": {0: "1GB"},
    "offload_folder": "offloaded",
    "_fast_init": True,
    "weights_only": True,
    "_from_auto": True,
}
FOR_MODELS = {
    **FOR_LOADING,
    "device_map": "cpu",
    "torch_dtype": "auto",
    "use_safetensors": True,
    "variant": None,
}
FOR_MODELS |= {"load_in_8bit": False, "quantization_config": None, "from_tf": False, "state_dict": None}
FOR_SAVING = {"token": SECRET, "push_to_hub": False, "max_shard_size": "5GB", "save_function": torch.save}
FOR_SAVING |= {"save_peft_format": True, "use_auth_token": SECRET}


@pytest.fixture
def folder(tiny_config, tmp_path):
    LukeForSequenceClassification(tiny_config()).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def everything_in(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf8") for path in folder.rglob("*.json"))


def test_no_argument_of_a_loader_is_stored(folder, tmp_path):
    before = json.loads((folder / "config.json").read_text())
    model = LukeForSequenceClassification.from_pretrained(folder, **FOR_MODELS)
    model.save_pretrained(tmp_path / "model", **FOR_SAVING, safe_serialization=True, is_main_process=True)
    config = LukeConfig.from_pretrained(folder, **FOR_LOADING)
    config.save_pretrained(tmp_path / "config", **FOR_SAVING)
    for name in ("model", "config"):
        assert json.loads((tmp_path / name / "config.json").read_text()) == before
    assert SECRET not in repr(model.config) + repr(config) + everything_in(tmp_path)


def test_a_secret_that_was_stored_is_dropped(folder, tmp_path):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **{"token": SECRET, "device_map": "cpu"}}))
    model = LukeForSequenceClassification.from_pretrained(folder)
    model.save_pretrained(tmp_path / "again")
    LukeConfig(token=SECRET, use_auth_token=SECRET).save_pretrained(tmp_path / "new")
    assert SECRET not in everything_in(tmp_path / "again") + everything_in(tmp_path / "new")
    assert not hasattr(model.config, "device_map")


def test_of_tokenizers(tmp_path):
    from parity_tokenizers import vocabulary

    LukeTokenizer(*vocabulary("tiny")).save_pretrained(tmp_path / "saved")
    more = {"use_fast": True, "verbose": False, "legacy": True, "from_slow": False, "local_files_only": True}
    tokenizer = LukeTokenizer.from_pretrained(tmp_path / "saved", **{**FOR_LOADING, **more})
    files = tokenizer.save_pretrained(tmp_path / "again", legacy_format=True, token=SECRET, push_to_hub=False)
    for file in map(Path, files):
        assert file.read_bytes() == (tmp_path / "saved" / file.name).read_bytes()
    prefixed = tokenizer.save_pretrained(tmp_path / "again", filename_prefix="x")
    assert [Path(file).name for file in prefixed] == [f"x-{Path(file).name}" for file in files]
    with pytest.raises(TypeError, match="colour"):
        tokenizer.save_pretrained(tmp_path / "again", colour="red")
    with pytest.raises(ValueError, match=r"push_to_hub isn't possible.*upload_folder"):
        tokenizer.save_pretrained(tmp_path / "again", push_to_hub=True)


@pytest.mark.parametrize(
    "option",
    [{"load_in_8bit": True}, {"quantization_config": {"bits": 4}}, {"from_tf": True}, {"gguf_file": "x"}],
)
def test_what_would_change_the_result_is_refused(option, folder):
    with pytest.raises(ValueError, match=f"{next(iter(option))} isn't possible"):
        LukeModel.from_pretrained(folder, **option)


def test_what_nobody_knows_is_refused(folder, tmp_path):
    model = LukeForSequenceClassification.from_pretrained(folder)
    for save in (model.save_pretrained, model.config.save_pretrained):
        with pytest.raises(TypeError, match=r"save_pretrained`: colour"):
            save(tmp_path / "x", colour="red")
    assert not (tmp_path / "x").exists()
    with pytest.raises(TypeError, match="colour"):
        LukeModel.from_pretrained(folder, colour="red")
    assert "colour" not in IGNORED


@pytest.mark.parametrize("name", ["nowhere", "./nowhere", "/nowhere/at/all", "owner/name"])
@pytest.mark.parametrize("kind", [LukeModel, LukeForMaskedLM, LukeConfig, LukeTokenizer])
def test_what_is_missing_is_an_os_error(name, kind, tmp_path):
    with pytest.raises(OSError, match=r"no folder|neither a local folder") as raised:
        kind.from_pretrained(name, cache_dir=tmp_path, local_files_only=True)
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, CheckpointError)


def test_a_file_that_is_missing_is_an_os_error(folder):
    for name, kind in (("model.safetensors", LukeModel), ("config.json", LukeConfig)):
        (folder / name).unlink()
        with pytest.raises(OSError, match=name):
            kind.from_pretrained(folder)


@pytest.mark.parametrize(("stored", "told"), [(torch.float16, True), (torch.bfloat16, False)])
def test_the_type_of_the_weights(stored, told, tiny_model, tmp_path):
    tiny_model().to(stored).save_pretrained(tmp_path)
    if not told:
        path = tmp_path / "config.json"
        config = json.loads(path.read_text())
        del config["torch_dtype"]
        path.write_text(json.dumps(config))
    assert LukeModel.from_pretrained(tmp_path, torch_dtype="auto").dtype == stored
    assert LukeModel.from_pretrained(tmp_path).dtype == torch.float32
    assert LukeConfig.from_pretrained(tmp_path, torch_dtype="auto").to_dict().get("torch_dtype") is None
    config = LukeConfig.from_pretrained(tmp_path, torch_dtype=torch.float16)
    assert config.torch_dtype == torch.float16
    assert json.loads(config.to_json_string())["torch_dtype"] == "float16"


@pytest.mark.parametrize(
    "device_map", ["cpu", torch.device("cpu"), {"": "cpu"}, {"luke": "cpu", "classifier": "cpu"}]
)
def test_one_device(device_map, folder):
    assert LukeModel.from_pretrained(folder, device_map=device_map).device.type == "cpu"


def test_the_device_is_chosen_or_refused(folder, monkeypatch):
    assert LukeModel.from_pretrained(folder, device_map="meta").device.type == "meta"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert LukeModel.from_pretrained(folder, device_map="auto").device.type == "cpu"
    for wrong in ("nowhere", {"luke": "cpu", "classifier": "meta"}):
        with pytest.raises(ValueError, match=r"device_map is .* on one device"):
            LukeModel.from_pretrained(folder, device_map=wrong)


@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize("variant", [None, "fp16"])
def test_files_of_weights(safe, variant, tiny_model, tiny_config, tmp_path, luke_inputs):
    other = LukeModel(tiny_config(initializer_range=0.1))
    other.save_pretrained(tmp_path, variant=variant)
    model = tiny_model()
    model.save_pretrained(tmp_path, safe_serialization=safe, variant=variant)
    name = in_variant("model.safetensors" if safe else "pytorch_model.bin", variant)
    assert [path.name for path in tmp_path.iterdir() if path.name != "config.json"] == [name]
    inputs = luke_inputs()
    found = LukeModel.from_pretrained(tmp_path, variant=variant)(**inputs).last_hidden_state
    assert torch.equal(found, model(**inputs).last_hidden_state)
    with pytest.raises(OSError, match="no weights"):
        LukeModel.from_pretrained(tmp_path, variant=variant, use_safetensors=not safe)
    with pytest.raises(OSError, match=r"model\.other\.safetensors"):
        LukeModel.from_pretrained(tmp_path, variant="other")


def test_names_of_variants():
    assert in_variant("model.safetensors.index.json", "fp16") == "model.safetensors.index.fp16.json"
    assert in_variant("model-*.safetensors", "fp16") == "model.fp16-*.safetensors"
    assert in_variant("pytorch_model.bin", None) == "pytorch_model.bin"


def test_weights_from_a_state_dict(tiny_config, tmp_path, luke_inputs):
    model, inputs = LukeForMaskedLM(tiny_config()).eval(), luke_inputs()
    LukeForMaskedLM(tiny_config()).save_pretrained(tmp_path / "a")
    model.save_pretrained(tmp_path / "b", state_dict=model.state_dict())  # with names that share weights
    for loaded in (
        LukeForMaskedLM.from_pretrained(tmp_path / "a", state_dict=model.state_dict()),
        LukeForMaskedLM.from_pretrained(tmp_path / "b"),
    ):
        assert torch.equal(loaded(**inputs).logits, model(**inputs).logits)


def test_what_was_missing_is_told(tiny_model, tmp_path):
    tiny_model().save_pretrained(tmp_path)
    with pytest.warns(UserWarning, match="classifier"):
        loaded = LukeForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)
    model, info = loaded
    assert info["missing_keys"] == ["classifier.weight", "classifier.bias"]
    assert not any(info[name] for name in ("unexpected_keys", "mismatched_keys", "error_msgs"))
    assert model.config.get_text_config() is model.config
    model.save_pretrained(tmp_path)
    assert isinstance(LukeModel.from_pretrained(tmp_path, output_loading_info=True), tuple)


def test_one_of_several_processes_writes(tiny_model, tmp_path):
    tiny_model().save_pretrained(tmp_path / "x", is_main_process=False)
    assert not (tmp_path / "x").exists()


def test_what_is_asked_of_any_model(tiny_config, tmp_path):
    model = LukeForMaskedLM(tiny_config())
    total = sum(weight.numel() for weight in model.parameters())
    assert model.num_parameters() == total
    tables = {id(t.weight): t.weight.numel() for t in model.modules() if isinstance(t, torch.nn.Embedding)}
    assert model.num_parameters(exclude_embeddings=True) == total - sum(tables.values())
    model.get_input_embeddings().weight.requires_grad = False
    assert model.num_parameters(only_trainable=True) == total - model.get_input_embeddings().weight.numel()
    assert model.get_memory_footprint() == 4 * total
    assert (model.main_input_name, model.config_class) == ("input_ids", LukeConfig)
    assert model.config.architectures is None
    model.save_pretrained(tmp_path)
    assert model.config.architectures == ["LukeForMaskedLM"]
    assert LukeForMaskedLM._from_config(tiny_config(), attn_implementation="eager").config == tiny_config()
