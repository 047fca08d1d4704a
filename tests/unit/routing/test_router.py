"""The cascade: who is asked, who is not, and what is told about it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from tests.conditions import eventually
from tests.fakes.providers import Script, ScriptedProvider, unavailable
from tests.unit.routing.conftest import ask
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.routing import CircuitClosed, CircuitOpened, ProviderCalled, ProviderFailedOver
from timmy_desktop.routing.errors import BadKey, BadRequest, NoProviderError, RateLimited, ServerError
from timmy_desktop.routing.types import (
    AttemptFailed,
    AttemptStarted,
    Completed,
    Deadlines,
    Health,
    Message,
    TextDelta,
    ToolCall,
    ToolSpec,
)

QUICK = Deadlines(connect=0.05, first_token=0.05, total=0.5, cold_first_token=5.0)


async def test_the_first_provider_answers_and_the_attempt_is_kept(routing):
    first, second = ScriptedProvider("first"), ScriptedProvider("second")
    async with routing(first, second) as bench:
        reply = await bench.router.complete(ask(task_id="t1", agent_id="a1"))
        assert (reply.text, reply.provider, reply.model) == ("Hello world", "first", "scripted-1")
        assert (reply.usage.tokens_in, reply.usage.tokens_out, reply.finish_reason) == (7, 2, "stop")
        assert not second.requests
        (row,) = await bench.rows()
        assert (row["request_id"], row["outcome"], row["task_id"]) == (reply.request_id, "ok", "t1")
        (called,) = await bench.events(ProviderCalled)
        assert (called.provider, called.outcome, called.task_id, called.agent_id) == (
            "first",
            "ok",
            "t1",
            "a1",
        )


async def test_a_refused_connection_fails_over_and_opens_the_circuit_at_once(routing):
    dead, alive = ScriptedProvider("dead", script=Script.refuses()), ScriptedProvider("alive")
    async with routing(dead, alive) as bench:
        for _ in range(3):
            assert (await bench.router.complete(ask())).provider == "alive"
        assert len(dead.requests) == 1
        assert bench.router.status()[0].state == "OPEN"
        assert [row["outcome"] for row in await bench.rows()] == ["refused", "ok", "ok", "ok"]
        (moved,) = await bench.events(ProviderFailedOver)
        assert (moved.from_provider, moved.to_provider) == ("dead", "alive")
        assert [event.provider for event in await bench.events(CircuitOpened)] == ["dead"]


async def test_fifty_at_once_cost_a_dead_provider_two_attempts_and_nobody_sleeps(routing):
    dead, alive = ScriptedProvider("dead", script=Script.refuses()), ScriptedProvider("alive")
    async with routing(dead, alive) as bench:
        replies = await asyncio.gather(*(bench.router.complete(ask()) for _ in range(50)))
        assert {reply.provider for reply in replies} == {"alive"}
        assert len(dead.requests) <= 2
        assert bench.clock.seconds == 1_000.0


async def test_fifty_at_once_on_a_provider_that_has_just_died_cost_it_two_attempts(routing):
    dying, alive = ScriptedProvider("dying"), ScriptedProvider("alive")
    async with routing(dying, alive) as bench:
        await asyncio.gather(*(bench.router.complete(ask()) for _ in range(3)))
        dying.requests.clear()
        dying.script, dying.state = Script.refuses(), unavailable()
        replies = await asyncio.gather(*(bench.router.complete(ask()) for _ in range(50)))
        assert {reply.provider for reply in replies} == {"alive"}
        assert len(dying.requests) <= 2


async def test_a_crowd_is_let_through_to_a_provider_that_shows_a_sign_of_life(routing):
    slow = ScriptedProvider("slow")
    async with routing(slow) as bench:
        await bench.router.complete(ask())
        slow.script = Script(words=(), hangs=True)
        waiting = [asyncio.ensure_future(bench.router.complete(ask())) for _ in range(20)]
        await eventually(lambda: slow.open_streams == 20)
        slow.release.set()
        assert len(await asyncio.gather(*waiting)) == 20


async def test_a_hung_provider_is_left_after_its_first_token_deadline_and_not_waited_for_again(routing):
    hung = ScriptedProvider("hung", script=Script.hangs_silently(), deadlines=QUICK)
    alive = ScriptedProvider("alive")
    async with routing(hung, alive, clock=SystemClock()) as bench:
        reply = await bench.router.complete(ask())
        assert [attempt.outcome for attempt in reply.attempts] == ["first_token_timeout", "ok"]
        assert 40 <= reply.total_ms <= 500
        assert hung.open_streams == 0
        assert [attempt.outcome for attempt in (await bench.router.complete(ask())).attempts] == ["ok"]


async def test_a_cold_model_gets_the_time_to_load_and_keeps_its_circuit_closed(routing):
    cold = ScriptedProvider("cold", script=Script(words=(), hangs=True), deadlines=QUICK)
    cold.state = Health("loading", "The model is being loaded.")
    async with routing(cold, ScriptedProvider("other"), clock=SystemClock()) as bench:
        answer = asyncio.ensure_future(bench.router.complete(ask()))
        await asyncio.wait([answer], timeout=0.2)
        assert not answer.done()
        cold.release.set()
        assert (await answer).provider == "cold"
        assert bench.router.status()[0].state == "CLOSED"


async def test_an_answer_without_end_meets_the_total_deadline(routing):
    endless = ScriptedProvider("endless", script=Script(hangs=True), deadlines=Deadlines(1, 60, 0.05, 60))
    async with routing(endless, clock=SystemClock()) as bench, asyncio.timeout(20):
        with pytest.raises(NoProviderError, match="longer than"):
            await bench.router.complete(ask())
        assert endless.open_streams == 0
        assert [row["outcome"] for row in await bench.rows()] == ["total_timeout"]


async def test_a_consumer_that_takes_its_time_is_not_interrupted(routing):
    provider = ScriptedProvider("quick", deadlines=Deadlines(1, 0.05, 0.05, 1))
    async with routing(provider, clock=SystemClock()) as bench:

        async def listen() -> None:
            async for event in bench.router.stream(ask()):
                if isinstance(event, TextDelta):
                    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)

        with pytest.raises(NoProviderError, match="longer than"):
            await listen()
        assert provider.open_streams == 0


async def test_a_provider_busy_with_others_is_not_taken_for_hung(routing):
    busy = ScriptedProvider("busy", deadlines=Deadlines(1, 0.1, 5, 5))
    async with routing(busy, clock=SystemClock()) as bench:
        await bench.router.complete(ask())
        busy.script = Script(words=(), hangs=True)
        waiting = asyncio.ensure_future(bench.router.complete(ask()))
        await eventually(lambda: busy.open_streams == 1)
        busy.script = Script()
        for _ in range(6):
            await bench.router.complete(ask())
            await asyncio.wait([waiting], timeout=0.05)
        assert not waiting.done()
        busy.release.set()
        assert (await waiting).provider == "busy"


async def test_death_in_mid_stream_voids_the_text_and_the_next_starts_anew(routing):
    dying = ScriptedProvider("dying", script=Script.dies_in_the_middle())
    async with routing(dying, ScriptedProvider("alive")) as bench:
        events = [event async for event in bench.router.stream(ask())]
        assert [type(event) for event in events] == [
            AttemptStarted, TextDelta, AttemptFailed, AttemptStarted, TextDelta, TextDelta, Completed,
        ]  # fmt: skip
        assert events[2] == AttemptFailed("dying", "The connection ended in the middle of the answer.", True)
        assert events[-1].reply.text == "Hello world"
        assert events[-1].reply.attempts[0].had_text


async def test_an_answer_that_only_stops_is_broken_off(routing):
    async with routing(ScriptedProvider("cut", script=Script(unfinished=True))) as bench:
        with pytest.raises(NoProviderError, match="ended before it was whole"):
            await bench.router.complete(ask())


async def test_local_only_never_touches_a_remote_provider(routing):
    dead = ScriptedProvider("dead", script=Script.refuses())
    remote = ScriptedProvider("remote", is_remote=True)
    async with routing(dead, remote) as bench:
        with pytest.raises(NoProviderError, match="remote was not asked: the request must stay"):
            await bench.router.complete(ask(local_only=True))
        assert not remote.requests
        assert remote.probes == 0


async def test_the_setting_local_only_holds_for_every_request_and_probe(routing):
    remote = ScriptedProvider("remote", is_remote=True)
    async with routing(remote, started=True, local_only=True) as bench:
        await bench.router.check_now()
        with pytest.raises(NoProviderError):
            await bench.router.complete(ask())
        assert (remote.requests, remote.probes) == ([], 0)


async def test_stopping_early_closes_the_provider_and_is_not_its_failure(routing):
    provider = ScriptedProvider("slow", script=Script(hangs=True))
    async with routing(provider) as bench:
        async with aclosing(bench.router.stream(ask())) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        assert provider.open_streams == 0
        assert [row["outcome"] for row in await bench.rows()] == ["cancelled"]
        assert bench.router.status()[0].state == "CLOSED"


async def test_cancelling_a_caller_closes_the_provider(routing):
    provider = ScriptedProvider("slow", script=Script.hangs_silently())
    async with routing(provider) as bench:
        caller = asyncio.ensure_future(bench.router.complete(ask()))
        await eventually(lambda: provider.open_streams == 1)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert provider.open_streams == 0


async def test_a_bad_request_is_not_the_providers_failure_and_others_are_asked(routing):
    picky = ScriptedProvider("picky", script=Script(words=(), error=BadRequest("No such option.")))
    async with routing(picky, ScriptedProvider("other"), failure_threshold=1) as bench:
        assert (await bench.router.complete(ask())).provider == "other"
        assert bench.router.status()[0].state == "CLOSED"


async def test_soft_failures_count_up_to_the_threshold(routing):
    failing = ScriptedProvider("failing", script=Script(words=(), error=ServerError("It failed (500).")))
    async with routing(failing, ScriptedProvider("other"), failure_threshold=3) as bench:
        for _ in range(5):
            await bench.router.complete(ask())
        assert len(failing.requests) == 3
        bench.clock.seconds += 31
        failing.script = Script()
        assert (await bench.router.complete(ask())).provider == "failing"
        assert [event.provider for event in await bench.events(CircuitClosed)] == ["failing"]


async def test_a_rate_limit_is_waited_out_by_others_not_by_people(routing):
    limited = ScriptedProvider(
        "limited", script=Script(words=(), error=RateLimited("Too many requests.", 120.0))
    )
    async with routing(limited, ScriptedProvider("other")) as bench:
        await bench.router.complete(ask())
        bench.clock.seconds += 119
        await bench.router.complete(ask())
        assert len(limited.requests) == 1
        bench.clock.seconds += 2
        limited.script = Script()
        assert (await bench.router.complete(ask())).provider == "limited"


async def test_a_bad_key_disables_until_health_says_otherwise(routing):
    wrong = ScriptedProvider("api", script=Script(words=(), error=BadKey("The key is not accepted.")))
    refused = Health("not_configured", "The key is not accepted. Set another one.")
    wrong.health_of = lambda: refused if wrong.requests else wrong.state
    async with routing(wrong, ScriptedProvider("other")) as bench:
        for _ in range(3):
            bench.clock.seconds += 10_000
            await bench.router.complete(ask())
        assert len(wrong.requests) == 1
        wrong.health_of, wrong.script = None, Script()
        await bench.router.check_now()
        assert (await bench.router.complete(ask())).provider == "api"


async def test_what_is_not_configured_is_not_asked_and_said_so(routing):
    absent = ScriptedProvider(
        "api", state=Health("not_configured", "Set a key and a base URL in Preferences.")
    )
    async with routing(absent) as bench:
        await bench.router.check_now()
        with pytest.raises(NoProviderError, match="Set a key and a base URL"):
            await bench.router.complete(ask())
        assert not absent.requests


async def test_probes_bring_a_provider_back_by_themselves(routing):
    dead = ScriptedProvider("dead", script=Script.refuses(), state=unavailable())
    async with routing(dead, ScriptedProvider("alive"), started=True, clock=SystemClock()) as bench:
        await eventually(lambda: bench.router.status()[0].state == "OPEN")
        dead.script, dead.state = Script(), Health("ready")
        await eventually(lambda: bench.router.status()[0].state == "CLOSED")
        assert (await bench.router.complete(ask())).provider == "dead"
        assert len(dead.requests) == 1


async def test_the_last_hope_is_asked_how_it_is_before_giving_up(routing):
    only = ScriptedProvider("only", script=Script.refuses(), state=unavailable())
    async with routing(only) as bench:
        with pytest.raises(NoProviderError):
            await bench.router.complete(ask())
        only.script, only.state = Script(), Health("ready")
        assert (await bench.router.complete(ask())).text == "Hello world"


async def test_a_hung_local_provider_is_tried_again_at_nobodys_expense(routing):
    hung = ScriptedProvider("hung", script=Script.hangs_silently(), deadlines=QUICK)
    async with routing(
        hung, ScriptedProvider("alive"), started=True, clock=SystemClock(), recovery_timeout=0.01
    ) as bench:
        await bench.router.complete(ask())
        hung.script = Script()
        await eventually(lambda: bench.router.status()[0].state == "CLOSED")
        assert [request.purpose for request in hung.requests] == ["chat", "probe"]


async def test_tools_become_words_for_a_model_that_knows_none(routing):
    simple = ScriptedProvider("simple", supports_tools=False)
    call = ToolCall("c1", "read_file", {"path": "a.txt"})
    history = (
        Message("user", "Read it."),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "text", tool_call_id="c1", name="read_file"),
    )
    tools = (ToolSpec("read_file", "Reads.", {"type": "object"}),)
    async with routing(simple) as bench:
        await bench.router.complete(ask(messages=history, tools=tools))
        (request,) = simple.requests
        assert request.tools == ()
        assert [message.role for message in request.messages] == ["user", "assistant", "user"]
        assert 'calls read_file {"path":"a.txt"}' in request.messages[1].content


async def test_tool_calls_are_in_the_reply(routing):
    call = ToolCall("c1", "list_files", {})
    provider = ScriptedProvider("tools", script=Script(words=(), calls=(call,)))
    async with routing(provider) as bench:
        reply = await bench.router.complete(ask(tools=(ToolSpec("list_files", "", {"type": "object"}),)))
        assert (reply.tool_calls, reply.finish_reason) == ((call,), "tool_calls")


async def test_no_provider_says_what_was_tried_and_what_to_do(routing):
    dead = ScriptedProvider("ollama", script=Script.refuses())
    remote = ScriptedProvider("api", is_remote=True)
    async with routing(dead, remote) as bench:
        with pytest.raises(NoProviderError) as caught:
            await bench.router.complete(ask(local_only=True))
        message = str(caught.value)
        assert "ollama: Nothing listens there." in message
        assert "api was not asked" in message
        assert "Start Ollama" in message
        assert [attempt.outcome for attempt in caught.value.attempts] == ["refused"]
        (moved,) = await bench.events(ProviderFailedOver)
        assert moved.to_provider == ""


async def test_foreign_text_in_an_error_is_inert_in_the_records(routing):
    bad = ScriptedProvider("bad", script=Script(words=(), error=ServerError("a\x1b[31m\ud800b")))
    async with routing(bad, ScriptedProvider("good")) as bench:
        await bench.router.complete(ask())
        assert (await bench.rows())[0]["detail"] == "a\\u{1b}[31m\\u{d800}b"


async def test_a_text_that_is_too_long_is_said_as_such(routing):
    provider = ScriptedProvider("embedded", context_characters=1)
    async with routing(provider) as bench:
        with pytest.raises(NoProviderError, match="Shorten the text") as caught:
            await bench.router.complete(ask())
        assert "Start Ollama" not in str(caught.value)
