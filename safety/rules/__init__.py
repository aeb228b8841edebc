"""The rules that the validator asks, each a function from a case to the reason against, or to nothing."""
