"""The control plane, reached over HTTP."""
