"""What happened to jobs, published off the hot path."""
