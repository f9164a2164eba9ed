"""What a person sets once: Settings ▸ Options ▸ Landslides."""
