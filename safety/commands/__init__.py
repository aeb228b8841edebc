"""Models of programs: what their words look at, what they change, and what cannot be told from them."""
