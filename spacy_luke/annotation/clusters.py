"""Which mentions of a document are of one entity.

From the surest to the least sure:

1. `kb_id_` (but `NIL`) and `id_` of mentions: equal ones are of one entity, different `kb_id_` never are.
2. Clusters that a coreference component left (`coreference.py`). No name joins mentions of different ones.
3. Names (`names.py`): equal ones, short names of a person, acronyms. A short name joins a longer one only if it fits no
   other, and if all mentions with its text are of one kind: "Paris" may be a city and a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from spacy.tokens import Span

from ..types import NIL
from .coreference import cluster_numbers
from .names import (
    ORGANIZATION,
    PERSON,
    PLACE,
    Name,
    fits_person,
    initials,
    is_acronym,
    may_abbreviate,
    name_of,
    normalize,
)

_Key = tuple[str, str]  # what kind of evidence, and which
_NAME = "name"


def entities_of(mentions: Sequence[Span], lent: Sequence[Span] = ()) -> list[int]:
    """Tell which mentions are of one entity.

    mentions (Sequence[Span]): Mentions of one document.
    lent (Sequence[Span]): Other members of coreference clusters (`lent_mentions`), whose texts are no names.
    RETURNS (list[int]): A number for the entity of each, first those of `mentions`.
    """
    if not mentions:
        return list(range(len(lent)))
    text = mentions[0].doc.text
    texts = [text[span.start_char : span.end_char] for span in mentions]
    evidence = _evidence([*mentions, *lent], texts)
    groups = _Groups()
    for keys in evidence:
        for key in keys[1:]:
            groups.join(keys[0], key)
    _Names(mentions, texts, [keys[0] for keys in evidence]).join(groups)
    numbers: dict[_Key, int] = {}
    return [numbers.setdefault(groups.find(keys[0]), len(numbers)) for keys in evidence]


def full_names(mentions: Sequence[Span], entities: Sequence[int]) -> dict[int, str]:
    """What to call the entities whose mentions have different texts.

    mentions (Sequence[Span]): Mentions of one document.
    entities (Sequence[int]): The entity of each, and behind these of lent ones.
    RETURNS (dict[int, str]): The longest name by entity, the first of those as long. Entities of one name, with nothing
        lent, are left out.
    """
    names: dict[int, dict[str, int]] = defaultdict(dict)
    for span, entity in zip(mentions, entities, strict=False):
        names[entity].setdefault(span.text, len(" ".join(name_of(span.text, span.label_).words)))
    several = {entity for entity, texts in names.items() if len(set(map(normalize, texts))) > 1}
    several |= set(entities[len(mentions) :])
    return {entity: max(names[entity], key=names[entity].__getitem__) for entity in several if names[entity]}


def _evidence(spans: Sequence[Span], texts: Sequence[str]) -> list[list[_Key]]:
    """What each span is joined by, the surest first; the text is for those that have a name. Ids and clusters of
    mentions with different `kb_id_` say nothing."""
    found: list[list[_Key]] = []
    bases: dict[_Key, set[str]] = {}
    for span, cluster in zip(spans, cluster_numbers(spans), strict=True):
        keys: list[_Key] = []
        if span.kb_id and span.kb_id_ != NIL:
            keys.append(("kb", span.kb_id_))
        if span.id:
            keys.append(("id", span.id_))
        if cluster is not None:
            keys.append(("cluster", str(cluster)))
        if keys and keys[0][0] == "kb":
            for key in keys:
                bases.setdefault(key, set()).add(span.kb_id_)
        found.append(keys)
    for number, keys in enumerate(found):
        keys[:] = [key for key in keys if len(bases.get(key, ())) < 2]
        if not keys:
            is_name = number < len(texts)  # else one that no text has
            keys.append((_NAME, normalize(texts[number]) if is_name else f" {number}"))
    return found


@dataclass
class _Groups:
    """Evidence that is known to be of one entity.

    parents (dict[_Key, _Key]): Another one of the same entity, for all but one.
    kept (dict[_Key, dict[str, set[str]]]): What is known of that one, by its kind.
    """

    parents: dict[_Key, _Key] = field(default_factory=dict)
    kept: dict[_Key, dict[str, set[str]]] = field(default_factory=dict)

    def find(self, key: _Key) -> _Key:
        """RETURNS (tuple): The one that stands for the entity of some evidence."""
        while (parent := self.parents.setdefault(key, key)) != key:
            self.parents[key] = self.parents[parent]
            key = parent
        return key

    def of(self, root: _Key) -> dict[str, set[str]]:
        """RETURNS (dict[str, set[str]]): The evidence of an entity by its kind, but for names."""
        if root not in self.kept:
            self.kept[root] = {} if root[0] == _NAME else {root[0]: {root[1]}}
        return self.kept[root]

    def join(self, one: _Key, other: _Key) -> None:
        """Make one entity of two, unless their `kb_id_` differ."""
        one, other = self.find(one), self.find(other)
        if one == other or self._differ("kb", one, other):
            return
        self.parents[other] = one
        for kind, values in self.of(other).items():
            self.of(one).setdefault(kind, set()).update(values)

    def may_share_name(self, one: _Key, other: _Key) -> bool:
        """RETURNS (bool): Whether nothing surer than names keeps two entities apart."""
        return not any(self._differ(kind, one, other) for kind in ("kb", "id", "cluster"))

    def sharing(self, key: _Key, others: Iterable[_Key]) -> list[_Key]:
        """RETURNS (list[tuple]): The other entities that some evidence may share a name with."""
        own = self.find(key)
        roots = dict.fromkeys(map(self.find, others))
        return [root for root in roots if root != own and self.may_share_name(own, root)]

    def _differ(self, kind: str, one: _Key, other: _Key) -> bool:
        mine, its = self.of(one).get(kind), self.of(other).get(kind)
        return bool(mine and its and mine.isdisjoint(its))


@dataclass
class _Named:
    """A name in a document.

    first (int): Its first token.
    texts (dict[str, None]): How it is written.
    holders (dict[_Key, None]): The surest evidence of the mentions that have it.
    """

    first: int
    texts: dict[str, None] = field(default_factory=dict)
    holders: dict[_Key, None] = field(default_factory=dict)


class _Names:
    """The names of a document's mentions.

    mentions (Sequence[Span]): The mentions.
    texts (Sequence[str]): Their texts.
    keys (Sequence[_Key]): The surest evidence of each, at least.
    """

    def __init__(self, mentions: Sequence[Span], texts: Sequence[str], keys: Sequence[_Key]) -> None:
        names = [name_of(text, span.label_) for text, span in zip(texts, mentions, strict=True)]
        self.mentions = list(zip(names, texts, mentions, strict=True))
        self.named: dict[Name, _Named] = {}
        for (name, text, span), key in zip(self.mentions, keys, strict=False):
            named = self.named.get(name)
            if named is None:
                named = self.named[name] = _Named(span.start)
            named.first = min(named.first, span.start)
            named.texts[text] = named.holders[key] = None

    def join(self, groups: _Groups) -> None:
        """Join what has equal names, then names to longer ones of the same kind, long ones first."""
        kinds: dict[_Key, set[str]] = defaultdict(set)
        for name, named in self.named.items():
            if len(named.holders) > 1:
                _join_equal(groups, named.holders)
            for key in named.holders:
                kinds[key].add(name.kind)
        for name in sorted(self.named, key=lambda name: -len(name.words)):
            longer = [key for other in self._longer(name) for key in self.named[other].holders]
            own = {groups.find(key): key for key in self.named[name].holders} if longer else {}
            for key in own.values() if len(own) == 1 else ():
                others = groups.sharing(key, longer)
                if len(others) == 1 and (key[0] != _NAME or len(kinds[key]) == 1):
                    groups.join(others[0], key)

    def _longer(self, name: Name) -> set[Name]:
        """Those that a name may be short for."""
        named = self.named[name]
        found = set(self._parentheses.get(name, ()))
        if name.kind == PERSON:
            for other in self._people[name.words[0]]:
                later = self.named[other].first < named.first
                if fits_person(name.words, other.words, later=later):
                    found.add(other)
        for text in named.texts:
            if is_acronym(text):
                found |= self._initials[name.kind, text.replace(".", "")]
        return found - {name}

    @cached_property
    def _people(self) -> dict[str, list[Name]]:
        """Names of people, by their words and the initials of these."""
        found: dict[str, list[Name]] = defaultdict(list)
        for name in self.named:
            if name.kind == PERSON and len(name.words) > 1:
                for word in {*name.words, *(word[0] for word in name.words)}:
                    found[word].append(name)
        return found

    @cached_property
    def _initials(self) -> dict[tuple[str, str], set[Name]]:
        """Names by their kind and the acronyms that they may have."""
        found: dict[tuple[str, str], set[Name]] = defaultdict(set)
        for name, named in self.named.items():
            for text in named.texts:
                for letters in initials(text):
                    found[name.kind, letters].add(name)
        return found

    @cached_property
    def _parentheses(self) -> dict[Name, set[Name]]:
        """Acronyms in parentheses, with the names of the same kind that they stand behind."""
        found: dict[Name, set[Name]] = defaultdict(set)
        behind = {span.end + 1: name for name, _, span in self.mentions if name.kind in (ORGANIZATION, PLACE)}
        for name, text, span in self.mentions:
            full = behind.get(span.start)
            if full is None or full.kind != name.kind or not is_acronym(text):
                continue
            if span.doc[span.start - 1].text == "(" and may_abbreviate(text, full):
                found[name].add(full)
        return found


def _join_equal(groups: _Groups, holders: Iterable[_Key]) -> None:
    """Join those of one name, mentions that only have this last: they are of an entity only if they are of no other."""
    known = [key for key in holders if key[0] != _NAME]
    names = [key for key in holders if key[0] == _NAME]
    for key in names:
        groups.join(names[0], key)
    for key in (*known, *names[:1]):
        others = groups.sharing(key, known)
        if all(groups.may_share_name(*pair) for pair in combinations(others, 2)):
            for other in others:
                groups.join(other, key)
