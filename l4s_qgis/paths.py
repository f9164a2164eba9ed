"""Where files that come with the plugin lie."""

from __future__ import annotations

from pathlib import Path

PLUGIN = Path(__file__).resolve().parent


def shipped(inside: str, beside: str = "") -> Path:
    """A file that comes with the plugin.

    Args:
        inside: Its path in the installed plugin, as ``scripts/package_plugin.py`` lays it out.
        beside: Its path in a working copy, beside the plugin's folder; by default the same.

    Returns:
        The first where that exists, else the second.
    """
    path = PLUGIN / inside
    return path if path.exists() else PLUGIN.parent / (beside or inside)
