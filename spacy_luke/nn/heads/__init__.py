"""LUKE's heads: the eight that are published, and the joint model's."""

from .choice import LukeForMultipleChoice
from .entity import LukeForEntityClassification, LukeForEntityPairClassification
from .joint.model import LukeJointModel
from .masked_lm import LukeForMaskedLM
from .question import LukeForQuestionAnswering
from .sequence import LukeForSequenceClassification
from .span import LukeForEntitySpanClassification
from .token import LukeForTokenClassification

__all__ = [
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForEntitySpanClassification",
    "LukeForMaskedLM",
    "LukeForMultipleChoice",
    "LukeForQuestionAnswering",
    "LukeForSequenceClassification",
    "LukeForTokenClassification",
    "LukeJointModel",
]
