"""Money: integer millisatoshi in double entry, and the Lightning payments that move it."""
