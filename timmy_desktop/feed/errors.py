"""What can go wrong between the feed and those who follow it."""

from __future__ import annotations


class FeedError(Exception):
    """The feed or a box can't do what was asked; the message is meant for the person."""


class BadRequestError(FeedError):
    """A client said what the protocol does not know."""


class GoneError(FeedError):
    """The other side of a connection has gone; `code` and the message are what it said."""

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        super().__init__(reason or "the connection was lost")
        self.code = code


class RefusedError(FeedError):
    """The server did not let this client in; trying again is of no use."""


class BoxError(FeedError):
    """A file is not a black box, or can't be read as one."""
