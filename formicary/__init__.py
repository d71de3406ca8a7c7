"""Formicary: the shared core of the control plane, the ants and the command line."""

__version__ = "0.1.0"
