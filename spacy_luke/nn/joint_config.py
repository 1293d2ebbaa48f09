"""What a joint model can say, and the sizes of its heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..errors import Errors

# Least and most of each number.
_INTEGERS = {
    "max_span_width": (1, 2**31 - 1),
    "proposal_width": (1, 2**31 - 1),
    "relation_width": (1, 2**31 - 1),
    "max_mention_length": (1, 2**16),
    "entity_mask_id": (0, 2**31 - 1),
}
_NUMBERS = {
    "proposals_per_token": (0, 10**6),
    "proposal_floor": (0, 0.999),
    "proposal_margin": (0, 10**6),
    "dropout": (0, 1),
    "fact_slope": (0.01, 100),
}
_FARTHEST = 100
_SHARES = {"type_shares": 3, "unseen_shares": 1, "second_tails": 1}  # dicts of so many levels
_TAUGHT = ("ner", "labels", "relations")


@dataclass(frozen=True)
class JointConfig:
    """Labels and sizes of the heads of a `LukeJointModel`. A head without labels does not exist.

    ner_labels (tuple[str, ...]): Labels that candidate spans are scored for; "none" is implied, at index 0.
    entity_labels (tuple[str, ...]): Labels of given or found entities.
    relation_labels (tuple[str, ...]): Labels of directed pairs; "none" is implied, at index 0.
    relation_ids (dict[str, str]): Knowledge-base identifiers of relation labels, where there are any.
    multi_label (bool): Whether an entity can have several labels at once.
    max_span_width (int): Widest candidate span that the learned pre-filter proposes, in tokens.
    proposal_width (int): Width of the pre-filter's start and end vectors.
    proposals_per_token (float): Candidates that the pre-filter keeps, as a share of the window's tokens.
    proposal_floor (float): Less probable candidates are not kept in prediction.
    proposal_margin (float): Nor are those whose score is lower by more than this than that of one they overlap with.
    relation_width (int): Width of the relation head's hidden layer.
    pair_layers (int): Through how many of the encoder's last layers likely pairs read the words once more; 0 for none.
    pair_floor (float): The least probability of a pair's best relation for the pair to be read again in prediction.
    pairs_per_token (float): Pairs that are read again, as a share of the window's tokens.
    max_mention_length (int): Most pieces of a mention that its position embedding averages over.
    entity_mask_id (int): Id of the entity [MASK], which stands for every mention.
    dropout (float): Dropout before each classifier.
    thresholds (dict[str, Any]): Tuned thresholds of these weights: a probability, or one by label, for each of
        "ner", "labels", "relations" and "facts".
    presets (dict[str, dict[str, float]]): Other thresholds by name, of some of these.
    fact_slope (float): Factor of the logit of a pair's relation, for the probability that the document tells it.
    fact_shifts (dict[str, float]): What is added to it afterwards, by relation.
    type_shares (dict[str, dict[str, dict[str, float]]]): By relation, label of head and label of tail, which share
        of the relation's training examples has these.
    unseen_shares (dict[str, float]): The share to expect, by relation, of two labels that no example has. The logit of
        such a relation falls by its logarithm.
    second_tails (dict[str, float]): Relations of which nearly every head has one tail in a document, with the share of
        heads that have more. The logit of another tail than the best falls by its logarithm.
    taught (dict[str, Any]): What was taught beside the heads, for some of "ner", "labels" and "relations": the
        "thresholds" of the taught labels, the "columns" (labels that kept examples say something of), and how many
        examples are "kept".
    untrained (tuple[str, ...]): Heads whose weights are still random; they must not say anything.
    """

    ner_labels: tuple[str, ...] = ()
    entity_labels: tuple[str, ...] = ()
    relation_labels: tuple[str, ...] = ()
    relation_ids: dict[str, str] = field(default_factory=dict)
    multi_label: bool = False
    max_span_width: int = 12
    proposal_width: int = 128
    proposals_per_token: float = 0.5
    proposal_floor: float = 0.00002
    proposal_margin: float = 12.0
    relation_width: int = 384
    pair_layers: int = 0
    pair_floor: float = 0.05
    pairs_per_token: float = 0.25
    max_mention_length: int = 30
    entity_mask_id: int = 2
    dropout: float = 0.1
    thresholds: dict[str, Any] = field(default_factory=dict)
    presets: dict[str, Any] = field(default_factory=dict)
    fact_slope: float = 1.0
    fact_shifts: dict[str, float] = field(default_factory=dict)
    type_shares: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    unseen_shares: dict[str, float] = field(default_factory=dict)
    second_tails: dict[str, float] = field(default_factory=dict)
    taught: dict[str, Any] = field(default_factory=dict)
    untrained: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("ner_labels", "entity_labels", "relation_labels"):
            labels = tuple(getattr(self, name))
            if not all(isinstance(label, str) and label for label in labels) or len({*labels}) != len(labels):
                raise ValueError(Errors.L281.format(name=name, labels=labels))
            object.__setattr__(self, name, labels)
        object.__setattr__(self, "untrained", tuple(self.untrained))
        for ranges, kinds, what in ((_INTEGERS, int, "an integer"), (_NUMBERS, (int, float), "a number")):
            for name, (least, most) in ranges.items():
                value = getattr(self, name)
                if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
                    allowed = f"{what} from {least} to {most}"
                    raise ValueError(Errors.L201.format(name=f"joint.{name}", value=value, allowed=allowed))
        for name in ("relation_ids", "thresholds", "presets", "fact_shifts", "taught", *_SHARES):
            if not isinstance(getattr(self, name), Mapping):
                value = getattr(self, name)
                raise ValueError(Errors.L201.format(name=f"joint.{name}", value=value, allowed="a dict"))
        for task, part in self.taught.items():
            if task not in _TAUGHT or not _is_taught(part):
                allowed = (
                    f"thresholds (probabilities by label), columns and kept, for some of {', '.join(_TAUGHT)}"
                )
                raise ValueError(Errors.L201.format(name=f"joint.taught.{task}", value=part, allowed=allowed))
        for label, shift in self.fact_shifts.items():
            if isinstance(shift, bool) or not isinstance(shift, (int, float)) or not abs(shift) <= _FARTHEST:
                name, allowed = f"joint.fact_shifts.{label}", f"a number from -{_FARTHEST} to {_FARTHEST}"
                raise ValueError(Errors.L201.format(name=name, value=shift, allowed=allowed))
        for name, depth in _SHARES.items():
            _check_shares(f"joint.{name}", getattr(self, name), depth)
        wrong = next((id_ for id_ in self.relation_ids.values() if not isinstance(id_, str)), None)
        if wrong is not None:
            raise ValueError(Errors.L201.format(name="joint.relation_ids", value=wrong, allowed="a string"))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> JointConfig:
        """Read what `to_dict` wrote.

        values (Mapping[str, Any]): Field values.
        RETURNS (JointConfig): The configuration.
        RAISES (ValueError): If there is a field that doesn't exist.
        """
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(Errors.L282.format(unknown=unknown, known=sorted(known)))
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): All fields as plain JSON data."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def taught_thresholds(self, task: str) -> dict[str, float]:
        """task (str): "ner", "labels" or "relations".
        RETURNS (dict[str, float]): The threshold of each label that was taught, in the order of their scores."""
        return dict(self.taught[task]["thresholds"]) if task in self.taught else {}

    def with_changes(self, **changes: Any) -> JointConfig:
        """RETURNS (JointConfig): A copy with some fields changed."""
        return replace(self, **changes)


def _is_taught(part: Any) -> bool:
    """Whether a value is the entry of a task in `JointConfig.taught`."""
    if not isinstance(part, Mapping) or {*part} != {"thresholds", "columns", "kept"}:
        return False
    thresholds, columns, kept = part["thresholds"], part["columns"], part["kept"]
    if not isinstance(thresholds, Mapping) or not isinstance(columns, (list, tuple)):
        return False
    numbers = all(isinstance(t, (int, float)) and 0 <= t <= 1 for t in thresholds.values())
    return numbers and all(isinstance(label, str) for label in columns) and type(kept) is int and kept >= 0


def _check_shares(name: str, value: Any, depth: int) -> None:
    """Refuse what is no share, in dicts of so many levels."""
    if depth and isinstance(value, Mapping):
        for key, inner in value.items():
            _check_shares(f"{name}.{key}", inner, depth - 1)
    elif depth or isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        allowed = "a dict" if depth else "a number above 0, at most 1"
        raise ValueError(Errors.L201.format(name=name, value=value, allowed=allowed))
