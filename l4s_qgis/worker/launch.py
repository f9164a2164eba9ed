"""Start the engine so that it never outlives its caller.

``python -I -X utf8 launch.py SERIES COMMAND ...``

Runs in the engine's Python, not in QGIS's. One line or the end of the standard input asks the
engine to stop: that is how the plugin cancels on every system, and it also happens by itself when
QGIS is closed or crashes. What has not stopped after a grace period is ended with all its child
processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time

GRACE_S = 4.0


def main() -> int:
    """Check the engine's version and run one of its commands."""
    series, sys.argv = sys.argv[1], ["l4s", *sys.argv[2:]]
    if hasattr(os, "setsid"):
        os.setsid()  # a group of our own: ended as one
    threading.Thread(target=_stop_with_caller, daemon=True).start()
    try:
        from engine import __version__
        from engine.cli import main as engine_main
    except ImportError as error:
        return _fail("engine-missing", f"The engine cannot be loaded ({error}).")
    if __version__.split(".")[:2] != series.split(".")[:2]:
        return _fail(
            "engine-version",
            f"This is engine {__version__}, but the plugin needs a version {series}.x.",
        )
    return int(engine_main())


def _fail(code: str, message: str) -> int:
    sys.stdout.write(json.dumps({"event": "error", "code": code, "message": message}) + "\n")
    sys.stdout.flush()
    return 2


def _stop_with_caller() -> None:
    # os.read, because a thread that waits in sys.stdin.read would hold its lock when the
    # interpreter ends.
    with contextlib.suppress(OSError):  # a closed pipe is the same request
        os.read(0, 1)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # wakes it where it waits
    else:
        signal.raise_signal(signal.SIGINT)
    time.sleep(GRACE_S)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
