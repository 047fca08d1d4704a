"""What stands under a message: who answered, how long it took, and how it ended."""

from __future__ import annotations

from timmy_desktop.agent.conversation import MessageView
from timmy_desktop.gui.wording import duration
from timmy_desktop.inert import inert_line

_KINDS = {"ollama": "Ollama", "embedded": "Embedded", "api": "API", "airllm": "AirLLM"}


def provider_words(provider: str, model: str) -> str:
    """`Ollama · llama3.2`; a provider with a name of its own keeps it."""
    parts = (_KINDS.get(provider, provider), model)
    return " · ".join(inert_line(part, 60) for part in parts if part)


def _seconds(milliseconds: int) -> str:
    return f"{max(100, milliseconds) / 1000:.1f} s" if milliseconds < 10_000 else duration(milliseconds)


def footer_words(message: MessageView) -> str:
    """`Ollama · llama3.2 · first word 0.4 s · 3.1 s`, as far as it is known."""
    parts = [provider_words(message.provider, message.model)]
    if message.state == "streaming":
        parts.append("writing" if message.text else "waiting for the first word")
    elif message.state == "stopped":
        parts.append("stopped by you")
    elif message.state == "failed":
        parts.append("broken off" if message.text else "no answer")
    if message.ttft_ms > 0 and message.state != "streaming":
        parts.append(f"first word {_seconds(message.ttft_ms)}")
    if message.total_ms > 0 and message.state != "streaming":
        parts.append(duration(message.total_ms))
    words = " · ".join(part for part in parts if part)
    return words[:1].upper() + words[1:]
