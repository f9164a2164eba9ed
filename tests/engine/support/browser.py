"""A headless Chromium that tests click in, through its DevTools protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClientConnection, websocket_connect

START_S = 30
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The browser's program, where there is one."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Tab:
    """One page: JavaScript is asked of it, the mouse clicks in it."""

    def __init__(self, loop: IOLoop, connection: WebSocketClientConnection) -> None:
        self._loop = loop
        self._connection = connection
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message = json.dumps({"id": number, "method": method, "params": parameters})

        async def ask() -> dict[str, Any]:
            await self._connection.write_message(message)
            while True:
                answer = json.loads(await self._connection.read_message() or "{}")
                if answer.get("id") == number:
                    return dict(answer)
                self.events.append(answer)

        answer = self._loop.run_sync(ask, timeout=START_S)
        assert "error" not in answer, answer
        return dict(answer["result"])

    def ask(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, x: float, y: float) -> None:
        """Press and release the left button at a place of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def click_on(self, selector: str) -> None:
        """Click in the middle of an element."""
        place = self.ask(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)});"
            " b.scrollIntoView(); const r = b.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        self.click(*place)

    def picture(self, path: Path) -> None:
        """Write what the window shows as PNG."""
        import base64

        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def page(file: Path, profile: Path) -> Iterator[Tab]:
    """Open an HTML file; its requests and errors are noted in :attr:`Tab.events`."""
    program = chromium()
    assert program is not None
    command = [
        *(program, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,850"),
        *("--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            port = _port(profile)
            loop = IOLoop(make_current=False)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                tabs = json.load(answer)
            address = next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"]
            connection = loop.run_sync(
                lambda: websocket_connect(address, max_message_size=2**28), timeout=START_S
            )
            tab = Tab(loop, connection)
            for domain in ("Page", "Network", "Runtime", "Log"):
                tab.call(f"{domain}.enable")
            tab.call("Page.navigate", url=file.resolve().as_uri())
            end = time.monotonic() + START_S
            while tab.ask("document.readyState") != "complete":
                assert time.monotonic() < end
                time.sleep(0.05)
            yield tab
            connection.close()
            loop.close()
        finally:
            process.kill()


def _port(profile: Path) -> int:
    note = profile / "DevToolsActivePort"
    end = time.monotonic() + START_S
    while not (note.exists() and note.read_text().strip()):
        assert time.monotonic() < end, "Chromium did not start"
        time.sleep(0.05)
    return int(note.read_text().splitlines()[0])
