"""`timmy-desktop doctor`: what is reachable, what is missing, what to do."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from timmy_desktop.bootstrap import build_own_node, build_providers
from timmy_desktop.cli.session import EXPECTED_ERRORS, load, print_json, run
from timmy_desktop.doctor import Finding, examine, is_ready
from timmy_desktop.inert import inert
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Secrets, Settings

_MARKS = {"ok": "ok     ", "note": "note   ", "missing": "missing", "broken": "BROKEN "}


def doctor(options: argparse.Namespace) -> int:
    """0 when the main job can run, 1 when something that it needs is missing or broken."""
    try:
        settings, paths = load(options)
    except EXPECTED_ERRORS as error:
        findings = [Finding("Settings", "broken", str(error))]
    else:
        findings = run_examination(settings, paths)
    if options.json:
        print_json({"ready": is_ready(findings), "findings": [asdict(finding) for finding in findings]})
    else:
        _print_words(findings)
    return 0 if is_ready(findings) else 1


def run_examination(settings: Settings, paths: Paths) -> list[Finding]:
    """Everything that doctor looks at, in an event loop of its own."""
    findings: list[Finding] = []

    async def work() -> int:
        secrets = Secrets()
        providers = build_providers(settings, paths, secrets)
        try:
            for provider in providers:
                await provider.start()
            lightning = build_own_node(settings, paths, secrets)
            findings.extend(await examine(paths, secrets, providers, settings.workspace, lightning))
            if lightning is not None:
                await lightning.backend.stop()
        finally:
            for provider in providers:
                await provider.stop()
        return 0

    run(work())
    return findings


def _print_words(findings: list[Finding]) -> None:
    for finding in findings:
        print(f"{_MARKS[finding.state]}  {finding.name}: {inert(finding.detail)}")
        if finding.next_step:
            print(f"         → {inert(finding.next_step)}")
    print()
    if is_ready(findings):
        print("Ready: tasks can be posted and a model will do them.")
    elif any(finding.state == "broken" for finding in findings):
        print("Not ready: follow the steps above, then run doctor again.")
    else:
        print("Not ready: no model answers. `timmy-desktop models` lists those that can be fetched.")
