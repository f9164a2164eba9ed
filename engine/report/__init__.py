"""The report of an inventory: one HTML page with figures and statistics."""
