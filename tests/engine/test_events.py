import json

import pytest

from engine.errors import CancelledError, L4SError
from engine.events import SILENT, Event, Failure, Log, Progress, Reporter, Result, to_json


def test_each_event_is_one_documented_json_line() -> None:
    assert json.loads(to_json(Progress("detect", 3, 10))) == {
        "event": "progress",
        "stage": "detect",
        "done": 3,
        "total": 10,
    }
    assert json.loads(to_json(Log("warning", "Wolken über Žilina"))) == {
        "event": "log",
        "level": "warning",
        "message": "Wolken über Žilina",
    }
    assert json.loads(to_json(Failure("grid", "no"))) == {
        "event": "error",
        "code": "grid",
        "message": "no",
    }
    line = to_json(Result({"out": "a\nb"}))
    assert "\n" not in line
    assert json.loads(line) == {"event": "result", "out": "a\nb"}


def test_cancelling_is_noticed_at_the_next_progress_report() -> None:
    seen: list[Event] = []
    stop = False
    reporter = Reporter(seen.append, lambda: stop)
    reporter.progress("a", 1, 3)
    stop = True
    with pytest.raises(CancelledError):
        reporter.progress("a", 2, 3)
    assert seen == [Progress("a", 1, 3)]


def test_warnings_reach_the_listener_and_silence_is_silent() -> None:
    seen: list[Event] = []
    Reporter(seen.append).warn("careful", "detect-no-slope")
    assert seen == [Log("warning", "careful", "detect-no-slope")]
    SILENT.progress("a", 1, 1)
    SILENT.warn("nobody hears", "detect-no-slope")


def subclasses(kind: type[L4SError]) -> list[type[L4SError]]:
    return [kind, *(deeper for sub in kind.__subclasses__() for deeper in subclasses(sub))]


def test_every_error_has_a_code_of_its_own_and_can_be_raised() -> None:
    kinds = subclasses(L4SError)
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    for kind in kinds:
        assert str(kind("message")) == "message"
