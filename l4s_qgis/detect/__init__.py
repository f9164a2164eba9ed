"""The dialog “Detect landslides” and the run that it starts."""
