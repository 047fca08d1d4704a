"""Takes out of values what may not leave this log: secrets, keys, proofs, and what was said in private.

*Redacted* is what is a secret, or looks like one. *Withheld* is what was said in tasks that are
local only: their words stay here; that they happened, when, and what they cost does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from timmy_desktop.private_keys import without_private_keys

REDACTED = "[redacted]"
WITHHELD = "[local only]"
_LEAST = 6
"""Shorter values are words, and not secrets."""
_LEAST_LINE = 12
"""Shorter lines of a longer secret may be anything."""
_LEAST_PIECE = 8
"""The least of a secret's beginning that is taken out where a text was cut."""

_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|pwd|secret|secrets|api_?key|access_?key|private_?key|"
    r"credential|credentials|authorization|auth|cookie|macaroon|preimage|mnemonic|seed|bolt11|token)(?:$|_)",
    re.IGNORECASE,
)
# Where one word of a name ends: `X-Api-Key` and `accessToken` say what `api_key` and `access_token` do.
_BETWEEN_WORDS = re.compile(r"[\s.\-]+|(?<=[a-z0-9])(?=[A-Z])")
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"\b(?:sk|pk|rk|gsk|hf|ghp|gho|ghu|ghs|ghr|glpat|xox[abeprs]|npm|pypi|dop_v1)[-_]"
            r"[A-Za-z0-9_\-]{8,}"
        ),
        REDACTED,
    ),
    (re.compile(r"\bgithub_pat_[A-Za-z0-9_]{16,}"), REDACTED),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), REDACTED),
    (re.compile(r"\bAIza[A-Za-z0-9_\-]{30,}"), REDACTED),
    (re.compile(r"(?<![\w\-])eyJ[\w\-]{6,}\.[\w\-]{6,}(?:\.[\w\-]*)?"), REDACTED),
    (re.compile(r"(?i)\b(ln(?:bc|tb|bcrt|tbs))[0-9a-z]{40,}"), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic)[ \t]+[A-Za-z0-9._~+/\-]{8,}=*"), rf"\1 {REDACTED}"),
    (re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{1,20}://)[^/\s:@]{0,200}:[^/\s@]{1,200}@"), rf"\1{REDACTED}@"),
    (
        re.compile(
            r"(?i)((?:password|passwd|passphrase|pwd|secret|api[_\- ]?key|access[_\- ]?key|"
            r"private[_\- ]?key|auth[_\-]?token|access[_\-]?token|token|macaroon|preimage|mnemonic)"
            r"[\"']?[ \t]*[:=][ \t]*[\"']?)"
            r"[^\s\"',;&<>\[]{4,}"
        ),
        rf"\1{REDACTED}",
    ),
)
# Without one of these none of the forms is there: most texts are done with one look.
_HINT = re.compile(
    r"(?i)sk[-_]|pk[-_]|rk[-_]|hf[-_]|gh[opusr]_|glpat|xox|npm_|pypi|dop_v1|github_pat|AKIA|ASIA|AIza|eyJ|lnbc|lntb|"
    r"bearer|basic|://|pass|pwd|secret|key|token|macaroon|preimage|mnemonic|@@"
)
# What an event of a local-only task may still say: names that the application gave, and no words of anybody.
_STRUCTURE = frozenset(
    {
        "request_id", "call_id", "tool", "provider", "model", "purpose", "outcome", "winner", "eligible",
        "from_provider", "to_provider", "payment_hash", "old", "new", "entries", "entry_type", "visibility",
        "state",
    }
)  # fmt: skip

_IDENTIFIER = re.compile(r"[\w.:/\-]{1,120}")


class Redactor:
    """Knows this machine's secrets by their values, and others by their form."""

    def __init__(self, known: Iterable[str] = (), home: str = "") -> None:
        """`known` are secrets as they are; `home` is shown as `~`."""
        self._home = home.rstrip("/") if len(home) > 1 else ""
        found = {value.strip() for value in known if len(value.strip()) >= _LEAST}
        # Of a secret of many lines each may stand alone, indented, or after a written `\\n`.
        found |= {
            line.strip()
            for value in found
            if "\n" in value
            for line in value.splitlines()
            if len(line.strip()) >= _LEAST_LINE
        }
        found |= {quote(value, safe="") for value in found}
        # The longest first: one may begin another.
        self._known = sorted(found, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, self._known))) if self._known else None

    def text(self, text: str) -> str:
        """`text` without what is, or looks like, a secret."""
        if self._any is not None:
            text = self._without_end_of_known(self._any.sub(REDACTED, text))
        if self._home and self._home in text:
            text = re.sub(rf"{re.escape(self._home)}(?![\w.\-])", "~", text)
        if _HINT.search(text) is None:
            return text
        text = without_private_keys(text)
        for form, instead in _FORMS:
            text = form.sub(instead, text)
        return text

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value without secrets, its names too; whole where its own name says that it is one."""
        if isinstance(value, str):
            return REDACTED if value and name and _says_secret(name) else self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(one, str(key)) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(one, name) for one in value]
        return value

    def also(self, texts: Iterable[str]) -> Redactor:
        """One that knows these too. They are looked for together: to take out one could hide another."""
        return Redactor((*self._known, *texts), self._home)

    def _without_end_of_known(self, text: str) -> str:
        """Also where a text was cut within a secret."""
        for secret in self._known:
            start = text.rfind(secret[:_LEAST_PIECE], max(0, len(text) - len(secret) - 1))
            if start >= 0 and len(secret) > _LEAST_PIECE and secret.startswith(text[start:].rstrip("…")):
                return text[:start] + REDACTED
        return text


def _says_secret(name: str) -> bool:
    return _NAME.search(_BETWEEN_WORDS.sub("_", name)) is not None


def withheld(value: Any, name: str = "") -> Any:
    """A JSON value with every text in it left out but what the application itself named."""
    if isinstance(value, str):
        is_name = name in _STRUCTURE and _IDENTIFIER.fullmatch(value) is not None
        return value if not value or is_name else WITHHELD
    if isinstance(value, dict):
        return {
            (key if name == "" else f"{WITHHELD} {place}"): withheld(one, key if name == "" else WITHHELD)
            for place, (key, one) in enumerate(value.items(), 1)
        }
    if isinstance(value, list | tuple):
        return [withheld(one, name or WITHHELD) for one in value]
    return value


def shortened(value: Any, most: int) -> Any:
    """A JSON value whose texts have `most` characters, and whose lists and objects `most` places, at most."""
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[: most - 1]}…"
    if isinstance(value, dict):
        return {shortened(key, most): shortened(one, most) for key, one in _first(list(value.items()), most)}
    if isinstance(value, list | tuple):
        return [shortened(one, most) for one in _first(value, most)]
    return value


def _first(values: Sequence[Any], most: int) -> Sequence[Any]:
    return values if len(values) <= most else values[:most]
