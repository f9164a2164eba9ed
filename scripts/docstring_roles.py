"""An extension for Griffe: references of Sphinx in docstrings become plain code.

Docstrings write ``:func:`engine.scene.stack.make_stack` ``; Markdown knows no such roles.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:func|class|mod|data|meth|attr|exc|const):`~?([^`]+)`")


class DocstringRoles(griffe.Extension):
    """Rewrites the docstrings of everything that is read."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called for each object once it is read."""
        if obj.docstring is not None:
            obj.docstring.value = plain(obj.docstring.value)


def plain(text: str) -> str:
    """A docstring with its roles as code: ``:func:`a.b` `` is `` `a.b` ``."""
    return _ROLE.sub(r"`\1`", text).replace("``", "`")
