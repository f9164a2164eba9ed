"""How good a map is: pixel scores, and inventories against a reference."""
