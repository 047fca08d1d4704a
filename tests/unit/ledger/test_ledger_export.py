"""Exports of the ledger: read back, they are what was written; other programs can read them and are not harmed."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import realization
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.ledger_copies import contents, exported, opened
from tests.fakes.ledger_story import DAY, Story, healthy_month
from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.export import LedgerExport, Progress
from timmy_desktop.ledger.export.beancount import account_name
from timmy_desktop.ledger.export.booked import COLUMNS, Booked, read_booked, restore
from timmy_desktop.ledger.export.csv_lines import in_sat
from timmy_desktop.ledger.export.json_lines import BrokenExportError, read_json_lines
from timmy_desktop.ledger.export.writing import ExportCancelledError
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.migrations import migrate

NOW = 1_790_000_000_000_000
HOSTILE = '=HYPERLINK("http://x")\n\x1b[31m"quoted" \\ back\u202eslash'


text = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
amounts = st.integers(1, 5_000_000)
deeds = st.one_of(
    st.tuples(
        st.just("task"),
        st.sampled_from(("Forge", "Écho", "agent x")),
        amounts,
        st.sampled_from(("paid", "rewarded", "refunded", "doubt")),
    ),
    st.tuples(st.just("invoice"), text, amounts, st.sampled_from(("paid", "expired", "open"))),
    st.tuples(st.just("sent"), text, amounts, st.sampled_from(("paid", "failed", "doubt"))),
)


def made(plan: list[tuple[Any, ...]]) -> list[Booked]:
    story = Story(NOW)
    story.funding(1_000_000_000)
    for kind, what, amount, ends in plan:
        if kind == "task":
            story.task(what, amount, ends=ends)
        elif kind == "invoice":
            story.invoice(amount, what, ends=ends)
        else:
            story.sent(amount, what, ends=ends, fee=amount % 1500)
    return story.told


@given(st.lists(deeds, max_size=12))
@settings(max_examples=40)
def test_import_after_export_is_identity(plan: list[tuple[Any, ...]]) -> None:
    lines = made(plan)
    first, session = opened()
    with session.transaction():
        restore(session, lines)
    numbers = [row[0] for row in session.sql("SELECT rowid FROM ledger ORDER BY rowid")]
    text = exported("jsonl", read_booked(session, numbers))
    again = list(read_json_lines(text.splitlines(keepends=True)))
    assert again == read_booked(session, numbers)
    second, other = opened()
    with other.transaction():
        assert restore(other, again) == len(lines)
    assert contents(other) == contents(session)
    assert exported("jsonl", read_booked(other, numbers)) == text
    first.close()
    second.close()


@given(st.lists(deeds, max_size=10))
@settings(max_examples=15)
def test_beancount_itself_finds_nothing_wrong(plan: list[tuple[Any, ...]]) -> None:
    lines = made(plan)
    text = exported("beancount", lines, {"agent x": "Agent X"})
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    sums: Counter[str] = Counter()
    for line in lines:
        for entry in line.entries:
            for account, amount in entry.postings:
                sums[account_name(account, {"agent x": "Agent X"})] += amount
    root = realization.realize(entries)
    for account, amount in sums.items():
        held = realization.get(root, account).balance.get_currency_units("SIMSAT").number
        assert held == Decimal(amount) / 1000, account


def test_beancount_checks_the_balances_that_the_export_states() -> None:
    text = exported("beancount", healthy_month(NOW))
    place = text.rindex("balance Assets:Treasury  ") + len("balance Assets:Treasury  ")
    wrong = text[:place] + "1" + text[place:]
    _, errors, _ = loader.load_string(wrong)
    assert any("Balance failed" in error.message for error in errors)


def test_accounts_that_beancount_could_not_name_stay_apart() -> None:
    names = [account_name(f"agent:{owner}", {}) for owner in ("Forge", "forge", "a b", "a-b", "Ü", "", "=x")]
    assert names[0] == "Assets:Agents:Forge"
    assert len(set(names)) == len(names)
    assert all(name.startswith("Assets:Agents:") for name in names)


def test_hostile_text_stays_text() -> None:
    story = Story(NOW)
    story.funding(5_000_000, HOSTILE)
    entries, errors, _ = loader.load_string(exported("beancount", story.told))
    assert errors == []
    narration = next(entry.narration for entry in entries if hasattr(entry, "narration"))
    assert narration.startswith('=HYPERLINK("http://x") \\u{1b}[31m"quoted" \\ back\\u{202e}slash')
    row = next(csv.DictReader(io.StringIO(exported("csv", story.told))))
    assert row["memo"].startswith("'=HYPERLINK")
    assert "\x1b" not in row["memo"]
    assert "\n" not in row["memo"]
    again = list(read_json_lines(exported("jsonl", story.told).splitlines(keepends=True)))
    assert again[0].values["memo"] == HOSTILE


def test_csv_has_the_same_columns_always_and_fees() -> None:
    story = Story(NOW)
    story.funding(1_000_000)
    story.sent(30_500, "Weather", fee=1_250)
    rows = list(csv.DictReader(io.StringIO(exported("csv", story.told, {}))))
    assert list(rows[0]) == list(
        csv.DictReader(io.StringIO(exported("csv", healthy_month(NOW)))).fieldnames or ()
    )
    assert rows[1]["amount_sat"] == "30.5"
    assert rows[1]["fee_msat"] == "1250"
    assert rows[1]["treasury_change_msat"] == "-31750"
    assert rows[0]["created_utc"] == "2026-09-21T14:13:20.000000Z"
    assert rows[0]["simulated"] == "yes"
    assert set(COLUMNS) - set(rows[0]) == {
        "created_us",
        "settled_us",
        "updated_us",
        "expires_us",
        "fee_cap_msat",
    }


@given(st.integers(-(10**15), 10**15))
def test_sats_in_csv_are_exact(amount: int) -> None:
    assert Decimal(in_sat(amount)) * 1000 == amount


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines[:-1], "cut off"),
        (lambda lines: [*lines[:2], *lines[3:]], "changed after it was written"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "changed after it was written"),
        (lambda lines: [*lines, lines[1]], "follows the end"),
        (lambda lines: lines[1:], "no export"),
        (lambda lines: [lines[0].replace(":1", ":9"), *lines[1:]], "has the format 9"),
        (lambda lines: [lines[0], "{}\n", *lines[1:]], "lacks something"),
        (lambda lines: [lines[0], "[]\n", *lines[1:]], "no line of a ledger"),
        (lambda lines: [lines[0], "nonsense\n", *lines[1:]], "is no JSON"),
        (
            lambda lines: [lines[0], lines[1].replace('"simulated":1', '"simulated":true'), *lines[2:]],
            "lacks something",
        ),
        (lambda lines: [], "cut off"),
    ],
)
def test_a_broken_export_is_refused_in_words(change: Any, words: str) -> None:
    lines = exported("jsonl", made([("task", "Forge", 5000, "paid")])).splitlines(keepends=True)
    with pytest.raises(BrokenExportError, match=words):
        list(read_json_lines(change(lines)))


def test_an_edited_amount_is_found() -> None:
    lines = exported("jsonl", made([("task", "Forge", 5000, "paid")])).splitlines(keepends=True)
    forged = [line.replace('"treasury":-5000', '"treasury":-4000') for line in lines]
    assert forged != lines
    with pytest.raises(BrokenExportError, match="checksum differs"):
        list(read_json_lines(forged))


def test_a_book_with_lines_is_not_restored_over() -> None:
    database, session = opened()
    with session.transaction():
        restore(session, made([]))
    with pytest.raises(LedgerError, match="empty ledger only"):
        restore(session, made([]))
    database.close()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made_db = Database(tmp_path / "swarm.db")
    await made_db.open(lambda session: migrate(session, tmp_path / "backups"))
    await made_db.write(lambda session: restore(session, healthy_month(NOW)))
    yield made_db
    await made_db.close()


async def test_a_file_is_of_all_lines_or_of_those_found_oldest_first(db: Database, tmp_path: Path) -> None:
    target, progress = tmp_path / "all.jsonl", Progress()
    total = await LedgerExport(db).write(target, "jsonl", Question(), progress)
    lines = list(read_json_lines(target.read_text().splitlines(keepends=True)))
    assert len(lines) == total == progress.total == progress.done
    assert [line.number for line in lines] == list(range(1, total + 1))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    question = Question(types=("invoice",), order="amount")
    some = await LedgerExport(db).write(tmp_path / "some.csv", "csv", question)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "some.csv").read_text())))
    assert 0 < some == len(rows) < total
    assert [int(row["number"]) for row in rows] == sorted(int(row["number"]) for row in rows)
    await LedgerExport(db).write(tmp_path / "all.beancount", "beancount", Question())
    _, errors, _ = loader.load_file(str(tmp_path / "all.beancount"))
    assert errors == []


async def test_what_could_not_be_written_leaves_what_stood_there(db: Database, tmp_path: Path) -> None:
    target = tmp_path / "kept.csv"
    target.write_text("before")
    with pytest.raises(ExportCancelledError):
        await LedgerExport(db).write(target, "csv", Question(), Progress(cancelled=True))
    assert target.read_text() == "before"
    with pytest.raises(OSError, match="No such file"):
        await LedgerExport(db).write(tmp_path / "no" / "folder.csv", "csv", Question())
    assert _left_over(tmp_path) == []


def _left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if "part" in path.name]


async def test_agents_are_named_as_people_know_them(db: Database, tmp_path: Path) -> None:
    await db.write(
        lambda session: session.sql(
            "INSERT INTO agents(id, name, role, status, joined_us) VALUES ('Forge', 'Vulcan', 'code', 'idle', 1)"
        )
    )
    await LedgerExport(db).write(tmp_path / "a.beancount", "beancount", Question())
    text = (tmp_path / "a.beancount").read_text()
    assert "Assets:Agents:Vulcan" in text
    assert '"Vulcan"' in text
    await LedgerExport(db).write(tmp_path / "a.csv", "csv", Question(agent_id="Forge"))
    assert {row["agent"] for row in csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text()))} == {
        "Vulcan"
    }


def test_the_story_is_a_true_book() -> None:
    """What tests and pictures are made of obeys every rule of the database."""
    database, session = opened()
    with session.transaction():
        restore(session, healthy_month(NOW, days=5))
    assert session.sql("SELECT count(*) FROM entries WHERE posted = 0") == [(0,)]
    assert session.sql("SELECT sum(balance_msat) FROM accounts") == [(0,)]
    assert json.loads(exported("jsonl", []).splitlines()[0]) == {"timmy_ledger": 1}
    assert healthy_month(NOW)[0].values["created_us"] == NOW - 30 * DAY
    database.close()
