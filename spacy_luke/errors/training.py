"""Messages of training and stored annotation: L4xx and W4xx."""


class TrainingErrors:
    """Messages of exceptions."""

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
        "Expected {expected} {what}, one for each {each}, got {got}. Give as many as there are {each}s, "
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
    L421 = (
        "{path}, line {number}, has no tag: {line!r}. Expected a token and a tag (O, B-X or I-X) in columns "
        "separated by tab or space, with empty lines between sentences."
    )
    L422 = (
        "{path}, line {number}, is no sentence of SemEval 2010 task 8: {line!r}. Expected a number, a tab "
        "and a quoted sentence with <e1> and <e2>; on the next line a relation, e.g. Cause-Effect(e2,e1), or "
        "Other."
    )
    L431 = (
        "The corpus has no path. Set {what} in the config, or override it: --paths.train ./corpus/train.spacy"
    )
    L432 = "There is no file or folder {path}. Give a .spacy file or a folder with .spacy files."
    L433 = "There is no document in {path}. Expected .spacy files (DocBin) that hold documents."
    L434 = (
        "max_length = {max_length}, but a document of {length} tokens has no sentence boundaries at which "
        "to cut it: {text!r}. Annotate sentences, e.g. with the sentencizer, or set max_length = 0."
    )
    L435 = (
        "The augmenter made {got} words of {expected}, so gold relations can't be carried over to its "
        "document: {text!r}. Use an augmenter that keeps the number of words, or let it set "
        "doc._.luke_relations itself."
    )
    L436 = "{name} has to be {allowed}, got {value!r}."
    L437 = "Got {predicted} predicted answers for {gold} gold ones. Give one for each, with '' for no answer."
    L438 = (
        "A choice is its number in doc._.luke_choices, or its text; got {type}: {value!r}. Assign None to "
        "remove what is stored."
    )
    L439 = "{value!r} is none of the choices {choices}. Assign doc._.luke_choices first, then one of them."
    L440 = "A candidate is a title with a score, ('Paris', 0.9); got {value!r}. Assign None to remove what is stored."
    L441 = (
        "{folder} lacks {missing}. project.yml says where the default model's data come from; "
        "`python -m spacy project assets` fetches those that have an address and tells where to place the others."
    )


class TrainingWarnings:
    """Messages of warnings."""

    W401 = (
        "The stored annotation of spacy_luke was made for a text of {stored} characters, but this document "
        "has {length}: it was copied with user_data from another one. It is not used. To cut a document, "
        "use spacy_luke.annotation.span_as_doc()."
    )
    W402 = (
        "max_length = {max_length} cut {path} so that {lost} of {total} gold relations reach across a cut "
        "and neither train nor score. Raise max_length, or set it to 0 to keep documents whole."
    )
