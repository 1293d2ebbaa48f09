"""Annotation that this package stores on documents: checked, stored, read, and carried to other documents."""

from .carrying import carry_over, span_as_doc, transfer_annotation
from .entities import (
    has_labels,
    read_label,
    read_labels,
    write_entities,
    write_label,
    write_labels,
)
from .extensions import set_extensions
from .facts import facts_from_relations, group_pairs, normalize
from .links import has_candidates, write_all_candidates
from .relations import (
    RELATIONS_LOOKED_FOR,
    FactRow,
    PairRow,
    has_relations,
    mention_row,
    read_facts,
    read_relations,
    write_facts,
    write_pairs,
    write_relations,
)
from .store import KEY, store, stored
from .texts import (
    copy_questions,
    read_choice,
    read_choices,
    read_questions,
    read_tag,
    read_text_pair,
    write_choice,
    write_choices,
    write_question,
    write_tags,
)

__all__ = [
    "KEY",
    "RELATIONS_LOOKED_FOR",
    "FactRow",
    "PairRow",
    "carry_over",
    "copy_questions",
    "facts_from_relations",
    "group_pairs",
    "has_candidates",
    "has_labels",
    "has_relations",
    "mention_row",
    "normalize",
    "read_choice",
    "read_choices",
    "read_facts",
    "read_label",
    "read_labels",
    "read_questions",
    "read_relations",
    "read_tag",
    "read_text_pair",
    "set_extensions",
    "span_as_doc",
    "store",
    "stored",
    "transfer_annotation",
    "write_all_candidates",
    "write_choice",
    "write_choices",
    "write_entities",
    "write_facts",
    "write_label",
    "write_labels",
    "write_pairs",
    "write_question",
    "write_relations",
    "write_tags",
]
