"""Messages of inputs, layers and pipeline: L3xx and W3xx."""


class PipelineErrors:
    """Messages of exceptions."""

    L301 = (
        "Windows of {size} word pieces can't overlap by {overlap}. Set `overlap` in the model's config to at least 0 "
        "and less than the window, or to null for a suitable one."
    )
    L302 = "`key` of spacy-luke.doc_spans.v1 is empty. Give it the name of a span group in doc.spans."
    L303 = (
        'find_entities is {value!r}; allowed are "auto" (find entities where none are annotated), true (always) and '
        "false (never). Change it in the component's config."
    )
    L304 = "`thresholds` has values for {unknown}; allowed are {known}. Correct `thresholds` in the component's config."
    L305 = (
        "Labels were given for {unknown}; allowed are {known}. Correct `initialize.components` in the config."
    )
    L306 = (
        "The model that ships with spacy_luke is missing: there is no folder {path}. Install the package from its "
        "wheel, or name another model: set `checkpoint` in the model's config, or pass it to spacy_luke.load()."
    )
    L307 = (
        "allowed_relations of {label!r} is {found!r}; it has to be a list of pairs (label of the head, label of the "
        'tail), such as [["PER", "LOC"]]: labels as in ent.label_. Correct it in the component\'s config.'
    )
    L308 = (
        "A listener can't get a copy of a luke model of its own, because that model reads more than word pieces. Keep "
        "the luke component in the pipeline, before the component that listens."
    )
    L309 = (
        "The threshold for {task!r} is {value!r}; allowed is a probability from 0 to 1, or a dict of labels with "
        "probabilities. Correct `thresholds` in the component's config."
    )
    L310 = (
        "{name!r} is a {saved} checkpoint; use {pipe}. To train a {task} instead, start from the encoder that it was "
        "trained from."
    )
    L311 = "{name} is {value!r}; allowed is {allowed}. Change it in the config of the component '{pipe}'."
    L312 = (
        "The component '{name}' predicts one number for each text (problem_type = \"regression\"), so it can have one "
        "label only; the data have {labels}. Set problem_type to single_label_classification or "
        "multi_label_classification, or keep one label."
    )
    L313 = (
        "The component '{name}' has nothing to learn from in {n} training examples: it looks for gold in {place}. "
        "Annotate it there, and save the documents with DocBin(store_user_data=True). If there is no gold for this "
        "component, name it in training.frozen_components."
    )
    L314 = (
        "The component '{name}' can't learn doc.cats = {cats} of the text {text!r}: {reason}. Allowed are 0 to 1 for "
        "each label, and one 1 at most for exclusive labels. Correct the data, or set problem_type to {others}."
    )
    L315 = (
        "The component '{name}' has one label, {label!r}, but exclusive labels are two or more. Add the other label to "
        "doc.cats, or set problem_type to multi_label_classification, or to regression if it is a number."
    )
    L316 = (
        "The component '{name}' finds the gold answer {answer!r} under the label {label!r}, which is none of the "
        "questions {questions} of the text {text!r}. Label each answer in doc.spans[{key!r}] with its question."
    )
    L318 = (
        "The component '{name}' can't take the label {label!r}, because no label is added to a head that is there. "
        "What it learns comes from {place}. Call nlp.initialize() with examples that have all of it, and train."
    )
    L320 = (
        "`{setting}` names {label!r}, which is not a label of this model. Did you mean one of {near}? All {n} are in "
        "`pipe.label_data`. Correct `{setting}` in the component's config."
    )
    L321 = (
        "`window` is {window}, but this encoder reads windows of {least} to {most} word pieces. Change `window` in the "
        "model's config, or set it to null for {most}."
    )
    L332 = (
        "`outside` is {name!r}, which is not a label of the model. Set it in the model's config to one of {labels}, or "
        "to null."
    )
    L333 = (
        "The architecture of the model {found!r} has no labels for entities or relations. Set @architectures in the "
        "component's model config to one of {allowed}."
    )
    L334 = (
        "A listener of '{component}' listens to '{name}', which has no word states to give: its model reads marked "
        "entities. Listen to a `luke` component with the architecture spacy-luke.Joint.v1, or to a `transformer`."
    )
    L335 = (
        "{checkpoint!r} is a {saved} checkpoint, but the architecture spacy-luke.Joint.v1 can use only its encoder. "
        "Use {use} to use its head, or call nlp.initialize() and train new heads on its encoder."
    )
    L336 = (
        "The component '{pipe}' needs a model made by {needed}; the one in its config is for {found!r}. Correct "
        "@architectures in the component's model config."
    )
    L337 = (
        "Listeners need spacy-transformers, which can't be imported: {reason}. Install it: "
        'pip install "spacy_luke[transformers]"'
    )
    L351 = "There is no file {path}. Pass a .jsonl or .tsv file; the README describes the format."
    L352 = (
        "{path}, line {number}: {row!r} is not {needed}. Correct the table; the README describes the format."
    )
    L353 = "The table from {source} is empty or not a table. Pass one with entries, or none at all."
    L354 = (
        "A {type} can't list its aliases. Pass a knowledge base that has get_alias_strings, such as spaCy's "
        "InMemoryLookupKB, or assign a dict {{mention: {{title: prior}}}} to `pipe.aliases`."
    )
    L392 = (
        "Scores of entities are not numbers, because weights of the model aren't or are too large. Use an intact copy "
        "of the checkpoint."
    )
    L393 = (
        "{n} weights of the model hold values that are no numbers (NaN or infinite), such as those of {names}. A "
        "damaged file has such, and a training that diverged writes them. Use another copy, or train again with a "
        "lower rate."
    )
    L391 = "There is no file {path}: the component wasn't saved whole. Save the pipeline again, or use an intact copy."


