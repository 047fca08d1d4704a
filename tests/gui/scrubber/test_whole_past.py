"""The past is whole on its pages: what was said, tested, allowed and proven then; and after a prune, too."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.gui.scrubber.test_scrubber import (
    SECOND_US,
    Opened,
    bar_of,
    enter,
    in_window,
    look_at,
    page_of,
    scrub_to,
    shown,
)
from timmy_desktop.events import memory, payments, upgrades
from timmy_desktop.gui.main_window import MainWindow

HOSTILE = "\x1b[31m<b>red</b>\u202e"
_LINE: dict[str, Any] = {
    "id": "line", "type": "invoice", "state": "pending", "purpose": "sale", "account": "treasury",
    "payment_hash": "ab" * 32, "amount_msat": 5_000, "memo": "A book", "bolt11": "lnbcrt50n1pexample" * 3,
    "payee": "02" * 33, "source": "ledger", "simulated": 1, "created_us": 1, "updated_us": 1,
}  # fmt: skip


def _insert(session: Any, table: str, **values: Any) -> None:
    places = ",".join("?" * len(values))
    session.sql(f"INSERT INTO {table}({', '.join(values)}) VALUES ({places})", tuple(values.values()))


async def told(services: Any, *events: Any) -> None:
    for event in events:
        services.clock.us += SECOND_US
        await services.record(event)


def rows_of(window: MainWindow, name: str, title: str) -> list[tuple[str, ...]]:
    [table] = [part.table for part in page_of(window, name).tables if part.table.title == title]
    return [row.cells for row in table.rows]


@in_window
async def test_a_review_as_it_was(opened: Opened, qtbot: QtBot) -> None:
    window, services = opened
    about = {"upgrade_id": "u1"}
    await told(
        services,
        upgrades.TargetOpened(target_id="x", folder="/home/ann/garden", branch="main", python="/usr/bin/python3"),
        upgrades.UpgradeTested(
            **about, revision=1, which="merge", outcome="failed", passed=3, failed=1, errors=0, skipped=2, duration_ms=90
        ),
        upgrades.UpgradeCommented(
            **about, comment_id="c1", path="parser.py", line=7, by="ann", text="Why not a list?", revision=1
        ),
        upgrades.UpgradeCommented(
            **about, comment_id="c2", path="", line=0, by="ann", text="Never mind.", revision=1
        ),
        upgrades.UpgradeNoted(**about, changes={"step": "move", "checkout_note": "Left as it is."}),
        upgrades.UpgradeCommentRemoved(**about, comment_id="c2"),
        upgrades.UpgradeCommentsAnswered(**about, revision=2),
        upgrades.TargetChanged(target_id="x", what="", unsandboxed=1),
        upgrades.TargetClosed(target_id="x"),
    )  # fmt: skip
    await enter(window)
    await scrub_to(window, qtbot, 21)
    page = await look_at(window, "upgrades")
    assert [row[-1] for row in rows_of(window, "upgrades", "Comments")] == ["Never mind.", "Why not a list?"]
    assert rows_of(window, "upgrades", "Tests") == [
        ("Mend the parser", "1", "merge", "failed", "3", "1", "2", "90 ms")
    ]
    assert rows_of(window, "upgrades", "Repositories") == [
        ("/home/ann/garden", "main", "open", "/usr/bin/python3, in a sandbox only")
    ]
    page.show_table("Proposals")
    page.tables[0].selectRow(0)
    assert "The branch was being moved." in page.detail
    assert "/home/ann/garden, main" in page.detail
    assert shown(window, "upgrades")["comments open"] == "2"

    qtbot.keyClick(bar_of(window).track, Qt.Key.Key_End)
    await eventually(lambda: window.conductor is not None and window.conductor.settled)
    assert [row[3] for row in rows_of(window, "upgrades", "Comments")] == ["answered in revision 2"]
    assert rows_of(window, "upgrades", "Repositories")[0][2:] == (
        "closed", "/usr/bin/python3, also without a sandbox"
    )  # fmt: skip


@in_window
async def test_a_line_has_its_preimage_from_the_settlement_on(opened: Opened, qtbot: QtBot) -> None:
    window, services = opened
    about = {
        "payment_hash": _LINE["payment_hash"],
        "amount_msat": 5_000,
        "simulated": True,
        "ledger_id": "line",
    }
    await services.database.write(lambda session: _insert(session, "ledger", **_LINE))
    await told(
        services,
        payments.InvoiceCreated(**about, bolt11="", memo="A book", expires_us=1, receivable=True),
        payments.InvoiceSettled(**about, received_msat=5_000, preimage="cd" * 32, flags=""),
    )
    # The settlement as the ledger writes it, but for the entry that a trigger asks for.
    await services.database.write(
        lambda session: [
            session.sql("DROP TRIGGER ledger_moves_money"),
            session.sql(
                "UPDATE ledger SET state = 'settled', preimage = ?, proof = 'node:03ab' WHERE id = 'line'",
                ("cd" * 32,),
            ),
        ]
    )
    await enter(window)
    for event, has_proof in ((17, False), (18, True)):
        await scrub_to(window, qtbot, event)
        page = await look_at(window, "ledger")
        page.tables[0].selectRow(0)
        assert "Purpose sale" in page.detail
        assert f"Invoice {_LINE['bolt11'][:40]}" in page.detail
        assert ("cd" * 32 in page.detail, "node:03ab" in page.detail) == (has_proof, has_proof)


@in_window
async def test_a_memory_says_what_it_said_then_unless_it_was_forgotten(opened: Opened, qtbot: QtBot) -> None:
    window, services = opened
    entry = {
        "id": "m9", "type": "fact", "content": f"The boat is green {HOSTILE}", "owner": "echo",
        "visibility": "shared", "state": "accepted", "digest": b"", "created_us": 1, "updated_us": 1,
    }  # fmt: skip

    def write(session: Any) -> None:
        _insert(session, "memory_entries", **entry)
        _insert(
            session,
            "memory_history",
            entry_id="m9",
            rev=1,
            content="The boat is red",
            until_us=1,
            what="edited",
        )

    await services.database.write(write)
    await told(
        services,
        memory.MemoryStored(entries=["m9", "gone"], entry_type="fact", owner="echo", visibility="shared"),
        memory.MemoryUpdated(entries=["m9"], what="changed content", edited=1),
    )
    await enter(window)
    await scrub_to(window, qtbot, 17)
    await look_at(window, "memory")
    assert [row[-1] for row in rows_of(window, "memory", "Entries")] == ["forgotten since", "The boat is red"]
    await scrub_to(window, qtbot, 18)
    said = [row[-1] for row in rows_of(window, "memory", "Entries")]
    assert said[0] == "forgotten since"
    assert said[1].startswith("The boat is green")
    page = page_of(window, "memory")
    page.tables[0].selectRow(1)
    assert not {"\x1b", "\u202e"} & set(said[1] + page.detail)


@in_window
async def test_after_a_prune_the_docks_are_whole(opened: Opened, qtbot: QtBot) -> None:
    window, services = opened
    await services.event_index.catch_up()
    before = await services.scrubber.at(16)
    # Everything up to the award.
    await services.event_pruning.prune(services.clock.us - 7 * SECOND_US, archive=False)
    await enter(window)
    await eventually(lambda: "came before was pruned" in bar_of(window).words[2])
    assert "missing" not in bar_of(window).words[2]
    qtbot.keyClick(bar_of(window).track, Qt.Key.Key_Home)
    await eventually(lambda: window.conductor is not None and window.conductor.settled)
    assert window.conductor is not None
    assert window.conductor.moment is not None
    assert window.conductor.moment.world.seq == 8
    await look_at(window, "tasks")
    assert rows_of(window, "tasks", "Tasks")[0][:4] == ("Count the lanterns", "assigned", "Echo", "40 sat")
    await look_at(window, "ledger")
    assert shown(window, "ledger")["available"] == "60 sat"
    await scrub_to(window, qtbot, 16)
    assert window.conductor.moment.world.tasks.items() == before.tasks.items()
    assert window.conductor.moment.world.accounts.items() == before.accounts.items()


@in_window
async def test_a_forged_state_is_not_shown_and_the_bar_says_so(opened: Opened, qtbot: QtBot) -> None:
    window, services = opened
    await services.event_index.catch_up()
    await services.event_pruning.prune(services.clock.us - 7 * SECOND_US, archive=False)
    await services.database.write(lambda session: session.sql("UPDATE event_bases SET state = x'00'"))
    # As after a new start: what was read before is not in memory.
    services.scrubber._base = None
    await enter(window)
    await eventually(lambda: "is not used" in bar_of(window).words[2])
    assert "the state that is kept of event 8 was changed" in bar_of(window).words[2]
    qtbot.keyClick(bar_of(window).track, Qt.Key.Key_End)
    await eventually(lambda: window.conductor is not None and window.conductor.settled)
    await look_at(window, "tasks")
    assert rows_of(window, "tasks", "Tasks") == []
