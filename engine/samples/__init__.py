"""Training samples from scenes.

Areas, variation of light and terrain, covers, and painted bare ground.
"""
