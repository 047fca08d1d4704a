"""What the agents remember: found by meaning and by word, corrected by a person, forgotten for good."""

from timmy_desktop.memory.errors import MemoryFault
from timmy_desktop.memory.memory import Memory
from timmy_desktop.memory.types import PERSON, Asker

__all__ = ["PERSON", "Asker", "Memory", "MemoryFault"]
