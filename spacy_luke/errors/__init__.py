"""Every message that a user can meet, a file for each room.

A message says what was wrong, what is allowed and what to do next. Code raises
``ValueError(Errors.L101.format(...))``; tests match on the text. The hundreds name the room:
1 tokenizer, 2 nn, 3 inputs, layers and pipeline, 4 training and stored annotation, 5 command line,
6 converters and exporters, plain data, corpora and drawings, 7 teaching (its warnings: 6).
"""

from .cli import CLIErrors, CLIWarnings
from .converters import ConverterErrors, ConverterWarnings
from .data import DataErrors, DataWarnings
from .nn import NNErrors, NNWarnings
from .pipeline import PipelineErrors, PipelineWarnings
from .rendering import RenderingErrors
from .teaching import TeachErrors, TeachWarnings
from .tokenizer import TokenizerErrors, TokenizerWarnings
from .training import TrainingErrors, TrainingWarnings


class Errors(
    TokenizerErrors,
    NNErrors,
    PipelineErrors,
    TrainingErrors,
    CLIErrors,
    ConverterErrors,
    DataErrors,
    RenderingErrors,
    TeachErrors,
):
    """Messages of exceptions."""


class Warnings(
    TokenizerWarnings,
    NNWarnings,
    PipelineWarnings,
    TrainingWarnings,
    CLIWarnings,
    ConverterWarnings,
    DataWarnings,
    TeachWarnings,
):
    """Messages of warnings, numbered like the errors, with a W."""
