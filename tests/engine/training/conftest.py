"""Fixtures of the training tests."""

from training_cases import packed

__all__ = ["packed"]
