"""Timmy: the person's own agent, with a conversation that is remembered."""
