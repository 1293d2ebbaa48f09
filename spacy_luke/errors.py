"""Every message that a user can meet, in one place.

A message says what was wrong, what is allowed and what to do next. Code raises
``ValueError(Errors.L101.format(...))``; tests match on the code. The hundreds name the room:
1 tokenizer, 2 nn, 3 inputs, layers and pipeline, 4 training and stored annotation, 5 command line.
"""


class Errors:
    """Messages of exceptions."""

    # --- 1xx: tokenizer ------------------------------------------------------------------

    # --- 2xx: nn -------------------------------------------------------------------------

    # --- 3xx: inputs, layers, pipeline ---------------------------------------------------

    # --- 4xx: training, stored annotation ------------------------------------------------

    # --- 5xx: command line ---------------------------------------------------------------


class Warnings:
    """Messages of warnings, numbered like the errors, with a W."""
