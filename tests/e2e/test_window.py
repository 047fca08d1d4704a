"""The main job in a real window on a real display, by mouse and keyboard, on the real embedded model."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conditions import require_small_model
from tests.e2e.command import in_order, timmy_json
from tests.e2e.display import Display, until, virtual_display
from tests.e2e.test_run_task import LIFE
from tests.e2e.window_process import CLOSED_WITHIN_S, WindowProcess, is_gone, window_process

pytestmark = [pytest.mark.parts, pytest.mark.model, pytest.mark.timeout(420)]

ANSWERED_WITHIN_S = 180.0
TASK = "Name 3 uses of a hash-chain, shortly."


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    require_small_model()
    with virtual_display(tmp_path_factory.mktemp("display") / "frame") as shown:
        yield shown


def post_by_mouse(window: WindowProcess, text: str) -> None:
    """Clicks into the box above the Post button, types, and clicks the button."""
    button = window.post_button
    assert button is not None
    window.display.click((button.left - 120, button.top - 24))
    window.display.type(text)
    window.display.click(button.middle)
    window.until(lambda: window.rows("SELECT 1 FROM tasks WHERE text = ?", text), 30)


def in_good_order(window: WindowProcess) -> None:
    """It has said goodbye, nothing was complained about, and the chain holds."""
    assert window.ended() == 0, window.told()
    assert window.events()[-1] == "system.stopped", window.told()
    assert "Traceback" not in window.output.read_text()
    code, chain = timmy_json("verify-log", data_dir=window.data_dir)
    assert (code, chain["intact"]) == (0, True), chain


def test_a_task_posted_by_mouse_is_done_by_the_real_model_and_paid(display: Display, tmp_path: Path) -> None:
    with window_process(display, tmp_path / "data") as window:
        window.until_ready()
        post_by_mouse(window, TASK)
        paid = "SELECT result, provider FROM tasks WHERE status = 'completed' AND paid_msat > 0"
        window.until(lambda: window.rows(paid), ANSWERED_WITHIN_S)
        result, provider = window.rows(paid)[0]
        assert result.strip()
        assert provider == "embedded"
        assert in_order(LIFE, window.events()), window.events()
        workers = window.children()
        display.ask_to_close(window.window)
        in_good_order(window)
        until(lambda: all(map(is_gone, workers)), CLOSED_WITHIN_S, lambda: f"{workers} live on")


def test_a_chat_by_keyboard_is_answered_and_stopped_and_a_second_start_raises_the_window(
    display: Display, tmp_path: Path
) -> None:
    unhurried = {"TIMMY_REPLY_MAX_TOKENS": "4000"}
    with window_process(display, tmp_path / "data", unhurried) as window:
        window.until_ready()
        display.type("Count from one to a thousand in words.")
        display.press("Return")
        window.until(lambda: window.rows("SELECT 1 FROM messages WHERE role = 'user'"), 30)
        # The Stop button has taken the Send button's place until the answer ends.
        window.until(lambda: window.send_button is None, 30)
        window.until(lambda: window.children(), ANSWERED_WITHIN_S)
        display.press("Escape")
        window.until(lambda: window.rows("SELECT 1 FROM messages WHERE state = 'stopped'"), 60)
        window.until(lambda: window.send_button is not None, 30)

        began = time.monotonic()
        with window_process(display, tmp_path / "data") as second:
            assert second.ended(60) == 0
            assert "already open" in second.output.read_text()
        assert time.monotonic() - began < 60
        assert len(window.starts()) == 1
        assert window.process.poll() is None
        display.press("ctrl+q")
        in_good_order(window)


def test_a_terminated_window_closes_in_good_order(display: Display, tmp_path: Path) -> None:
    with window_process(display, tmp_path / "data") as window:
        window.until_ready()
        window.process.send_signal(signal.SIGTERM)
        in_good_order(window)


def test_a_killed_window_leaves_no_worker_and_its_task_is_taken_up_again(
    display: Display, tmp_path: Path
) -> None:
    with window_process(display, tmp_path / "data", {"TIMMY_REPLY_MAX_TOKENS": "4000"}) as window:
        window.until_ready()
        display.press("ctrl+n")
        display.type(TASK)
        display.press("ctrl+Return")
        window.until(lambda: "task.started" in window.events(), 60)
        window.until(lambda: window.children(), ANSWERED_WITHIN_S)
        workers = window.children()
        window.kill()
        until(lambda: all(map(is_gone, workers)), CLOSED_WITHIN_S, lambda: f"{workers} live on")

    with window_process(display, tmp_path / "data") as again:
        again.until_ready()
        paid = "SELECT result FROM tasks WHERE status = 'completed' AND paid_msat > 0"
        again.until(lambda: again.rows(paid), ANSWERED_WITHIN_S)
        assert [start["clean"] for start in again.starts()] == [True, False]
        life = ["task.started", "payment.refunded", "task.retried", *LIFE[1:]]
        assert in_order(life, again.events()), again.events()
        display.ask_to_close(again.window)
        in_good_order(again)
