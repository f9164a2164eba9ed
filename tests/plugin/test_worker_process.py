"""The engine as a process: events, cancel, crash, garbage, versions."""

from __future__ import annotations

import ast
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from l4s_qgis.messages import SENTENCES, WARNINGS, EngineError, Warned, sentence
from l4s_qgis.worker import child
from l4s_qgis.worker.process import LAUNCH, SERIES, Listener, command_of, run_engine
from l4s_qgis.worker.progress import Overall


class Ear(Listener):
    def __init__(self, cancel_after=None):
        self.percents, self.logs, self.details = [], [], []
        self._cancel_at = None if cancel_after is None else time.monotonic() + cancel_after

    def progress(self, percent, stage):
        self.percents.append(percent)

    def log(self, message, warning, code=""):
        self.logs.append((message, warning))

    def detail(self, line):
        self.details.append(line)

    def is_cancelled(self):
        return self._cancel_at is not None and time.monotonic() > self._cancel_at


def test_events_become_progress_log_and_result(fake_engine):
    ear = Ear()
    result = run_engine(["detect", "--stack", "ä b"], command=fake_engine("good"), listener=ear)
    assert result["text"] == "well done"
    assert result["words"] == ["detect", "--stack", "ä b", "--events", "json"]
    assert ear.percents == sorted(ear.percents)
    assert ear.percents[-1] > 0
    assert ear.logs == [("Half of it is cloud.", True)]


def test_environment_of_qgis_is_not_inherited(fake_engine, monkeypatch):
    for name in child.FOREIGN:
        if name != "PYTHONHOME":  # would stop this very test's own child processes elsewhere
            monkeypatch.setenv(name, "/qgis")
    result = run_engine(["doctor"], command=fake_engine("good"))
    assert not set(child.FOREIGN) & set(result["environment"])


def test_garbage_on_stdout_is_kept_and_passed_over(fake_engine):
    ear = Ear()
    assert run_engine(["detect"], command=fake_engine("garbage"), listener=ear) == {"fine": True}
    assert any("libfoo: hello" in line for line in ear.details)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("error", "no-overlap"),
        ("crash", "engine-crash"),
        ("killed", "engine-crash"),
        ("full", "disk-full"),
        ("silent", "engine-silent"),
        ("code", "engine-failed"),
    ],
)
def test_every_way_to_fail_has_its_code(fake_engine, behaviour, code):
    with pytest.raises(EngineError) as caught:
        run_engine(["detect"], command=fake_engine(behaviour))
    assert caught.value.code == code
    assert len(caught.value.sentence()) > 20
    if behaviour in ("error", "crash"):
        assert caught.value.details


def test_program_that_cannot_be_started(tmp_path):
    with pytest.raises(EngineError) as caught:
        run_engine(["detect"], command=[str(tmp_path / "nothing")])
    assert caught.value.code == "engine-start"


def test_flood_of_events_is_thinned_and_the_result_kept(fake_engine):
    ear = Ear()
    assert run_engine(["detect"], command=fake_engine("flood"), listener=ear) == {"done": True}
    assert 0 < len(ear.percents) < 5000  # no faster than an eye can follow


def test_cancel_ends_a_stubborn_engine_and_its_children(fake_engine, monkeypatch):
    monkeypatch.setattr(child, "GRACE_S", 0.5)
    ear = Ear(cancel_after=1.0)
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        run_engine(["detect"], command=fake_engine("stubborn"), listener=ear)
    assert caught.value.code == "cancelled"
    assert time.monotonic() - started < 4
    pid = int(ear.logs[0][0].split()[1])
    for _ in range(50):
        if not _alive(pid):
            break
        time.sleep(0.1)
    assert not _alive(pid)


@pytest.fixture
def launch(tmp_path):
    """Start a package called ``engine`` through launch.py, as the plugin does."""

    def start(version, body, series=SERIES):
        package = tmp_path / "engine"
        (package / "cli").mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(f"__version__ = {version!r}\n")
        (package / "cli" / "__init__.py").write_text(
            f"import sys, time, json\ndef main():\n{body}\n"
        )
        start = f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
        return [sys.executable, "-c", start, str(LAUNCH), series]

    return start


@pytest.mark.parametrize("version", ["0.0.9", "0.2.0", "1.1.0"])
def test_older_or_newer_engine_is_refused(launch, version):
    with pytest.raises(EngineError) as caught:
        run_engine(["doctor"], command=launch(version, "    return 0"))
    assert caught.value.code == "engine-version"
    assert version in str(caught.value)


def test_fitting_engine_is_taken(launch):
    body = "    print(json.dumps({'event': 'result', 'argv': sys.argv}))\n    return 0"
    assert run_engine(["doctor"], command=launch("0.1.7", body))["argv"] == [
        "l4s",
        "doctor",
        "--events",
        "json",
    ]


