"""What nobody caught: written to the log file and told in the window, never a silent end."""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from timmy_desktop.gui.panel import Say

logger = logging.getLogger(__name__)

_WORDS = "Something broke: {what}. The rest of the window goes on; if it acts oddly, close and open it again."


class LastResort:
    """Between `install` and `remove`, uncaught errors of slots and of the loop end here."""

    def __init__(self, say: Callable[[Say], object]) -> None:
        self._say = say
        self._telling = False
        self._before = sys.excepthook

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Takes the place of Python's hook and of the loop's."""
        self._before = sys.excepthook
        sys.excepthook = self._from_slot
        loop.set_exception_handler(self._from_loop)

    def remove(self, loop: asyncio.AbstractEventLoop) -> None:
        """Puts back what was there."""
        sys.excepthook = self._before
        loop.set_exception_handler(None)

    def _from_slot(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._before(kind, error, trace)
            return
        self._tell(error, "".join(traceback.format_exception(kind, error, trace)))

    def _from_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG002
        error = context.get("exception")
        words = str(context.get("message", "an unforeseen error"))
        details = "".join(traceback.format_exception(error)) if error is not None else repr(context)
        self._tell(error if error is not None else RuntimeError(words), details)

    def _tell(self, error: BaseException, details: str) -> None:
        logger.error("Uncaught: %s", error, exc_info=error)
        if self._telling:  # telling itself broke
            return
        self._telling = True
        try:
            what = f"{type(error).__name__}, {error}" if str(error) else type(error).__name__
            self._say(Say(_WORDS.format(what=what), "bad", details))
        finally:
            self._telling = False
