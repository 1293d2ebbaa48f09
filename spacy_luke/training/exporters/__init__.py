"""From Docs to the files of annotation tools, so that people correct what a model found. One file a format."""
