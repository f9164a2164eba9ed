"""The page on which the engine is installed, repaired or chosen."""