def test_python_without_engine(tmp_path):
    with pytest.raises(EngineError) as caught:
        run_engine(["doctor"], command=command_of(sys.executable))
    assert caught.value.code == "engine-missing"


def test_engine_ends_when_its_caller_is_gone(launch, monkeypatch):
    """The end of stdin, as when QGIS crashes, ends the engine soon."""
    monkeypatch.setattr("l4s_qgis.worker.child.GRACE_S", 45.0)
    command = launch(
        "0.1.0",
        "    print(json.dumps({'event': 'log', 'message': 'here'}), flush=True)\n    time.sleep(60)",
    )
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        run_engine(["doctor"], command=command, listener=Ear(cancel_after=0.7))
    assert caught.value.code == "cancelled"
    assert time.monotonic() - started < 30


QGIS = """
import os, sys, threading
sys.path[:0] = [{root!r}]
from qgis.core import QgsApplication
app = QgsApplication([], False)
app.initQgis()
from l4s_qgis.worker.process import Listener, run_engine
class Ear(Listener):
    def log(self, message, warning, code=""):
        print(message, flush=True)
run_engine(["doctor"], command={command!r}, listener=Ear())
"""


def test_engine_ends_when_qgis_is_killed(launch):
    """A QGIS that crashes can ask for nothing any more."""
    body = "    import os\n    print(json.dumps({'event': 'log', 'message': str(os.getpid())}), flush=True)\n    time.sleep(120)"
    script = QGIS.format(root=str(LAUNCH.parents[2]), command=launch("0.1.0", body))
    environment = {
        name: value for name, value in os.environ.items() if name != "QGIS_CUSTOM_CONFIG_PATH"
    }
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE
    ) as qgis:
        engine = int(qgis.stdout.readline())
        assert _alive(engine)
        qgis.kill()
    for _ in range(100):
        if not _alive(engine):
            break
        time.sleep(0.1)
    assert not _alive(engine)


def test_every_code_of_the_engine_has_a_sentence():
    codes = [
        line.split('"')[1]
        for line in (LAUNCH.parents[2] / "engine" / "errors.py").read_text().splitlines()
        if line.strip().startswith('code = "')
    ]
    assert len(codes) > 15
    assert set(codes) - {"error"} <= set(SENTENCES)
    assert sentence("of a newer engine", "Something new.") == "Something new."


def test_percentage_never_goes_back():
    overall = Overall("something")
    values = [
        overall.percent(stage, done, 10)
        for stage in ("a", "b", "a", "c")
        for done in (0, 5, 10, 12, -1)
    ]
    assert values == sorted(values)
    assert values[0] >= 0
    assert values[-1] <= 100
    assert overall.percent("d", 1, 0) <= 100


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_a_hostile_engine_is_survived(fake_engine):
    """Deep JSON, endless lines, floods of events: QGIS stays small, and the result is read."""
    ear = Ear()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run_engine(["detect"], command=fake_engine("hostile"), listener=ear)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert result == {"fine": True}
    assert len(ear.logs) == 1001
    assert "left out" in ear.logs[-1][0]
    assert len(ear.percents) < 5000
    assert all(0 <= percent <= 100 for percent in ear.percents)
    assert max(len(line) for line in ear.details) <= 4000
    assert grown_mb < 60


def test_children_work_in_an_empty_folder(tmp_path, monkeypatch):
    """What lies where QGIS was started is not run."""
    (tmp_path / "pip.py").write_text("print('hijacked')")
    monkeypatch.chdir(tmp_path)
    lines = []
    code = "import os; print(os.getcwd(), os.listdir())"
    child.run_child([sys.executable, "-c", code], on_line=lambda line: lines.append(line.decode()))
    folder, listing = lines[0].split(" ", 1)
    assert folder != str(tmp_path)
    assert listing == "[]"
    assert not Path(folder).exists()


def test_warnings_are_said_in_the_plugins_terms():
    """Every code is the engine's, every sentence without the words of a command line."""
    source = (LAUNCH.parents[2] / "engine" / "events.py").read_text()
    table = re.search(r"^WARNINGS: .*? = (\{.*?^\})", source, re.DOTALL | re.MULTILINE).group(1)
    codes = set(ast.literal_eval(table))
    assert set(WARNINGS) <= codes
    met = {code for code in codes if code.startswith(("detect-", "scene-", "output-"))}
    assert met - {"scene-range"} <= set(WARNINGS), met - set(WARNINGS)
    for code in WARNINGS:
        text = Warned(code, "Use --quality bright.").sentence
        assert not re.search(r"--\w|`|\bl4s\b", text)
    assert Warned("of-a-newer-engine", "Something new.").sentence == "Something new."
