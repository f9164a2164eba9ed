"""The engine's commands as Processing algorithms."""
