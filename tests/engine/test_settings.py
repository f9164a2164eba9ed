"""Typed settings: ranges, lengths, odd types and hostile files are one sentence each."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError, L4SError, UnreadableFileError
from engine.settings import Range, Share, check_ranges, override, parse, read_toml


@dataclass(frozen=True)
class Example:
    """One of each kind."""

    share: Share = 0.5
    count: Annotated[int, Range(1, 10)] = 1
    kind: Literal["a", "b", 3] = "a"
    names: tuple[str, ...] = ()
    pair: tuple[float, float] = (0.0, 1.0)
    table: Mapping[str, Share] | None = None
    reach: Annotated[int, Range(0)] | None = None

    def __post_init__(self) -> None:
        check_ranges(self, "example.")


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"share": math.nan}, "finite"),
        ({"share": math.inf}, "finite"),
        ({"share": -0.1}, "from 0 to 1"),
        ({"share": "0.5"}, "kind float"),
        ({"share": True}, "kind float"),
        ({"count": 0}, "from 1 to 10"),
        ({"count": 2.0}, "kind int"),
        ({"count": True}, "kind int"),
        ({"count": 10**5000}, "bits"),
        ({"share": 10**5000}, "finite"),
        ({"kind": "c"}, "one of a, b, 3"),
        ({"kind": ["a"]}, "one of a, b, 3"),
        ({"kind": True}, "one of a, b, 3"),
        ({"names": "abc"}, "list of names"),
        ({"names": [1]}, "kind str"),
        ({"names": ["x" * 50_000]}, "50000 characters"),
        ({"pair": [1.0]}, "list of 2"),
        ({"table": {"x": 2.0}}, "table.x"),
        ({"table": [1]}, "group of values"),
        ({"reach": -1}, "0 or more"),
        ({"colour": 1}, "unknown keys: colour"),
        ({"names": {"x": 10**5000}}, "very long numbers"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_key(values: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        parse(Example, values, "file.toml", "")
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_values_given_in_python_are_checked_too() -> None:
    with pytest.raises(ConfigError, match=r"example\.share is from 0 to 1"):
        Example(share=1.5)
    with pytest.raises(ConfigError, match=r"example\.count is of kind int"):
        Example(count=1.5)  # type: ignore[arg-type]
    assert Example(reach=None) == parse(Example, {"reach": None}, "x", "")


@given(st.floats(), st.floats(-10, 10), st.floats(0, 5), st.booleans(), st.booleans())
def test_a_range_holds_what_its_words_say(
    value: float, low: float, width: float, above: bool, below: bool
) -> None:
    limit = Range(low, low + width, above, below)
    inside = low <= value <= low + width
    inside &= not (above and value == low) and not (below and value == low + width)
    assert limit.holds(value) is (math.isfinite(value) and inside)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from([*Example.__dataclass_fields__, "x"]), _PLAIN))
def test_any_plain_values_are_read_or_refused(values: dict[str, Any]) -> None:
    found = None
    with contextlib.suppress(L4SError):  # nothing else may be raised
        found = parse(Example, values, "file", "")
    if found is not None:
        assert 0 <= found.share <= 1
        assert 1 <= found.count <= 10


def test_deep_toml_and_long_numbers_are_refused(tmp_path: Any) -> None:
    path = tmp_path / "x.toml"
    path.write_text("a = " + "[" * 20_000 + "]" * 20_000)
    with pytest.raises(UnreadableFileError, match="nested too deeply"):
        read_toml(path)
    path.write_text("a = " + "1" * 6_000)
    with pytest.raises(UnreadableFileError, match="not TOML"):
        read_toml(path)
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_toml(tmp_path)


def test_overrides_replace_and_remove() -> None:
    data: dict[str, Any] = {"a": {"b": 1, "c": 2}, "d": 3}
    override(data, "a.b=5")
    override(data, "a.c=")
    override(data, "d=")
    override(data, "e.f=text")
    assert data == {"a": {"b": 5}, "e": {"f": "text"}}
    with pytest.raises(ConfigError, match="nested too deeply"):
        override(data, "a.b=" + "[" * 20_000)
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        override(data, "x" * 5_000)
