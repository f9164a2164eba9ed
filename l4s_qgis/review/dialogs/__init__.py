"""The dialogs of a review."""
