"""What agents can do besides talk: read-only tools, one module each."""
