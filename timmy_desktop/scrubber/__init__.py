"""What was true at a moment, folded from the event log."""
