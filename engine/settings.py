"""Typed settings from TOML or JSON, checked against dataclasses.

Every complaint names the key. A number's range is part of its type::

    share: Annotated[float, Range(0, 1)] = 0.5

and holds wherever the value comes from: :func:`parse` checks it in files, and
:func:`check_ranges`, called in ``__post_init__``, in values given in Python. Numbers are finite
unless their type says otherwise; texts are no longer than :data:`LONGEST_TEXT`.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from engine.errors import ConfigError, UnreadableFileError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LONGEST_TEXT = 20_000
"""Characters of a text: a paragraph of a description, many times over."""

_SHOWN = 60
"""Characters of a wrong value that a complaint shows."""


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may be; part of its type.

    Attributes:
        low: Least number.
        high: Largest number.
        above: Whether the least number itself is too small.
        below: Whether the largest number itself is too large.
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False

    def holds(self, value: float) -> bool:
        """Whether a number is finite and inside."""
        low = value > self.low if self.above else value >= self.low
        high = value < self.high if self.below else value <= self.high
        finite = isinstance(value, int) or math.isfinite(value)  # an int may exceed any float
        return finite and low and high

    def __str__(self) -> str:
        least, most = f"{self.low:g}", f"{self.high:g}"
        if math.isinf(self.low) and math.isinf(self.high):
            return "a finite number"
        if math.isinf(self.high):
            return f"above {least}" if self.above else f"{least} or more"
        if math.isinf(self.low):
            return f"below {most}" if self.below else f"{most} or less"
        if self.above or self.below:
            left, right = "above" if self.above else "from", "below" if self.below else "up to"
            return f"{left} {least} and {right} {most}"
        return f"from {least} to {most}"


@dataclass(frozen=True)
class Length:
    """How many characters a text, or how many entries a list may have."""

    least: int = 0
    most: int = LONGEST_TEXT


Share = Annotated[float, Range(0, 1)]
Positive = Annotated[float, Range(0, above=True)]
NotNegative = Annotated[float, Range(0)]
Count = Annotated[int, Range(1)]
Steps = Annotated[int, Range(0)]


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        UnreadableFileError: It is not TOML, or nested too deeply.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableFileError(
            f"{path} is not TOML ({shortened(error)}); correct that line."
        ) from error
    except RecursionError as error:
        raise UnreadableFileError(f"{path} is nested too deeply; flatten it.") from error
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read ({error.strerror}).") from error


def override(data: dict[str, Any], setting: str) -> None:
    """Replace one value of ``data`` by ``KEY=VALUE``.

    The key is dotted, the value TOML; bare words are text. ``KEY=`` removes the key, a value or
    a whole table, so that its default holds again.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ConfigError(
            f"--set takes KEY=VALUE, for instance optimizer.lr=1e-4, not {shortened(setting)!r}."
        )
    *path, last = key.strip().split(".")
    for part in path:
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            raise ConfigError(
                f"--set {shortened(setting)}: {shortened(part)} is a value, not a group of values."
            )
    if not text.strip():
        data.pop(last, None)
        return
    data[last] = _value(text, setting)


