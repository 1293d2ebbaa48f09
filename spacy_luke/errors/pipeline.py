"""Messages of inputs, layers and pipeline: L3xx and W3xx."""


class PipelineErrors:
    """Messages of exceptions."""

    L301 = (
        "Windows of {size} pieces can't overlap by {overlap}: the overlap has to be at least 0 and less than the "
        "window. Change `overlap` or `window` of the model in the config; an `overlap` of null fits any window."
    )
    L302 = (
        "The key of a span group can't be empty. Give `key` of spacy-luke.doc_spans.v1 a name in doc.spans."
    )
    L303 = (
        'find_entities is {value!r}; allowed are "auto" (find them where none are annotated), true (always add) '
        "and false. Change it in the component's config."
    )
    L304 = "There are no thresholds for {unknown}; there are for {known}. Correct `thresholds` in the config."
    L305 = (
        "Labels were given for {unknown}; allowed are {known}. Correct `initialize.components` in the config."
    )
    L306 = (
        "The model that ships with spacy_luke is missing: there is no folder {path}. Install the package from its "
        "wheel, or name a trained model: `checkpoint` in the model's config, or spacy_luke.load(checkpoint)."
    )
    L307 = (
        "allowed_relations has {found!r} for {label!r}; allowed is a list of pairs of a head's and a tail's label, "
        'such as [["PER", "LOC"]]. Correct it in the component\'s config.'
    )
    L308 = (
        "A listener can't be replaced by a copy of a luke model, which reads more than it could be fed there. Keep "
        "the luke component in the pipeline, before the one that listens."
    )
    L309 = (
        "The threshold for {task!r} is {value!r}; allowed is a probability from 0 to 1, or one for each of some "
        "labels. Correct `thresholds` in the config."
    )
    L310 = (
        "{name!r} is a {saved} checkpoint; use {pipe}. To train a {task} instead, start from the encoder that it was "
        "made from."
    )
    L311 = "{name} is {value!r}; allowed is {allowed}. Change it in the config of the component '{pipe}'."
    L312 = (
        "The component '{name}' gives one number a text, so it has one label; found were {labels}. Set problem_type "
        "to single_label_classification or multi_label_classification, or give one label."
    )
    L320 = (
        "`{setting}` names {label!r}, which this model has no label for. Perhaps one of {near} is meant? All {n} are "
        "in `pipe.label_data`. Correct the component's config."
    )
    L321 = (
        "`window` is {window}, but this encoder reads windows of {least} to {most} word pieces. Change `window` of the "
        "model in the config, or leave it null for {most}."
    )
    L331 = "context is {value!r}; allowed is {allowed}. Change it in the component's model config."
    L332 = (
        "`outside` is {name!r}, which is none of the model's labels: {labels}. Correct it in the component's model "
        "config, or leave it null."
    )
    L333 = (
        "The architecture that made the model {found!r} doesn't read entities. Set @architectures of the component's "
        "model in the config to one of {allowed}."
    )
    L334 = (
        "A listener of '{component}' names '{name}', which reads marked entities and has no states of plain words. Let "
        "it listen to a `luke` component with the architecture spacy-luke.Joint.v1, or to a `transformer`."
    )
    L335 = (
        "{checkpoint!r} is a {saved} checkpoint, whose head the architecture spacy-luke.Joint.v1 doesn't read. Use "
        "{use}; or train new heads on its encoder."
    )
    L336 = (
        "The component '{pipe}' reads a model that {needed} made; the model of its config is one for {found!r}. "
        "Correct @architectures of the component's model."
    )
    L351 = "There is no file {path}. Give a .jsonl or .tsv file; its form is told in the README."
    L352 = (
        "{path}, line {number}: {row!r} is not {needed}. Correct the table; its form is told in the README."
    )
    L353 = "The table from {source} is empty or no table. Give one with entries, or none at all."
    L354 = (
        "A {type} doesn't list its aliases. Give a knowledge base that has get_alias_strings, such as spaCy's "
        "InMemoryLookupKB, or assign `pipe.aliases` a dict {{mention: {{title: prior}}}}."
    )


class PipelineWarnings:
    """Messages of warnings."""

    W301 = (
        "The component '{name}' has no trained weights for {tasks}, so it says nothing of them. Train it "
        "(`nlp.initialize`, then `spacy train`), or name a trained checkpoint in its model config."
    )
    W302 = (
        "The component '{name}' has no trained head, so it writes nothing. Train it (`nlp.initialize`, then "
        "`spacy train`), or name a trained checkpoint of {task} in its model config."
    )
    W303 = (
        "The component '{name}' has entity_input = '{kind}', but the words of this encoder read no entities "
        "(`words_attend_to_entities` is false in its configuration, as in the default model's), so that the setting "
        "changes nothing. Leave it at 'none', or name a checkpoint whose words do, such as studio-ousia/luke-base."
    )
