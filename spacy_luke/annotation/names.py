"""Names of entities: when two texts are the same name, and when one is a shorter form of the other.

Rules are careful: they would rather leave two names apart than take two entities for one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

PERSON, ORGANIZATION, PLACE = "person", "organization", "place"
_KINDS = {
    **dict.fromkeys(("per", "pers", "person", "people"), PERSON),
    **dict.fromkeys(("org", "organization", "organisation", "company"), ORGANIZATION),
    **dict.fromkeys(("loc", "location", "gpe", "place", "country", "city"), PLACE),
}
# What a company's name may end in, or leave out.
_COMPANY = {
    "inc",
    "incorporated",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "company",
    "llc",
    "plc",
    "gmbh",
    "ag",
}
_SMALL = {"of", "the", "and", "for", "in", "on", "de", "du", "des", "la", "&"}  # may be missing in initials
_GENERATION = re.compile(r"(jr|sr|junior|senior|[ivx]+)")  # tells apart people of one name
_PARTICLES = {
    *(
        "al",
        "ap",
        "bin",
        "ben",
        "da",
        "dal",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "do",
        "dos",
        "du",
        "el",
        "i",
    ),
    *("ibn", "la", "le", "mac", "o", "st", "ten", "ter", "van", "von", "y"),
}
_NO_PERSON = {"and", "&", "or", "in", "at", "from", "with"}  # a name that has these is of more than a person
_ACRONYM = re.compile(r"[A-Z][A-Z&]{1,9}")
_WORD = re.compile(r"[^\W\d_]+|&")


class Name(NamedTuple):
    """A name as it is compared.

    words (tuple[str, ...]): Case-folded, without what may be left out.
    kind (str): `PERSON`, `ORGANIZATION`, `PLACE`, or the label.
    """

    words: tuple[str, ...]
    kind: str


def normalize(text: str) -> str:
    """A text as names are compared with.

    text (str): The text of a mention.
    RETURNS (str): The text in lower case (case-folded), with one space for each run of whitespace.
    """
    return " ".join(text.casefold().split())


@lru_cache(maxsize=4096)
def name_of(text: str, label: str) -> Name:
    """The name that a mention calls its entity by.

    text (str): Its text.
    label (str): Its label.
    RETURNS (Name): The name: without an article, a genitive, dots, and words such as "Inc." of a company.
    """
    kind = _KINDS.get(label.casefold(), label)
    plain = re.sub(r"['\u2019]s?$", "", normalize(text))
    # "U.S." is "US"; "J.R. Smith" is "J. R. Smith".
    words = [word for word in re.sub(r"[.,]", " " if kind == PERSON else "", plain).split() if word]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    while kind == ORGANIZATION and len(words) > 1 and words[-1] in _COMPANY:
        words = words[:-1]
    return Name(tuple(words) or (plain,), kind)


def fits_person(short: Sequence[str], full: Sequence[str], *, later: bool) -> bool:
    """Whether a short name may be that of a person with a longer one.

    short (Sequence[str]): Words of the short name.
    full (Sequence[str]): Words of the longer one.
    later (bool): Whether the short one comes after the longer one. If not, a single word has to be the last name.
    RETURNS (bool): Whether the words of the short one, or initials for them, are among those of the longer one, in
        order. Several words with a first name among them have to begin with that.
    """
    if len(short) > len(full) or short == full or all(len(word) == 1 for word in short):
        return False
    if not _NO_PERSON.isdisjoint(full):
        return False
    if len(short) == 1 and not later and short[0] != full[-1]:
        return False
    if len(short) > 1 and short[0] not in _PARTICLES and not _same_word(short[0], full[0]):
        return False
    rest = iter(full)
    skipped: list[str] = []
    for word in short:
        for other in rest:
            if _same_word(word, other):
                break
            skipped.append(other)
        else:
            return False
    return not any(_GENERATION.fullmatch(word) for word in (*skipped, *rest))


def _same_word(word: str, other: str) -> bool:
    """Whether they are equal, or one is the initial of the other. "Henry V" isn't "Henry VI"."""
    return word == other or (len(word) == 1 and other.startswith(word) and not _GENERATION.fullmatch(other))


def is_acronym(text: str) -> bool:
    """text (str): The text of a mention. RETURNS (bool): Whether it is capital letters only, with or without dots."""
    return bool(_ACRONYM.fullmatch(text.replace(".", "")))


def initials(text: str) -> set[str]:
    """text (str): The text of a mention.
    RETURNS (set[str]): The acronyms that it may have, if it is of several words: of all of them, without small ones, of
        those with a capital."""
    words = _WORD.findall(text)
    if len(words) < 2:
        return set()
    large = [word for word in words if word.casefold() not in _SMALL]
    capital = [word for word in words if word[0].isupper()]
    found = {"".join(word[0] for word in some).upper() for some in (words, large, capital)}
    return {letters for letters in found if len(letters) > 1}


def may_abbreviate(acronym: str, full: Name) -> bool:
    """Whether an acronym that follows a name in parentheses may stand for it. Behind a place it may also be the larger
    one that the place is in.

    acronym (str): The text in parentheses.
    full (Name): The name before.
    RETURNS (bool): Of an organization, yes; of a place, if it begins alike and has the acronym's letters in order.
    """
    letters, text = acronym.replace(".", "").casefold(), iter(" ".join(full.words))
    return full.kind == ORGANIZATION or (
        letters[0] == full.words[0][0] and all(letter in text for letter in letters)
    )
