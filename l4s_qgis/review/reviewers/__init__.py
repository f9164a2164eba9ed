"""Several reviewers: parts of an inventory handed out, and their decisions merged."""
