"""What can go wrong with a repository, in words."""

from __future__ import annotations


class RepositoryError(Exception):
    """The repository can't be read, or refused; the message says why and what to do."""
