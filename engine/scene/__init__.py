"""From products as bought to a stack: Sentinel-2, terrain, clouds, and the simulator that makes
scenes with known landslides.
"""
