"""Messages of the tokenizer: L1xx and W1xx."""


class TokenizerErrors:
    """Messages of exceptions."""

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
        "batch, and text_pair alike or None. For words that are cut already use is_split_into_words=True."
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
    L132 = "There are no {name} in these inputs. Ask the tokenizer for them with {option}."
    L133 = "There are no input_ids to pad, only {names}. Give what the tokenizer returned."
    L134 = (
        "input_ids has {n} rows, but there are fields of other lengths: {found}. Give one row of each field "
        "for each input."
    )
    L135 = (
        "The folder {folder} has no word vocabulary: {missing} is missing, and so are sentencepiece.bpe.model "
        "and tokenizer.json. Copy one of these from the checkpoint that the model comes from."
    )
    L136 = (
        "The folder {folder} has no entity vocabulary: there is no {name}, and {config} holds none. Copy "
        "{name} from the checkpoint that the model comes from. For a tokenizer without entities of its own, "
        "LukeTokenizer.from_tokenizer_json takes the four special ones: "
        "{{'[PAD]': 0, '[UNK]': 1, '[MASK]': 2, '[MASK2]': 3}}."
    )
    L137 = "{path} is a file. Choose a folder to save the tokenizer in."
    L138 = (
        "With is_split_into_words, text is a list of words, or a list of such lists for a batch, and text_pair "
        "alike or None. Found a {text} and a {pair}."
    )
    L139 = (
        "The entity span ({start}, {end}) has no words. With is_split_into_words, give its first word, from 0 "
        "on, and the one after its last."
    )
    L140 = (
        "The entity span ({start}, {end}) ends after the text, which has {n} words. With is_split_into_words, "
        "spans count words, the end being the one after the last."
    )
    L141 = (
        "The SentencePiece model {path} isn't one that LUKE is published with: its first piece has to be the unknown "
        "one. Take sentencepiece.bpe.model from the checkpoint that the model comes from."
    )
    L142 = "There are no special tokens named {names}. Allowed are: {allowed}."
    L144 = (
        "There are {n} entity_ids and {found} entity_token_spans. Give each entity one span of word pieces, in the "
        "same order; for the second text in pair_entity_ids and pair_entity_token_spans."
    )
    L145 = "Every input needs a {name}, so it can't be None. Name another token, which is added if it isn't there."
    L146 = "{name} can't be {id}: the vocabulary has ids from 0 on, {n} in all. Add a token first, with add_tokens."
    L147 = (
        "The task {task!r} marks entities with the first additional special tokens, and needs {needed}; there are "
        "{found}. Name the markers too, e.g. tokenizer.additional_special_tokens = ['<ent>', '<ent2>'], or add "
        "tokens with replace_additional_special_tokens=False."
    )
    L150 = (
        "The stored index of entity titles is damaged: {error}. Save the tokenizer again from its entity "
        "vocabulary."
    )
    L151 = (
        "{path} is read by the package sentencepiece, which isn't installed. Multilingual and Japanese LUKEs need it: "
        'pip install "spacy_luke[sentencepiece]".'
    )


class TokenizerWarnings:
    """Messages of warnings."""

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
    W105 = (
        "An input of {n} word pieces is longer than the {most} that the model takes (model_max_length), and would be "
        "an error there. Set truncation=True, or cut long texts into windows."
    )
