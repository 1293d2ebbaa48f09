"""Every message that a user can meet, in one place.

A message says what was wrong, what is allowed and what to do next. Code raises
``ValueError(Errors.L101.format(...))``; tests match on the code. The hundreds name the room:
1 tokenizer, 2 nn, 3 inputs, layers and pipeline, 4 training and stored annotation, 5 command line.
"""


class Errors:
    """Messages of exceptions."""

    # --- 1xx: tokenizer ------------------------------------------------------------------
    L101 = (
        "Task {task!r} is not known. Choose one of {allowed}, or None to give entities yourself. "
        "It is set where the tokenizer is made: LukeTokenizer.from_pretrained(path, task=...)."
    )
    L102 = "{name} is {value!r}, but has to be {allowed}."
    L103 = (
        "The entity vocabulary ({source}) lacks the special entities {missing}. Probably it isn't LUKE's; "
        "otherwise name its own special entities with entity_unk_token, entity_pad_token, "
        "entity_mask_token and entity_mask2_token."
    )
    L104 = (
        "The entity vocabulary ({source}) is a {found} that can't be read. Allowed are a dict "
        "{{title: id}}, a list of titles, and mLUKE's list of "
        '{{"id": ..., "entities": [[title, language], ...]}}.'
    )
    L105 = (
        "The entity vocabulary ({source}) maps {title!r} to {id!r}. Titles have to be strings and ids "
        "integers from 0 on: the rows of the entity embeddings."
    )
    L106 = (
        "vocab.json and merges.txt don't belong together: {error}. Each merge has to be two pieces that "
        "vocab.json holds, joined and apart. Take both files from the same checkpoint."
    )
    L107 = (
        "This tokenizer.json can't be read: {error}. Check that it is complete and that the installed "
        "`tokenizers` is not older than the version that wrote it."
    )
    L108 = "Texts have to be strings, found {value}."
    L109 = (
        "it is half of a surrogate pair, which has no UTF-8 form. Repair the text first, for example with "
        "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
    )
    L110 = (
        "The tokenizer has no {name}: none is named and none of {usual} is in its vocabulary. Name the one "
        "that stands for it, for example {name}='[X]'."
    )
    L111 = "encode_words got {n_words} words but {n_spaces} spaces. Give one bool for each word."
    L112 = (
        "There is no file {path}. Take {name} from the checkpoint that the model comes from, or save the "
        "tokenizer there again with save_pretrained."
    )
    L113 = (
        "{path} can't be read: {error}. The file is damaged or isn't what its name says; fetch or save it "
        "again."
    )
    L114 = "These inputs have no field {name!r}. There are: {names}."
    L115 = (
        "return_tensors is {value!r}, but LUKE here runs on PyTorch alone. Choose 'pt' for tensors, 'np' for "
        "arrays, which other frameworks take, or None for lists."
    )
    L116 = (
        "{name} has rows of different lengths ({sizes}), which no tensor can hold. Make them equal with "
        "padding=True, with truncation=True and a max_length if they are too long, or leave out "
        "return_tensors."
    )
    L117 = (
        "Inputs are to be truncated to {max_length} word pieces and padded to a multiple of {multiple}, but "
        "the one isn't a multiple of the other. Choose a max_length that is."
    )
    L118 = (
        "The entity span ({start}, {end}) is none: it needs a start from 0 on and an end that isn't before "
        "it. Give character offsets in the text, the end being the one after the last character."
    )
    L119 = (
        "The entity span ({start}, {end}) ends after the text, which has {length} characters and begins with "
        "{text!r}. Give character offsets in the text that stands at the same place of the batch."
    )
    L120 = (
        "text is a {text} and text_pair a {pair}. Give a string for one input or a list of strings for a "
        "batch, and text_pair alike or None. For words that are cut already use encode_words."
    )
    L121 = "The batch is empty. Give one text at least."
    L122 = "{name} has {found} entries for {n} texts. Give one for each text; [] for a text without entities."
    L123 = "{name} has None for one of the texts. Give [] for a text without entities."
    L124 = (
        "entity_spans have to be a list of tuples (start, end) with character offsets, in a batch one such "
        "list for each text. Found {found!r}."
    )
    L125 = (
        "entities have to be a list of entity titles, in a batch one such list for each text. Found "
        "{found!r}. Give None for [MASK] entities."
    )
    L126 = "There are {n_titles} entities for {n_spans} entity_spans. Give one title for each span."
    L127 = (
        "The task {task!r} needs entity_spans with {needed} of (start, end) character offsets, as a list of "
        "tuples. Found {found!r}. Prepare inputs without a task by a tokenizer with task=None."
    )
    L128 = (
        "Token types tell texts apart that special tokens stand around. Ask for return_token_type_ids "
        "together with add_special_tokens=True only."
    )
    L129 = (
        "With truncation='longest_first' a pair of texts has no overflowing tokens: both lose some. Choose "
        "'only_first' or 'only_second', or leave out return_overflowing_tokens."
    )
    L130 = "return_overflowing_tokens needs a max_length that tokens can overflow. Give one."
    L131 = (
        "Texts that are truncated on the left move away from under their entities' positions. Set "
        "tokenizer.truncation_side = 'right', or cut the texts before."
    )
    L132 = (
        "{name} is not available, as in transformers' LukeTokenizer: entities are character spans of whole "
        "texts. Give texts; for the tokens of a spaCy Doc use encode_words."
    )
    L133 = "There are no input_ids to pad, only {names}. Give what the tokenizer returned."
    L134 = (
        "input_ids has {n} rows, but there are fields of other lengths: {found}. Give one row of each field "
        "for each input."
    )
    L135 = (
        "The folder {folder} has no word vocabulary: {missing} is missing, and so is tokenizer.json. Copy "
        "vocab.json and merges.txt, or tokenizer.json, from the checkpoint that the model comes from."
    )
    L136 = (
        "The folder {folder} has no entity vocabulary: there is no {name}, and {config} holds none. Copy "
        "{name} from the checkpoint that the model comes from. For a tokenizer without entities of its own, "
        "LukeTokenizer.from_tokenizer_json takes the four special ones: "
        "{{'[PAD]': 0, '[UNK]': 1, '[MASK]': 2, '[MASK2]': 3}}."
    )
    L137 = "{path} is a file. Choose a folder to save the tokenizer in."

    # --- 2xx: nn -------------------------------------------------------------------------

    L201 = (
        "LUKE configuration: {name} is {value!r}; allowed: {allowed}. Correct it in config.json or in the "
        "call."
    )
    L202 = (
        "LUKE configuration: {name} is {value!r}; needed: {allowed}. Correct it in config.json or in the "
        "call."
    )
    L203 = "LUKE configuration: hidden_act is {value!r}; allowed: {allowed}, or a function of a tensor."
    L204 = (
        "LUKE configuration: hidden_size {width} cannot be divided among {heads} attention heads. Choose "
        "num_attention_heads that divides hidden_size."
    )
    L205 = (
        "This configuration is of a model of type {kind!r}, not 'luke'. To make a LUKE from a BERT or "
        "RoBERTa encoder, use `spacy_luke.nn.convert.luke_from_encoder`."
    )
    L206 = (
        "The configuration cannot be written as JSON: {reason}. Replace the value by a plain one, e.g. a "
        "function in hidden_act by its name."
    )
    L207 = (
        "There is no {file} in {folder}. Point to the folder that `save_pretrained` wrote, or to a hub name."
    )
    L208 = "{path} cannot be read: {reason}. Replace the file by an intact copy."
    L209 = (
        "LUKE configuration: id2label is {value!r}; allowed: a label for each number 0, 1, 2, ... (numbers "
        "may be written as strings). Correct it in config.json or in the call."
    )
    L211 = "LUKE needs either input_ids or inputs_embeds, not both and not none. Pass one of the two."
    L212 = (
        "A text has {words} word tokens; this model's position table ends at {limit}. Cut it into windows, "
        "or truncate it in the tokenizer (truncation=True)."
    )
    L213 = (
        "Entities need both entity_ids and entity_position_ids; one is missing. Pass what the tokenizer "
        "returned."
    )
    L214 = (
        "{name} has the shape {shape}; needed: {wanted}. Pass tensors of one batch, as the tokenizer "
        "returned them."
    )
    L215 = (
        "`encode_words` and `encode_entities` need a model whose words do not read entities "
        "(config.words_attend_to_entities is true here). Use `forward`, or train a model with it false."
    )
    L221 = "{path} is a file; needed is a folder with config.json and weights. Pass the folder it is in."
    L222 = (
        "There is no folder {path}. Correct the path, or pass a name on the Hugging Face hub, such as "
        "'studio-ousia/luke-base'."
    )
    L223 = "The checkpoint {name} on the Hugging Face hub is gated. Accept its terms there and log in."
    L224 = (
        "{name!r} is neither a folder here nor a checkpoint on the Hugging Face hub. Correct the name; for "
        "a private checkpoint, log in first."
    )
    L225 = (
        "The checkpoint {name} on the Hugging Face hub has no revision {revision!r}. Pass a branch, tag or "
        "commit."
    )
    L226 = (
        "{name!r} is no folder here, is not among the downloaded checkpoints, and the Hugging Face hub "
        "cannot be reached. Correct the path, or connect (and do not set local_files_only or "
        "HF_HUB_OFFLINE)."
    )
    L227 = "The checkpoint {name!r} cannot be downloaded: {reason}. Correct the name or try again later."
    L231 = (
        "There are no weights in {folder}. Needed is one of: {allowed}. Pass the folder of a complete "
        "checkpoint."
    )
    L232 = (
        "{path} names the file {shard!r}, which is not beside it. Complete the folder with all of its files."
    )
    L233 = "The files that {path} names lack these weights: {names}. Replace the folder by an intact copy."
    L234 = (
        "{path} cannot be read as plain tensors: {reason}. Only tensors are read from a pickle, code in it "
        "is never run. Use an intact copy, or a checkpoint in the safetensors format."
    )
    L235 = (
        "{path} holds something other than named tensors: {found}. Needed is a state dict, name to tensor; "
        "save it with `torch.save(model.state_dict(), path)`."
    )
    L236 = (
        "The checkpoint has weights that this model has no place for: {names}. Check that config.json "
        "belongs to these weights and that the class is the one they were saved from."
    )
    L237 = (
        "The checkpoint lacks weights of this model: {names}. Check that config.json belongs to these "
        "weights and that the class is the one they were saved from."
    )
    L238 = (
        "The checkpoint lacks the pooling layer: {names}. If you do not need pooler_output, load it with "
        "add_pooling_layer=False."
    )
    L239 = (
        "The weight {name} has the shape {found} in the checkpoint; by the configuration it needs {needed}. "
        "Correct config.json or the overrides."
    )
    L241 = (
        "Unknown arguments of `from_pretrained`: {names}. Allowed are fields of the checkpoint's "
        "configuration; a new field belongs into a LukeConfig that you pass as config=."
    )
    L242 = (
        "LUKE's attention heads cannot be pruned: {heads}. Each query of the entity-aware attention shares the "
        "keys; silence heads with head_mask instead."
    )
    L243 = "{name} is {value!r}; allowed is {allowed}. Pass such a number, or None to keep what there is."
    L251 = (
        "A LUKE cannot be made from an encoder of type {kind!r} with {position!r} positions; allowed are "
        "{allowed}, with absolute positions. Choose such an encoder."
    )
    L252 = (
        "The encoder has no weight {name}. Pass the state dict of a BERT or RoBERTa encoder, as "
        "transformers saves it."
    )
    L253 = (
        "type_vocab_size is {rows}; the encoder has {least} token types, which are all kept. Choose {least} "
        "or more."
    )
    L254 = (
        "{folder} has no tokenizer.json, from which LUKE's tokenizer is made. Save the encoder's fast "
        "tokenizer there."
    )
    L261 = (
        "{model} needs {needed}, which {got}. Pass what the tokenizer returns for a text with entity_spans."
    )
    L262 = "{name} has values outside of 0 to {last}. Correct them{hint}."
    L263 = (
        "{name} are of the type {found}; needed are integers: the index of a class. Convert them with .long(), "
        "or pass one number a label for a loss over several labels."
    )
    L264 = "{model} is made for {needed} labels, but config.num_labels is {found}. Pass num_labels={example}."
    L265 = (
        "{model} needs both start_positions and end_positions for a loss; only one was passed. Pass both or "
        "none."
    )
    L266 = (
        "{name} has the shape {shape}; allowed is {allowed}. Pass labels of the same batch as the logits, with "
        "-100 at padding."
    )
    L281 = (
        "{name} are {labels}; labels have to be different and not empty. Correct them in the config or the "
        "data."
    )
    L282 = (
        "The joint model's configuration has unknown fields {unknown}; known are {known}. Correct "
        "config.json."
    )
    L283 = (
        "The weights in {source} are not those that its config.json describes: missing {missing}, surplus "
        "{surplus}, wrong shapes {shapes}. Take both files from the same model."
    )

    # --- 3xx: inputs, layers, pipeline ---------------------------------------------------

    L301 = (
        "Windows of {size} pieces can't overlap by {overlap}: the overlap has to be at least 0 and less than the "
        "window. Change `overlap` or `window` of the model in the config."
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

    # --- 5xx: command line ---------------------------------------------------------------

    L501 = "Attention {value!r} is not known. Choose one of {allowed}."
    L502 = (
        "The checkpoint {checkpoint!r} has no trained head, so there is nothing to measure. Train it, then "
        "choose its thresholds with `python -m spacy luke tune`, and name the folder that this writes."
    )
    L503 = (
        "A document in {path} has no sentence boundaries, and figures are about pairs of one sentence: {text!r}. "
        "Annotate sentences, e.g. with the sentencizer."
    )
    L504 = (
        "No training document has relations, so there is nothing to look up. Give documents whose "
        "doc._.luke_relations were assigned, or leave the training data out."
    )
    L511 = (
        "{path} can't be read as entity titles: {found}. Give a JSON file with a list of titles, or with a dict "
        "{{title: id}}."
    )


class Warnings:
    """Messages of warnings, numbered like the errors, with a W."""

    W101 = (
        "max_length has no effect with padding=True and no truncation. Use padding='max_length' to pad to "
        "it, or truncation=True to cut to it."
    )
    W102 = (
        "padding={padding!r} and truncation={truncation!r} need a length, but neither max_length nor the "
        "tokenizer's model_max_length is set. Set one of them."
    )
    W103 = (
        "{n} tokens were to be cut from the {which} text, which has only {length}; it stays whole. Raise "
        "max_length or choose another truncation than {strategy!r}."
    )
    W104 = (
        "{n} entities are left out, because truncation cut the text before they end. Raise max_length, or "
        "cut long texts into windows."
    )
    W201 = (
        "{model} found no weights for {parts} in the checkpoint{task}: they are new and random, and what "
        "depends on them means nothing yet. Train the model, or load a checkpoint that was saved from {model}."
    )
    W301 = (
        "The component '{name}' has no trained weights for {tasks}, so it says nothing of them. Train it "
        "(`nlp.initialize`, then `spacy train`), or name a trained checkpoint in its model config."
    )
    W401 = (
        "The stored annotation of spacy_luke was made for a text of {stored} characters, but this document "
        "has {length}: it was copied with user_data from another one. It is not used. To cut a document, "
        "use spacy_luke.training.transfer.span_as_doc()."
    )
    W402 = (
        "max_length = {max_length} cut {path} so that {lost} of {total} gold relations reach across a cut "
        "and neither train nor score. Raise max_length, or set it to 0 to keep documents whole."
    )
