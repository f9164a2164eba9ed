"""An engine that behaves as its first argument says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time


def say(**event):
    """Write one event."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def result(words: list[str]) -> dict[str, object]:
    """What a command says at its end."""
    found = {"words": words, "text": "well done", "environment": dict(os.environ)}
    if "--out" in words:
        out = words[words.index("--out") + 1]
        found.update(
            out=out, landslides=0, inventory=f"{out}/inventory.gpkg", report=f"{out}/r.html"
        )
        found.update(probability=f"{out}/probability.tif", mask=f"{out}/mask.tif", uncertainty=None)
    return found


def main(behaviour: str, words: list[str]) -> int:
    """Behave."""
    if behaviour == "good":
        for done in range(5):
            say(event="progress", stage="detect", done=done, total=4)
        say(event="log", level="warning", message="Half of it is cloud.", code="x-new")
        say(event="result", **result(words))
    elif behaviour == "garbage":
        sys.stdout.buffer.write(
            b'libfoo: hello \xff\xfe\n[1, 2]\n{"event": 7}\n{"event": "progress", "stage": "x"}\n"text"\n'
        )
        sys.stdout.flush()
        say(event="sparkle", newer=True)
        sys.stdout.write(json.dumps({"event": "result", "fine": True}))  # no line end
        sys.stdout.flush()
    elif behaviour == "error":
        sys.stderr.write("Traceback: something deep\n")
        say(event="error", code="no-overlap", message="The DEM lies elsewhere.")
        return 2
    elif behaviour == "crash":
        sys.stderr.write("about to fall\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    elif behaviour == "killed":  # as by the system where memory ran out
        say(event="progress", stage="detect", done=1, total=4)
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "full":
        say(event="error", code="disk-full", message="/results/stack.tif")
        return 2
    elif behaviour == "silent":
        return 0
    elif behaviour == "code":
        return 3
    elif behaviour == "flood":
        for number in range(200_000):
            say(event="progress", stage="detect", done=number, total=200_000)
            sys.stderr.write("noise\n" if number % 10 == 0 else "")
        say(event="result", done=True)
    elif behaviour == "hostile":
        deep = "[" * 100_000
        sys.stdout.write('{"event": "log", "message": ' + deep + "\n")
        for _ in range(40):  # a line without an end
            sys.stdout.write("x" * 2**20)
            sys.stderr.write("y" * 2**20)
        sys.stdout.write("\n")
        sys.stdout.write('{"event": "progress", "stage": "a", "done": 1e999, "total": 1e999}\n')
        for number in range(100_000):
            say(event="log", level="warning", message="z" * 100)
            say(event="progress", stage="detect", done=number, total=100_000)
        say(event="result", fine=True)
    elif behaviour == "stubborn":  # ignores every request, with a child that does so too
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        say(event="log", level="info", message=f"child {child.pid}")
        time.sleep(60)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
