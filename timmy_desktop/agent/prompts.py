"""What the model is told: who Timmy is, and as much of the conversation as fits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile

from timmy_desktop.agent.conversation import MessageView
from timmy_desktop.routing.types import Message, Role, ToolSpec

# Of a rough estimate: text of a European language has about four characters to a token.
CHARACTERS_A_TOKEN = 4
MESSAGE_TOKENS = 8

PROMPT = (
    "You are Timmy, who leads a small swarm of agents on this person's own computer: Echo (research), Mace "
    "(security), Helm (operations), Seer (data), Forge (code) and Quill (writing). Answer plainly and "
    "briefly. Say so when you don't know; never claim to have done what you have not done."
)
CUT = "\n[{count} earlier messages of this conversation are left out here.]"

POST_TASK = ToolSpec(
    name="post_task",
    # What the model needs to know of it stands here, so that a model without tools never hears of it.
    description=(
        "Gives a piece of work to the swarm, whose agents bid for it: when the person asks, or when it "
        "needs the files of the opened folder. For a change of code it begins with 'Propose a change: '. "
        "Returns its number, not its result; the report comes into this conversation by itself when it is "
        "done."
    ),
    parameters={
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "What is to be done, complete in itself."},
        },
        "required": ["text"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent, how many older messages did not fit, and whether any that did must stay here."""

    messages: tuple[Message, ...]
    left_out: int
    local_only: bool

    def with_memory(self, text: str) -> Prompt:
        """The same, with what the memory gives to it."""
        if not text:
            return self
        system, *rest = self.messages
        return replace(self, messages=(replace(system, content=f"{system.content}\n\n{text}"), *rest))


def prompt(history: Sequence[MessageView], budget_tokens: int) -> Prompt:
    """The newest messages within the budget, the last one whatever its size, under the system prompt.

    None of Timmy's come first, which many models don't accept.
    """
    said = [(view, message) for view in history if (message := _said(view)) is not None]
    system = PROMPT
    left = budget_tokens - estimated_tokens(system)
    kept = 0
    for _, message in reversed(said):
        left -= estimated_tokens(message.content)
        if kept and left < 0:
            break
        kept += 1
    left_out = len(said) - kept
    if left_out:
        system += CUT.format(count=left_out)
    sent = list(dropwhile(lambda entry: entry[1].role != "user", said[left_out:]))
    messages = _alternating([message for _, message in sent])
    return Prompt((Message("system", system), *messages), left_out, any(view.local_only for view, _ in sent))


def estimated_tokens(text: str) -> int:
    """About how many tokens a message with this text takes."""
    return len(text) // CHARACTERS_A_TOKEN + MESSAGE_TOKENS


def _said(view: MessageView) -> Message | None:
    if not view.text:
        return None
    if view.role == "notice":
        return Message("user", f"[From the application, not the person:] {view.text}")
    return Message(view.role, view.text)


def _alternating(messages: Sequence[Message]) -> list[Message]:
    """Neighbours of one role joined: many models accept nothing else."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            role: Role = message.role
            joined[-1] = Message(role, f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    return joined
