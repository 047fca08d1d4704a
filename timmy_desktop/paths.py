"""Where things lie on this platform. Light, because the window needs it before its first paint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP_NAME = "timmy-desktop"


@dataclass(frozen=True, slots=True)
class Paths:
    """Where this installation keeps its things."""

    data_dir: Path
    config_file: Path

    @classmethod
    def default(cls, data_dir: Path | None = None) -> Paths:
        """The platform's folders; a `data_dir` of one's own holds its settings file too."""
        if data_dir is not None:
            return cls(data_dir.absolute(), data_dir.absolute() / "settings.toml")
        return cls(
            Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)),
            Path(platformdirs.user_config_dir(APP_NAME, appauthor=False)) / "settings.toml",
        )

    @property
    def database(self) -> Path:
        return self.data_dir / "swarm.db"

    @property
    def backups(self) -> Path:
        return self.data_dir / "backups"

    @property
    def archives(self) -> Path:
        return self.data_dir / "archives"

    @property
    def models(self) -> Path:
        return self.data_dir / "models"

    @property
    def memory_index(self) -> Path:
        return self.data_dir / "memory-index"

    @property
    def upgrades(self) -> Path:
        return self.data_dir / "upgrades"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"
