"""A receipt as text to copy and to read, and its facts. Pure functions; everything foreign is inert."""

from __future__ import annotations

import json
from collections.abc import Iterator

from timmy_desktop.gui.panels.router.words import circuit_word, cost_words, outcome_look
from timmy_desktop.gui.widgets.facts_strip import Fact
from timmy_desktop.gui.wording import count, duration, exact_time, provider_words
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.routing.records import AttemptRecord, Receipt, SentMessage


def facts_of(receipt: Receipt) -> list[Fact]:
    """The measured values of the whole request."""
    facts = [(duration(receipt.total_ms), "total", "From being asked to the end of the answer")]
    if receipt.ttft_ms is not None:
        facts.append((duration(receipt.ttft_ms), "first token", "Until the first token came"))
    facts += [
        (f"{receipt.tokens_in:,}", "tokens in", "As the provider counted them"),
        (f"{receipt.tokens_out:,}", "tokens out", "As the provider counted them"),
    ]
    rates = [attempt.tokens_per_s for attempt in receipt.attempts if attempt.outcome == "ok"]
    if rates and rates[-1]:
        facts.append((f"{rates[-1]:.1f}", "tokens a second", "Of the attempt that answered"))
    facts.append((cost_words(receipt.cost_microcents), "cost", receipt.budget))
    if receipt.queue_ms > 0:
        facts.append((duration(receipt.queue_ms), "queued", "Waited before a provider was asked"))
    return facts


def choice_lines(receipt: Receipt) -> list[str]:
    """Why this provider, and why not the others."""
    lines = [inert_line(receipt.reason, 300)] if receipt.reason else []
    lines += [
        f"{provider_words(skip.provider)} was not asked: {inert_line(skip.reason, 300)}"
        for skip in receipt.skipped
    ]
    lines += [inert_line(note, 300) for note in receipt.notes]
    if receipt.budget and receipt.cost_microcents:
        lines.append(inert_line(receipt.budget, 200))
    if receipt.local_only:
        lines.append("Local only: nothing of it could leave this machine.")
    return lines


def attempt_head(attempt: AttemptRecord) -> str:
    """Who was tried, and how long it took."""
    return f"{attempt.number}. {provider_words(attempt.provider, attempt.model)}"


def attempt_lines(attempt: AttemptRecord) -> list[str]:
    """The times and counts of one attempt, then what went wrong and why it was chosen."""
    parts = [duration(attempt.total_ms)]
    if attempt.ttft_ms is not None:
        parts.append(f"first token {duration(attempt.ttft_ms)}")
    if attempt.queue_ms:
        parts.append(f"queued {duration(attempt.queue_ms)}")
    if attempt.tokens_in or attempt.tokens_out:
        parts.append(f"{attempt.tokens_in:,} in, {count(attempt.tokens_out, 'token')} out")
    if attempt.tokens_per_s:
        parts.append(f"{attempt.tokens_per_s:.1f} a second")
    if attempt.cost_microcents:
        parts.append(cost_words(attempt.cost_microcents))
    parts.append(f"circuit {circuit_word(attempt.breaker)}")
    lines = [" · ".join(parts)]
    lines += [inert_line(text, 400) for text in (attempt.detail, attempt.reason, attempt.note) if text]
    if attempt.had_text and attempt.outcome not in ("ok", "cancelled"):
        lines.append("It had begun to answer; that text was set aside.")
    return lines


def message_text(message: SentMessage) -> str:
    """One message as it was sent, its tool calls after it."""
    calls = "".join(
        "\n" + json.dumps(dict(call), ensure_ascii=True, default=str) for call in message.tool_calls
    )
    return (message.content + calls).strip("\n")


def as_text(receipt: Receipt) -> str:
    """The whole receipt, as Copy takes it."""
    return "\n".join(_lines(receipt)) + "\n"


def _lines(receipt: Receipt) -> Iterator[str]:
    who = provider_words(receipt.provider, receipt.model) or "nobody"
    yield f"Request {inert_line(receipt.request_id, 80)}"
    outcome = outcome_look(receipt.outcome).word
    yield f"{exact_time(receipt.time_us)} · {inert_line(receipt.purpose, 40)} · {outcome} · {who}"
    yield " · ".join(f"{name} {value}" for value, name, _ in facts_of(receipt))
    if receipt.budget:
        yield f"Budget: {inert_line(receipt.budget, 200)}"
    yield from ("", "Choice", *(f"- {line}" for line in choice_lines(receipt)))
    yield from ("", "Attempts")
    for attempt in receipt.attempts:
        yield f"{attempt_head(attempt)}: {outcome_look(attempt.outcome).word}"
        yield from (f"   {line}" for line in attempt_lines(attempt))
    if receipt.tools:
        yield from ("", "Tools offered: " + ", ".join(inert_line(tool, 80) for tool in receipt.tools))
    yield from ("", "Prompt as sent")
    for message in receipt.messages:
        yield from (f"[{inert_line(message.role, 20)}]", inert(message_text(message)), "")
