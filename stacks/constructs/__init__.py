"""Constructs: each one capability, with keyword-only typed properties."""
