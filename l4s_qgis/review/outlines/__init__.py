"""Outlines during a review: threshold, drawing, correction, measurement."""
