"""Each head of the text and entity pipes, trained on public data beside plain rules and spaCy's own components."""
