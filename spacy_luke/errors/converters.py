"""Messages of the converters and exporters of annotation tools' files: L6xx and W6xx."""


class ConverterErrors:
    """Messages of exceptions."""

    L651 = "{field} has to be {allowed}, got {type}: {value}"
    L652 = "{what} ends before it starts, or is empty: {start} to {end}"
    L653 = "{what} goes from {start} to {end}, but the text has {length} {unit}"
    L654 = "{what} is the name of nothing here: {name!r}"
    L655 = "there is no text in it (fields: {fields}). {hint}"
    L656 = (
        "{path} looks like none of the formats ({found}). Name the format instead of auto; "
        "`python -m spacy luke convert --help` lists them."
    )
    L657 = (
        "{path}, line {number}: not a line of WebAnno TSV 3: {line!r}. Expected is the number of sentence and token, "
        "the range of characters, the token and {columns} further columns."
    )
    L658 = "{path} isn't WebAnno TSV 3: its first line has to be like #FORMAT=WebAnno TSV 3.3, got {line!r}."
    L659 = "{path}, line {number}: not a line of brat's format: {line!r}. Expected is {expected}."
    L660 = "{path} has no text: there is no {text}. brat keeps the text beside the .ann file, with the ending .txt."
    L661 = "--{option} is only for {allowed}: {format} has no use for it. Leave it out."
    L662 = "--split takes two or three shares that add up to 1, such as 0.8/0.1/0.1, got {value!r}."
    L663 = (
        "--split {value} of {n} documents that don't belong together leaves the part {part} empty. Choose larger "
        "shares, or convert more documents."
    )
    L664 = (
        "{path} is no map of labels: {found}. Pass a JSON object of old and new labels, such as "
        '{{"PERSON": "PER", "MISC": null}} (null leaves a label out), or one with "entities" and "relations".'
    )
    L665 = "{name} has to be one of {allowed}, got {value!r}."
    L666 = "--field takes NAME=PATH, with NAME one of {allowed}, got {value!r}."
    L667 = "{value!r} isn't a pair of triplets as REBEL writes them: <triplet> subject <subj> object <obj> relation"
    L668 = "{path} has no documents. Pass a .spacy file (DocBin) that has some."
    L669 = "The target of {format} is a {expected}, but {path} is {found}. Choose another name, for example {example}."
    L670 = "{path} is neither a .spacy file with doc._.rel, as rel_component makes, nor Prodigy's JSONL: {found}."
    L671 = (
        "the tokens aren't one after the other in the text: one from {start} to {stop} comes where the text from {end} "
        "to {length} is left. Leave the tokens out to use the tokenizer's"
    )


class ConverterWarnings:
    """Messages of warnings."""

    W621 = "The map of labels has {labels}, which {path} doesn't have. Check the spelling and the case."
    W622 = "{n} documents have no scores to sort by, so they come last. Sort what a pipeline has predicted."
