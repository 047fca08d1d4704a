"""What can go wrong with a repository and with proposals to change it, in words."""

from __future__ import annotations


class RepositoryError(Exception):
    """The repository can't be read, or refused; the message says why and what to do."""


class UpgradeError(Exception):
    """What was asked of the upgrade queue was refused; the message says why and what to do."""


class UnknownProposalError(UpgradeError):
    """There is no such proposal, revision or target."""


class StateError(UpgradeError):
    """The proposal is not in a state in which that can be done."""


class StaleError(UpgradeError):
    """What was looked at is not what is there: `look_again` brings up what is."""


class EditError(UpgradeError):
    """An edit does not apply exactly, or reaches where none may."""


class SandboxError(UpgradeError):
    """There is no sandbox to run tests in, or it did not start."""
