"""Hands out parts to several reviewers, and merges decisions."""
