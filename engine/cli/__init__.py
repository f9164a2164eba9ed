"""The command line ``l4s`` (also ``python -m engine``).

It parses, calls one public function and maps errors to exit codes. Each command is a module here
with ``configure(parser)`` and ``run(args, reporter) -> dict``; it is imported only when it is used,
so that ``l4s --help`` answers at once. What ``run`` returns is the result: printed for a person,
one JSON line for a program (``--events json``).
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from engine import __version__
from engine.cli.console import person, program
from engine.errors import (
    CancelledError,
    ConfigError,
    DependencyError,
    DiskFullError,
    L4SError,
    OutputError,
)
from engine.events import Event, Failure, Listener, Reporter, Result
from engine.lock import locked_file, locked_folder

# name: (module in engine.cli, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "detect": ("detect", "detect landslides: probability, mask, polygons, report"),
    "stack": ("stack", "bring Sentinel-2 and a DEM onto one 10 m grid"),
    "inspect": ("inspect", "say what would be made of imagery and elevation files"),
    "vectorize": ("vectorize", "turn a probability raster into landslide polygons"),
    "measure": ("measure", "measure landslides anew whose outlines were corrected"),
    "export": ("export", "write an inventory as GeoJSON, Shapefile, FlatGeobuf or COOLR table"),
    "report": ("report", "write an inventory's HTML report"),
    "compare": ("compare", "compare an inventory with a reference inventory"),
    "evaluate": ("evaluate", "score masks against reference masks"),
    "predict-patches": ("predict_patches", "write Landslide4Sense submission masks"),
    "train": ("train", "train a model by a recipe"),
    "adapt": ("adapt", "adapt models to an unlabelled target"),
    "data": ("data", "check and pack labelled patches, or make patches from an inventory"),
    "ablate": ("ablate", "repeat the paper's tables as experiments"),
    "reproduce": ("reproduce", "run a method of the competition, from data to submission"),
    "models": ("models", "list, show, verify and export model bundles"),
    "simulate": ("simulate", "make a synthetic scene with known landslides"),
    "demo": ("demo", "simulate a scene, detect its landslides and show how well"),
    "doctor": ("doctor", "check this installation"),
}


_NO_MEMORY = ("Cannot allocate memory", "cannot allocate memory", "failed to map segment")
"""What the loader says where a library finds no room."""

_SHARED = ("train", "adapt", "ablate", "reproduce")
"""Commands that torchrun starts as several processes of one run; only the first reports."""


_DASHED = re.compile(r"-[^-0-9.].+", re.DOTALL)

_FOLDERS = (
    "detect",
    "train",
    "adapt",
    "ablate",
    "reproduce",
    "predict-patches",
    "simulate",
    "demo",
)
"""Commands whose ``--out`` is a folder of results; that of all others is written as a whole."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line; that of the process by default.

    Returns:
        Exit code: 0 done, 2 bad input or usage, 130 cancelled, 1 a bug.
    """
    given, for_program = _split_events(list(sys.argv[1:] if arguments is None else arguments))
    listener: Listener = program() if for_program else person()
    try:
        args = _parse(given)
        if args.command in _SHARED and int(os.environ.get("RANK", "0")) > 0:
            listener = _failures(listener)
        with _cancel_on_signals() as cancelled, _without_undecodable_messages():
            reporter = Reporter(listener, cancelled)
            with _alone(args, reporter):
                data = args.run(args, reporter)
        _report(listener, Result(data))
    except (L4SError, KeyboardInterrupt, MemoryError, OSError, ImportError) as error:
        failure = _as_l4s_error(error)
        if failure is not None:
            listener(Failure(failure.code, str(failure)))
            return failure.exit_code
        return _bug(listener, error)
    except Exception as error:
        return _bug(listener, error)
    return 0


@contextmanager
def _without_undecodable_messages() -> Iterator[None]:
    """Drop messages of GDAL that quote damaged bytes of a file.

    rasterio cannot log them.

    Python would print each as an exception that was ignored; the file is refused all the same.
    """
    before = sys.unraisablehook

    def hook(found: Any) -> None:
        quoted = isinstance(found.exc_value, UnicodeDecodeError)
        if not (quoted and "rasterio" in str(found.object)):
            before(found)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def _alone(args: argparse.Namespace, reporter: Reporter) -> Iterator[None]:
    """Keep other runs out of what the command writes, while it runs."""
    out: Path | None = getattr(args, "out", None)
    if out is None or (args.command in _SHARED and int(os.environ.get("RANK", "0")) > 0):
        yield
        return
    locked = locked_folder if args.command in _FOLDERS else locked_file
    with locked(out, args.command, wait=args.wait, reporter=reporter):
        yield


def _report(listener: Listener, result: Result) -> None:
    """Report the result.

    Its reader may be gone already (``l4s … | head``): what was asked for is done all the same.
    """
    try:
        listener(result)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must not complain when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failures(listener: Listener) -> Listener:
    """A listener of failures only.

    Another process reports progress and results.
    """

    def listen(event: Event) -> None:
        if isinstance(event, Failure):
            listener(event)

    return listen


def _bug(listener: Listener, error: BaseException) -> int:
    traceback.print_exc()
    listener(
        Failure(
            "bug",
            f"{type(error).__name__}: {error}. This is a bug of l4s; please report it with the"
            " lines above.",
        )
    )
    return 1


def _as_l4s_error(error: BaseException) -> L4SError | None:
    if isinstance(error, L4SError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return CancelledError("Cancelled on request.")
    if isinstance(error, MemoryError) or any(each in str(error) for each in _NO_MEMORY):
        return ConfigError("Memory ran out; close other programs or choose a smaller --window.")
    if isinstance(error, ImportError) and (error.name or "").split(".")[0] != "engine":
        return DependencyError(
            f"A package of this installation cannot be loaded ({_first_line(error)}); install the"
            " engine again, `l4s doctor` checks it."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return DiskFullError(
            f"The disk is full ({error.filename or error}); free some space or choose another"
            " output folder."
        )
    if isinstance(error, OSError) and error.filename is not None:
        return OutputError(
            f"{error.filename} cannot be read or written as it should be"
            f" ({error.strerror or type(error).__name__}); check what lies there and whether you"
            " may use it."
        )
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class _Parser(argparse.ArgumentParser):
    def _parse_optional(self, arg_string: str) -> Any:
        # No command has short options but -h: what else begins with one dash is a file's name.
        if _DASHED.fullmatch(arg_string) and not arg_string.startswith("-h"):
            return None
        return super()._parse_optional(arg_string)

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message[:1].upper()}{message[1:]} (see `{self.prog} --help`).")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="l4s", description="Landslide mapping from Sentinel-2 and terrain.")
    parser.add_argument("--version", action="version", version=f"l4s {__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    chosen = next((each for each in arguments if not each.startswith("-")), None)
    for name, (module, summary) in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        if name == chosen:  # only the command in use is imported
            command = import_module(f"engine.cli.{module}")
            sub.add_argument(
                "--events",
                choices=["json"],
                help="write progress and results as JSON lines to stdout",
            )
            sub.add_argument(
                "--wait",
                action="store_true",
                help="wait for another run that writes to the same place, instead of failing",
            )
            command.configure(sub)
            sub.set_defaults(run=command.run)
    return parser.parse_args(arguments)


def _split_events(arguments: list[str]) -> tuple[list[str], bool]:
    """Take ``--events json`` out of the arguments.

    It is understood anywhere, also behind an action such as ``models list``.
    """
    rest: list[str] = []
    for_program = False
    for each in arguments:
        if each == "--events=json" or (each == "json" and rest[-1:] == ["--events"]):
            for_program = True
            rest = [other for other in rest if other != "--events"]
        else:
            rest.append(each)
    return rest, for_program


@contextmanager
def _cancel_on_signals() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM set a flag that is checked at every window.

    A second Ctrl-C interrupts at once.
    """
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped.is_set
        return

    def stop(number: int, frame: Any) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
