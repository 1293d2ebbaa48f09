"""From published data formats to Docs with gold `doc.ents` and `doc._.luke_relations`. One file a format."""
