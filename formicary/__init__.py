"""Formicary's core, shared by the functions, the ants and the local system."""

__version__ = "0.1.0"
