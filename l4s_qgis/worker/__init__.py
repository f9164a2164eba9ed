"""The engine's own Python, and the process in which it works."""
