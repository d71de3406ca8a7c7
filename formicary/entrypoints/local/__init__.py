"""The local system: embedded AWS, the product's own stacks in it, and one ant."""
