"""People and programs are told how jobs ended."""
