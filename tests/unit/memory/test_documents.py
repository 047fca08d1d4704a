"""Documents: read with suspicion, cut on sense, taken again without duplicates; and the memory as JSON lines."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.memory_world import MemoryWorld
from timmy_desktop.memory import PERSON, Asker
from timmy_desktop.memory.chunking import LONGEST, pieces
from timmy_desktop.memory.errors import TransferError
from timmy_desktop.memory.types import EVERYTHING, Filters, NewEntry

MARKDOWN = "# Boats\n\nMarigold lies in Ghent.\n\n## Engines\n\nA diesel of 1962.\n\n```\n# no heading\n```\n"
CODE = "import os\n\n\ndef first():\n    return 1\n\n\n# Above the second\ndef second():\n    return 2\n"


def test_markdown_is_cut_at_headings() -> None:
    parts = pieces(MARKDOWN, "markdown")
    assert [part.heading for part in parts] == ["Boats", "Engines"]
    assert parts[1].text == "## Engines\nA diesel of 1962.\n\n```\n# no heading\n```"


def test_code_is_cut_between_functions() -> None:
    body = "    pass  # filler\n" * 30
    parts = pieces("".join(f"# About {n}\ndef f{n}():\n{body}\n" for n in range(4)), "code")
    assert len(parts) == 4
    assert all(part.text.startswith("# About") for part in parts)
    assert len(pieces(CODE, "code")) == 1


@given(text=st.text(max_size=5000), kind=st.sampled_from(("text", "markdown", "code")))
def test_nothing_is_lost_and_nothing_too_long(text: str, kind: str) -> None:
    parts = pieces(text, kind)  # type: ignore[arg-type]
    assert all(part.text.strip() and len(part.text) <= LONGEST + 200 for part in parts)
    plain = "".join(text.split())
    assert len("".join("".join(part.text.split()) for part in parts)) >= len(plain) * 0.99 - 5


async def test_importing_again_makes_no_duplicates(tmp_path: Path) -> None:
    file = tmp_path / "docs" / "boats.md"
    file.parent.mkdir()
    file.write_text(MARKDOWN)
    async with MemoryWorld(tmp_path / "data") as world:
        memory = world.memory
        outcomes = [(await memory.import_documents([file])).files[0].outcome for _ in range(2)]
        assert outcomes == ["new", "unchanged"]
        before = {entry.content: entry.id for entry in await memory.entries(asker=PERSON)}
        file.write_text(MARKDOWN.replace("1962", "1963"))
        assert (await memory.import_documents([file.parent])).files[0].outcome == "changed"
        after = {entry.content: entry.id for entry in await memory.entries(asker=PERSON)}
        assert len(after) == len(before) == 2
        assert len(set(after.values()) & set(before.values())) == 1  # what did not change stayed
        (document,) = await memory.documents(asker=PERSON)
        assert (document.chunks, document.title, document.owner) == (2, "boats.md", "person")
        copy = file.with_name("copy.md")
        copy.write_text(file.read_text())
        (outcome,) = (await memory.import_documents([copy])).files
        assert (outcome.outcome, "The same as" in outcome.reason) == ("unchanged", True)


async def test_private_documents_are_listed_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    async with MemoryWorld(tmp_path / "data") as world:
        await world.memory.import_documents([tmp_path / "a.txt"], visibility="private")
        assert len(await world.memory.documents(asker=PERSON)) == 1
        assert await world.memory.documents(asker=Asker("echo")) == []


def _sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(2**30)


async def test_hostile_files_are_refused_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "binary.txt").write_bytes(b"\0\1\2")
    (folder / "latin.txt").write_bytes("é".encode("latin-1") * 100)
    (folder / "empty.txt").write_text(" \n")
    (folder / ".env").write_text("KEY=1")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    (folder / "target.txt").write_text("x")
    (folder / "link.txt").symlink_to(folder / "target.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    os.mkfifo(folder / "pipe.txt")
    _sparse(folder / "huge.txt")
    names = {
        "binary.txt": "binary", "latin.txt": "UTF-8", "empty.txt": "no text", ".env": "keys or passwords",
        "broken.pdf": "no PDF", "link.txt": "a link", "loop.txt": "a link", "pipe.txt": "ordinary",
        "huge.txt": "at most", "gone.txt": "can't be read",
    }  # fmt: skip
    async with MemoryWorld(tmp_path / "data") as world:
        report = await world.memory.import_documents([folder / name for name in names])
        assert {Path(file.path).name: file.outcome for file in report.files} == dict.fromkeys(
            names, "refused"
        )
        for file in report.files:
            assert names[Path(file.path).name] in file.reason
        assert await world.memory.entries(asker=PERSON) == []


async def test_a_folder_is_walked_without_links_and_hidden_ones(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config.txt").write_text("hidden")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "a.js").write_text("made")
    (folder / "deep").mkdir()
    (folder / "deep" / "b.py").write_text("x = 1")
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "picture.png").write_bytes(b"\x89PNG")
    async with MemoryWorld(tmp_path / "data") as world:
        report = await world.memory.import_documents([folder])
        assert [Path(file.path).name for file in report.files] == ["b.py"]


async def test_a_pdf_is_read_and_read_again_without_duplicates(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(small_pdf("Marigold lies in Ghent"))
    async with MemoryWorld(tmp_path / "data") as world:
        for outcome in ("new", "unchanged"):
            assert (await world.memory.import_documents([file])).files[0].outcome == outcome
            (entry,) = await world.memory.entries(asker=PERSON)
            assert "Marigold lies in Ghent" in entry.content
        file.write_bytes(small_pdf("Marigold lies in Bruges"))
        assert (await world.memory.import_documents([file])).files[0].outcome == "changed"
        (entry,) = await world.memory.entries(asker=PERSON)
        assert "Marigold lies in Bruges" in entry.content


def small_pdf(text: str) -> bytes:
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (
            table,
            len(out),
        )
    )


async def test_an_export_imported_is_the_same_memory(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    async with MemoryWorld(tmp_path / "one") as world:
        await world.memory.remember(NewEntry(content="My boat is called Marigold", metadata={"ü": [1, "\n"]}))
        await world.memory.remember(NewEntry(content="My boat is called Petrel", pinned=True))
        await world.memory.remember(
            NewEntry(content="private", owner="echo", visibility="private", local_only=True)
        )
        count = await world.memory.export_lines(file, asker=PERSON, filters=EVERYTHING)
        assert count == 3
        assert file.stat().st_mode & 0o777 == 0o600
    async with MemoryWorld(tmp_path / "two") as world:
        assert await world.memory.import_lines(file) == 3
        assert await world.memory.import_lines(file) == 0
        again = tmp_path / "again.jsonl"
        await world.memory.export_lines(again, asker=PERSON, filters=EVERYTHING)
        assert again.read_bytes() == file.read_bytes()
        await world.memory.settled()
        assert len(await world.memory.in_index()) == 3


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b'{"v":1}',
        b'{"v":9}',
        orjson.dumps({"id": "x" * 36, "type": "fact", "content": ""}),
    ],
)
async def test_a_wrong_line_is_named_and_nothing_imported(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "in.jsonl"
    async with MemoryWorld(tmp_path / "data") as world:
        await world.memory.remember(NewEntry(content="One"))
        await world.memory.export_lines(file, asker=PERSON)
        good = orjson.loads(file.read_bytes())
        file.write_bytes(orjson.dumps({**good, "id": "y" * 36}) + b"\n" + line)
        with pytest.raises(TransferError, match=r"Line 2 of in\.jsonl"):
            await world.memory.import_lines(file)
        assert len(await world.memory.entries(asker=PERSON, filters=Filters())) == 1


async def exported(folder: Path) -> tuple[Path, bytes]:
    """A memory with two documents, exported; the file and its bytes."""
    (folder / "boat.md").write_text("# Boat\n\nThe mast is of ash.\n\n# Sails\n\nThey are red and new.\n")
    (folder / "car.txt").write_text("The car is at the garage.")
    file = folder / "out.jsonl"
    async with MemoryWorld(folder / "one") as world:
        await world.memory.import_documents([folder / "boat.md", folder / "car.txt"])
        await world.memory.export_lines(file, asker=PERSON)
    return file, file.read_bytes()


async def test_the_list_of_documents_is_whole_after_an_import_and_the_same(tmp_path: Path) -> None:
    file, before = await exported(tmp_path)
    async with MemoryWorld(tmp_path / "one") as world:
        known = await world.memory.documents(asker=PERSON)
    async with MemoryWorld(tmp_path / "two") as world:
        await world.memory.import_lines(file)
        assert await world.memory.documents(asker=PERSON) == known
        assert len(known) == 2
        await world.memory.export_lines(tmp_path / "again.jsonl", asker=PERSON)
        assert (tmp_path / "again.jsonl").read_bytes() == before
        # The file itself is known too: it is not imported a second time.
        report = await world.memory.import_documents([tmp_path / "boat.md"])
        assert [one.outcome for one in report.files] == ["unchanged"]


async def test_an_earlier_export_without_documents_has_a_list_too(tmp_path: Path) -> None:
    file, before = await exported(tmp_path)
    file.write_bytes(
        b"".join(line for line in before.splitlines(keepends=True) if b'"document":{' not in line)
    )
    async with MemoryWorld(tmp_path / "two") as world:
        await world.memory.import_lines(file)
        found = await world.memory.documents(asker=PERSON)
        assert {one.title for one in found} == {"boat.md", "car.txt"}
        report = await world.memory.import_documents([tmp_path / "boat.md"])
        assert [one.outcome for one in report.files] == ["changed"]
        assert len(await world.memory.documents(asker=PERSON)) == 2


async def test_a_file_that_is_here_already_is_not_taken_twice(tmp_path: Path) -> None:
    file, _ = await exported(tmp_path)
    (tmp_path / "car.txt").write_text("The car was sold.")
    async with MemoryWorld(tmp_path / "two") as world:
        await world.memory.import_documents([tmp_path / "boat.md", tmp_path / "car.txt"])
        pieces = len(await world.memory.entries(asker=PERSON))
        assert await world.memory.import_lines(file) == 1  # the car as it was; the boat is the same
        assert len(await world.memory.entries(asker=PERSON)) == pieces + 1
        paths = {one.path.rpartition("/")[2] for one in await world.memory.documents(asker=PERSON)}
        assert paths == {"boat.md", "car.txt", "car.txt (2)"}


async def test_an_agents_export_names_no_document_that_it_does_not_see(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("The diary of nobody in particular.")
    async with MemoryWorld(tmp_path / "one") as world:
        await world.memory.import_documents([tmp_path / "diary.txt"], visibility="private")
        await world.memory.export_lines(tmp_path / "out.jsonl", asker=Asker("echo"))
        assert b"diary" not in (tmp_path / "out.jsonl").read_bytes()


@pytest.mark.parametrize("line", ['{"v":2,"document":{}}', '{"v":1,"document":{"id":"x"}}', '{"document":1}'])
async def test_a_broken_document_line_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "in.jsonl").write_text(line)
    async with MemoryWorld(tmp_path / "one") as world:
        with pytest.raises(TransferError, match="Line 1"):
            await world.memory.import_lines(tmp_path / "in.jsonl")
