"""Does a model read what stands between two names? Minimal pairs of texts, and what a pipeline says of them."""
