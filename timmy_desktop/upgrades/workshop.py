"""Where the proposals to one target are worked on: their quarantines, and one kept tree to run tests on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from timmy_desktop.upgrades.errors import RepositoryError
from timmy_desktop.upgrades.quarantine import Quarantine
from timmy_desktop.upgrades.target_repository import TargetRepository
from timmy_desktop.upgrades.types import Target


class Workshop:
    """The folder of one target. Every method blocks."""

    def __init__(self, folder: Path, target: Target, is_stopped: Callable[[], bool]) -> None:
        self.target = target
        self.repository = TargetRepository(target.folder, is_stopped=is_stopped)
        self._folder = folder / target.id
        self._is_stopped = is_stopped
        self._tree_lock = threading.Lock()

    def quarantine(self, proposal_id: str) -> Quarantine:
        """The quarantine of a proposal or draft, made when it is not there."""
        borrowed = self.repository.store()
        quarantine = Quarantine(
            self._folder / "proposals" / proposal_id,
            borrowed.folder,
            object_format=borrowed.format,
            is_stopped=self._is_stopped,
        )
        quarantine.make()
        return quarantine

    @contextmanager
    def passing(self, name: str) -> Iterator[Quarantine]:
        """A quarantine for one piece of work, gone afterwards."""
        quarantine = self.quarantine(f"passing-{name}-{threading.get_ident()}")
        try:
            yield quarantine
        finally:
            quarantine.discard()

    def discard(self, proposal_id: str) -> None:
        """Leaves nothing of a proposal: neither its branch nor files of it in the kept tree."""
        shutil.rmtree(self._folder / "proposals" / proposal_id, ignore_errors=True)

    def discard_all_but(self, kept: set[str]) -> None:
        """Removes what a run that was killed left: drafts, and proposals that have ended."""
        folder = self._folder / "proposals"
        for entry in list(folder.iterdir()) if folder.is_dir() else []:
            if entry.name not in kept:
                shutil.rmtree(entry, ignore_errors=True)

    @contextmanager
    def checked_out(self, quarantine: Quarantine, tree: str) -> Iterator[Path]:
        """The kept tree holding exactly `tree`, nobody else's meanwhile, and empty of it afterwards."""
        with self._tree_lock:
            place, index = self._folder / "tree", self._folder / "tree.index"
            try:
                quarantine.check_out(tree, place, index)
            except RepositoryError:
                # Whatever made it unusable, a new one is the remedy, and costs only time.
                shutil.rmtree(place, ignore_errors=True)
                index.unlink(missing_ok=True)
                quarantine.check_out(tree, place, index)
            yield place

    def forget_tree(self) -> None:
        """Removes the kept tree."""
        with self._tree_lock:
            shutil.rmtree(self._folder / "tree", ignore_errors=True)
            (self._folder / "tree.index").unlink(missing_ok=True)

    def restore_tree(self, tree: str) -> None:
        """Brings the kept tree back to one of the target's own, so that nothing of a proposal lies there."""
        with self.passing("restore") as quarantine, self.checked_out(quarantine, tree):
            pass
