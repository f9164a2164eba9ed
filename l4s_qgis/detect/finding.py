"""One thing to know before a detection starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing to know before the start.

    Attributes:
        level: ``error`` forbids the start, ``warning`` does not, ``info`` is an estimate or a fact,
            ``wait`` says that more will be known soon.
        text: A sentence.
    """

    level: str
    text: str
