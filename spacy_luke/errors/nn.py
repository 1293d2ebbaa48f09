"""Messages of the PyTorch side: configuration, checkpoints, models, the hub: L2xx and W2xx."""


class NNErrors:
    """Messages of exceptions."""

    L201 = "LUKE configuration: {name} is {value!r}; allowed is {allowed}. Correct it in config.json or in the call."
    L203 = (
        "LUKE configuration: hidden_act is {value!r}; allowed are {allowed}, or a function of a tensor. Correct "
        "it in config.json or in the call."
    )
    L204 = (
        "LUKE configuration: hidden_size is {width}, which {heads} attention heads can't divide evenly. Choose a "
        "num_attention_heads that divides hidden_size."
    )
    L205 = (
        "This configuration is for a model of type {kind!r}, not 'luke'. To make a LUKE from a BERT or RoBERTa "
        "encoder, use `python -m spacy luke from-encoder`."
    )
    L206 = (
        "The configuration can't be written as JSON: {reason}. Use plain values only; for a function in hidden_act, "
        "its name."
    )
    L207 = "There is no {file} in {folder}. Pass a folder that `save_pretrained` wrote, or a hub name."
    L209 = (
        "LUKE configuration: id2label is {value!r}; it has to be a dict of a label for each number 0, 1, 2, ... "
        "(numbers may be strings). Correct it in config.json or in the call."
    )
    L211 = "LUKE reads either input_ids or inputs_embeds. Pass one of the two, not both."
    L212 = (
        "A text has {words} word pieces, but this model reads {limit} at most. Cut the text into windows, or truncate "
        "it in the tokenizer (truncation=True)."
    )
    L213 = (
        "Entities need both entity_ids and entity_position_ids, but one is missing. Pass all that the tokenizer "
        "returned."
    )
    L214 = "{name} has the shape {shape}, but needs {wanted}. Pass tensors of one batch as the tokenizer returns them."
    L215 = (
        "`encode_words` and `encode_entities` work only if words don't read entities, but "
        "config.words_attend_to_entities is true. Use `forward`, or a model that was trained with false."
    )
    L216 = "The model needs {name}, but these inputs have none. Lay them out for a model of this kind."
    L221 = "{path} is a file, not a folder. Pass the folder of the checkpoint."
    L222 = (
        "There is no folder {path}. Correct the path, or pass a name on the Hugging Face hub, such as "
        "'studio-ousia/luke-base'."
    )
    L223 = "The checkpoint {name} on the Hugging Face hub is gated. Accept its terms there and log in."
    L224 = (
        "{name!r} is neither a local folder nor a checkpoint on the Hugging Face hub. Correct the name. If the "
        "checkpoint is private, log in first."
    )
    L225 = "The checkpoint {name} on the Hugging Face hub has no revision {revision!r}. Pass a branch, tag or commit."
    L226 = (
        "{name!r} is neither a local folder nor a downloaded checkpoint, and the Hugging Face hub cannot be reached. "
        "Correct the path, or go online, without local_files_only and HF_HUB_OFFLINE."
    )
    L227 = "The checkpoint {name!r} can't be downloaded: {reason}. Correct the name, or try again later."
    L228 = (
        "{path} is a saved spaCy pipeline, not a LUKE checkpoint. Load it with `spacy.load({path!r})`, or pass the "
        "folder or hub name of a checkpoint."
    )
    L229 = (
        "{name} isn't possible with a LUKE of this package. Leave it out: weights are read from safetensors files or "
        "from torch's pickles, and `huggingface_hub.upload_folder` uploads a folder that `save_pretrained` wrote."
    )
    L230 = "Unknown arguments of `save_pretrained`: {names}. Leave them out."
    L231 = "There are no weights in {folder}: it needs one of {allowed}. Pass the folder of a complete checkpoint."
    L232 = (
        "{path} names the file {shard!r}, which is not in the same folder. Complete the folder with all files of the "
        "checkpoint."
    )
    L233 = "The weights {names} are in none of the files that {path} names. Replace the folder by an intact copy."
    L234 = (
        "{path} can't be read as plain tensors: {reason}. Only tensors are read from a pickle file; code in it is "
        "never run. Use an intact copy, or a checkpoint in the safetensors format."
    )
    L235 = (
        "{path} has something other than named tensors: {found}. It has to be a state dict, saved with "
        "`torch.save(model.state_dict(), path)`."
    )
    L236 = (
        "The checkpoint has weights that this model has no place for: {names}. Check that config.json belongs to these "
        "weights, and that they were saved from this class."
    )
    L237 = (
        "The checkpoint lacks weights of this model: {names}. Check that config.json belongs to these weights, and "
        "that they were saved from this class."
    )
    L238 = (
        "The checkpoint lacks the pooling layer: {names}. If you don't need pooler_output, load it with "
        "add_pooling_layer=False."
    )
    L239 = (
        "The weight {name} has the shape {found} in the checkpoint, but {needed} by the configuration. Correct "
        "config.json or the overrides."
    )
    L240 = (
        "The head's weight {name} has the shape {found} in the checkpoint, but {needed} by the configuration. Correct "
        "the number of labels, or pass ignore_mismatched_sizes=True for a new head, and train it."
    )
    L241 = (
        "Unknown arguments of `from_pretrained`: {names}. Allowed are the fields of the checkpoint's configuration. To "
        "add a field, pass a LukeConfig that has it as config=."
    )
    L242 = (
        "LUKE's attention heads can't be pruned ({heads}), because its four kinds of queries share their keys. Use "
        "head_mask to silence heads."
    )
    L243 = "{name} is {value!r}; allowed is {allowed}. Pass None to keep what there is."
    L244 = (
        'device_map is {value!r}, but a LUKE is on one device. Pass its name, such as "cuda:0", or "auto" for a GPU if '
        "there is one."
    )
    L251 = (
        "A LUKE can't be made from an encoder of type {kind!r} with {position!r} positions. Choose one of type "
        "{allowed} with absolute positions."
    )
    L252 = (
        "The encoder has no weight {name}. Pass the state dict of a BERT or RoBERTa encoder, as transformers saves "
        "it."
    )
    L253 = (
        "type_vocab_size is {rows}, but the encoder has {least} token types, which are all kept. Choose {least} or "
        "more."
    )
    L254 = (
        "There is no tokenizer.json in {folder}; LUKE's tokenizer is made from it. Save the encoder's fast tokenizer "
        "there."
    )
    L261 = (
        "{model} needs {needed}, which {got}. Pass what the tokenizer returns for a text with entity_spans."
    )
    L262 = "{name} has values outside of 0 to {last}. Correct them{hint}."
    L263 = (
        "{name} are of type {found}, but have to be integers: the number of a class. Convert them with .long(). For a "
        "loss over several labels, pass one number for each label."
    )
    L264 = "{model} needs {needed} labels, but config.num_labels is {found}. Pass num_labels={example}."
    L265 = "{model} needs both start_positions and end_positions for a loss. Pass both, or neither."
    L266 = (
        "{name} has the shape {shape}; allowed is {allowed}. Pass labels of the same batch as the logits, with -100 at "
        "padding."
    )
    L267 = "Nothing can be taken out of a {output} or put in this way. Assign to its fields, or make a dict of it."
    L268 = "An output is made from pairs of a field's name and its value, but {found!r} is none. Pass pairs only."
    L271 = "fill_mask needs {needed}. Pass it, or the name of a checkpoint instead of a model."
    L272 = (
        "This model can't guess words, because its lm_head is not trained. Load a checkpoint that was saved from "
        "LukeForMaskedLM."
    )
    L273 = (
        "There is no {mask!r} in {text!r}, so there is no word to guess. Put it in place of each such word."
    )
    L281 = (
        "{name} are {labels}, but labels have to be different, and not empty. Correct them in the config or in the "
        "data."
    )
    L282 = "Unknown fields in the joint model's configuration: {unknown}; known are {known}. Correct config.json."
    L283 = (
        "pair_layers is {found}; allowed is a whole number from 0 (no pairs are read again) to {most}, the encoder's "
        "layers, and only 0 where words attend to entities. Correct it in the config, or set words_attend_to_entities "
        "to false."
    )
    L291 = (
        "This encoder can only predict, because its weights were arranged for that by set_precision; it can't be "
        "trained or saved. Train or save the model before, or load it again."
    )
    L292 = "Unknown precision {value!r}; allowed are {allowed}. Correct dtype in the config, or the argument."
    L293 = (
        'The precision "int8" works on the CPU only, but the model is on another device. Use "bfloat16", or move the '
        "model to the CPU."
    )
    L294 = (
        "This encoder can't be moved to another device, because its weights were arranged for this processor by "
        "set_precision. Move the model before, or load it again."
    )
    L298 = (
        "The weight {name} is of type {found} in the checkpoint, but has to be of floating-point numbers. Use an "
        "intact copy of the checkpoint."
    )


class NNWarnings:
    """Messages of warnings."""

    W201 = (
        "{model} found no weights for {parts} in the checkpoint{task}, so they are new and random, and so is what they "
        "predict. Train the model, or load a checkpoint that was saved from {model}."
    )
    W202 = (
        "This processor has no instructions for bfloat16, or none that are faster than those for float32, so bfloat16 "
        'saves no time here, and may take many times longer. Set mixed_precision = false and dtype = "float32" in the '
        "model config."
    )
