"""Messages of teaching: L7xx and W6xx."""


class TeachErrors:
    """Messages of exceptions."""

    L721 = (
        "doc.user_data[{key!r}] has to be a list of lists of {n} character offsets and a label, got {value!r}. An "
        "entity is [start_char, end_char, label], a relation [head_start, head_end, tail_start, tail_end, label]."
    )
    L722 = (
        "The examples have to be spaCy Docs, got {type}. Read a .spacy file with DocBin().from_disk(path).get_docs("
        "nlp.vocab), or make Docs with nlp.make_doc(text)."
    )
    L723 = (
        "The examples have nothing new for {name!r}, which can be taught: {tasks}. Labels that it was trained for stay "
        "as they are; of these the examples have: {known}. New types of entities stand in doc.ents, relations in "
        "doc._.luke_relations."
    )
    L724 = (
        "All {n} examples have the label {label!r}, and nothing is known that doesn't. Annotate texts with other "
        "entities or pairs beside them, or give texts in which the label is rare: teach(docs, background=texts)."
    )
    L725 = "Nothing is known of {labels}, so it can't be forgotten. Taught or rejected labels: {known}."
    L726 = (
        "{name!r} was taught {labels} on the states of its trained weights, and training would change these. Forget "
        "them first: pipe.forget(). Or train from a config, with the examples in the training data."
    )
    L727 = (
        "The component {name!r} is made by {found!r}, and can't be taught. What can is luke or luke_ner with the "
        "architecture spacy-luke.Joint.v1; name it: --name."
    )


class TeachWarnings:
    """Messages of warnings."""

    W651 = (
        "{name!r} gets new heads for other labels, so it forgets what it was taught on the states of the old ones: "
        "{labels}. Teach again after training."
    )
