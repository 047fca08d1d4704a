"""What stands under a message: who answered, how long it took, and how it ended."""

from __future__ import annotations

from timmy_desktop.agent.conversation import MessageView
from timmy_desktop.gui.wording import duration, provider_words

_LONG_S = 2


def _seconds(milliseconds: int) -> str:
    return f"{max(100, milliseconds) / 1000:.1f} s" if milliseconds < 10_000 else duration(milliseconds)


def footer_words(message: MessageView, now_us: int = 0) -> str:
    """`Ollama · llama3.2 · first word 0.4 s · 3.1 s`, as far as it is known; how long one waits by now."""
    parts = [provider_words(message.provider, message.model)]
    if message.state == "streaming":
        waited = (now_us - message.created_us) // 1_000_000
        long = waited >= _LONG_S
        silent = "waiting: the model is busy" if long else "waiting for the first word"
        parts.append("writing" if message.text else silent)
        if long:
            parts.append(f"{waited} s")
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
