"""What a review shows on the map, and beside it."""
