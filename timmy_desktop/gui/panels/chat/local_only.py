"""Which conversations stay on this machine, from the click until it is kept. Free of Qt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from timmy_desktop.agent.conversation import ConversationView


class LocalOnlyChoices:
    """A choice holds from the click on. Nothing is sent before it is kept: `settle` comes first."""

    def __init__(self, keep: Callable[[str, bool], Awaitable[None]]) -> None:
        """`keep(conversation_id, local_only)` writes it down."""
        self._keep = keep
        self._kept: dict[str, bool] = {}
        self._chosen: dict[str, bool] = {}

    def read(self, views: Sequence[ConversationView]) -> None:
        """What is written down."""
        self._kept = {view.id: view.local_only for view in views}

    def holds_for(self, conversation_id: str) -> bool:
        """Whether it is local only, by the latest choice; "" is the conversation that is yet to begin."""
        return self._chosen.get(conversation_id, self._kept.get(conversation_id, False))

    def choose(self, conversation_id: str, local_only: bool) -> None:
        """The person clicked."""
        self._chosen[conversation_id] = local_only

    def forget_new(self) -> None:
        """Another conversation is about to begin, and begins open."""
        self._chosen.pop("", None)

    def begun(self, conversation_id: str) -> None:
        """The conversation that was yet to begin is this one."""
        if "" in self._chosen:
            self._chosen[conversation_id] = self._chosen.pop("")

    async def settle(self, conversation_id: str) -> None:
        """Writes the latest choice down; raises what `keep` raises, and then it is still to be kept."""
        while (wanted := self._chosen.get(conversation_id)) is not None:
            await self._keep(conversation_id, wanted)
            self._kept[conversation_id] = wanted
            if self._chosen.get(conversation_id) == wanted:
                del self._chosen[conversation_id]