def _value(text: str, setting: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except RecursionError as error:
        raise ConfigError(f"--set {shortened(setting)}: the value is nested too deeply.") from error
    except ValueError:  # TOMLDecodeError, or a number of more digits than Python converts
        return text


def parse(kind: Any, value: Any, source: str, where: str) -> Any:
    """Turn plain values into ``kind``.

    Dataclasses, tuples, mappings, unions, literals, ranges and plain types.

    Args:
        kind: The type.
        value: What a TOML or JSON file holds.
        source: The file, for complaints.
        where: Dotted key of the value, for complaints.

    Raises:
        ConfigError: The value is none of that type.
    """
    origin = get_origin(kind)
    if origin is Annotated:
        kind, *limits = get_args(kind)
        return _within(parse(kind, value, source, where), limits, source, where)
    if origin in (typing.Union, types.UnionType):
        return _parse_union(get_args(kind), value, source, where)
    if dataclasses.is_dataclass(kind):
        return _parse_dataclass(typing.cast("type[Any]", kind), value, source, where)
    if origin is Literal:
        known = get_args(kind)
        if isinstance(value, bool) or not any(value == k and type(value) is type(k) for k in known):
            raise ConfigError(
                f"{source}: {where} is one of {', '.join(map(str, known))}, not {_shown(value)}."
            )
        return value
    if origin is tuple:
        return _parse_tuple(get_args(kind), value, source, where)
    if origin is not None and issubclass(origin, Mapping):
        return _parse_mapping(get_args(kind), value, source, where)
    if kind is Any:
        return value
    return _parse_plain(kind, value, source, where)


def _parse_union(kinds: tuple[Any, ...], value: Any, source: str, where: str) -> Any:
    if value is None and type(None) in kinds:  # of a card: TOML has no such value
        return None
    for option in (o for o in kinds if o is not type(None)):
        try:
            return parse(option, value, source, where)
        except ConfigError as error:
            failure = error
    raise failure


def _parse_plain(kind: Any, value: Any, source: str, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{source}: {where} is of kind {kind.__name__}, not {_shown(value)}.")
    return _within(value, (), source, where)


def _within(value: Any, limits: Sequence[Any], source: str, where: str) -> Any:
    """The value, where it keeps to its ranges and lengths."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{source}: {where} is {value}; give a finite number.")
    for limit in limits or (Length(),):
        if isinstance(limit, Range) and not limit.holds(value):
            raise ConfigError(f"{source}: {where} is {limit}, not {_shown(value)}.")
        if isinstance(limit, Length) and isinstance(value, str | tuple):
            what = "characters" if isinstance(value, str) else "entries"
            if not limit.least <= len(value) <= limit.most:
                raise ConfigError(
                    f"{source}: {where} has {len(value)} {what}; allowed are {limit.least} to"
                    f" {limit.most}."
                )
    return value


def check_ranges(settings: Any, prefix: str = "") -> None:
    """Check a dataclass's numbers; for its ``__post_init__``.

    Args:
        settings: The dataclass.
        prefix: What its keys are called in complaints, for instance ``augment.``.

    Raises:
        ConfigError: A number is not finite or out of its range.
    """
    hints = get_type_hints(type(settings), include_extras=True)
    for field in dataclasses.fields(settings):
        kind, value = hints[field.name], getattr(settings, field.name)
        options = get_args(kind) if get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
        if any(get_origin(option) is Annotated for option in options):
            parse(kind, value, "The settings", prefix + field.name)


def _parse_mapping(kinds: tuple[Any, ...], value: Any, source: str, where: str) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{source}: {where} is a group of values, not {_shown(value)}.")
    key_kind, item_kind = kinds or (str, Any)
    return {
        _number(key, source, where) if key_kind is float else key: parse(
            item_kind, item, source, f"{where}.{shortened(key)}"
        )
        for key, item in value.items()
    }


def _parse_tuple(kinds: tuple[Any, ...], value: Any, source: str, where: str) -> tuple[Any, ...]:
    """A list of any length or of a fixed one.

    ``tuple[X, ...]`` or ``tuple[X, Y]``.
    """
    what = "names" if kinds[0] is str else "values"
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{source}: {where} is a list of {what}, not {_shown(value)}.")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise ConfigError(
            f"{source}: {where} is a list of {len(kinds)} values, not {_shown(value)}."
        )
    return tuple(parse(kind, item, source, where) for kind, item in zip(kinds, value, strict=True))


def _number(key: Any, source: str, where: str) -> float:
    try:
        number = float(key)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(
            f"{source}: the keys of {where} are numbers in quotes, not {_shown(key)}."
        )
    return number


def _parse_dataclass(kind: type[Any], value: Any, source: str, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{source}: {where or 'it'} is a group of values, not {_shown(value)}.")
    hints = get_type_hints(kind, include_extras=True)
    fields = [f for f in dataclasses.fields(kind) if f.init]
    names = [f.name for f in fields]
    dot = f"{where}." if where else ""
    unknown = [shortened(key) for key in value if key not in names]
    if unknown:
        raise ConfigError(
            f"{source} has unknown keys: {', '.join(dot + key for key in unknown[:8])}; known there"
            f" are {', '.join(names)}."
        )
    missing = [
        f.name
        for f in fields
        if f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
        and f.name not in value
    ]
    if missing:
        raise ConfigError(f"{source} lacks {', '.join(dot + key for key in missing)}.")
    return kind(**{key: parse(hints[key], item, source, dot + key) for key, item in value.items()})


def shortened(text: object, most: int = _SHOWN) -> str:
    """A text for a sentence: its beginning where it is very long."""
    whole = str(text)
    return whole if len(whole) <= most else whole[: most - 2] + " …"


def _shown(value: Any) -> str:
    """A wrong value for a sentence; the beginning of a long one."""
    if isinstance(value, int) and abs(value) > 10**30:
        return f"a number of {value.bit_length()} bits"
    try:
        return shortened(repr(value))
    except RecursionError:
        return "deeply nested values"
    except ValueError:  # numbers of more digits than Python converts
        return "very long numbers"
