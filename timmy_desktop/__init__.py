"""Timmy Desktop: mission control for a local swarm of AI agents."""

__version__ = "0.1.0"
