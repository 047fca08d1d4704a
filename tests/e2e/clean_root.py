"""A Debian that holds nothing of the build: made by debootstrap, entered by bubblewrap, thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conditions import require_part

PERSON = "person"
MADE_WITHIN_S = 600
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# How this machine's apt finds its packages, so that the root's finds them too.
_APT = ("apt.conf.d", "sources.list", "sources.list.d", "trusted.gpg.d", "keyrings", "preferences.d")


@dataclass(frozen=True)
class CleanRoot:
    """The root folder. Commands run in it with its own /dev and /run, and no sight of files outside."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> CleanRoot:
        """A minimal Debian of this machine's release, with an ordinary user in it."""
        for program in ("debootstrap", "bwrap"):
            require_part(shutil.which(program) is not None, program)
        require_part(os.geteuid() == 0, "the right to make another root (be root)")
        release = _asked("sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME")
        mirror = _asked("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split(
            "\n"
        )[0]
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", release, str(folder), mirror],
            capture_output=True, text=True, timeout=MADE_WITHIN_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        root = cls(folder)
        root._take_apt_along()
        root.run("apt-get update -qq")
        root.run(f"useradd --create-home --shell /bin/sh {PERSON}")
        return root

    def run(self, script: str, *, as_person: bool = False, timeout: float = 300, check: bool = True) -> str:
        """What the shell's `script` prints; as root, or as an ordinary user in that user's home."""
        inner = (
            ["su", "-", PERSON, "-c", f"export PATH={PATH} LANG=C.UTF-8; {script}"]
            if as_person
            else ["sh", "-c", script]
        )
        done = subprocess.run(
            [*self._entrance(), *inner], capture_output=True, text=True, timeout=timeout, check=False
        )
        if check:
            assert done.returncode == 0, f"{script}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    @property
    def home(self) -> Path:
        """The ordinary user's home, seen from outside."""
        return self.folder / "home" / PERSON

    def hand(self, file: Path, place: str) -> None:
        """Copies `file` to `place`, below the user's home, as the user's own."""
        target = self.home / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        self.run(f"chown -R {PERSON}: /home/{PERSON}")

    def _entrance(self) -> list[str]:
        words = (
            # The whole /proc, not one of its own: a sandbox inside mounts one, which needs to see all of it.
            f"bwrap --bind {self.folder} / --dev /dev --bind /proc /proc --tmpfs /run --unshare-ipc"
            " --unshare-uts --ro-bind /etc/resolv.conf /etc/resolv.conf --cap-add ALL --die-with-parent"
            f" --clearenv --setenv PATH {PATH} --setenv DEBIAN_FRONTEND noninteractive --setenv LANG C.UTF-8"
        )
        return words.split()

    def _take_apt_along(self) -> None:
        (self.folder / "etc/apt/sources.list").unlink(missing_ok=True)
        for name in _APT:
            source, target = Path("/etc/apt") / name, self.folder / "etc/apt" / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.exists():
                shutil.copy(source, target)


def _asked(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
