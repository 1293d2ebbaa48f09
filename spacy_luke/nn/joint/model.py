"""LUKE with heads for spans, entities and relations, all fed by one pass over the words.

words -> word states -+-> proposer -> candidate spans -> entity rows -> span head      (NER)
                      +-> mentions, found or given    -> entity rows -+-> entity head  (labels, vectors)
                                                                      +-> relation head (pairs)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..config import LukeConfig
from ..layout import take_rows
from ..model import LukeModel
from ..outputs import WordStates
from .config import JointConfig
from .heads import EntityHead, SpanHead
from .proposer import SpanProposer, best_spans
from .relations import RelationHead
from .rows import EntityRows

HEADS = ("span_head", "entity_head", "relation_head")
HeadT = TypeVar("HeadT", bound=nn.Module)


@dataclass
class Words:
    """Words of a batch of windows as tensors.

    ids, mask, types (Tensor): Pieces. Shape: (batch, length)
    first, last (Tensor): Pieces of each token. Shape: (batch, n_tokens)
    token_mask (Tensor): True for real tokens. Shape: (batch, n_tokens)
    """

    ids: Tensor
    mask: Tensor
    types: Tensor | None
    first: Tensor
    last: Tensor
    token_mask: Tensor


@dataclass
class Mentions:
    """Mentions and pairs of a batch of windows as tensors.

    extents (Tensor): First and last-plus-one piece. Shape: (batch, n_mentions, 2)
    mask (Tensor): True for real mentions. Shape: (batch, n_mentions)
    pairs (Tensor): Window, head row, tail row. Shape: (n_pairs, 3)
    ids (Tensor | None): Which entity of the vocabulary each is; None for [MASK]. Shape: (batch, n_mentions)
    """

    extents: Tensor
    mask: Tensor
    pairs: Tensor
    ids: Tensor | None = None


@dataclass
class Candidates:
    """Candidate spans of a batch of windows.

    spans (Tensor): First and last token slot of each. Shape: (batch, n_spans, 2)
    mask (Tensor): True for real candidates. Shape: (batch, n_spans)
    """

    spans: Tensor
    mask: Tensor


@dataclass
class Related:
    """Pairs of mentions with a relation whose probability is above a floor.

    pairs (Tensor): Window, head row, tail row. Shape: (n_relations, 3)
    labels (Tensor): Index of the relation. Shape: (n_relations,)
    scores (Tensor): Its probability. Shape: (n_relations,)
    """

    pairs: Tensor
    labels: Tensor
    scores: Tensor


@dataclass
class JointOutput:
    """What the joint model says of a batch. A part that was not asked for, or has no head, is None.

    word_states (Tensor): Last word states, computed without entities. Shape: (batch, length, hidden)
    proposal_scores (Tensor): Pre-filter scores. Shape: (batch, n_tokens, max_span_width)
    candidates (Candidates): The spans that were read as entities.
    span_logits (Tensor): Shape: (batch, n_spans, n_labels + 1)
    entity_states (Tensor): Shape: (batch, n_mentions, hidden)
    label_logits (Tensor): Shape: (batch, n_mentions, n_labels)
    pair_logits (Tensor): Shape: (n_pairs, n_labels + 1)
    related (Related): Instead of the logits, where a floor for relations was given.
    words (WordStates): The encoder's cache, for more rows on the same words.
    rows (EntityRows): What the candidates have read, where no entity reads another: then the rows of mentions
        among them are the same.
    """

    word_states: Tensor
    words: WordStates | None = None
    rows: EntityRows | None = None
    proposal_scores: Tensor | None = None
    candidates: Candidates | None = None
    span_logits: Tensor | None = None
    entity_states: Tensor | None = None
    label_logits: Tensor | None = None
    pair_logits: Tensor | None = None
    related: Related | None = None


class JointModel(nn.Module):
    """LUKE with a span, an entity and a relation head.

    config (LukeConfig): The encoder's configuration.
    joint (JointConfig): Labels and sizes of the heads.
    """

    def __init__(self, config: LukeConfig, joint: JointConfig) -> None:
        super().__init__()
        self.config = config
        self.joint = joint
        self.luke = LukeModel(config, add_pooling_layer=False)
        self.proposer: SpanProposer | None = None
        self.span_head: SpanHead | None = None
        self.entity_head: EntityHead | None = None
        self.relation_head: RelationHead | None = None
        self.build_heads(joint)

    def build_heads(self, joint: JointConfig) -> None:
        """Make new heads for what has changed; heads whose labels and sizes stay the same keep their weights.

        joint (JointConfig): The configuration to follow from now on.
        """
        old = self.joint
        before = {name: getattr(self, name) for name in HEADS}
        self._replace_heads(old, joint)
        new = {name for name in HEADS if getattr(self, name) not in (None, before[name])}
        kept = {name for name in old.untrained if getattr(self, name) is not None}
        self.joint = joint.with_changes(untrained=tuple(sorted(new | kept)))

    def _replace_heads(self, old: JointConfig, joint: JointConfig) -> None:
        width, dropout = self.config.hidden_size, joint.dropout
        if joint.ner_labels != old.ner_labels or self.span_head is None:
            n = len(joint.ner_labels)
            self.span_head = self._new(SpanHead(width, n, dropout)) if n else None
        sizes = (joint.proposal_width, joint.max_span_width)
        if not joint.ner_labels:
            self.proposer = None
        elif self.proposer is None or sizes != (old.proposal_width, old.max_span_width):
            self.proposer = self._new(SpanProposer(width, *sizes))
        if joint.entity_labels != old.entity_labels or self.entity_head is None:
            n = len(joint.entity_labels)
            self.entity_head = self._new(EntityHead(width, n, dropout)) if n else None
        relations = (joint.relation_labels, joint.relation_width)
        if relations != (old.relation_labels, old.relation_width) or self.relation_head is None:
            n = len(joint.relation_labels)
            self.relation_head = (
                self._new(RelationHead(width, joint.relation_width, n, dropout)) if n else None
            )

    def _new(self, head: HeadT) -> HeadT:
        """Initialize a head as LUKE initializes its own."""
        for module in head.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=self.config.initializer_range)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
        if isinstance(head, SpanProposer | RelationHead):
            head.start_from_none()
        return head.to(next(self.luke.parameters()).device)

    def mark_trained(self) -> None:
        """Note which heads are about to learn: those that a gradient has reached. The others stay silent."""
        if self.joint.untrained:
            untrained = tuple(name for name in self.joint.untrained if not _has_gradient(getattr(self, name)))
            self.joint = self.joint.with_changes(untrained=untrained)

    def forward(
        self,
        words: Words,
        *,
        states: WordStates | None = None,
        rows: EntityRows | None = None,
        find: bool = False,
        candidates: Candidates | None = None,
        gold_spans: Tensor | None = None,
        mentions: Mentions | None = None,
        relation_floor: float | None = None,
    ) -> JointOutput:
        """Read words, and answer what is asked about them.

        words (Words): The windows.
        states (WordStates): What an earlier call computed for the same words.
        rows (EntityRows): What its candidates have read.
        find (bool): Whether to score candidate spans.
        candidates (Candidates): The candidates; the learned pre-filter's own where None.
        gold_spans (Tensor): In training, 1.0 for spans that must be among the candidates.
            Shape: (batch, n_tokens, max_span_width)
        mentions (Mentions): Mentions and pairs to label.
        relation_floor (float): Keep only relations that are more probable, instead of all pairs' logits.
        RETURNS (JointOutput): The answers.
        """
        if states is None:
            states = self._read_words(words)
        output = JointOutput(word_states=states.last_hidden_state, words=states)
        if find:
            self._score_spans(words, states, output, candidates, gold_spans)
        if mentions is not None and mentions.mask.shape[1]:
            self._label(words, states, rows, output, mentions, relation_floor)
        return output

    def _read_words(self, words: Words) -> WordStates:
        """Word states without entities, and where words never read entities, what entity rows need of them."""
        if not self.config.words_attend_to_entities:
            return self.luke.encode_words(words.ids, words.mask.long(), words.types)
        hidden = self.luke(words.ids, words.mask.long(), words.types).last_hidden_state
        return WordStates(hidden, [], [], None)

    def _score_spans(
        self,
        words: Words,
        states: WordStates,
        output: JointOutput,
        candidates: Candidates | None,
        gold_spans: Tensor | None,
    ) -> None:
        if self.span_head is None or self.proposer is None:
            return
        if candidates is None or gold_spans is not None:
            first = take_rows(states.last_hidden_state, words.first)  # (batch, n_tokens, hidden)
            last = take_rows(states.last_hidden_state, words.last)
            scores = self.proposer(first, last, words.token_mask)
            output.proposal_scores = scores
            wanted = scores.detach() if gold_spans is None else scores.detach() + 1e6 * gold_spans
            limits = () if self.training else (self.joint.proposal_floor, self.joint.proposal_margin)
            found = best_spans(wanted, words.token_mask, self.joint.proposals_per_token, *limits)
            candidates = Candidates(*found)
        output.candidates = candidates
        start = words.first.gather(1, candidates.spans[..., 0])  # (batch, n_spans), in pieces
        end = words.last.gather(1, candidates.spans[..., 1])
        extents = torch.stack([start, end + 1], dim=-1)
        keep = self._rows_last()
        word_states, entities, attention = self._read(words, states, extents, candidates.mask, keep)
        if keep and attention is not None:
            output.rows = EntityRows(extents, candidates.mask, entities, attention)
        output.span_logits = self.span_head(
            take_rows(word_states, start), take_rows(word_states, end), entities
        )

    def _label(
        self,
        words: Words,
        states: WordStates,
        rows: EntityRows | None,
        output: JointOutput,
        mentions: Mentions,
        relation_floor: float | None,
    ) -> None:
        pairs = self.relation_head is not None and len(mentions.pairs) > 0
        attention: Tensor | None
        known = (
            None if rows is None or mentions.ids is not None else rows.take(mentions.extents, mentions.mask)
        )
        if known is None:
            word_states, entities, attention = self._read(
                words, states, mentions.extents, mentions.mask, pairs, mentions.ids
            )
        else:
            word_states, (entities, attention) = states.last_hidden_state, known
        output.entity_states = entities
        if self.entity_head is not None:
            output.label_logits = self.entity_head(entities)
        if self.relation_head is None or not pairs or attention is None:
            return
        read = (word_states, entities, attention, mentions.extents, mentions.pairs)
        if relation_floor is None:
            output.pair_logits = self.relation_head(*read)
        else:
            above, labels, scores = self.relation_head.above(relation_floor, *read)
            output.related = Related(mentions.pairs[above], labels, scores)

    def _rows_last(self) -> bool:
        """Whether a candidate's row is also that of the mention it becomes, and somebody will ask for it."""
        alone = not (self.config.words_attend_to_entities or self.config.entities_attend_to_entities)
        asked = self.entity_head is not None or self.relation_head is not None
        return alone and asked and not self.training

    def _read(
        self,
        words: Words,
        states: WordStates,
        extents: Tensor,
        mask: Tensor,
        attentions: bool,
        ids: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Read entities, by default [MASK], at the given places: word and entity states, and attention over words."""
        positions = entity_positions(extents, mask, self.joint.max_mention_length)
        entity_ids = mask.long() * (self.joint.entity_mask_id if ids is None else ids)
        if not self.config.words_attend_to_entities:
            rows = self.luke.encode_entities(
                states, entity_ids, positions, entity_attention_mask=mask.long(), output_attentions=attentions
            )
            return states.last_hidden_state, rows.last_hidden_state, rows.attentions
        out = self.luke(
            words.ids,
            words.mask.long(),
            words.types,
            entity_ids=entity_ids,
            entity_attention_mask=mask.long(),
            entity_position_ids=positions,
            output_attentions=attentions,
        )
        length = words.ids.shape[1]
        attention = out.attentions[-1][:, :, length:, :length].mean(1) if attentions else None
        return out.last_hidden_state, out.entity_last_hidden_state, attention


def _has_gradient(head: nn.Module) -> bool:
    return any(p.grad is not None and bool(p.grad.any()) for p in head.parameters())


def entity_positions(extents: Tensor, mask: Tensor, max_length: int) -> Tensor:
    """Position ids of mentions: their pieces, then -1.

    extents (Tensor): First and last-plus-one piece. Shape: (batch, n_mentions, 2)
    mask (Tensor): True for real mentions. Shape: (batch, n_mentions)
    max_length (int): Most pieces of a mention that count.
    RETURNS (Tensor): Shape: (batch, n_mentions, longest)
    """
    start, end = extents[..., :1], extents[..., 1:]
    longest = int((end - start).max().clamp(1, max_length)) if extents.numel() else 1
    positions = start + torch.arange(longest, device=extents.device)  # (batch, n_mentions, longest)
    return positions.masked_fill((positions >= end) | ~mask[..., None], -1)
