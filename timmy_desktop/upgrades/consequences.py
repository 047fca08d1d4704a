"""What a decision would do now, in words, and why approving would be refused."""

from __future__ import annotations

from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.applier import refuse_moved
from timmy_desktop.upgrades.errors import RepositoryError, StaleError
from timmy_desktop.upgrades.risk import speaks_against
from timmy_desktop.upgrades.types import Consequences, ProofPacket, Proposal
from timmy_desktop.upgrades.workshop import Workshop

_REJECT = (
    "Nothing is changed. The proposal's files are removed; the reason is kept in the memory, where agents "
    "see it."
)


def consequences_of(workshop: Workshop, proposal: Proposal, proof: ProofPacket | None) -> Consequences:
    """The consequences of either decision. Blocks on git."""
    branch = workshop.target.branch
    try:
        refuse_moved(workshop, proposal)
        checkout = workshop.repository.checkout(branch)
        beside = workshop.repository.checked_out_beside(branch)
    except StaleError as error:
        return Consequences("", _REJECT, str(error), can_look_again=True)
    except RepositoryError as error:
        return Consequences("", _REJECT, str(error))
    revision = proposal.revision
    if revision.conflicts:
        names = ", ".join(revision.conflicts)
        refusal = f"It conflicts with {branch} in {names}. It has to be revised before it can be approved."
        return Consequences("", _REJECT, refusal, can_look_again=bool(proposal.branch))
    count = len(revision.files)
    words = [
        f"The merge is tested once more. If the tests pass, {count} {'file' if count == 1 else 'files'} "
        f"(+{revision.added:,} −{revision.removed:,}) become one commit on {branch}; if not, nothing changes."
    ]
    words.append(
        {
            "clean": f"Your checkout of {branch} is clean and is brought up to date.",
            "dirty": f"Your checkout of {branch} has uncommitted work and is left exactly as it is; it will "
            "show the change as undone until you bring it up to date.",
            "elsewhere": "Your checkout is on another branch and is left as it is.",
        }[checkout]
    )
    if beside:
        folders = ", ".join(inert_line(str(folder), 200) for folder in beside)
        words.append(
            f"{branch} is checked out in {folders} too: it is not touched there, and will show the "
            "change as undone."
        )
    if proof is not None and (against := speaks_against(proof)):
        words.append(f"Mind that {', '.join(against)}.")
    return Consequences(" ".join(words), _REJECT)
