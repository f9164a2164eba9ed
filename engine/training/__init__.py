"""Training recipes, the loop, and adaptation to unlabelled targets."""
