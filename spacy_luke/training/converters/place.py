"""From a tool's record to a Doc: regions are laid on tokens. What doesn't fit is left out or changed, and listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ...annotation import (
    REJECTED_ENTITIES,
    REJECTED_RELATIONS,
    REJECTED_TOGETHER,
    RELATIONS_LOOKED_FOR,
    write_labels,
    write_question,
    write_relations,
    write_unsure,
)
from ...errors import Errors
from .build import NESTED
from .files import located
from .offsets import Positions, agrees, characters, choose_unit, positions
from .records import DOCUMENT, TOKENS, Conversion, Link, Range, Record, Region

ANSWERS = "luke_answers"  # what `luke_qa` reads

RecordReader = Callable[[Path, Conversion], Iterator[Record]]


def docs_from(read: RecordReader) -> Callable[[Path, Conversion], Iterator[Doc]]:
    """read (Callable): Yields the records of a file. RETURNS (Callable): Yields its Docs."""

    def convert(path: Path, conversion: Conversion) -> Iterator[Doc]:
        for record in read(path, conversion):
            with located(path, record.place):
                doc = Placing(path, record, conversion).doc()
            yield doc

    return convert


class Placing:
    """Lays one record on tokens.

    path (Path): The file, for the list of losses.
    record (Record): The record.
    conversion (Conversion): How to do it, and where losses are listed.
    """

    def __init__(self, path: Path, record: Record, conversion: Conversion) -> None:
        self.path, self.record, self.conversion = path, record, conversion
        told = (*record.regions, *record.rejected, *(r for _, found in record.answers for r in found))
        unit = conversion.offsets
        if record.unit == TOKENS:
            unit = "codepoint"
        elif unit == "auto":
            unit = choose_unit(record.text, told, record.unit)
        self.unit = unit
        self.to_characters: Positions = positions(record.text, unit)
        self.spans: dict[str, Span | None] = {}

    def doc(self) -> Doc:
        """RETURNS (Doc): The document. RAISES (ValueError): If a relation names a region that isn't there."""
        record = self.record
        doc = self._tokenize()
        doc.user_data.update(record.data)
        if record.group:
            doc.user_data[DOCUMENT] = record.group
        entities: dict[tuple[int, int, str, str], Span] = {}
        for region in record.regions:
            span = self._place(doc, region)
            if span is not None and region.label and region.is_entity:
                span = entities.setdefault((span.start, span.end, span.label_, span.id_), span)
            self.spans[region.name] = span
        self._annotate(doc, list(entities.values()))
        for region in record.regions:
            span = self.spans[region.name]
            if region.types and span is not None:
                write_labels(span, dict.fromkeys(region.types, 1.0))
        if record.links is not None:
            write_relations(doc, self._relate(record.links))
        write_unsure(doc, self._relate(record.unsure) or None)
        if record.looked_for is not None:
            doc.user_data[RELATIONS_LOOKED_FOR] = sorted(record.looked_for)
        self._reject(doc)
        if record.answers:
            self._answer(doc)
        return doc

    def lose(self, what: str, at: str, detail: str) -> None:
        """Note that something was left out or changed."""
        place = f"{self.record.place}, {at}" if at else self.record.place
        self.conversion.losses.add(what, self.path, place, detail)

    # --- tokens ----------------------------------------------------------------------------

    def _tokenize(self) -> Doc:
        record, nlp = self.record, self.conversion.nlp
        doc = nlp.make_doc(record.text) if record.tokens is None else self._given_tokens(record.tokens)
        if record.sentences is not None:
            starts = set(record.sentences)
            for token in doc:
                token.is_sent_start = token.i == 0 or token.idx in starts
        return doc

    def _given_tokens(self, ranges: Iterable[Range]) -> Doc:
        """The tool's tokens, and what stands between them: a space each, or tokens of their own."""
        text = self.record.text
        pieces: list[Range] = []
        end = 0
        for start, stop in ranges:
            if not end <= start <= stop <= len(text):
                raise ValueError(Errors.L671.format(start=start, stop=stop, end=end, length=len(text)))
            gap = text[end:start]
            if gap and (gap != " " or not pieces):
                # one space belongs to the token before it
                pieces.append((end + (gap[0] == " " and bool(pieces)), start))
            if start < stop:
                pieces.append((start, stop))
            end = stop
        if text[end:] not in ("", " "):
            pieces.append((end + (text[end] == " "), len(text)))
        edges = [*(start for start, _ in pieces), len(text)]
        words = [text[start:stop] for start, stop in pieces]
        spaces = [edges[i + 1] > stop for i, (_, stop) in enumerate(pieces)]
        return Doc(self.conversion.nlp.vocab, words=words, spaces=spaces)

    # --- regions ---------------------------------------------------------------------------

    def _place(self, doc: Doc, region: Region) -> Span | None:
        """The tokens of a region; None if it is left out, which is noted."""
        found = characters(region, self.to_characters)
        shown = f"{region.label} {region.text!r}" if region.text else f"{region.label} {_ranges(region)}"
        if found is None:
            start, end = region.fragments[0] if region.fragments else (0, 0)
            what = {"what": region.at or "a mention", "start": start, "end": end}
            if not start < end:
                raise ValueError(Errors.L652.format(**what))
            raise ValueError(
                Errors.L653.format(**what, length=len(doc.text), unit=f"characters ({self.unit})")
            )
        if not agrees(doc.text, region, self.to_characters):
            here = " ".join(doc.text[start:end] for start, end in found)
            self.lose("left out: another text stands there", region.at, f"{shown}, the text has {here!r}")
            return None
        whole = self._whole(doc.text, found, region, shown)
        if whole is None:
            return None
        start, end = whole
        inner = doc.text[start:end]
        start, end = start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())
        if start >= end:
            self.lose("left out: only white space", region.at, shown)
            return None
        named: dict[str, str] = {"label": region.label, "kb_id": region.kb_id, "span_id": region.cluster}
        span: Span | None = doc.char_span(start, end, **named)
        if span is None:
            span = self._align(doc, start, end, named, region, shown)
        return span

    def _whole(self, text: str, found: list[Range], region: Region, shown: str) -> Range | None:
        """One range for a region of fragments. Those with nothing but white space between them are one."""
        merged = [found[0]]
        for start, end in found[1:]:
            if start <= merged[-1][1] or not text[merged[-1][1] : start].strip():
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        if len(merged) == 1:
            return merged[0]
        align = self.conversion.align
        if align == "strict":
            self.lose("left out: discontinuous", region.at, shown)
            return None
        if align == "expand":
            self.lose("changed: discontinuous, got what is between its parts", region.at, shown)
            return merged[0][0], merged[-1][1]
        self.lose("changed: discontinuous, got its longest part", region.at, shown)
        return max(merged, key=lambda part: part[1] - part[0])

    def _align(
        self, doc: Doc, start: int, end: int, what: dict[str, str], region: Region, shown: str
    ) -> Span | None:
        align = self.conversion.align
        span = None if align == "strict" else doc.char_span(start, end, **what, alignment_mode=align)
        if span is None or not len(span):
            tokens = doc.char_span(start, end, alignment_mode="expand")
            self.lose("left out: cuts tokens", region.at, f"{shown} in {tokens.text!r}")
            return None
        self.lose(f"changed: cuts tokens ({align})", region.at, f"{shown} became {span.text!r}")
        return span

    def _annotate(self, doc: Doc, spans: list[Span]) -> None:
        """Of overlapping mentions the longest goes to `doc.ents`, the others to `doc.spans["luke_nested"]`."""
        spans.sort(key=lambda span: (span.start, span.end, span.id_, span.label_))
        ents = filter_spans(spans)
        known = self.record.complete
        if ents or known:
            doc.set_ents(ents, default="outside" if known else "missing")
        kept = set(map(id, ents))
        nested = [span for span in spans if id(span) not in kept]
        if nested:
            doc.spans[NESTED] = nested

    # --- relations, refusals, answers ------------------------------------------------------

    def _relate(self, links: Iterable[Link]) -> list[tuple[Span, Span, str, float, str]]:
        found: dict[tuple[object, ...], tuple[Span, Span, str, float, str]] = {}
        for link in links:
            ends = self._ends(link)
            if ends is None:
                continue
            head, tail = ends
            key = (*((s.start, s.end, s.label, s.id) for s in ends), link.label)
            if key in found:
                self.lose("left out: relation told twice", link.at, _told(link, ends))
                continue
            for span in ends:
                if not span.label_:
                    self.lose("kept: relation to what is no entity", link.at, _told(link, ends))
                    break
            found[key] = (head, tail, link.label, 1.0, link.id)
        return list(found.values())

    def _ends(self, link: Link) -> tuple[Span, Span] | None:
        for role, name in (("head", link.head), ("tail", link.tail)):
            if name not in self.spans:
                raise ValueError(Errors.L654.format(what=f"{link.at}, the {role}", name=name))
        head, tail = self.spans[link.head], self.spans[link.tail]
        if head is None or tail is None:
            self.lose("left out: relation of a mention that was left out", link.at, link.label)
            return None
        return head, tail

    def _reject(self, doc: Doc) -> None:
        record = self.record
        spans = [self._place(doc, region) for region in record.rejected]
        entities = [[s.start_char, s.end_char, s.label_] for s in spans if s is not None]
        ends = [(self._ends(link), link.label) for link in record.rejected_links]
        relations = [
            [*(place for span in pair for place in (span.start_char, span.end_char)), label]
            for pair, label in ends
            if pair is not None
        ]
        for key, rows in ((REJECTED_ENTITIES, entities), (REJECTED_RELATIONS, relations)):
            if rows:
                doc.user_data[key] = rows
        if record.together and (entities or relations):
            doc.user_data[REJECTED_TOGETHER] = True

    def _answer(self, doc: Doc) -> None:
        """A question all of whose answers were left out is left out: it would have none."""
        questions, spans = [], []
        for question, regions in self.record.answers:
            placed = [span for span in (self._place(doc, region) for region in regions) if span is not None]
            if regions and not placed:
                self.lose("left out: question whose answers were left out", "", question)
                continue
            questions.append(question)
            different = {(span.start, span.end): span for span in placed}
            spans += [Span(doc, s.start, s.end, question) for s in different.values()]
        if questions:
            write_question(doc, questions)
            doc.spans[ANSWERS] = spans


def _ranges(region: Region) -> str:
    return ";".join(f"{start}-{end}" for start, end in region.fragments)


def _told(link: Link, ends: tuple[Span, Span]) -> str:
    head, tail = ends
    return f"{head.text!r} {link.label} {tail.text!r}"
