"""The call surface of the tokenizers in transformers: arguments, padding, truncation, pairs, tasks, encodings."""
