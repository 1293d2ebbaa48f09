"""transformers' own `Trainer` on our models: losses, evaluation, files."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
import torch

import spacy_luke

transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from parity.test_heads_forward import HEADS, LABELS, SIZES, make_inputs, make_labels  # noqa: E402


def rows_of(head):
    """A data set of three texts with labels."""
    given_ = make_inputs(head)
    given_.update(make_labels(head, given_))
    if head == "LukeForQuestionAnswering":
        for name in ("start_positions", "end_positions"):
            given_[name] = given_[name].clamp(0, 2)
    return [{name: value[row] for name, value in given_.items()} for row in range(3)]


def make_trainer(head, model, folder, **changes):
    options = {"max_steps": 2, "report_to": [], "use_cpu": True, "disable_tqdm": True, "save_strategy": "no"}
    args = transformers.TrainingArguments(str(folder), **{**options, **changes})
    rows = rows_of(head)
    return transformers.Trainer(model=model, args=args, train_dataset=rows, eval_dataset=rows)


def make_model(head):
    torch.manual_seed(0)
    labels = 2 if head == "LukeForQuestionAnswering" else LABELS
    return getattr(spacy_luke, head)(spacy_luke.LukeConfig(**SIZES, num_labels=labels))


@pytest.mark.parametrize("head", HEADS)
def test_trains_evaluates_and_saves(head, tmp_path):
    model = make_model(head)
    trainer = make_trainer(head, model, tmp_path / "runs")
    trainer.train()
    assert trainer.evaluate()["eval_loss"] > 0
    trainer.save_model(tmp_path / "saved")
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["architectures"] == [head]
    given_ = make_inputs(head, padded=False)
    with torch.no_grad():
        wanted = model.eval()(**given_)[0]
        for library in (spacy_luke, transformers):
            loaded = getattr(library, head).from_pretrained(tmp_path / "saved").eval()
            torch.testing.assert_close(loaded(**given_)[0], wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "head", ["LukeForSequenceClassification", "LukeForTokenClassification", "LukeForMaskedLM"]
)
def test_losses_of_trainers(head, tmp_path):
    """`compute_loss`, with and without label smoothing, beside that of a model of transformers."""
    model = make_model(head).eval()
    theirs = getattr(transformers, head)(transformers.LukeConfig(**SIZES, num_labels=LABELS)).eval()
    theirs.load_state_dict(model.state_dict())
    batch = make_inputs(head, padded=False)
    batch.update(make_labels(head, batch))
    for smoothing in (0.0, 0.2):
        losses = []
        for one in (model, theirs):
            trainer = make_trainer(head, one, tmp_path, label_smoothing_factor=smoothing)
            loss, outputs = trainer.compute_loss(one, dict(batch), return_outputs=True)
            losses.append(loss)
            assert isinstance(outputs, dict)
        torch.testing.assert_close(*losses, atol=1e-5, rtol=1e-5)


def test_goes_on_from_a_checkpoint_with_the_best_one(tmp_path):
    head = "LukeForMaskedLM"
    steps = {"save_strategy": "steps", "save_steps": 1, "eval_strategy": "steps", "eval_steps": 1}
    options = {**steps, "load_best_model_at_end": True, "gradient_checkpointing": True}
    trainer = make_trainer(head, make_model(head), tmp_path, **options)
    trainer.train()
    again = make_trainer(head, make_model(head), tmp_path, **{**options, "max_steps": 3})
    again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert again.state.global_step == 3
    decoder = again.model.lm_head.decoder.weight
    assert decoder is again.model.get_input_embeddings().weight


def test_being_known_to_the_trainer_changes_nothing_else(tmp_path):
    """`isinstance` says that a model is one of transformers, and no more than that."""
    assert transformers.Trainer  # its module is imported now
    model = make_model("LukeForSequenceClassification").eval()
    assert isinstance(model, transformers.PreTrainedModel)
    assert isinstance(model, spacy_luke.LukeForSequenceClassification)
    assert not issubclass(type(model), transformers.PreTrainedModel)
    given_ = make_inputs("LukeForSequenceClassification")
    wanted = model(**given_).logits
    torch.save(model, tmp_path / "whole.pt")
    for twin in (
        copy.copy(model),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        torch.load(tmp_path / "whole.pt", weights_only=False),
    ):
        assert type(twin) is type(model)
        assert torch.equal(twin(**given_).logits, wanted)
    assert type(model.__class__(model.config)) is type(model)
    assert model._get_name() == "LukeForSequenceClassification"
    changed = type("Changed", (type(model),), {})
    model.__class__ = changed
    assert type(model) is changed
    exported = torch.export.export(
        make_model("LukeForTokenClassification").eval(), (), kwargs=make_inputs(HEADS[6])
    )
    assert exported.module()(**make_inputs(HEADS[6])).logits.shape == (3, 9, 3)
