"""What the Models page says. Pure functions."""

from __future__ import annotations

from timmy_desktop.gui.preferences.models.pulls import Pull
from timmy_desktop.routing.airllm_folder import gigabytes
from timmy_desktop.routing.models import ModelEntry

PURPOSES = (("chat", "Chat"), ("agents", "Agents"), ("code", "Code"))
ABOUT_PURPOSES = (
    "Chat is your conversations, agents their work on tasks, code the work of agents whose field that is. "
    "Default: for code the model for agents, else the one that Providers names, else the first one there."
)


def facts(model: ModelEntry) -> str:
    """One line under a model's name."""
    if model.state == "unusable":
        return model.problem
    parts = [
        gigabytes(model.size) if model.size else "",
        model.licence or "licence not stated",
        model.good_for,
    ]
    if not model.can_go and model.provider == "embedded":
        parts.append("came with Timmy")
    if model.state == "partial":
        parts.insert(0, f"{_share(model.fetched, model.size)} fetched")
    return " · ".join(filter(None, parts))


def progress(pull: Pull) -> str:
    """How far a pull is."""
    if pull.total:
        return f"{gigabytes(pull.done)} of {gigabytes(pull.total)}, {_share(pull.done, pull.total)}"
    return pull.words or "Beginning"


def before_fetching(model: ModelEntry) -> str:
    """What a person should know before it is fetched."""
    return (
        f"{gigabytes(max(0, model.size - model.fetched))} come from huggingface.co; the licence is "
        f"{model.licence}. The file is used only when its checksum is the one that the hub states. "
        "You can close Preferences meanwhile; what breaks off goes on where it was."
    )


def before_deleting(model: ModelEntry, purposes: str) -> str:
    """What a person should know before it is deleted."""
    size = gigabytes(model.fetched if model.state == "partial" else model.size)
    words = f"{size} become free. To have it again, it has to be fetched anew."
    if purposes:
        words += f" It is chosen for {purposes}: until you choose another one, its provider is left out."
    return words


def _share(done: int, total: int) -> str:
    return f"{100 * done // max(1, total)} %"
