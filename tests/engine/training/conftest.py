"""Fixtures of the training tests."""

from conftest_training import packed

__all__ = ["packed"]
