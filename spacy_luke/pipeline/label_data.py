"""The labels that a corpus or a file brings, and those that the heads get."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..annotation import get_told, has_relations
from ..errors import Errors
from .gold import gold_labels

if TYPE_CHECKING:
    from spacy.training import Example

    from ..annotation import EntityGetter
    from ..nn.joint_config import JointConfig

FIELDS = {"ner": "ner_labels", "labels": "entity_labels", "relations": "relation_labels"}


@dataclass
class LabelData:
    """Labels by task; a task without labels isn't annotated.

    ner (list[str]): Labels of entities to find.
    labels (list[str]): Labels of entities.
    relations (dict[str, str]): Relations with their identifiers, or "".
    """

    ner: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    relations: dict[str, str] = field(default_factory=dict)


def collect_labels(examples: Iterable[Example], getter: EntityGetter) -> LabelData:
    """examples (Iterable[Example]): Examples. getter (EntityGetter): Gives the entities of a document.
    RETURNS (LabelData): What the reference documents are annotated with, sorted."""
    ner: set[str] = set()
    labels: set[str] = set()
    relations: dict[str, str] = {}
    for example in examples:
        doc = example.reference
        ner.update(span.label_ for span in doc.ents)
        for span in getter(doc):
            labels |= gold_labels(span) or set()
        if has_relations(doc):
            for relation in get_told(doc):
                relations[relation.label] = relation.id or relations.get(relation.label, "")
    return LabelData(sorted(ner - {""}), sorted(labels), dict(sorted(relations.items())))


def check_labels(labels: Mapping[str, Any]) -> LabelData:
    """labels (Mapping[str, Any]): What a user or `spacy init labels` gives, by task; relations as a list, or with their
    identifiers. RETURNS (LabelData): The labels. RAISES (ValueError): If there are others than those of the tasks."""
    unknown = sorted(set(labels) - set(FIELDS))
    if unknown:
        raise ValueError(Errors.L305.format(unknown=unknown, known=list(FIELDS)))
    relations = labels.get("relations", {})
    if not isinstance(relations, Mapping):
        relations = dict.fromkeys(relations, "")
    return LabelData(list(labels.get("ner", [])), list(labels.get("labels", [])), dict(relations))


def check_label_names(
    thresholds: Mapping[str, Any], allowed_relations: Iterable[str], joint: JointConfig
) -> None:
    """Refuse settings by label that would silently do nothing.

    thresholds (Mapping[str, Any]): By task, a probability or one by label.
    allowed_relations (Iterable[str]): Relations that are limited.
    joint (JointConfig): The labels that there are. A task without labels isn't checked: it says nothing at all.
    RAISES (ValueError): If a label is unknown.
    """
    named = [(f"thresholds.{task}", task, t) for task, t in thresholds.items() if isinstance(t, Mapping)]
    for setting, task, names in [*named, ("allowed_relations", "relations", allowed_relations)]:
        known = getattr(joint, FIELDS["relations" if task == "facts" else task])
        for label in names:
            if known and label not in known:
                near = difflib.get_close_matches(str(label), known, n=3) or list(known[:10])
                raise ValueError(Errors.L320.format(setting=setting, label=label, near=near, n=len(known)))


def with_labels(joint: JointConfig, data: LabelData, tasks: Iterable[str], multi_label: bool) -> JointConfig:
    """The heads' configuration for these labels. What is tuned to other labels goes.

    joint (JointConfig): The configuration so far; its labels stay where the data bring none, or just the same.
    data (LabelData): The new labels.
    tasks (Iterable[str]): Tasks to have heads for.
    multi_label (bool): Whether new entity labels are independent of each other.
    RETURNS (JointConfig): The new configuration; an equal one if nothing changes.
    """
    labels: dict[str, tuple[str, ...]] = dict.fromkeys(FIELDS.values(), ())
    for task in tasks:
        new, old = tuple(getattr(data, task)), getattr(joint, FIELDS[task])
        labels[FIELDS[task]] = new if new and set(new) != set(old) else old
    ids = {**joint.relation_ids, **{label: id_ for label, id_ in data.relations.items() if id_}}
    ids = {label: ids[label] for label in labels["relation_labels"] if label in ids}
    changed = joint.with_changes(**labels, relation_ids=ids)
    if changed.entity_labels != joint.entity_labels:
        changed = changed.with_changes(multi_label=multi_label)
    if any(getattr(changed, name) != getattr(joint, name) for name in FIELDS.values()):
        changed = changed.with_changes(
            thresholds={},
            presets={},
            fact_slope=1.0,
            fact_shifts={},
            type_shares={},
            unseen_shares={},
            second_tails={},
        )
    return changed


def without_labels(joint: JointConfig, tasks: Collection[str]) -> JointConfig:
    """RETURNS (JointConfig): The configuration without the labels of some tasks."""
    return joint.with_changes(**{FIELDS[task]: () for task in tasks}) if tasks else joint
