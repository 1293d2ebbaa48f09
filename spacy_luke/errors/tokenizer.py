"""Messages of the tokenizer: L1xx and W1xx."""


class TokenizerErrors:
    """Messages of exceptions."""

    L101 = (
        "Unknown task {task!r}. Choose one of {allowed}, or None to mark entities yourself. Set it where the tokenizer "
        "is made: LukeTokenizer.from_pretrained(path, task=...)."
    )
    L102 = "{name} is {value!r}, but has to be {allowed}."
    L103 = (
        "The entity vocabulary ({source}) lacks the special entities {missing}. Check that it is LUKE's. If it has "
        "special entities of other names, pass these as entity_unk_token, entity_pad_token, entity_mask_token and "
        "entity_mask2_token."
    )
    L104 = (
        "The entity vocabulary ({source}) is a {found}, but has to be a dict {{title: id}}, a list of titles, or "
        'mLUKE\'s list of {{"id": ..., "entities": [[title, language], ...]}}.'
    )
    L105 = (
        "The entity vocabulary ({source}) maps {title!r} to {id!r}. Titles have to be strings. Ids have to be integers "
        "from 0 on: the rows of the entity embeddings."
    )
    L106 = (
        "vocab.json and merges.txt don't fit together: {error}. For each merge, vocab.json needs its two pieces and "
        "their concatenation. Take both files from the same checkpoint."
    )
    L107 = (
        "This tokenizer.json can't be read: {error}. Check that it is complete, and that the installed version of "
        "`tokenizers` is not older than the one that wrote it."
    )
    L108 = "A text has to be a string, got {value}."
    L109 = (
        "half of a surrogate pair, which UTF-8 can't encode. Repair the text first, for example with "
        "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
    )
    L110 = (
        "The tokenizer has no {name}: none was passed, and none of {usual} is in its vocabulary. Pass the token that "
        "serves as one, for example {name}='[X]'."
    )
    L111 = "encode_words got {n_words} words but {n_spaces} spaces. Give one bool for each word."
    L112 = (
        "There is no file {path}. Copy {name} from the model's checkpoint, or save the tokenizer there again with "
        "save_pretrained."
    )
    L113 = "{path} can't be read: {error}. It is damaged, or not what its name says. Replace it by an intact copy."
    L114 = "These inputs have no field {name!r}, only {names}."
    L115 = (
        "return_tensors is {value!r}; allowed are 'pt' for PyTorch tensors, 'np' for arrays (which other frameworks "
        "read too), and None for lists."
    )
    L116 = (
        "{name} has rows of different lengths ({sizes}), which don't fit into one tensor. Use padding=True, and "
        "truncation=True with a max_length if they are too long; or leave out return_tensors."
    )
    L117 = (
        "max_length is {max_length}, which is not a multiple of pad_to_multiple_of = {multiple}, so inputs can't be "
        "both truncated and padded. Choose a max_length that is."
    )
    L118 = (
        "The entity span ({start}, {end}) is not a span: its start has to be 0 or more, and its end not before its "
        "start. Give character offsets; the end is the one after the last character."
    )
    L119 = (
        "The entity span ({start}, {end}) ends outside of its text, which has {length} characters and begins with "
        "{text!r}. Give character offsets in the text that has the same place in the batch."
    )
    L120 = (
        "text is a {text} and text_pair a {pair}. Pass strings for one input, or lists of strings for a batch; "
        "text_pair may be None. For texts that are split into words, use is_split_into_words=True."
    )
    L121 = "The batch is empty. Pass at least one text."
    L122 = "{name} has {found} entries for {n} texts. Give one for each text, [] for a text without entities."
    L123 = "{name} has None for one of the texts. Give [] for a text without entities."
    L124 = (
        "entity_spans is {found!r}, but has to be a list of tuples (start, end) of character offsets; for a batch, one "
        "such list for each text."
    )
    L125 = (
        "entities is {found!r}, but has to be a list of entity titles; for a batch, one such list for each text. Give "
        "None for [MASK] entities."
    )
    L126 = "There are {n_titles} entities for {n_spans} entity_spans. Give one title for each span."
    L127 = (
        "The task {task!r} needs entity_spans: a list of {needed}, as tuples (start, end) of character offsets. Got "
        "{found!r}. For inputs of another kind, make a tokenizer with task=None."
    )
    L128 = (
        "return_token_type_ids needs add_special_tokens=True, because token types tell apart the texts between special "
        "tokens. Set it, or leave out return_token_type_ids."
    )
    L129 = (
        "return_overflowing_tokens doesn't work for text pairs with truncation='longest_first', which cuts both texts. "
        "Use 'only_first' or 'only_second', or leave out return_overflowing_tokens."
    )
    L130 = "return_overflowing_tokens needs a max_length. Pass one."
    L131 = (
        "Texts with entities can't be truncated on the left, because the positions of the entities would be wrong. Set "
        "tokenizer.truncation_side = 'right', or shorten the texts before."
    )
    L132 = "These inputs have no {name}. Call the tokenizer with {option}."
    L133 = "There are no input_ids to pad, only {names}. Pass what the tokenizer returned."
    L134 = (
        "input_ids has {n} rows, but other fields have other numbers of rows: {found}. Give one row of each field for "
        "each input."
    )
    L135 = (
        "The folder {folder} has no word vocabulary: it lacks {missing}, and has neither sentencepiece.bpe.model nor "
        "tokenizer.json. Copy the files from the model's checkpoint."
    )
    L136 = (
        "The folder {folder} has no entity vocabulary: it lacks {name}, and {config} has none. Copy {name} from the "
        "model's checkpoint. If the tokenizer has no entities but the four special ones, make it with "
        "LukeTokenizer.from_tokenizer_json and {{'[PAD]': 0, '[UNK]': 1, '[MASK]': 2, '[MASK2]': 3}}."
    )
    L138 = (
        "text is a {text} and text_pair a {pair}. With is_split_into_words, pass a list of words for one input, or a "
        "list of such lists for a batch; text_pair may be None."
    )
    L139 = (
        "The entity span ({start}, {end}) has no words. With is_split_into_words, spans count words from 0 on: give "
        "the first word and the one after the last."
    )
    L140 = (
        "The entity span ({start}, {end}) ends outside of its text, which has {n} words. With is_split_into_words, "
        "spans count words from 0 on: give the first word and the one after the last."
    )
    L141 = (
        "The SentencePiece model {path} is of another kind than LUKE's: its first piece has to be the unknown one. "
        "Take sentencepiece.bpe.model from the model's checkpoint."
    )
    L142 = "There are no special tokens named {names}. Allowed are {allowed}."
    L144 = (
        "There are {n} entity_ids and {found} entity_token_spans. Give one span of word pieces for each entity, in the "
        "same order; for the second text, in pair_entity_ids and pair_entity_token_spans."
    )
    L145 = (
        "{name} can't be None, because every input needs one. Pass another token; it is added if it is new."
    )
    L146 = "{name} can't be {id}: the vocabulary has {n} tokens, with ids from 0 on. Add a token first (add_tokens)."
    L147 = (
        "The task {task!r} marks entities with additional special tokens. It needs {needed}; there are {found}. Name "
        "them, for example tokenizer.additional_special_tokens = ['<ent>', '<ent2>'], or keep them when you add "
        "others: replace_additional_special_tokens=False."
    )
    L150 = "The stored index of entity titles is damaged: {error}. Save the tokenizer again from its entity vocabulary."
    L151 = (
        "{path} needs the package sentencepiece, which isn't installed. Install it: "
        'pip install "spacy_luke[sentencepiece]".'
    )
    L152 = (
        "{path} can't be read: line {line} has the byte {byte:#04x}, so it isn't UTF-8, but perhaps {encoding}. "
        "Convert it, for example with `iconv -f {encoding} -t UTF-8`."
    )


class TokenizerWarnings:
    """Messages of warnings."""

    W101 = (
        "max_length has no effect with padding=True and without truncation. Use padding='max_length' to pad to it, or "
        "truncation=True to cut to it."
    )
    W102 = (
        "padding={padding!r} and truncation={truncation!r} need a length, but neither max_length nor the tokenizer's "
        "model_max_length is set, so nothing is padded or cut to one. Set one of them."
    )
    W103 = (
        "The {which} text is not truncated: {n} tokens have to go, but it has only {length}. Raise max_length, or "
        "choose another truncation than {strategy!r}."
    )
    W104 = (
        "{n} entities are left out, because the text was truncated before their end. Raise max_length, or cut long "
        "texts into windows."
    )
    W105 = (
        "An input has {n} word pieces, more than the {most} that the model reads (model_max_length); the model will "
        "refuse it. Set truncation=True, or cut long texts into windows."
    )
