"""LUKEs made from BERT and RoBERTa read words as transformers' own models do."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.cli.convert_encoder import convert_folder
from spacy_luke.nn.checkpoint import load_weights
from spacy_luke.nn.config import load_config_file
from spacy_luke.nn.convert import luke_from_encoder
from spacy_luke.nn.model import LukeModel

transformers = pytest.importorskip("transformers")

SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "initializer_range": 0.3,
    "max_position_embeddings": 24,
}
KINDS = {
    "bert": ("Bert", {"pad_token_id": 0, "type_vocab_size": 2}, 24),
    "roberta": ("Roberta", {"pad_token_id": 1, "type_vocab_size": 1}, 22),
    "xlm-roberta": ("XLMRoberta", {"pad_token_id": 1, "type_vocab_size": 1}, 22),
}
NEW = {"entity_vocab_size": 6, "entity_emb_size": 16}


def encoder(kind, head="Model", **changes):
    name, special, _ = KINDS[kind]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**{**SIZES, **special, **changes})
    return getattr(transformers, name + head)(config).eval()


def words(kind):
    """As long as the table allows, the second padded."""
    pad, longest = KINDS[kind][1]["pad_token_id"], KINDS[kind][2]
    ids = torch.randint(2, 50, (2, longest), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    ids[1, 9:], mask[1, 9:] = pad, 0
    return ids, mask


def check(luke, theirs, ids, mask):
    with torch.no_grad():
        wanted, got = theirs(ids, mask), luke(ids, mask)
    torch.testing.assert_close(
        got.last_hidden_state[mask.bool()], wanted.last_hidden_state[mask.bool()], atol=1e-5, rtol=0
    )
    if luke.pooler is not None:
        torch.testing.assert_close(got.pooler_output, wanted.pooler_output, atol=1e-5, rtol=0)


@pytest.mark.parametrize("arrows", [True, False])
@pytest.mark.parametrize("kind", list(KINDS))
def test_words_read_as_in_the_source(kind, arrows):
    theirs = encoder(kind, layer_norm_eps=0.01, hidden_act="relu", num_attention_heads=2)
    luke = luke_from_encoder(
        theirs.state_dict(),
        theirs.config.to_dict(),
        words_attend_to_entities=arrows,
        entities_attend_to_entities=arrows,
        **NEW,
    )
    ids, mask = words(kind)
    check(luke, theirs, ids, mask)
    assert luke.config.words_attend_to_entities is luke.config.entities_attend_to_entities is arrows
    if not arrows:
        states = luke.encode_words(ids, mask).last_hidden_state
        torch.testing.assert_close(states[mask.bool()], luke(ids, mask)[0][mask.bool()], atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match=f"reads {ids.shape[1]} at most"):
        luke(torch.full((1, ids.shape[1] + 1), 3))


@pytest.mark.parametrize("kind", list(KINDS))
def test_heads_prefixes_and_old_names(kind):
    masked = encoder(kind, "ForMaskedLM")
    luke = luke_from_encoder(masked.state_dict(), masked.config.to_dict(), **NEW)
    assert luke.pooler is None
    check(luke, masked.base_model, *words(kind))
    old = {n.replace("LayerNorm.weight", "LayerNorm.gamma"): w for n, w in masked.state_dict().items()}
    old = {n.replace("LayerNorm.bias", "LayerNorm.beta"): w for n, w in old.items()}
    check(luke_from_encoder(old, masked.config.to_dict(), **NEW), masked.base_model, *words(kind))


@pytest.mark.parametrize("emb_size", [16, 4])
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_mask_entity_starts_as_the_mask_word_at_its_place(kind, emb_size):
    theirs = encoder(kind)
    luke = luke_from_encoder(
        theirs.state_dict(),
        theirs.config.to_dict(),
        entity_vocab_size=6,
        entity_emb_size=emb_size,
        mask_token_id=7,
    )
    ids, _ = words(kind)
    for place in (0, 5, ids.shape[1] - 1):
        word = luke.embeddings(torch.full_like(ids[:1], 7))[0, place]
        for mask in (2, 3):
            entity = luke.entity_embeddings(torch.tensor([[mask]]), torch.tensor([[[place, -1]]]))[0, 0]
            torch.testing.assert_close(entity, word, atol=1e-5, rtol=0)
    assert not luke.entity_embeddings.entity_embeddings.weight[0].any()
    assert luke.entity_embeddings.entity_embeddings.weight[5].any()
    assert hasattr(luke.entity_embeddings, "entity_embedding_dense") is (emb_size != 16)


def test_entity_queries_are_the_word_query():
    theirs = encoder("bert")
    luke = luke_from_encoder(theirs.state_dict(), theirs.config.to_dict(), **NEW)
    for layer in luke.encoder.layers():
        attention = layer.attention.self
        for query in (attention.w2e_query, attention.e2w_query, attention.e2e_query):
            assert torch.equal(query.weight, attention.query.weight)
            assert torch.equal(query.bias, attention.query.bias)
            assert query.weight.data_ptr() != attention.query.weight.data_ptr()


def test_new_words_and_types():
    theirs = encoder("bert")
    luke = luke_from_encoder(
        theirs.state_dict(), theirs.config.to_dict(), new_words=[None, 5], type_vocab_size=4, **NEW
    )
    table = luke.embeddings.word_embeddings.weight
    assert luke.config.vocab_size == len(table) == 52
    torch.testing.assert_close(table[50], table[:50].mean(0))
    assert torch.equal(table[51], table[5])
    for types in (
        luke.embeddings.token_type_embeddings.weight,
        luke.entity_embeddings.token_type_embeddings.weight,
    ):
        assert luke.config.type_vocab_size == len(types) == 4
        assert torch.equal(types[2], types[0])
        assert torch.equal(types[3], types[0])
        assert not torch.equal(types[1], types[0])
    with pytest.raises(ValueError, match="type_vocab_size is 1, but the encoder has 2"):
        luke_from_encoder(theirs.state_dict(), theirs.config.to_dict(), type_vocab_size=1, **NEW)


def test_sources_that_cannot_become_a_luke():
    theirs = encoder("bert")
    state, config = theirs.state_dict(), theirs.config.to_dict()
    for change in ({"model_type": "gpt2"}, {"position_embedding_type": "relative_key"}):
        with pytest.raises(ValueError, match="one of type bert, roberta"):
            luke_from_encoder(state, {**config, **change}, **NEW)
    with pytest.raises(ValueError, match=r"no weight embeddings.position_embeddings.weight"):
        luke_from_encoder({n: w for n, w in state.items() if "position" not in n}, config, **NEW)
    with pytest.raises(ValueError, match=r"lacks weights.*layer.1.output"):
        luke_from_encoder({n: w for n, w in state.items() if "layer.1.output" not in n}, config, **NEW)
    with pytest.raises(ValueError, match=r"no place for: encoder.layer.2"):
        luke_from_encoder({**state, "encoder.layer.2.x": torch.zeros(1)}, config, **NEW)


@pytest.fixture
def folder(tmp_path):
    """A tiny BERT with a fast tokenizer."""
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "@", "#", *"abcdefgh"]
    source = tmp_path / "source"
    encoder("bert", vocab_size=len(vocab)).save_pretrained(source)
    (source / "vocab.txt").write_text("\n".join(vocab))
    transformers.BertTokenizerFast(str(source / "vocab.txt")).save_pretrained(source)
    return source


def test_convert_folder(folder, tmp_path):
    from spacy_luke.tokenizer import LukeTokenizer

    convert_folder(folder, tmp_path / "luke", titles=["Paris", "Rome", "Paris"], max_mention_length=3)
    luke = LukeModel.from_pretrained(tmp_path / "luke")
    tokenizer = LukeTokenizer.from_pretrained(tmp_path / "luke")
    assert luke.config.entity_vocab_size == 6
    assert tokenizer.max_mention_length == 3
    table = luke.embeddings.word_embeddings.weight
    vocab = tokenizer.get_vocab()
    assert len(table) == 17
    for marker, start in (("<ent>", "@"), ("<ent2>", "#")):
        assert torch.equal(table[vocab[marker]], table[vocab[start]])
    encoded = tokenizer("a b c", entity_spans=[(2, 3)], return_tensors="pt")
    cached = luke.encode_entities(
        luke.encode_words(encoded["input_ids"]), encoded["entity_ids"], encoded["entity_position_ids"]
    )
    torch.testing.assert_close(
        cached.last_hidden_state, luke(**encoded).entity_last_hidden_state, atol=1e-5, rtol=0
    )
    theirs = transformers.BertModel.from_pretrained(folder).eval()
    check(luke, theirs, encoded["input_ids"], encoded["attention_mask"])
    assert torch.equal(
        luke_from_encoder(
            load_weights(folder), load_config_file(folder), mask_token_id=4, **NEW
        ).entity_embeddings.entity_embeddings.weight[2],
        luke.entity_embeddings.entity_embeddings.weight[2],
    )


def test_convert_folder_needs_a_tokenizer(folder, tmp_path):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match=r"no tokenizer\.json"):
        convert_folder(folder, tmp_path / "luke")
    assert not (tmp_path / "luke").exists()
