"""Folders with heads go to transformers and back, and published forms of their files load."""

from __future__ import annotations

import warnings

import pytest
import torch
from safetensors.torch import load_file, save_file

import spacy_luke

transformers = pytest.importorskip("transformers")

SIZES = {
    "vocab_size": 50,
    "entity_vocab_size": 20,
    "hidden_size": 16,
    "entity_emb_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "initializer_range": 0.3,
}
HEADS = (
    "LukeForMaskedLM",
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForEntitySpanClassification",
    "LukeForSequenceClassification",
    "LukeForMultipleChoice",
    "LukeForTokenClassification",
    "LukeForQuestionAnswering",
)
FIXED = (
    "LukeForMaskedLM",
    "LukeForMultipleChoice",
    "LukeForQuestionAnswering",
)  # have no labels of one's own
LABELLED = [head for head in HEADS if head not in FIXED]
SAFE = "model.safetensors"


def make(library, head, **changes):
    """A model with random biases, too."""
    torch.manual_seed(0)
    config = library.LukeConfig(**{**SIZES, **changes})
    model = getattr(library, head)(config).eval()
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(weight, std=0.3)
    return model


def answers(model):
    """The logits for some input."""
    gen = torch.Generator().manual_seed(0)
    shape = (2, 3) if "Choice" in type(model).__name__ else (2,)
    inputs = {
        "input_ids": torch.randint(2, 50, (*shape, 7), generator=gen),
        "entity_ids": torch.randint(1, 20, (*shape, 3), generator=gen),
        "entity_position_ids": torch.randint(0, 7, (*shape, 3, 4), generator=gen),
    }
    if "Span" in type(model).__name__:
        inputs |= {
            name: torch.tensor([[0, 1, 2]] * 2) for name in ("entity_start_positions", "entity_end_positions")
        }
    with torch.no_grad():
        return {name: value for name, value in model(**inputs).items() if "logits" in name}


def same(one, two):
    got, wanted = answers(one), answers(two)
    assert list(got) == list(wanted)
    for name in got:
        torch.testing.assert_close(got[name], wanted[name], atol=1e-5, rtol=1e-5)


def load(head, folder, **options):
    """Load a checkpoint of ours; nothing in it may be new."""
    model = getattr(spacy_luke, head).from_pretrained(folder, **options)
    assert model.untrained == ()
    return model


def tied(model):
    encoder, head = model.luke, model.entity_predictions
    return (
        model.lm_head.decoder.weight is encoder.embeddings.word_embeddings.weight,
        model.lm_head.decoder.bias is model.lm_head.bias,
        head.decoder.weight is encoder.entity_embeddings.entity_embeddings.weight,
    )


@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "pickle"])
@pytest.mark.parametrize("head", HEADS)
def test_theirs_loads_here(head, safe, tmp_path):
    theirs = make(transformers, head)
    theirs.save_pretrained(tmp_path, safe_serialization=safe)
    ours = load(head, tmp_path)
    same(ours, theirs)
    assert all(weight.requires_grad for weight in ours.parameters())
    assert head != "LukeForMaskedLM" or tied(ours) == (True, True, True)


@pytest.mark.parametrize("head", HEADS)
def test_ours_loads_there_and_here(head, tmp_path):
    ours = make(spacy_luke, head)
    ours.save_pretrained(tmp_path)
    theirs, info = getattr(transformers, head).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values())
    assert theirs.config.architectures == [head]
    same(theirs.eval(), ours)
    same(load(head, tmp_path), ours)


@pytest.mark.parametrize("way", ["theirs", "ours"])
def test_untied_word_scores(way, tmp_path):
    library = {"theirs": transformers, "ours": spacy_luke}[way]
    model = make(library, "LukeForMaskedLM", tie_word_embeddings=False)
    assert tied(model) == (False, True, True)
    model.save_pretrained(tmp_path)
    for other in (
        load("LukeForMaskedLM", tmp_path),
        transformers.LukeForMaskedLM.from_pretrained(tmp_path).eval(),
    ):
        assert tied(other) == (False, True, True)
        same(other, model)


TIED = ("lm_head.decoder.weight", "lm_head.decoder.bias", "entity_predictions.decoder.weight")


