"""The use cases: each loads, decides with the domain, and stores or sends through the ports."""
