"""An event of the log as others may see it, in the feed and in a black box alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from timmy_desktop.feed.redaction import Redactor, withheld

_CREATED = "task.created"
_TOOLS = "tool."


class Openness:
    """Decides what of each event may be seen."""

    def __init__(
        self, redactor: Redactor, *, local_tasks: Iterable[str] = (), all_local: bool = False
    ) -> None:
        """`all_local`: nothing here may leave the machine, so what is said in any task stays."""
        self.redactor = redactor
        self._local, self._all_local = set(local_tasks), all_local

    def note_task(self, task_id: str) -> None:
        """This task is local only from now on."""
        self._local.add(task_id)

    def data(self, type_name: str, task_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """The event's own fields, redacted; withheld too where they are a local-only task's."""
        if self.is_withheld(type_name, task_id, data):
            data = withheld(data)
        return dict(self.redactor.value(data))

    def is_withheld(self, type_name: str, task_id: str, data: dict[str, Any]) -> bool:
        """Whether what was said in this event stays here."""
        if not task_id:
            # The chat's own tools: whether that conversation may leave this machine no event says.
            return type_name.startswith(_TOOLS)
        if type_name == _CREATED and data.get("local_only") is True:
            self._local.add(task_id)
        return self._all_local or task_id in self._local
