"""The doors of the control plane: one folder a function, none imports another."""
