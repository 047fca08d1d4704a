"""What happens, as frozen typed facts, and the bus that carries them."""
