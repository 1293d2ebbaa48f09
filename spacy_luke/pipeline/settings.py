"""Settings of a pipe: fields of its class. Its factory, with its signature and default config, is made of them.

So a setting's name, type and default stand once, in the class, and its meaning in the class's docstring.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints
from weakref import ReferenceType, WeakKeyDictionary, ref

from spacy.language import Language
from thinc.api import Config, Model

from ..errors import Errors
from ..training.metrics import shown_weights
from ..training.schedules import suit_optimizer

if TYPE_CHECKING:
    from .pipe import LukePipe


def setting(
    default: Any = MISSING, *, make: Any = MISSING, config: Any = None, name: str = "", group: Any = None
) -> Any:
    """A field of a pipe's class that its config sets.

    default (Any): Its default.
    make (Callable): Makes its default, instead.
    config (Any): What the default config says, if it isn't the default itself: a registered function.
    name (str): What the config calls it, if the pipe has another use for the name.
    group (type | None): A dataclass that it is of, whose fields the config sets.
    RETURNS (Any): The field.
    """
    made = {"default": default} if make is MISSING else {"default_factory": make}
    return field(kw_only=True, metadata={"config": config, "name": name, "group": group}, **made)


_PIPELINES: WeakKeyDictionary[LukePipe, ReferenceType[Language]] = WeakKeyDictionary()


def belong(pipe: LukePipe, nlp: Language) -> None:
    """Remember which pipeline a pipe was made for, or taken over by. pipe (LukePipe): The pipe. nlp (Language): Its
    pipeline."""
    _PIPELINES[pipe] = ref(nlp)


def show(pipe: LukePipe, name: str, value: Mapping[str, Any]) -> None:
    """Let the config of a pipe's pipeline say what acts: it is saved, and `spacy find-threshold` reads it.

    pipe (LukePipe): The pipe.
    name (str): Name of the setting.
    value (Mapping[str, Any]): What acts. Of this, what a config file can't hold is left out.
    """
    nlp = _PIPELINES[pipe]() if pipe in _PIPELINES else None
    if nlp is None:
        return
    for key, component in nlp.components:  # which may have been renamed
        if component is pipe:
            nlp.get_pipe_config(key)[name] = {k: v for k, v in value.items() if _fits_a_file(v)}


def _fits_a_file(value: Any) -> bool:
    """Whether a config file gives a value back: as a key, "per:title" would come back as "per"."""
    config = {"a": {"b": value}}
    try:
        return bool(Config().from_str(Config(config).to_str()) == config)
    except ValueError:
        return False


def require(pipe: str, fits: bool, name: str, value: Any, allowed: str) -> None:
    """pipe (str): Name of the component. fits (bool): Whether a setting makes sense. name, value, allowed (Any): What
    the message tells. RAISES (ValueError): If it doesn't."""
    if not fits:
        raise ValueError(Errors.L311.format(pipe=pipe, name=name, value=value, allowed=allowed))


class Setting(NamedTuple):
    """One key of a component's config.

    attribute (str): The field that it sets.
    part (str): The field's own field, if the config sets its parts; else "".
    annotation (Any): Its type.
    default (Any): What the default config says.
    """

    attribute: str
    part: str
    annotation: Any
    default: Any


def settings_of(pipe: type[LukePipe], without: Collection[str] = ()) -> dict[str, Setting]:
    """pipe (type[LukePipe]): A pipe's class. without (Collection[str]): Fields to leave out.
    RETURNS (dict[str, Setting]): Its settings, by their names in a config."""
    found: dict[str, Setting] = {}
    hints = get_type_hints(pipe)
    for f in fields(pipe):
        if "group" not in f.metadata or f.name in without:
            continue
        group = f.metadata["group"]
        if group is None:
            found[_name(f)] = Setting(f.name, "", hints[f.name], _default(f))
        else:
            types = get_type_hints(group)
            found |= {_name(p): Setting(f.name, p.name, types[p.name], _default(p)) for p in fields(group)}
    return found


def make_factory(
    factory: str,
    pipe: type[LukePipe],
    *,
    scorer: str,
    assigns: Sequence[str],
    score_weights: Mapping[str, float | None],
    model: Mapping[str, Any] | None = None,
    without: Collection[str] = (),
    **fixed: Any,
) -> Callable[..., LukePipe]:
    """Make and register the factory of a component.

    factory (str): Its name.
    pipe (type[LukePipe]): The pipe's class.
    scorer (str): Registered name of its scorer.
    assigns (Sequence[str]): What it writes.
    score_weights (Mapping[str, float | None]): Weights of its scores.
    model (Mapping[str, Any] | None): What the default model's config says beside the class's architecture.
    without (Collection[str]): Settings of the class that this component doesn't have.
    **fixed (Any): Settings that no config changes here.
    RETURNS (Callable): The factory, for an entry point.
    """
    known = settings_of(pipe, {*without, *fixed})

    def make(nlp: Language, name: str, model: Model[Any, Any], **settings: Any) -> LukePipe:
        kind = pipe.kind_for(model, name)
        made = kind(nlp.vocab, model, name, **fixed, **_field_values(pipe, known, settings))
        suit_optimizer(nlp, made.network.optimizer)
        belong(made, nlp)
        return made

    make.__name__, make.__doc__ = f"make_{factory}", pipe.__doc__
    types = {name: found.annotation for name, found in known.items()}
    _sign(make, {"nlp": Language, "name": str, "model": Model[Any, Any], **types})
    config: dict[str, Any] = {name: found.default for name, found in known.items()}
    config["model"] = {"@architectures": pipe.architecture, "checkpoint": None, **(model or {})}
    config["scorer"] = {"@scorers": scorer}
    Language.factory(
        factory,
        assigns=list(assigns),
        default_config=config,
        default_score_weights=shown_weights(score_weights),
        func=make,
    )
    return make


def _field_values(
    pipe: type[LukePipe], known: Mapping[str, Setting], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """What a config says, by the fields of a pipe's class."""
    groups = {f.name: f.metadata["group"] for f in fields(pipe) if f.metadata.get("group") is not None}
    values: dict[str, Any] = {}
    for name, value in settings.items():
        attribute, part, *_ = known[name]
        if part:
            values.setdefault(attribute, {})[part] = value
        else:
            values[attribute] = value
    return {name: groups[name](**value) if name in groups else value for name, value in values.items()}


def _sign(function: Any, annotations: dict[str, Any]) -> None:
    """Give a function the signature that spaCy checks configs against."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    function.__annotations__ = annotations
    function.__signature__ = inspect.Signature(
        [inspect.Parameter(name, keyword, annotation=kind) for name, kind in annotations.items()]
    )


def _name(field_: Field[Any]) -> str:
    return field_.metadata.get("name") or field_.name


def _default(field_: Field[Any]) -> Any:
    if field_.metadata.get("config") is not None:
        return field_.metadata["config"]
    return field_.default if field_.default_factory is MISSING else field_.default_factory()
