"""What may leave the log for other programs and other people: the live feed, and black boxes."""
