"""Messages of the command line: L5xx and W5xx."""


class CLIErrors:
    """Messages of exceptions."""

    L505 = (
        "{checkpoint!r} doesn't tell what it was trained for (its architectures: {found}): there is an encoder, and no "
        "head that a pipe could use. Name a checkpoint of one of {allowed}, or train: set it as model.checkpoint in "
        "the config of a pipe."
    )
    L506 = "{path} has files in it and is no spaCy pipeline. Name a new folder, or an earlier pipeline to replace."
    L507 = "{value!r} is no format that can be converted. Choose one of {allowed}."
    L508 = (
        "Data of the format {format} tells relations by their ids. Give --names with a JSON file that has a name for "
        "each, such as {example} of the published data."
    )
    L509 = "Data of the format {format} names its relations itself. Leave --names out: it is for {allowed}."
    L510 = (
        "{path} can't be read as {format}: {found}. Look at the file, or name its format; "
        "`python -m spacy luke convert --help` lists them."
    )
    L511 = (
        "{path} can't be read as entity titles: {found}. Give a JSON file with a list of titles, or with a dict "
        "{{title: id}}."
    )
    L512 = "There is no file {path}. Name the file itself, not its folder."
    L513 = "Documents are written to a file whose name ends in .spacy, got {path}."
    L514 = "{path} is the name of a file, not a text. To read the file: `python -m spacy luke run --file {path}`."
    L515 = "{path} is no text in UTF-8. Save it as such, or give the text itself as an argument."
    L516 = (
        "There are no thresholds to choose for the component {name!r} of {path}: its model is of {found}, needed is "
        "{needed}. Components that have it: {joint}; name one with --name. Thresholds of others are set by hand, in "
        "`thresholds` of their config."
    )
    L517 = (
        "There is no config {value!r}. Choose one of {allowed}; `python -m spacy luke config --list` says what each "
        "is for."
    )
