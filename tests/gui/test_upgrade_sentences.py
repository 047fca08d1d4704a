"""Every event of an upgrade has words of its own in the Activity panel."""

from __future__ import annotations

import dataclasses

import pytest

from timmy_desktop.events import upgrades
from timmy_desktop.events.base import Event, EventRecord
from timmy_desktop.gui.panels.activity.sentences import sentence

KINDS = [
    kind
    for kind in vars(upgrades).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind.type
]
VALUES = {"str": "passed", "int": 7, "bool": True}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_it_is_told_in_words(kind: type[Event]) -> None:
    values = {field.name: VALUES[str(field.type)] for field in dataclasses.fields(kind)}
    found = sentence(EventRecord(1, 1, kind(**values), b""), {})
    assert kind.type not in found.text
    assert found.glyph == "upgrades"
    assert len(found.text) > 15


def test_what_failed_and_what_was_applied_look_different() -> None:
    failed = upgrades.UpgradeFailed(
        upgrade_id="u", reason="the tests of the merge did not pass", can_look_again=False
    )
    applied = upgrades.UpgradeApplied(
        upgrade_id="u", commit="c" * 40, old_head="o", branch="main", digest="d", checkout="clean"
    )
    tones = [sentence(EventRecord(1, 1, event, b""), {}).tone for event in (failed, applied)]
    assert tones == ["bad", "good"]
