"""The competition as experiments: its tables and methods."""
