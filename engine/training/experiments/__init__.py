"""The competition as experiments: the paper's tables, and whole methods in one command."""
