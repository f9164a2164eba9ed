"""The dock in which polygons are accepted, rejected and corrected."""