@pytest.mark.parametrize("prefixed", [True, False])
@pytest.mark.parametrize("stored", ["both", "tables", "decoders"])
def test_tied_weights_under_either_name(stored, prefixed, tmp_path):
    theirs = make(transformers, "LukeForMaskedLM")
    theirs.save_pretrained(tmp_path)
    weights = {name: weight.clone() for name, weight in theirs.state_dict().items()}
    leave_out = {
        "both": (),
        "tables": TIED,
        "decoders": (
            "luke.embeddings.word_embeddings.weight",
            "lm_head.bias",
            "luke.entity_embeddings.entity_embeddings.weight",
        ),
    }[stored]
    weights = {name: weight for name, weight in weights.items() if name not in leave_out}
    ours = make(spacy_luke, "LukeForMaskedLM", initializer_range=0.1)
    assert ours.load_state_dict(weights) == ([], [])
    same(ours, theirs)
    if not prefixed:  # the first release
        weights = {name.removeprefix("luke."): weight for name, weight in weights.items()}
        weights["embeddings.position_ids"] = torch.arange(40)[None]
    save_file(weights, tmp_path / SAFE, metadata={"format": "pt"})
    for model in (ours, load("LukeForMaskedLM", tmp_path)):
        same(model, theirs)
        assert tied(model) == (True, True, True)


def test_a_changed_table_is_scored_with_after_loading(tmp_path):
    ours = make(spacy_luke, "LukeForMaskedLM")
    ours.save_pretrained(tmp_path)
    assert not set(TIED) & set(load_file(tmp_path / SAFE))
    loaded = load("LukeForMaskedLM", tmp_path)
    before = answers(loaded)["logits"]
    with torch.no_grad():
        loaded.get_input_embeddings().weight[7] += 1.0
    assert not torch.allclose(answers(loaded)["logits"][..., 7], before[..., 7])


@pytest.mark.parametrize("wanted", HEADS)
@pytest.mark.parametrize("saved", ["LukeModel", *HEADS])
def test_checkpoint_of_another_task(saved, wanted, tmp_path):
    make(transformers, saved).save_pretrained(tmp_path)
    kind = getattr(spacy_luke, wanted)
    if saved == wanted:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            kind.from_pretrained(tmp_path)
        return
    origin = "" if saved == "LukeModel" else f" of a {saved}"
    with pytest.warns(
        UserWarning, match=rf"{wanted} found no weights for .* in the checkpoint{origin}, so they are new"
    ) as caught:
        model = kind.from_pretrained(tmp_path)
    assert caught[0].filename == __file__
    heads = {"lm_head", "entity_predictions", "classifier", "qa_outputs", "luke.pooler"}
    own = {name for name, _ in model.named_children()} - {"luke", "dropout"}
    assert own <= set(model.untrained) <= heads
    stored = load_file(tmp_path / SAFE)
    for name, weight in model.luke.state_dict().items():
        if "pooler" not in name:
            assert torch.equal(weight, stored.get(f"luke.{name}", stored.get(name))), name
    for name, weight in model.named_parameters():
        assert weight.isfinite().all(), name
    new = dict(model.named_modules())[model.untrained[0]]
    assert all(not w.any() for n, w in new.named_parameters() if n.split(".")[-1] == "bias")
    assert answers(model)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_stored_in_half(dtype, tmp_path):
    theirs = make(transformers, "LukeForMaskedLM").to(dtype)
    theirs.save_pretrained(tmp_path)
    ours = load("LukeForMaskedLM", tmp_path)
    assert ours.dtype == torch.float32
    same(ours, theirs.float())
    for name in (dtype, str(dtype).removeprefix("torch.")):
        assert load("LukeForMaskedLM", tmp_path, dtype=name).lm_head.bias.dtype == dtype
        assert (
            load("LukeForMaskedLM", tmp_path, torch_dtype=name).lm_head.bias.dtype == dtype
        )  # its older name


def test_a_type_that_there_is_not(tmp_path):
    make(spacy_luke, "LukeForMaskedLM").save_pretrained(tmp_path)
    with pytest.raises(TypeError, match="dtype is 'half a float'; allowed is a type of torch"):
        load("LukeForMaskedLM", tmp_path, dtype="half a float")


