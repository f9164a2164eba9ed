"""Made-up mountain scenes with known landslides, as product files."""
