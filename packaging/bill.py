"""What ships: its size by component, its content by checksum, its parts as an SBOM, and their licences.

Run by the Python of the environment that was frozen: `python packaging/bill.py FROZEN OUT WHEN`.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

import shipped
from system_bill import SystemPart, debian_packages, python_itself

# Megabytes; a test holds it. Raised on purpose only, with the reason in the changelog.
CEILING_MB = 520
_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors)[^/]*$", re.I)
_INTERNAL = "_internal"
_SYSTEM_LIBRARY = re.compile(
    r"lib(?!Qt6|pyside|shiboken|python|icu|gfortran-|quadmath-|scipy)[^/]*\.so(\.[\d.]+)?"
)


def main(frozen: Path, out: Path, when: int) -> None:
    """Writes the licences into the frozen folder, and sizes, content and the SBOM of it into `out`."""
    parts, system = list(shipped_parts(frozen)), list(system_parts(frozen))
    (frozen / "LICENSES.txt").write_text(licences(parts, system), encoding="utf-8")
    (out / "sizes.json").write_text(json.dumps(sizes(frozen), indent=1) + "\n", encoding="utf-8")
    (out / "content.sha256").write_text("".join(content(frozen)), encoding="utf-8")
    bill = json.dumps(sbom(parts, when, system), indent=1, sort_keys=True)
    (out / "sbom.cdx.json").write_text(bill + "\n", encoding="utf-8")


def sizes(frozen: Path) -> dict[str, float]:
    """Megabytes by component, the largest first; `total` comes first."""
    found: Counter[str] = Counter()
    for path in frozen.rglob("*"):
        if path.is_file() and not path.is_symlink():
            found[_component(path.relative_to(frozen))] += path.stat().st_size
    whole = {"total": sum(found.values()), **dict(found.most_common())}
    return {name: round(size / 1e6, 2) for name, size in whole.items()}


def content(frozen: Path) -> Iterator[str]:
    """A line for each file, as `sha256sum` writes and checks them."""
    for path in sorted(frozen.rglob("*")):
        if path.is_file() and not path.is_symlink():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            yield f"{digest}  {path.relative_to(frozen)}\n"


def shipped_parts(frozen: Path) -> Iterator[Distribution]:
    """The installed distributions of which any module is in the frozen folder, by name."""
    modules = set(_modules(frozen))
    for part in sorted(distributions(), key=_name):
        if _name(part) != shipped.NAME and not modules.isdisjoint(_tops(part)):
            yield part


def system_parts(frozen: Path) -> Iterator[SystemPart]:
    """Python itself, and the packages of the libraries that were taken from this system."""
    yield python_itself()
    yield from debian_packages(system_libraries(frozen))


def system_libraries(frozen: Path) -> list[str]:
    """The names of the libraries beside the distributions' own; Qt's and Python's belong to theirs."""
    inside = [path.name for path in (frozen / _INTERNAL).iterdir() if not path.is_symlink()]
    return [name for name in inside if _SYSTEM_LIBRARY.fullmatch(name)]


def sbom(parts: list[Distribution], when: int, system: Sequence[SystemPart] = ()) -> dict[str, object]:
    """A CycloneDX 1.6 bill of materials (https://cyclonedx.org/docs/1.6/json/)."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when)),
            "component": {
                "type": "application",
                "bom-ref": shipped.NAME,
                "name": shipped.NAME,
                "version": shipped.VERSION,
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": [
            *(_entry(part) for part in parts),
            *(_component_of(one.name, one.version, one.purl, one.licence) for one in system),
        ],
    }


def licences(parts: list[Distribution], system: Sequence[SystemPart] = ()) -> str:
    """Every licence text that the shipped parts bring, one behind the other."""
    own = (shipped.ROOT / "LICENSE").read_text(encoding="utf-8")
    pieces = [f"{shipped.TITLE} {shipped.VERSION}\n\n{own}"]
    for part in parts:
        head = f"{part.metadata['Name']} {part.version}: {licence_of(part)}"
        texts = [file.read_text(encoding="utf-8", errors="replace") for file in _licence_files(part)]
        pieces.append("\n\n".join([f"{head}\n{'=' * len(head)}", *texts]))
    for one in system:
        head = f"{one.name} {one.version}: {one.licence}"
        pieces.append(f"{head}\n{'=' * len(head)}\n\n{one.text}")
    return "\n\n\n".join(pieces) + "\n"


def licence_of(part: Distribution) -> str:
    """What the distribution says of its licence, in short; or where its text stands."""
    said = part.metadata.json
    if said.get("license_expression"):
        return str(said["license_expression"])
    classified = [
        line.rsplit(" :: ", 1)[1] for line in said.get("classifier", []) if line.startswith("License ::")
    ]
    named = str(said.get("license", "")).strip().splitlines()
    told = ", ".join(classified) or (named[0] if named else "")
    return told or ("see LICENSES.txt" if any(_licence_files(part)) else "not stated")


def _entry(part: Distribution) -> dict[str, object]:
    name = part.metadata["Name"]
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{part.version}"
    return _component_of(name, part.version, purl, licence_of(part))


def _component_of(name: str, version: str, purl: str, licence: str) -> dict[str, object]:
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"license": {"name": licence}}],
    }


def _name(part: Distribution) -> str:
    return re.sub(r"[-_.]+", "-", part.metadata["Name"]).lower()


def _modules(frozen: Path) -> Iterator[str]:
    """Top-level names in the folder, and in the archive of pure modules inside the program."""
    for path in (frozen / _INTERNAL).iterdir():
        yield path.name.split(".")[0]
    from PyInstaller.archive.readers import CArchiveReader

    archive = CArchiveReader(str(frozen / shipped.NAME))
    for name in archive.toc:
        if name.endswith(".pyz"):
            yield from {module.split(".")[0] for module in archive.open_embedded_archive(name).toc}


def _tops(part: Distribution) -> set[str]:
    files = [str(file) for file in part.files or []]
    names = {file.split("/")[0].split(".")[0] for file in files if not file.startswith((".", "__pycache__"))}
    return names - {"", "bin", "share", "tests", "test", "examples", "docs"}


def _licence_files(part: Distribution) -> Iterator[Path]:
    for file in part.files or []:
        if ".dist-info/" in str(file) and _LICENCE_FILE.search(str(file)):
            place = Path(str(part.locate_file(file)))
            if place.is_file():
                yield place


def _component(place: Path) -> str:
    inside = place.parts[1:] if place.parts[0] == _INTERNAL else place.parts
    if inside[:2] == ("PySide6", "Qt"):
        return "Qt"
    first = inside[0].split(".")[0].removesuffix("-info")
    is_library = len(inside) == 1 and ".so" in inside[0] and first.startswith("lib")
    return "system libraries" if is_library else first


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
