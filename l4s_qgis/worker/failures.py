"""Why an installation failed and what to do, read from its log."""

from __future__ import annotations

import re
from typing import Callable

from ..i18n import tr

# In this order: a full disk or a proxy also leaves general network or build errors behind it.
_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "disk",
        r"no space left|os error (28|112)\b|errno 28|enospc|not enough space|disk quota exceeded",
    ),
    (
        "lock",
        r"os error (32|225)\b|winerror (32|225)\b|being used by another process|contains a virus",
    ),
    (
        "proxy",
        r"\b407\b|proxy ?(error|authentication|connect)|proxyerror|cannot connect to proxy|tunnel connection failed|tunnel error|unsuccessful tunnel",
    ),
    (
        "ssl",
        r"certificate_verify_failed|certificate verify failed|invalid peer certificate|unknownissuer|sslerror|ssl: |self.signed certificate",
    ),
    (
        "permission",
        r"permission denied|access is denied|os error (5|13)\b|winerror 5\b|errno 13|read-only file system|os error 30\b|operation not permitted",
    ),
    (
        "network",
        r"dns error|name or service not known|name resolution|nodename nor servname|getaddrinfo|connection (refused|reset|aborted)|timed? ?out|network is unreachable|error sending request|failed to fetch|could not connect|max retries|connection broken|no route to host|offline",
    ),
    (
        "wheel",
        r"no matching distribution|could not find a version|no solution found|no wheels? with a matching|failed building wheel|failed to build|not a supported wheel|requires-python|does not satisfy python|no virtual environment or system python|no interpreter found",
    ),
)

ADVICE: dict[str, Callable[[], str]] = {
    "disk": lambda: tr("The disk is full. Free some space, then press “Install” again."),
    "lock": lambda: tr(
        "Another program, often a virus scanner, holds a file. Exclude the folder above from scanning or wait a minute, then press “Install” again."
    ),
    "proxy": lambda: tr(
        "The proxy refused the connection. Set it under Settings ▸ Options ▸ Network, with user name and password, then press “Install” again."
    ),
    "ssl": lambda: tr(
        "The certificate of the package server is not trusted, as in networks that inspect traffic. Ask your administrator to add the network's certificate to the system's store, or install from an offline folder."
    ),
    "permission": lambda: tr(
        "The folder above cannot be written. Ask your administrator, or choose an interpreter that already holds the engine."
    ),
    "network": lambda: tr(
        "The package server cannot be reached. Check the connection and the proxy under Settings ▸ Options ▸ Network, or install from an offline folder."
    ),
    "wheel": lambda: tr(
        "A package is not available for this computer's Python. Choose a Python between 3.10 and 3.13, or complete the offline folder."
    ),
    "base": lambda: tr(
        "No suitable Python was found. Install Python 3.10 to 3.13 and choose it here."
    ),
    "busy": lambda: tr(
        "Another QGIS is installing the engine at this moment. Wait until it is done."
    ),
    "verify": lambda: tr(
        "The packages were installed, but the engine does not start. The log says why; try again or choose another Python."
    ),
    "unknown": lambda: tr("The installation failed. The log shows what the installer said."),
}


def classify(log: str) -> str:
    """The kind of failure that a log tells of: a key of :data:`ADVICE`."""
    for kind, pattern in _PATTERNS:
        if re.search(pattern, log, re.IGNORECASE):
            return kind
    return "unknown"


class InstallError(Exception):
    """The installation failed.

    Args:
        kind: A key of :data:`ADVICE`, or ``cancelled``.
        log: What the installer wrote.
    """

    def __init__(self, kind: str, log: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.log = log

    def sentence(self) -> str:
        """What went wrong and what to do."""
        if self.kind == "cancelled":
            return tr("The installation was cancelled; nothing of it is left.")
        return ADVICE[self.kind]()
