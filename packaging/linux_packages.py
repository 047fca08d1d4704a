"""The frozen folder as a .deb and as a .tar.xz, the same bytes from the same commit."""

from __future__ import annotations

import gzip
import os
import platform
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import shipped
from steps import StepError, run_logged
from system_parts import FONTS, QT_LIBRARIES, WINDOW_LIBRARIES

HERE = Path(__file__).resolve().parent
HOME = Path("usr/lib") / shipped.NAME
MAINTAINER = "The Timmy Desktop founders <founders@timmydesktop.invalid>"
ICON_FOLDERS = Path("usr/share/icons/hicolor")
# Built against Debian 12's; older systems can't load it.
LIBC = "libc6 (>= 2.36)"
RENAMED = {"libglib2.0-0": "libglib2.0-0t64 | libglib2.0-0"}  # since Debian 13
RECOMMENDS = ("git", "bubblewrap", "python3", "fonts-noto-color-emoji")
_EXECUTABLE, _PLAIN = 0o755, 0o644


def architecture() -> str:
    """Debian's word for this machine's processor."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def control(size_kib: int, processor: str) -> str:
    """The package's control file."""
    libraries = {**QT_LIBRARIES, **WINDOW_LIBRARIES}.values()
    depends = sorted({RENAMED.get(name, name) for name in (*libraries, *FONTS.values())} - set(RECOMMENDS))
    return (
        f"Package: {shipped.NAME}\nVersion: {shipped.VERSION}\nArchitecture: {processor}\n"
        f"Maintainer: {MAINTAINER}\nInstalled-Size: {size_kib}\nSection: devel\nPriority: optional\n"
        f"Depends: {', '.join([LIBC, *depends])}\nRecommends: {', '.join(RECOMMENDS)}\n"
        f"Description: {shipped.SUMMARY}\n"
        " Post a piece of work; agents on your own computer bid for it, and one does it\n"
        " on a local model. Every step, sat and millisecond can be seen. Nothing leaves\n"
        " the machine unless you allow it.\n"
    )


def lay_out(frozen: Path, icons: Path, root: Path, when: int) -> None:
    """Makes below `root` what the package puts below /."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(frozen, root / HOME, symlinks=True)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin" / shipped.NAME).symlink_to(f"../lib/{shipped.NAME}/{shipped.NAME}")
    _put(root / f"usr/share/applications/{shipped.IDENTIFIER}.desktop", _text("desktop", when))
    _put(root / f"usr/share/metainfo/{shipped.IDENTIFIER}.metainfo.xml", _text("metainfo.xml", when))
    for picture in sorted(icons.glob("*.png")):
        side = picture.stem
        _put(root / ICON_FOLDERS / f"{side}x{side}/apps/{shipped.NAME}.png", picture.read_bytes())
    drawing = shipped.ROOT / "resources/icon.svg"
    _put(root / ICON_FOLDERS / f"scalable/apps/{shipped.NAME}.svg", drawing.read_bytes())
    papers = root / "usr/share/doc" / shipped.NAME
    _put(papers / "copyright", (shipped.ROOT / "LICENSE").read_bytes())
    changes = (shipped.ROOT / "CHANGELOG.md").read_bytes()
    _put(papers / "changelog.gz", gzip.compress(changes, 9, mtime=when))


def build_deb(frozen: Path, icons: Path, out: Path, work: Path, when: int, log: Path) -> Path:
    """Writes the package into `out`. Raises StepError when dpkg-deb can't make it."""
    processor, root = architecture(), work / "deb"
    lay_out(frozen, icons, root, when)
    size = sum(path.lstat().st_size for path in root.rglob("*")) // 1024
    _put(root / "DEBIAN/control", control(size, processor).encode())
    _settle(root, when)
    target = out / f"{shipped.NAME}_{shipped.VERSION}_{processor}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z12", "--build", str(root), str(target)]
    if run_logged(command, log, env={**os.environ, "SOURCE_DATE_EPOCH": str(when)}) != 0:
        raise StepError("The .deb could not be made.", log)
    return target


def build_tarball(frozen: Path, out: Path, when: int) -> Path:
    """Writes the folder as one compressed file into `out`."""
    top = f"{shipped.NAME}-{shipped.VERSION}"
    target = out / f"{top}-linux-{architecture()}.tar.xz"
    plain = target.with_suffix("")
    with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in [frozen, *sorted(frozen.rglob("*"))]:
            archive.add(path, Path(top) / path.relative_to(frozen), recursive=False, filter=_same(when))
    subprocess.run(["xz", "-T0", "-2", "-f", str(plain)], check=True)
    return target


def _same(when: int) -> Callable[[tarfile.TarInfo], tarfile.TarInfo]:
    def settle(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = when
        member.mode = _mode(member.mode, member.isdir())
        return member

    return settle


def _settle(root: Path, when: int) -> None:
    """Modes and times that do not depend on who built it, and when."""
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(_mode(path.stat().st_mode, path.is_dir()))
        os.utime(path, (when, when), follow_symlinks=False)


def _mode(mode: int, is_folder: bool) -> int:
    return _EXECUTABLE if is_folder or mode & 0o100 else _PLAIN


def _text(kind: str, when: int) -> bytes:
    text = (HERE / "linux" / f"{shipped.IDENTIFIER}.{kind}").read_text(encoding="utf-8")
    day = time.strftime("%Y-%m-%d", time.gmtime(when))
    return text.replace("@VERSION@", shipped.VERSION).replace("@DATE@", day).encode()


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
