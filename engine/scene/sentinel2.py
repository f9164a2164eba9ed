"""Sentinel-2 products as downloaded: SAFE folders and their zip archives."""
