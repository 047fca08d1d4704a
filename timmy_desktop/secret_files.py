"""Names of files that hold keys and passwords: neither read for agents nor taken into the memory."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePath

# Folded to lower case.
SECRET_NAMES = (
    ".env", ".env.*", "*.env", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key", "*.p12",
    "*.pfx", "*.jks", "*.keystore", "*.kdbx", ".netrc", "_netrc", ".pgpass", ".git-credentials", ".npmrc",
    ".pypirc", ".htpasswd", "*.ppk", "*.gpg", "*.asc", "credentials", "credentials.json", "secrets.*",
)  # fmt: skip
# Made to be shared: what an .env should hold, and the public halves of keys.
SHARED_NAMES = (".env.example", ".env.sample", ".env.template", ".env.dist", "*.pub")
SECRET_FOLDERS = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker")


def is_secret(place: PurePath) -> bool:
    """Whether the path's names look like keys or passwords."""
    parts = [part.casefold() for part in place.parts]
    if any(part in SECRET_FOLDERS for part in parts[:-1]):
        return True
    name = parts[-1] if parts else ""
    if any(fnmatchcase(name, pattern) for pattern in SHARED_NAMES):
        return False
    return name in SECRET_FOLDERS or any(fnmatchcase(name, pattern) for pattern in SECRET_NAMES)
