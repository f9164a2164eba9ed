"""Typed settings from TOML or JSON, checked against dataclasses.

Every complaint names the key.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from engine.errors import ConfigError, UnreadableFileError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        UnreadableFileError: It is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path} is not TOML ({error}); correct that line.") from error


def override(data: dict[str, Any], setting: str) -> None:
    """Replace one value of ``data`` by ``KEY=VALUE``.

    The key is dotted, the value TOML; bare words are text.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ConfigError(
            f"--set takes KEY=VALUE, for instance optimizer.lr=1e-4, not {setting!r}."
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *path, last = key.strip().split(".")
    for part in path:
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            raise ConfigError(f"--set {setting}: {part} is a value, not a group of values.")
    data[last] = value


def parse(kind: Any, value: Any, source: str, where: str) -> Any:
    """Turn plain values into ``kind``.

    Dataclasses, tuples, mappings, unions, literals and plain types.
    """
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in get_args(kind):  # of a card: TOML has no such value
            return None
        for option in (o for o in get_args(kind) if o is not type(None)):
            try:
                return parse(option, value, source, where)
            except ConfigError as error:
                failure = error
        raise failure
    if dataclasses.is_dataclass(kind):
        return _parse_dataclass(typing.cast("type[Any]", kind), value, source, where)
    if origin is Literal:
        if value not in get_args(kind) or isinstance(value, bool):
            raise ConfigError(
                f"{source}: {where} is one of {', '.join(map(str, get_args(kind)))}, not {value!r}."
            )
        return value
    if origin is tuple:
        return _parse_tuple(get_args(kind), value, source, where)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{source}: {where} is a group of values, not {value!r}.")
        if get_args(kind) and get_args(kind)[0] is float:
            return {
                _number(key, source, where): parse(get_args(kind)[1], v, source, where)
                for key, v in value.items()
            }
        return dict(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{source}: {where} is of kind {kind.__name__}, not {value!r}.")
    return value


def _parse_tuple(kinds: tuple[Any, ...], value: Any, source: str, where: str) -> tuple[Any, ...]:
    """A list of any length (``tuple[X, ...]``) or of a fixed one (``tuple[X, Y]``)."""
    what = "names" if kinds[0] is str else "values"
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{source}: {where} is a list of {what}, not {value!r}.")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise ConfigError(f"{source}: {where} is a list of {len(kinds)} values, not {value!r}.")
    return tuple(parse(kind, item, source, where) for kind, item in zip(kinds, value, strict=True))


def _number(key: Any, source: str, where: str) -> float:
    try:
        return float(key)
    except ValueError as error:
        raise ConfigError(
            f"{source}: the keys of {where} are numbers in quotes, not {key!r}."
        ) from error


def _parse_dataclass(kind: type[Any], value: Any, source: str, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{source}: {where} is a group of values, not {value!r}.")
    hints = get_type_hints(kind)
    names = [f.name for f in dataclasses.fields(kind)]
    dot = f"{where}." if where else ""
    unknown = [key for key in value if key not in names]
    if unknown:
        raise ConfigError(
            f"{source} has unknown keys: {', '.join(dot + key for key in unknown)}; known there are"
            f" {', '.join(names)}."
        )
    missing = [
        f.name
        for f in dataclasses.fields(kind)
        if f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
        and f.name not in value
    ]
    if missing:
        raise ConfigError(f"{source} lacks {', '.join(dot + key for key in missing)}.")
    return kind(**{key: parse(hints[key], item, source, dot + key) for key, item in value.items()})
