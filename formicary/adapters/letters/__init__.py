"""Letters about runs, written from templates."""
