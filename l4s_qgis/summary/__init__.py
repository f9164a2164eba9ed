"""Statistics of an inventory beside the map."""