class PipelineWarnings:
    """Messages of warnings."""

    W301 = (
        "The component '{name}' has no trained weights for {tasks}, so it doesn't annotate them. Train it "
        "(`nlp.initialize`, then `spacy train`), or name a trained checkpoint in its model config."
    )
    W302 = (
        "The component '{name}' has no trained head, so it annotates nothing. Train it (`nlp.initialize`, then "
        "`spacy train`), or name a trained checkpoint of {task} in its model config."
    )
    W303 = (
        "The component '{name}' has entity_input = '{kind}', which changes nothing here: the words of this encoder "
        "don't read entities (`words_attend_to_entities` is false in its config.json). Set entity_input to 'none', or "
        "name a checkpoint whose words do, such as studio-ousia/luke-base."
    )
    W304 = (
        "{n} of {total} gold {what} don't begin and end with tokens of the component '{name}': {some}. They count as "
        "unknown, neither right nor wrong. Give the pipeline a tokenizer that cuts there."
    )
    W305 = (
        "{n} of {total} gold {what} ({share:.1%}) are longer than the {most} tokens that the component '{name}' looks "
        "at: {some}. They count as unknown, neither right nor wrong. Raise max_span_width in its model's config."
    )
    W306 = (
        "{n} of {total} gold {what} have labels that the component '{name}' doesn't have: {some}. They count as "
        "unknown, neither right nor wrong. To learn them, call nlp.initialize with examples or `labels` that have "
        "them."
    )
    W307 = (
        "{n} of {total} gold {what} have a head or tail that is none of the mentions of the component '{name}': "
        "{some}. They are not learned, and count as missed in scores. Add their heads and tails to doc.ents, or where "
        "`entities` in the component's config looks for them."
    )
    W308 = (
        "{n} of {total} gold {what} are beyond the limits of the component '{name}': {some}. It never predicts them in "
        "doc._.luke_relations, so they count as missed in scores. Change same_sentence, max_distance or "
        "allowed_relations in its config."
    )
    W309 = (
        "The learning rate is {rate:g}, which ruins a pretrained encoder in a few steps; 0.00005 is a usual rate. "
        "Set training.optimizer.learn_rate in the config, or pass `sgd` with a lower rate."
    )
    W311 = (
        "The component '{name}' was saved by an earlier version of spacy_luke with the thresholds {stored}. They act, "
        "though the config says something else. Set `pipe.thresholds` in Python and save the pipeline again: from then "
        "on the config decides."
    )
    W312 = (
        "The component '{name}' looked for no entities: {n} documents were already annotated as having none "
        '(ENT_IOB), by an earlier component or by your code, and with find_entities = "auto" that stands. To find '
        "entities there, set find_entities to true in the component's config, or put it before the other component. "
        "If there are to be none, set it to false."
    )
    W313 = (
        "allowed_relations of the component '{name}' lets {never} hold only between entities labelled {asked}, but "
        "the entities here are labelled {known}. What counts is ent.label_, not span._.luke_label. Correct "
        "allowed_relations in the component's config, or let an earlier component give entities these labels."
    )
    W314 = (
        "The entity vocabulary has {known} of {n} candidates in the alias table of the component '{name}'; mentions "
        "can't be linked to the others, such as {example!r}. Name a checkpoint with these entities, add them with "
        "nlp.initialize(), or correct the titles of the table."
    )
    W315 = (
        "The component '{name}' doesn't read likely pairs again (pair_layers = {layers}), because it has no trained "
        "weights for it: relations are scored without. Train it, or set pair_layers = 0 in its model config."
    )
