"""The messages of the commits that an upgrade makes: what it is, and who answers for it. Pure."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from timmy_desktop.inert import inert, inert_line

_WIDTH = 72
# A line of the description that git would take for a trailer of ours.
_FORGED = re.compile(
    r"^[ \t]*(Proposal|Approved-by|Rolled-back-by|Diff-digest|Chain-head)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Trailers:
    """What stands at the end of the message."""

    proposal_id: str
    by: str
    digest: str
    chain_seq: int
    chain_hash: bytes


def applied_message(title: str, description: str, trailers: Trailers) -> str:
    """The message of the commit that applies a proposal."""
    return _message(title, description, "Approved-by", trailers)


def rolled_back_message(title: str, commit: str, trailers: Trailers) -> str:
    """The message of the commit that undoes it."""
    return _message(f'Roll back "{title}"', f"This reverts commit {commit}.", "Rolled-back-by", trailers)


def _message(title: str, description: str, by: str, trailers: Trailers) -> str:
    subject = _subject(title)
    body = inert(description.strip()).removeprefix(subject).strip()
    # Last, since filling decides which words begin a line.
    paragraphs = (
        _FORGED.sub(r"\1 -", textwrap.fill(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False))
        for paragraph in body.split("\n\n")
        if paragraph.strip()
    )
    lines = (
        f"Proposal: {trailers.proposal_id}",
        f"{by}: {inert_line(trailers.by, 100)}",
        f"Diff-digest: sha256:{trailers.digest}",
        f"Chain-head: {trailers.chain_seq}:{trailers.chain_hash.hex()}",
    )
    return "\n\n".join([subject, *paragraphs, "\n".join(lines)]) + "\n"


def _subject(title: str) -> str:
    line = inert_line(title, 100).lstrip("#")
    return line or "An upgrade without a title"