@pytest.mark.parametrize("head", LABELLED)
def test_another_number_of_labels(head, tmp_path):
    """As in transformers' tests: an error, or with `ignore_mismatched_sizes` a new head on the same encoder."""
    theirs = make(transformers, head)
    theirs.save_pretrained(tmp_path)
    kind = getattr(spacy_luke, head)
    with pytest.raises(
        ValueError, match=r"classifier\.weight has the shape .* pass ignore_mismatched_sizes=True"
    ):
        kind.from_pretrained(tmp_path, num_labels=42)
    with pytest.warns(UserWarning, match="found no weights for classifier"):
        ours = kind.from_pretrained(tmp_path, num_labels=42, ignore_mismatched_sizes=True)
    assert (ours.classifier.out_features, ours.untrained) == (42, ("classifier",))
    torch.testing.assert_close(
        ours.luke.state_dict()["embeddings.word_embeddings.weight"],
        theirs.luke.state_dict()["embeddings.word_embeddings.weight"],
    )
    assert 0 < ours.classifier.weight.std() < 1
    with pytest.raises(ValueError, match=r"word_embeddings\.weight has the shape .*Correct config\.json"):
        kind.from_pretrained(tmp_path, vocab_size=10, ignore_mismatched_sizes=True)


def test_labels_and_overrides(tmp_path):
    labels = {0: "NIL", 1: "PER", 2: "LOC"}
    make(transformers, "LukeForTokenClassification", id2label=labels, label2id={"x": 0}).save_pretrained(
        tmp_path
    )
    ours = load("LukeForTokenClassification", tmp_path, classifier_dropout=0.25)
    assert (ours.config.id2label, ours.num_labels, ours.dropout.p) == (labels, 3, 0.25)
    with pytest.warns(UserWarning, match="classifier"):
        other = spacy_luke.LukeForSequenceClassification.from_pretrained(
            tmp_path, num_labels=5, problem_type="multi_label_classification"
        )
    assert other.classifier.weight.shape == (5, 16)
    assert other.config.problem_type == "multi_label_classification"
    with pytest.raises(ValueError, match=r"LukeForQuestionAnswering needs 2 labels.*num_labels=2"):
        spacy_luke.LukeForQuestionAnswering.from_pretrained(tmp_path)


@pytest.mark.parametrize("tie", [True, False], ids=["tied", "untied"])
def test_resized_tables_go_both_ways(tie, tmp_path):
    theirs, ours = (
        make(library, "LukeForMaskedLM", tie_word_embeddings=tie) for library in (transformers, spacy_luke)
    )
    ours.load_state_dict(theirs.state_dict())
    for size in (58, 52):
        for model in (theirs, ours):
            model.resize_token_embeddings(size)
            assert model.config.vocab_size == size
        for name, weight in ours.state_dict().items():  # theirs draws new rows, very close to the mean
            torch.testing.assert_close(weight, theirs.state_dict()[name], atol=1e-3, rtol=0)
    theirs.save_pretrained(tmp_path / "theirs")
    same(load("LukeForMaskedLM", tmp_path / "theirs"), theirs)
    ours.resize_entity_embeddings(24)
    ours.save_pretrained(tmp_path / "ours")
    same(transformers.LukeForMaskedLM.from_pretrained(tmp_path / "ours").eval(), ours)


@pytest.mark.parametrize("head", HEADS)
def test_pruning_is_refused_as_there(head):
    for library in (transformers, spacy_luke):
        with pytest.raises(NotImplementedError):
            make(library, head).prune_heads({0: [0]})


@pytest.mark.parametrize("head", ["LukeModel", *HEADS])
def test_a_folder_within_a_checkpoint(head, tmp_path):
    make(transformers, head).save_pretrained(tmp_path / "encoder" / "luke")
    for library in (transformers, spacy_luke):
        model = getattr(library, head).from_pretrained(tmp_path / "encoder", subfolder="luke")
        config = library.LukeConfig.from_pretrained(tmp_path / "encoder", subfolder="luke")
        assert (model.config.vocab_size, config.vocab_size) == (50, 50)
    with pytest.raises(ValueError, match=r"no config\.json in .*encoder/nowhere"):
        getattr(spacy_luke, head).from_pretrained(tmp_path / "encoder", subfolder="nowhere")
