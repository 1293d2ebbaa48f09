"""Messages of the PyTorch side: configuration, checkpoints, models, the hub: L2xx and W2xx."""


class NNErrors:
    """Messages of exceptions."""

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
    L216 = "The model needs {name}, which is None in these inputs. Lay the batch out for this kind of model."
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
    L228 = (
        "{path} is a saved spaCy pipeline, not a LUKE checkpoint. Read texts with it by `spacy.load({path!r})`, or "
        "pass the folder or hub name of the checkpoint itself."
    )
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
    L240 = (
        "The head's weight {name} has the shape {found} in the checkpoint; by the configuration it needs {needed}. "
        "Correct the number of labels, or pass ignore_mismatched_sizes=True for a new head, which has to be trained."
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
    L271 = "fill_mask needs {needed}. Give it, or the name of a checkpoint instead of a model."
    L272 = (
        "This model has no trained weights to guess words with (lm_head). Load a checkpoint that was saved from "
        "LukeForMaskedLM."
    )
    L273 = "Nothing is masked: there is no {mask!r} in {text!r}. Write it in place of each word to guess."
    L281 = (
        "{name} are {labels}; labels have to be different and not empty. Correct them in the config or the "
        "data."
    )
    L282 = (
        "The joint model's configuration has unknown fields {unknown}; known are {known}. Correct "
        "config.json."
    )
    L291 = (
        "The encoder's weights were rearranged for inference: they can't be trained or saved. Train or "
        "save the model before set_precision, or load it again."
    )
    L292 = (
        "Precision {value!r} is unknown; allowed is {allowed}. Correct dtype in the config, or the argument."
    )
    L293 = (
        'Precision "int8" runs on a processor only, but weights are on another device. Use "bfloat16", or move the '
        "model to the CPU."
    )
    L294 = (
        "The encoder's weights were arranged for this processor and can't be moved to another device. Move the model "
        "before set_precision, or load it again."
    )


class NNWarnings:
    """Messages of warnings."""

    W201 = (
        "{model} found no weights for {parts} in the checkpoint{task}: they are new and random, and what "
        "depends on them means nothing yet. Train the model, or load a checkpoint that was saved from {model}."
    )
    W202 = (
        "This processor has no instructions for bfloat16, or none that are faster than those for float32, so computing "
        "in it is no faster, or many times slower. Set mixed_precision = false, and dtype = "
        '"float32", in the model config.'
    )
