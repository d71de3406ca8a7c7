"""HTTP tasks, carried out where no ant serves."""
