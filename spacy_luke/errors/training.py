"""Messages of training and stored annotation: L4xx and W4xx."""


class TrainingErrors:
    """Messages of exceptions."""

    L401 = (
        "The extension '{name}' of {kind} is already registered by other code (getter: {getter}), and spacy_luke "
        "never overwrites it. Remove it with {kind}.remove_extension('{name}'), or rename it in that code, before you "
        "call set_extensions() or add a pipe of spacy_luke."
    )
    L402 = (
        "The {what} has to be a spaCy Span, got {type}: {value!r}. Take one from doc.ents or doc.spans, or slice the "
        "document: doc[i:j]."
    )
    L403 = (
        "The {what} is the span {span!r} ({start}-{end}) of another text. Give a span of this document, or of a copy "
        "with the same text."
    )
    L404 = "The {what} is an empty span (tokens {start} to {end}). Give a span of at least one token."
    L405 = (
        "A relation has to be a spacy_luke.Relation or a tuple (head, tail, label[, score[, id]]), got {type}: "
        "{value!r}."
    )
    L406 = "The {what} has to be a non-empty string, got {value!r}."
    L407 = (
        "The score of {what} has to be a number in [0, 1], got {value!r}. For gold annotation, use 1.0 or leave it "
        "out."
    )
    L408 = (
        "Expected {expected} {what}, one for each {each}, got {got}. Give as many as there are {each}s, or None to "
        "keep what is stored."
    )
    L409 = (
        "Vectors have to be an array of shape ({expected}, width), one row for each span, got shape {shape}. All "
        "vectors of a document have the same width."
    )
    L410 = (
        "A fact has to be a spacy_luke.Fact(head, tail, label, score, id, pairs) with at least one supporting pair, "
        "got {type}: {value!r}. spacy_luke.annotation.facts_from_relations() makes facts from relations."
    )
    L411 = "The {what} has to be a string, got {type}: {value!r}. Use '' if there is none."
    L412 = (
        "Expected an iterable of {what}, got {type}: {value!r}. Assign () if there are none, and None to remove the "
        "annotation."
    )
    L413 = (
        "Labels have to be a dict of labels with their probabilities, such as {{'PER': 0.9}}, got {type}: {value!r}. "
        "Assign None to remove what is stored."
    )
    L414 = (
        "The {what} {value!r} can't be stored or read: its character {place} is half of a surrogate pair. Replace it, "
        "for example: text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')."
    )
    L421 = (
        "{path}, line {number}: no tag in column {column} of {line!r}. A tag is O, or a label after B-, I-, E-, S-, "
        "L-, U- or M-. If the tags are in another column, name it: --tag-column 2 (in Python tag_columns=[2])."
    )
    L422 = (
        "{path}, line {number}: not a sentence of SemEval-2010 task 8 with its relation: {line!r}. Expected are a "
        "number, a tab and a quoted sentence with <e1>...</e1> and <e2>...</e2>; then a line with the relation, such "
        "as Cause-Effect(e2,e1) or Other; then perhaps a line that starts with Comment."
    )
    L423 = "{path}, {place}: {found}. Correct it there, or check that the file is of this format."
    L424 = (
        "{path}, line {number}: {found} columns in {line!r}; most lines have {usual}. Separate columns by tabs if "
        "words have spaces in them, and put comments before the first word of a sentence."
    )
    L425 = (
        "{path} has tags in several columns ({seen}). Name the one to read with --tag-column {first}, or all of them "
        "for entities in entities: {options} (in Python tag_columns=[...])."
    )
    L426 = (
        "{path} has {width} columns, and none that is surely the words: the first one without tags has {seen}. Name "
        "the column of the words, such as --word-column 2 (in Python word_column=2)."
    )
    L427 = "{what} isn't within {of}"
    L428 = "the relation {relation!r} has no name. Add it to the file of names"
    L431 = "The corpus has no path. Set {what} in the config, or pass --paths.train ./corpus/train.spacy"
    L432 = "There is no file or folder {path}. Pass a .spacy file, or a folder with .spacy files."
    L433 = "There are no documents in {path}. Pass .spacy files (DocBin) that have some."
    L434 = (
        "max_length = {max_length}, but a document of {length} tokens has no sentence boundaries to cut it at: "
        "{text!r}. Add boundaries, for example with the sentencizer, or set max_length = 0."
    )
    L435 = (
        "The augmenter made {got} words out of {expected}, so gold relations can't be carried over to its document: "
        "{text!r}. Use an augmenter that keeps the number of words, or let it set doc._.luke_relations itself."
    )
    L436 = "{name} has to be {allowed}, got {value!r}."
    L437 = (
        "{path} can't be read as spaCy's binary format: {error}. Pass a file that DocBin.to_disk wrote, such as what "
        "`python -m spacy luke convert` or `python -m spacy convert` makes of other formats."
    )
    L438 = (
        "A choice has to be a number or a text of doc._.luke_choices, got {type}: {value!r}. Assign None to remove "
        "the choice."
    )
    L439 = "{value!r} is not among the choices {choices}. Assign doc._.luke_choices first, then one of them."
    L440 = (
        "A candidate has to be a title with a score, such as ('Paris', 0.9), got {value!r}. Assign None to remove the "
        "candidates."
    )
    L441 = "There are no documents to join. Give join_docs() one document at least."


class TrainingWarnings:
    """Messages of warnings."""

    W401 = (
        "The annotation that spacy_luke stored on this document is ignored: it was made for a text of {stored} "
        "characters, and this one has {length}, so it was probably copied with user_data from another document. To cut "
        "a document, use spacy_luke.annotation.span_as_doc(); to join several, join_docs()."
    )
    W402 = (
        "With max_length = {max_length}, {path} is cut so that {lost} of {total} gold relations are lost, because "
        "their mentions are in different parts. They are neither trained nor scored. Raise max_length, or set it to 0 "
        "to keep documents whole."
    )
    W403 = (
        "The joined document has no {names}, because the documents that were joined differ in it. Assign what holds "
        "for the whole document."
    )
    W404 = (
        "{n} of {total} joined documents were never annotated with relations, the others were. The joined document "
        "counts as annotated, so training would read its other pairs as unrelated. Before training, annotate all "
        "documents, or none."
    )
    W405 = "Of {path}, what can't be used was left out: {found}."
