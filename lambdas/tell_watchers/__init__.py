"""Those who watch runs are told what is new."""
