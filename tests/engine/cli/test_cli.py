import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import cli
from engine.errors import GridError
from engine.events import Reporter


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Register a command named ``probe`` that runs the given function."""

    def register(function: Callable[..., Any]) -> None:
        module = SimpleNamespace(
            configure=lambda parser: parser.add_argument("--size", type=int), run=function
        )
        monkeypatch.setitem(cli.COMMANDS, "probe", ("probe", "for tests"))
        monkeypatch.setitem(sys.modules, "engine.cli.probe", module)  # type: ignore[arg-type]

    return register


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_exists_and_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module = import_module(f"engine.cli.{cli.COMMANDS[name][0]}")
    assert callable(module.configure)
    assert callable(module.run)
    with pytest.raises(SystemExit) as done:
        cli.main([name, "--help"])
    assert done.value.code == 0
    assert "usage: l4s" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom engine.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n"
        "    print({'numpy', 'rasterio', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("set()")


def test_a_result_for_a_person_and_for_a_program(
    command: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    def run(args: Any, reporter: Reporter) -> dict[str, Any]:
        reporter.progress("work", 1, 2)
        reporter.warn("careful", "detect-no-slope")
        return {"size": args.size, "text": f"size is {args.size}"}

    command(run)
    assert cli.main(["probe", "--size", "3"]) == 0
    person = capsysbinary.readouterr()
    assert person.out == b"size is 3\n"
    assert person.err == b"warning: careful\n", "no progress bar where stderr is no terminal"
    assert cli.main(["probe", "--size", "3", "--events", "json"]) == 0
    lines = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["progress", "log", "result"]
    assert lines[-1]["size"] == 3


def test_a_known_error_is_one_sentence_and_exit_code_2(
    command: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    def run(args: Any, reporter: Reporter) -> dict[str, Any]:
        raise GridError("The grids differ; make them alike.")

    command(run)
    assert cli.main(["probe"]) == 2
    assert capsysbinary.readouterr().err == b"l4s: The grids differ; make them alike.\n"
    assert cli.main(["probe", "--events=json"]) == 2
    shown = capsysbinary.readouterr()
    assert json.loads(shown.out) == {
        "event": "error",
        "code": "grid",
        "message": "The grids differ; make them alike.",
    }
    assert b"Traceback" not in shown.err


def test_a_bug_is_exit_code_1_with_its_traceback(
    command: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    def run(args: Any, reporter: Reporter) -> dict[str, Any]:
        raise KeyError("oops")

    command(run)
    assert cli.main(["probe", "--events", "json"]) == 1
    shown = capsysbinary.readouterr()
    assert json.loads(shown.out)["code"] == "bug"
    assert b"Traceback" in shown.err


@pytest.mark.parametrize(
    "words",
    [[], ["nonsense"], ["models"], ["models", "list", "--colour"], ["probe", "--size", "big"]],
)
def test_wrong_usage_is_exit_code_2_with_a_hint(
    words: list[str], command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    command(lambda args, reporter: {})
    assert cli.main(words) == 2
    assert "--help" in capsys.readouterr().err


def test_running_out_of_memory_is_said(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def run(args: Any, reporter: Reporter) -> dict[str, Any]:
        raise MemoryError

    command(run)
    assert cli.main(["probe"]) == 2
    assert "Memory ran out" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals are sent the POSIX way")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_command_with_code_130(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import sys, time\nfrom types import SimpleNamespace\nfrom engine import cli\ndef run(args,"
        " report):\n    for i in range(10000):\n        report.progress('wait', i, 10000)\n       "
        " time.sleep(0.05)\ncli.COMMANDS['probe'] = ('probe', '')\nsys.modules['engine.cli.probe']"
        " = SimpleNamespace(configure=lambda parser: None, run=run)\nsys.exit(cli.main(['probe',"
        " '--events', 'json']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, tmp_path / "program.py"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)  # it would go on for 500 s
    assert process.returncode == 130
    assert json.loads(output.splitlines()[-1])["code"] == "cancelled"


@pytest.mark.parametrize(("rank", "lines"), [("0", 1), ("1", 0)])
def test_of_several_processes_only_the_first_gives_the_result(monkeypatch, capfd, rank, lines):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setattr("engine.cli.train.run", lambda args, reporter: {"text": "done"})
    assert cli.main(["train", "--recipe", "baseline", "--data", "x", "--out", "y"]) == 0
    assert capfd.readouterr().out == "done\n" * lines
    assert cli.main(["train", "--recipe", "baseline"]) == 2
    assert "--data" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ImportError("libx.so: failed to map segment from shared object"), "Memory ran out"),
        (OSError(12, "Cannot allocate memory"), "Memory ran out"),
        (ModuleNotFoundError("No module named 'rasterio'", name="rasterio"), "install the engine"),
    ],
)
def test_what_cannot_be_loaded_is_said(
    command: Any, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    def fail(args: Any, reporter: Reporter) -> dict[str, Any]:
        raise error

    command(fail)
    assert cli.main(["probe"]) == 2
    assert said in capsys.readouterr().err


def test_what_the_disk_refuses_is_a_sentence(
    command: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command(lambda args, reporter: {"x": tmp_path.read_text()})
    assert cli.main(["probe"]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert "Traceback" not in said


def test_a_missing_module_of_the_engine_is_a_bug(
    command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: Any, reporter: Reporter) -> dict[str, Any]:
        import_module("engine.no_such")
        return {}

    command(fail)
    assert cli.main(["probe"]) == 1
    assert "bug" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals are of POSIX")
def test_ctrl_c_while_the_command_line_is_loaded_is_code_130(tmp_path: Path) -> None:
    slow = tmp_path / "tqdm.py"
    slow.write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "engine", "doctor"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_file_whose_name_begins_with_a_dash_is_a_file(
    command: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def remember(args: Any, reporter: Reporter) -> dict[str, Any]:
        given.append(args.size)
        return {}

    command(remember)
    module = sys.modules["engine.cli.probe"]
    monkeypatch.setattr(module, "configure", lambda parser: parser.add_argument("--size"))
    assert cli.main(["probe", "--size", "-x.gpkg"]) == 0
    assert given == ["-x.gpkg"]
    assert cli.main(["probe", "-oops"]) == 2
    assert "nrecognized arguments: -oops" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_bug() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "models", "show", "light"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()  # like `| head`
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, "")
