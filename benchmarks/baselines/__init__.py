"""What spaCy's own trainable components, and a plain lookup, reach on the same data."""
