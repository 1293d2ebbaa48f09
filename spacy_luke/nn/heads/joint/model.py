"""LUKE with heads for spans, entities and relations, all fed by one pass over the words.

words -> word states -+-> proposer -> candidate spans -> entity rows -> span head      (NER)
                      +-> mentions, found or given    -> entity rows -+-> entity head  (labels, vectors)
                                                                      +-> relation head (pairs)
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...config import LukeConfig
from ...joint_config import JointConfig
from ...layout import take_rows
from ...outputs import WordStates
from ...pretrained import init_module
from ..base import UNTRAINED, LukeHead
from .classifier import RowClassifier
from .outputs import Candidates, JointOutput, Mentions, Related, Words
from .proposer import SpanProposer, best_spans
from .relations import RelationHead
from .rows import EntityRows


class LukeJointModel(LukeHead):
    """LUKE with a span, an entity and a relation head, each there if it has labels.

    Loaded from a checkpoint of another class, or of the encoder alone, it has none of them.

    config (LukeConfig): The model's configuration. Its field `joint` has the fields of a `JointConfig`.
    """

    has_pooler = False
    head_may_be_missing = False  # config.json says which heads there are

    def __init__(self, config: LukeConfig) -> None:
        super().__init__(config)
        self.proposer: SpanProposer | None = None
        self.span_head: RowClassifier | None = None
        self.entity_head: RowClassifier | None = None
        self.relation_head: RelationHead | None = None
        self.joint = JointConfig()
        joint = JointConfig.from_dict(getattr(config, "joint", {}))
        self.build_heads(joint)
        self.joint = joint

    @property
    def untrained(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): Heads whose weights are still random: they must not say anything."""
        return self.joint.untrained

    @untrained.setter
    def untrained(self, names: tuple[str, ...]) -> None:
        self.joint = self.joint.with_changes(untrained=names)

    def build_heads(self, joint: JointConfig) -> None:
        """Make new heads for what has changed; heads whose labels and sizes stay the same keep their weights.

        joint (JointConfig): The configuration to follow from now on.
        """
        width, dropout = self.config.hidden_size, joint.dropout
        spans, labels, relations = joint.ner_labels, joint.entity_labels, joint.relation_labels
        # For each head the labels without which there is none, what it depends on, and how it is made.
        heads: dict[str, tuple[tuple[str, ...], list[str], Callable[[], nn.Module]]] = {
            "span_head": (
                spans,
                ["ner_labels"],
                lambda: RowClassifier(3 * width, len(spans) + 1, dropout),
            ),
            "proposer": (
                spans,
                ["proposal_width", "max_span_width"],
                lambda: SpanProposer(width, joint.proposal_width, joint.max_span_width),
            ),
            "entity_head": (
                labels,
                ["entity_labels"],
                lambda: RowClassifier(width, len(labels), dropout),
            ),
            "relation_head": (
                relations,
                ["relation_labels", "relation_width"],
                lambda: RelationHead(width, joint.relation_width, len(relations), dropout),
            ),
        }
        untrained = set(self.joint.untrained)
        for name, (needed, fields, make) in heads.items():
            is_same = all(getattr(joint, field) == getattr(self.joint, field) for field in fields)
            if not needed:
                setattr(self, name, None)
                untrained.discard(name)
            elif getattr(self, name) is None or not is_same:
                setattr(self, name, self._new(make()))
                untrained.add(name)
        # The proposer has no labels of its own: what it finds is labelled by the span head.
        self.joint = joint.with_changes(untrained=tuple(sorted(untrained - {"proposer"})))

    def _new(self, head: nn.Module) -> nn.Module:
        init_module(head, self.config.initializer_range)
        return head.to(self.device)

    def saved_config(self) -> LukeConfig:
        """RETURNS (LukeConfig): The configuration as `config.json` has it, with what there is to say of the heads."""
        config = super().saved_config()
        config.joint = {name: value for name, value in self.joint.to_dict().items() if name != UNTRAINED}
        return config

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
        parts = [take_rows(word_states, start), take_rows(word_states, end), entities]
        output.span_logits = self.span_head(torch.cat(parts, dim=-1))  # (batch, n_spans, 3 * hidden)

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
