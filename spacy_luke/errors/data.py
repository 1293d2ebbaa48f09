"""Messages of plain data, tables and whole corpora: L6xx and W6xx."""


class DataErrors:
    """Messages of exceptions."""

    L601 = (
        "This isn't a document of the schema {schema}: {found}. `spacy_luke.to_dict` makes such documents; "
        "docs/DATA.md describes them."
    )
    L602 = (
        "The document has the schema {found!r}, but this version of spacy_luke reads {schema}. Write it anew, or "
        "update the package."
    )
    L603 = (
        "The data are of the text {found!r}, but the document's is {text!r}. To make a new document, use "
        "`spacy_luke.from_dict`."
    )
    L604 = (
        "{what} has {value!r} of type {type}, which JSON doesn't have. Allowed are dicts with strings as keys, lists, "
        "strings, numbers that are finite, true, false and None."
    )
    L605 = (
        "The {what} at characters {start} to {end} cuts a token of the document. Use `spacy_luke.from_dict`, which "
        "makes tokens that fit."
    )
    L606 = (
        "The tokens of the data don't make up the text: {found}. Between two of them there may be one space, "
        "or nothing."
    )
    L607 = (
        "There is no tokenizer for the language {lang!r} ({error}). Pass a pipeline as `nlp`, or data with tokens: "
        "`to_dict(doc, tokens=True)`."
    )
    L608 = "Two documents have the id {id!r}. Tables are joined by it: set `doc._.luke_id` to another one."
    L609 = "{what} needs {package}, which isn't installed. Install it with `pip install 'spacy_luke[data]'`."
    L610 = (
        "The span {span!r} has no LUKE vector. Vectors are those of entities that a `luke` component has read, unless "
        "its setting `vectors` is false."
    )
    L611 = "{path!r} names no file that can be read. Pass files or folders of {allowed}, globs of such, or - for stdin."
    L612 = (
        "The output is {path}, but its name has to end in {allowed}, which says what is written. Rename it."
    )
    L613 = "{path} can't be read: its name has to end in {allowed}. Rename it, or leave it out."
    L614 = (
        "{folder} was begun with another {what}: {old} there, {new} now. To go on, use the same as there. Otherwise "
        "choose another output, or remove this one."
    )
    L615 = "{folder} has files in it that aren't of an earlier run. Choose a new folder, or remove it."
    L616 = (
        "The input isn't what {folder} was begun with: its first {n} documents have changed. Choose another output, or "
        "remove this one."
    )
    L617 = "Another process writes to {folder}. Wait for it, or choose another output."
    L618 = "The shard is {value!r}, but it has to be like 3/100: a number from 1 on, and how many shards there are."
    L619 = "It has no text: {field!r} is {found}. Name another field with --text-field."
    L620 = "It is no JSON object, but {found}."
    L621 = "It has {n} characters, and the pipeline reads at most {most} (`nlp.max_length`)."
    L622 = "The part size is {value}, but it has to be 1 or more."


class DataWarnings:
    """Messages of warnings."""

    W601 = (
        "One of {a!r} and {b!r} has no LUKE vector, so their similarity is 0. Only entities that a `luke` component "
        "has read have vectors."
    )
    W602 = "{n} files of {path} were left out, because their names don't end in {allowed}, such as {example}."
    W641 = (
        "{path} has fewer than {least} examples of each relation that the component knows, so nothing is learned about "
        "which relations contradict each other. Pass the documents that the component was trained on."
    )
