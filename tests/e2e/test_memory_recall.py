"""A fact told to Timmy is used and cited by Echo after a restart, on the real model and the real embedder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conditions import require_small_model
from timmy_desktop.agent.conversation import MessageEnded
from timmy_desktop.bootstrap import build
from timmy_desktop.memory import PERSON
from timmy_desktop.memory.types import Filters
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import ProviderSettings, Settings

FACT = "My boat is called Marigold."
# As a person asks. Among ways of asking, the one that the small model answers nearly every time.
QUESTION = "Echo: what is the name of my boat?"
MOST_TRIES = 12


def services(folder: Path) -> Services:
    model = require_small_model()
    settings = Settings(
        cascade_providers=(ProviderSettings(kind="embedded"),),
        embedded_model_path=model,
        reply_max_tokens=32,
        task_max_steps=1,
        memory_keep_results=False,
        memory_facts_by_model=False,
    )
    return build(settings, Paths.default(folder))


@pytest.mark.model
@pytest.mark.timeout(600)
async def test_told_today_used_and_cited_after_a_restart(tmp_path: Path) -> None:
    first = services(tmp_path)
    await first.start("test")
    try:
        conversation = await first.timmy.new_conversation()
        ended = [
            event async for event in first.timmy.send(conversation, FACT) if isinstance(event, MessageEnded)
        ]
        assert ended[-1].message.state == "done", ended[-1].message.reason
        await first.memory.settled()
        (proposed,) = await first.memory.entries(asker=PERSON, filters=Filters(states=("proposed",)))
        assert proposed.content == FACT
        await first.memory.accept([proposed.id])
    finally:
        await first.stop()

    second = services(tmp_path)
    await second.start("test")
    try:
        await second.memory.warm_up()
        # The small model wanders now and then: it is asked until it comes to it.
        for _ in range(MOST_TRIES):
            task = await second.coordinator.wait(await second.coordinator.post(QUESTION))
            assert task.status == "completed", task.reason
            assert task.agent_name == "Echo"
            uses = await second.memory.uses_of(task.id)
            kinds = {use.kind for use in uses if use.entry_id == proposed.id}
            assert kinds >= {"retrieved", "injected"}
            assert ("cited" in kinds) == (proposed.cite in task.result)
            if "cited" in kinds:
                break
        assert kinds == {"retrieved", "injected", "cited"}, task.result
        cited = await second.memory.entry(proposed.cite, asker=PERSON)
        assert cited.content == FACT
    finally:
        await second.stop()
