"""Adaptation to an unlabelled target: teachers, pseudo-labels, rounds."""
