"""Private keys pasted anywhere: their insides are not shown, and little else is hidden."""

from __future__ import annotations

import time

import pytest

from timmy_desktop.private_keys import without_private_keys

BEGIN, END = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
BODY = "hush+/" * 10 + "\n" + "hush=="


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}\n{BODY}\n{END}",
        f"1\t{BEGIN}\n2\t{BODY}\n3\t{END}",
        f"{BEGIN}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,A\n\n{BODY}\n{END}",
        f"-{BEGIN}\n-" + BODY.replace("\n", "\n-") + f"\n-{END}\n+{BEGIN}\n+{BODY}\n+{END}",
        f"{BEGIN}\n{BODY}\n{BODY}",
        f"+{BEGIN}\n+" + BODY.replace("\n", "\n+"),
        f"words before\n {BODY}\n {END}\nwords",
        f'KEY="{BEGIN}\\n' + BODY.replace("\n", "\\n") + f'\\n{END}"',
        f'KEY="{BEGIN}\\n' + BODY.replace("\n", "\\n"),
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{BODY}\n-----END PGP PRIVATE KEY BLOCK-----",
        f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{BODY}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
        f"{BEGIN}\n{BODY}\n{BEGIN}\n{BODY}\n{END}",
        f"{BEGIN}\n" + f"{BODY}\n" * 1000 + END,
        "@@ -40,3 +40,4 @@ " + "hush" * 16 + "\n context",
    ],
)
def test_insides_are_left_out_and_lines_stay(text: str) -> None:
    shown = without_private_keys(text)
    assert "hush" not in shown
    assert shown.count("\n") == text.count("\n")
    assert without_private_keys(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "no PRIVATE KEY here",
        f"{BEGIN}\n{END}",
        f'if "{BEGIN}" in text:\n    refuse(text)\n',
        f"A key begins with {BEGIN} and goes on.\n",
        f"A key ends with\n  the line {END}, always.",
        "@@ -1,2 +1,3 @@ def function_with_an_ordinary_name() -> None:",
    ],
)
def test_what_is_no_key_is_shown(text: str) -> None:
    assert without_private_keys(text) == text


def test_text_made_to_be_slow_is_not() -> None:
    started = time.perf_counter()
    for text in (
        f"{BEGIN}\n" * 30_000,
        "-" * 1_000_000 + " PRIVATE KEY",
        f"{BEGIN}\n" + "a" * 1_000_000 + "!",
    ):
        without_private_keys(text)
    without_private_keys(f"{BEGIN} " + "+ -" * 300_000 + "PRIVATE KEY" * 10_000)
    assert time.perf_counter() - started < 5
