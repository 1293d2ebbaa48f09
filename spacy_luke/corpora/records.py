"""One document of a corpus, before it is a Doc."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..annotation import SCHEMA, from_dict, get_id, write_id, write_meta
from ..errors import Errors


@dataclass
class Record:
    """A document as it was read.

    id (str): Its id.
    text (str): Its text; "" if it couldn't be read.
    meta (dict[str, Any]): What else its source says of it.
    doc (Doc | None): The annotated document that it was.
    error (str): Why it couldn't be read, or "".
    done (int): Bytes of its source that are read once it is.
    """

    id: str
    text: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    doc: Doc | None = None
    error: str = ""
    done: int = 0

    def make_doc(self, nlp: Language) -> Doc:
        """nlp (Language): The pipeline, for its tokenizer.
        RETURNS (Doc): A new document, with id and metadata. RAISES (ValueError): If it can't be one."""
        if self.error:
            raise ValueError(self.error)
        if len(self.text) > nlp.max_length:  # as spaCy has it, but for this document alone
            raise ValueError(Errors.L621.format(n=len(self.text), most=nlp.max_length))
        if self.doc is not None:
            doc = self.doc.copy()
        elif self.meta.get("schema") == SCHEMA:
            doc = from_dict(self.meta, nlp)
        else:
            doc = nlp.make_doc(self.text)
            write_meta(doc, self.meta or None)
        if not get_id(doc):
            write_id(doc, self.id)
        return doc

    def checksum(self, before: int) -> int:
        """before (int): Checksum of all documents before it. RETURNS (int): Checksum of them and it."""
        crc = zlib.crc32(self.id.encode("utf8", "surrogatepass"), before)
        return zlib.crc32(self.text.encode("utf8", "surrogatepass"), crc)
