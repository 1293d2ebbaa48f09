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

    L401 = (
        "The extension '{name}' of {kind} is already registered by other code (getter: {getter}). spacy_luke "
        "never overwrites foreign extensions: remove it with {kind}.remove_extension('{name}'), or rename it "
        "there, before calling set_extensions() or adding a pipe of spacy_luke."
    )
    L402 = (
        "Expected a spaCy Span as {what}, got {type}: {value!r}. Take one of doc.ents, doc.spans or doc[i:j]."
    )
    L403 = (
        "The span {span!r} ({start}-{end}) given as {what} belongs to a document with another text. "
        "Give spans of the document itself, or of a copy with the same text."
    )
    L404 = "The span given as {what} is empty (token {start} to {end}). A mention needs at least one token."
    L405 = (
        "A relation is a spacy_luke.Relation or a tuple (head, tail, label[, score[, id]]); "
        "got {type}: {value!r}."
    )
    L406 = "The {what} has to be a non-empty string, got {value!r}. Name what it says, e.g. 'place of birth'."
    L407 = "The score of {what} has to be a number in [0, 1], got {value!r}. Use 1.0 for gold annotation."
    L408 = (
        "Expected {expected} {what}, one for each span, got {got}. Give as many as there are spans, "
        "or None to leave what is stored."
    )
    L409 = (
        "Vectors have to be a float array of shape ({expected}, width), one row for each span, "
        "got shape {shape}. One document stores vectors of one width."
    )
    L410 = (
        "A fact is a spacy_luke.Fact(head, tail, label, score, id, pairs) with at least one supporting pair; "
        "got {type}: {value!r}. Build facts with spacy_luke.annotation.facts_from_relations()."
    )
    L411 = "The {what} has to be a string, got {type}: {value!r}. Use '' where there is none."
    L412 = (
        "Expected an iterable of {what}, got {type}: {value!r}. "
        "Assign () for 'none' and None for 'not annotated'."
    )
    L413 = (
        "Expected labels with their probabilities, {{'PER': 0.9}}, got {type}: {value!r}. "
        "Assign None to remove what is stored."
    )

    # --- 5xx: command line ---------------------------------------------------------------


class Warnings:
    """Messages of warnings, numbered like the errors, with a W."""

    W401 = (
        "The stored annotation of spacy_luke was made for a text of {stored} characters, but this document "
        "has {length}: it was copied with user_data from another one. It is not used. To cut a document, "
        "use spacy_luke.training.split.span_as_doc()."
    )
