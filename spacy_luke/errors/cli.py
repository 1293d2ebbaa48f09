"""Messages of the command line: L5xx and W5xx."""


class CLIErrors:
    """Messages of exceptions."""

    L505 = (
        "{checkpoint!r} is an encoder without a trained head (architectures in its config.json: {found}). Pass a "
        "checkpoint of {allowed}. To train a head on this encoder, name it as `model.checkpoint` in a pipe's config."
    )
    L506 = (
        "The folder {path} has files in it, but no pipeline, so nothing is written there. Choose a new folder, or a "
        "pipeline to replace."
    )
    L507 = "Unknown format {value!r}. Choose one of {allowed}."
    L508 = (
        "The format {format} has ids for relations, but no names. Pass --names with a JSON file of a name for each "
        "id, such as {example} of the published data."
    )
    L509 = "--names is only for {allowed}: the format {format} has names of its own. Leave --names out."
    L510 = (
        "{path} can't be read as {format}: {found}. Check the file, or pass another format; "
        "`python -m spacy luke convert --help` lists them."
    )
    L511 = (
        "{path} can't be read as entity titles: {found}. Pass a JSON file with a list of titles, or with a dict "
        "{{title: id}}."
    )
    L512 = "There is no file {path}. Pass the file itself, not its folder."
    L513 = "The output file is {path}, but its name has to end in .spacy. Rename it."
    L514 = (
        "{path} is a file, but a text is expected here. To read the file, use "
        "`python -m spacy luke run --file {path}`."
    )
    L516 = (
        "Thresholds can be tuned for the architecture {needed} only; the component {name!r} of {path} has {found}. "
        "Components that can be tuned: {joint}. Pass one of these with --name. For other components, set `thresholds` "
        "in the config by hand."
    )
    L517 = (
        "There is no config {value!r}. Choose one of {allowed}; `python -m spacy luke config --list` says what each "
        "is for."
    )
    L518 = "--word-column and --tag-column are only for conll: the format {format} has no columns. Leave them out."

    L519 = (
        "The checkpoint {checkpoint} has no thresholds of the name {preset!r}; it has: {found}. `python -m spacy luke "
        "tune` writes them. Leave preset out, or set `thresholds` in the config of the component."
    )


class CLIWarnings:
    """Messages of warnings."""

    W501 = (
        "{path} has {n} relations, which were left out, because their names are missing. If they are complete, pass "
        "--names with a JSON file of a name for each id, such as rel_info.json of the published data."
    )
