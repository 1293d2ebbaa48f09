"""LUKE with heads for spans, entities and relations, all on one pass over the words.

words -> word states -+-> proposer -> candidate spans -> entity rows -> span head      (NER)
                      +-> mentions, found or given    -> entity rows -+-> entity head  (labels, vectors)
                                                                      +-> relation head (pairs)
                                              likely pairs -> pair rows -> pair reader -+
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from ....batch import LukeInputs
from ....errors import Errors
from ...config import LukeConfig
from ...joint_config import JointConfig
from ...layout import take_rows
from ...outputs import WordStates
from ...pretrained import init_module
from ..base import UNTRAINED, LukeHead
from .classifier import RowClassifier
from .outputs import JointOutput, Related, SpanCandidates, TaughtLabelScores, TaughtSpans
from .pairs import LikelyPairs, PairReader, best_pairs, margins
from .proposer import SpanProposer, best_spans
from .relations import RelationHead, probable
from .rows import EntityRows
from .taught import RULES, TaughtAnswers, TaughtLabels, TaughtPairs, taught_modules

# On which head's states a task is taught: without it, or with another one, taught rows mean nothing.
TAUGHT_ON = {"ner": "span_head", "relations": "relation_head"}


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
        self.pair_reader: PairReader | None = None
        self.taught = nn.ModuleDict()
        self.joint = JointConfig()
        joint = JointConfig.from_dict(getattr(config, "joint", {}))
        self.build_heads(joint)
        self.taught = taught_modules(joint, config.hidden_size)
        self.joint = joint

    @property
    def untrained(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): Heads whose weights are still random: they must not say anything."""
        return self.joint.untrained

    @untrained.setter
    def untrained(self, names: tuple[str, ...]) -> None:
        self.joint = self.joint.with_changes(untrained=names)

    def rescale_relations(self, slope: float, shifts: Sequence[float]) -> None:
        """Make probabilities of the relations' scores, once for all.

        slope (float): Factor of the logits.
        shifts (Sequence[float]): What is added to them afterwards, by relation.
        """
        if self.relation_head is not None:
            self.relation_head.rescale(slope, torch.tensor(shifts))
        if self.pair_reader is not None:
            self.pair_reader.rescale(slope)

    def build_heads(self, joint: JointConfig) -> None:
        """Make new heads for what has changed; heads whose labels and sizes stay the same keep their weights.

        joint (JointConfig): The configuration to follow from now on.
        RAISES (ValueError): If the encoder can't have that many layers for pairs.
        """
        most = 0 if self.config.words_attend_to_entities else self.config.num_hidden_layers
        if joint.pair_layers not in range(most + 1):
            raise ValueError(Errors.L283.format(found=joint.pair_layers, most=self.config.num_hidden_layers))
        width, dropout = self.config.hidden_size, joint.dropout
        spans, labels, relations = joint.ner_labels, joint.entity_labels, joint.relation_labels
        # For each head the labels without which there is none, what it depends on, and how it is made.
        heads: dict[str, tuple[tuple[str, ...], list[str], Callable[[], nn.Module]]] = {
            "span_head": (spans, ["ner_labels"], lambda: RowClassifier(3 * width, len(spans) + 1, dropout)),
            "proposer": (
                spans,
                ["proposal_width"],
                lambda: SpanProposer(width, joint.proposal_width, joint.max_span_width),
            ),
            "entity_head": (labels, ["entity_labels"], lambda: RowClassifier(width, len(labels), dropout)),
            "relation_head": (
                relations,
                ["relation_labels", "relation_width"],
                lambda: RelationHead(width, joint.relation_width, len(relations), dropout),
            ),
            "pair_reader": (
                relations if joint.pair_layers else (),
                ["relation_labels", "pair_layers"],
                lambda: PairReader(width, joint.pair_layers, len(relations), dropout),
            ),
        }
        untrained, renewed = set(self.joint.untrained), set[str]()
        for name, (needed, fields, make) in heads.items():
            is_same = all(getattr(joint, field) == getattr(self.joint, field) for field in fields)
            if not needed:
                setattr(self, name, None)
                untrained.discard(name)
                renewed.add(name)
            elif getattr(self, name) is None or not is_same:
                head = make()
                init_module(head, self.config.initializer_range)
                setattr(self, name, head.to(self.device))
                untrained.add(name)
                renewed.add(name)
        if self.proposer is not None:
            self.proposer.resize(joint.max_span_width)
        # The proposer has no labels of its own: what it finds is labelled by the span head.
        joint = joint.with_changes(untrained=tuple(sorted(untrained - {"proposer"})))
        taught = {task: part for task, part in joint.taught.items() if TAUGHT_ON.get(task) not in renewed}
        self.joint = joint.with_changes(taught=taught)
        self.taught = nn.ModuleDict({t: part for t, part in self.taught.items() if t in taught})

    def set_taught(self, taught: Mapping[str, Any], values: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Put labels beside the heads, which stay as they are.

        taught (Mapping[str, Any]): See `JointConfig.taught`.
        values (Mapping[str, Mapping[str, Tensor]]): By task, the buffers of its `TaughtLabels`.
        """
        self.joint = self.joint.with_changes(taught=dict(taught))
        self.taught = taught_modules(self.joint, self.config.hidden_size).to(self.device)
        for task, module in self.taught.items():
            module.load_state_dict(dict(values[task]))
        self.taught.eval()

    def saved_config(self) -> LukeConfig:
        """See `LukePreTrainedModel.saved_config`: with what there is to say of the heads."""
        config = super().saved_config()
        config.joint = {name: value for name, value in self.joint.to_dict().items() if name != UNTRAINED}
        return config

    def forward(
        self,
        inputs: LukeInputs[Tensor],
        *,
        states: WordStates | None = None,
        rows: EntityRows | None = None,
        find: bool = False,
        relation_floor: float | None = None,
        describe: bool = False,
    ) -> JointOutput:
        """Encode words, and score what the inputs ask for.

        inputs (LukeInputs): Words; to label entities, their first and last words and their `pairs`, and `entity_ids` if
            they aren't [MASK]; to find some, the words of each token, and the `spans` to score if they aren't those
            that the proposer chooses.
        states (WordStates | None): What an earlier call computed for the same words.
        rows (EntityRows | None): The rows of its spans.
        find (bool): Whether to score spans.
        relation_floor (float | None): Keep only relations of this probability at least, instead of all pairs' logits.
        describe (bool): Give the states of spans and of pairs, instead of what the relation head says of these.
        RETURNS (JointOutput): The answers.
        """
        if states is None:
            states = self._encode_words(inputs)
        output = JointOutput(word_states=states.last_hidden_state, words=states)
        if find:
            self._score_spans(inputs, states, output, describe)
        if inputs.entity_start_positions is not None and inputs.entity_start_positions.shape[1]:
            self._label(inputs, states, rows, output, relation_floor, describe)
        return output

    def _encode_words(self, inputs: LukeInputs[Tensor]) -> WordStates:
        """Word states without entities. Where words never attend to entities, entity rows can be added to them."""
        words = (inputs.needed("input_ids"), inputs.attention_mask, inputs.token_type_ids)
        if not self.config.words_attend_to_entities:
            return self.luke.encode_words(*words)
        return WordStates(self.encode(LukeInputs(*words)).last_hidden_state, [], [], None)

    def _score_spans(
        self, inputs: LukeInputs[Tensor], states: WordStates, output: JointOutput, describe: bool
    ) -> None:
        if self.span_head is None or self.proposer is None:
            return
        first, last = inputs.needed("token_start_positions"), inputs.needed("token_end_positions")
        if inputs.spans is None or inputs.gold_spans is not None:
            token_mask, words = inputs.needed("token_mask"), states.last_hidden_state
            ends = take_rows(words, first), take_rows(words, last)  # (batch, n_tokens, hidden) each
            output.proposal_scores = self.proposer(*ends, token_mask)
            wanted = output.proposal_scores.detach()
            if inputs.gold_spans is not None:
                wanted = wanted + 1e6 * inputs.gold_spans
            limits = () if self.training else (self.joint.proposal_floor, self.joint.proposal_margin)
            spans, mask = best_spans(wanted, token_mask, self.joint.proposals_per_token, *limits)
        else:
            spans, mask = inputs.spans, inputs.needed("span_mask")
        output.candidates = SpanCandidates(spans, mask)
        start, end = (
            first.gather(1, spans[..., 0]),
            last.gather(1, spans[..., 1]),
        )  # (batch, n_spans), in words
        are_kept = self._are_kept()
        rows = self._encode_entities(inputs, states, start, end, mask, are_kept)
        if are_kept:
            output.rows = rows
        span_states = _span_states(rows)
        output.span_logits = self.span_head(span_states)
        if describe:
            output.span_states = span_states
        elif "ner" in self.taught and not self.training:
            self._score_taught_spans(inputs, states, rows, span_states, output)

    def _score_taught_spans(
        self,
        inputs: LukeInputs[Tensor],
        states: WordStates,
        rows: EntityRows,
        span_states: Tensor,
        output: JointOutput,
    ) -> None:
        """Score the candidates as taught types, and further ones that these propose. The rows of both are kept."""
        candidates = cast(SpanCandidates, output.candidates)
        spans, mask = candidates.spans, candidates.mask
        rule = cast(TaughtLabels, self.taught["ner"])
        if inputs.spans is None and len(rule.bias):  # else something was rejected, and nothing taught
            first, last = inputs.needed("token_start_positions"), inputs.needed("token_end_positions")
            words = states.last_hidden_state
            ends, widest = (take_rows(words, first), take_rows(words, last)), self.joint.max_span_width
            more, real = rule.propose(*ends, inputs.needed("token_mask"), spans, mask, widest)
            if more.shape[1]:
                start, end = first.gather(1, more[..., 0]), last.gather(1, more[..., 1])
                others = self._encode_entities(inputs, states, start, end, real, self._are_kept())
                span_states = torch.cat([span_states, _span_states(others)], dim=1)
                spans, mask = torch.cat([spans, more], dim=1), torch.cat([mask, real], dim=1)
                output.rows = None if output.rows is None else output.rows.join(others)
        widths = (spans[..., 1:] - spans[..., :1] + 1) / RULES.width_unit
        scores = TaughtAnswers(self.joint, self.taught["ner"], "ner")(
            torch.cat([span_states, widths], dim=-1)
        )
        output.taught_spans = TaughtSpans(SpanCandidates(spans, mask), *scores)

    def _label(
        self,
        inputs: LukeInputs[Tensor],
        states: WordStates,
        known: EntityRows | None,
        output: JointOutput,
        relation_floor: float | None,
        describe: bool,
    ) -> None:
        start, end = inputs.needed("entity_start_positions"), inputs.needed("entity_end_positions")
        mask, pairs = inputs.needed("entity_attention_mask").bool(), inputs.pairs
        relate = self.relation_head is not None and pairs is not None and len(pairs) > 0
        rows = known.take(start, end, mask) if known is not None and inputs.entity_ids is None else None
        if rows is None:
            rows = self._encode_entities(inputs, states, start, end, mask, relate, inputs.entity_ids)
        output.entity_states = rows.states
        if self.entity_head is not None:
            output.label_logits = self.entity_head(rows.states)
        if "labels" in self.taught and not self.training:
            answers = TaughtAnswers(self.joint, self.taught["labels"], "labels")
            output.taught_labels = TaughtLabelScores(*answers(rows.states))
        if self.relation_head is None or pairs is None or not relate:
            return
        if describe:
            output.pair_states = self.relation_head.states(rows, pairs)
            return
        if relation_floor is None:
            output.pair_logits = logits = self.relation_head(rows, pairs)
            if self.pair_reader is not None:
                floor, gold = self.joint.pair_floor, inputs.gold_pairs
                chosen = self._n_read(inputs), None if self.training else floor, gold
                output.read = best_pairs(margins(logits.detach()), pairs, *chosen)
                output.read_logits = logits[output.read].detach() + self._read(
                    states, rows, pairs[output.read]
                )
        else:
            output.related = self._relate(inputs, states, rows, pairs, relation_floor)

    def _relate(
        self, inputs: LukeInputs[Tensor], states: WordStates, rows: EntityRows, pairs: Tensor, floor: float
    ) -> Related:
        """The relations above a floor. Likely pairs are read once more before they are compared with it."""
        head, likely, taught = cast(RelationHead, self.relation_head), None, None
        if self.pair_reader is not None and "pair_reader" not in self.joint.untrained:
            likely = LikelyPairs(pairs, self._n_read(inputs), self.joint.pair_floor)
        if "relations" in self.taught:
            taught = TaughtPairs(TaughtAnswers(self.joint, self.taught["relations"], "relations"), floor)
        place, labels, scores = head.above(floor, rows, pairs, likely, taught)
        if likely is not None:
            read, logits = likely.best()
            again, *found = probable(logits + self._read(states, rows, pairs[read]), floor)
            others = ~torch.isin(place, read)
            parts = zip((place, labels, scores), (read[again], *found), strict=True)
            place, labels, scores = (torch.cat([first[others], second]) for first, second in parts)
            order = torch.argsort(place, stable=True)
            place, labels, scores = place[order], labels[order], scores[order]
        if taught is not None:
            place, labels, scores = taught.amend(place, labels, scores)
        return Related(pairs[place], labels, scores)

    def _read(self, states: WordStates, rows: EntityRows, pairs: Tensor) -> Tensor:
        return cast(PairReader, self.pair_reader)(self.luke.encoder, states, rows, pairs)

    def _n_read(self, inputs: LukeInputs[Tensor]) -> Tensor:
        """RETURNS (Tensor): How many pairs of each window are read again at most. Shape: (batch,)"""
        return (inputs.needed("token_mask").sum(dim=1) * self.joint.pairs_per_token).ceil().long()

    def _are_kept(self) -> bool:
        """Whether the row of a span is also that of the entity it becomes, and another head will use it."""
        alone = not (self.config.words_attend_to_entities or self.config.entities_attend_to_entities)
        asked = self.entity_head is not None or self.relation_head is not None
        return alone and asked and not self.training

    def _encode_entities(
        self,
        inputs: LukeInputs[Tensor],
        states: WordStates,
        start: Tensor,
        end: Tensor,
        mask: Tensor,
        attentions: bool,
        ids: Tensor | None = None,
    ) -> EntityRows:
        """Encode entities, by default [MASK], from their first to their last word."""
        positions = entity_positions(start, end, mask, self.joint.max_mention_length)
        ids = mask.long() * (self.joint.entity_mask_id if ids is None else ids)
        if not self.config.words_attend_to_entities:
            rows = self.luke.encode_entities(states, ids, positions, mask, output_attentions=attentions)
            words, entities, attention = states.last_hidden_state, rows.last_hidden_state, rows.attentions
        else:
            whole = replace(inputs, entity_ids=ids, entity_attention_mask=mask, entity_position_ids=positions)
            out = self.encode(whole, output_attentions=attentions)
            words, entities = out.last_hidden_state, cast(Tensor, out.entity_last_hidden_state)
            n = words.shape[1]
            attention = out.attentions[-1][:, :, n:, :n].mean(1) if attentions and out.attentions else None
        return EntityRows(start, end, mask, words, entities, attention)


def _span_states(rows: EntityRows) -> Tensor:
    """rows (EntityRows): Encoded spans. RETURNS (Tensor): What spans are told apart by: the states of the first and the
    last word, and the span's own. Shape: (batch, n_spans, 3 * hidden)"""
    parts = [take_rows(rows.words, rows.start), take_rows(rows.words, rows.end), rows.states]
    return torch.cat(parts, dim=-1)


def entity_positions(start: Tensor, end: Tensor, mask: Tensor, max_length: int) -> Tensor:
    """Position ids of entities: their words, then -1.

    start, end (Tensor): First and last word. Shape: (batch, n_entities)
    mask (Tensor): True for real entities. Shape: (batch, n_entities)
    max_length (int): Most words of an entity that count.
    RETURNS (Tensor): Shape: (batch, n_entities, longest)
    """
    longest = int((end - start).max().clamp(0, max_length - 1)) + 1 if start.numel() else 1
    positions = start[..., None] + torch.arange(longest, device=start.device)  # (batch, n_entities, longest)
    return positions.masked_fill((positions > end[..., None]) | ~mask[..., None], -1)
