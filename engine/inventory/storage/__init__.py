"""Inventories in GeoPackages: writing, rewriting and reading them."""
