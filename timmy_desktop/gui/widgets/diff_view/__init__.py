"""A diff as a person reviews it: drawn line by line, so that fifty thousand of them open at once."""
