"""Lightning backends, one module each."""
