"""What a flow does, from its words to its outcome; flows reach outside only through ports."""
