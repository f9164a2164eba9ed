"""Networks, losses, normalisation, and the bundles in which trained models travel."""
