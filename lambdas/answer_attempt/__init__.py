"""Questions about an attempt, asked by the function that carries it out."""
