"""What was in memory before does not come into the index's files with the room that Chroma keeps free."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# One heap for all threads, strewn with leftovers, below what the C library gives back to the system.
_STREWN = """
import asyncio, ctypes, sys
from pathlib import Path
import chromadb, numpy as np
from timmy_desktop.memory.index import ChromaIndex

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]

def strew():
    blocks = [libc.malloc(100_000) for _ in range(400)]
    for block in blocks:
        ctypes.memmove(block, b"quokka-leftover!" * 6250, 100_000)
    for block in blocks[:-1]:
        libc.free(block)

async def main():
    index = ChromaIndex(Path(sys.argv[1]))
    strew()
    await index.open("a-model")
    await index.put([1], np.eye(1, 64, dtype=np.float32))
    await index.nearest(np.eye(1, 64, dtype=np.float32)[0], 1)
    await index.close()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of macOS clears what is freed by itself")
def test_leftovers_of_memory_stay_out_of_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "memory-index"
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    subprocess.run([sys.executable, "-c", _STREWN, str(folder)], check=True, env=environment)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "data_level0.bin" for path in files)
    assert [path.name for path in files if b"quokka-leftover!" in path.read_bytes()] == []
