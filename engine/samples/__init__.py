"""Training samples from scenes: areas, variation of light and terrain, covers, and painted bare
ground.
"""
