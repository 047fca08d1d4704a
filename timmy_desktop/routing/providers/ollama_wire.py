"""Ollama's API through its official client, with every error in the router's words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast

import httpx
import orjson

from timmy_desktop.inert import inert_line
from timmy_desktop.routing.errors import (
    BrokenOff,
    Garbled,
    ModelMissing,
    NotConfigured,
    ProviderError,
    ServerError,
)
from timmy_desktop.routing.providers import bounded, wire_errors
from timmy_desktop.routing.providers.base import is_this_machine, place_of
from timmy_desktop.routing.providers.chat_completions import drained, sound
from timmy_desktop.routing.providers.ollama_load import Loaded
from timmy_desktop.routing.providers.ollama_models import Abilities, InstalledModel, installed
from timmy_desktop.routing.providers.tool_calls import declared
from timmy_desktop.routing.types import (
    CompletionRequest,
    Deadlines,
    Finished,
    Message,
    ProviderDelta,
    Pulse,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)

try:
    import ollama
except (ValueError, httpx.InvalidURL) as error:
    # It makes a client of its own when it is imported, for whatever address the environment holds.
    raise NotConfigured(
        "The environment variable OLLAMA_HOST is no address. Correct it or unset it, then start again."
    ) from error

LIST_SECONDS = 0.5

# What the client lets through: its own, httpx's, the built-in ConnectionError, and what garbage raises.
_ERRORS = (
    ollama.ResponseError,
    httpx.HTTPError,
    httpx.InvalidURL,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
)


class OllamaWire:
    """One Ollama server. Every method raises ProviderError and nothing else."""

    def __init__(self, url: str, deadlines: Deadlines) -> None:
        local = is_this_machine(url)
        options: dict[str, Any] = {
            "limits": bounded.limits(local=local),
            "follow_redirects": False,
            "timeout": httpx.Timeout(None, connect=deadlines.connect, write=60.0),
            "event_hooks": {"request": [bounded.ask_plainly], "response": [bounded.bound]},
            "trust_env": not local,
            "verify": not (local and url.startswith("http://")),
        }
        self._place = place_of(url)
        try:
            self._client = ollama.AsyncClient(host=url, **options)
            # The official client drops the fields that tell a remote model from a local one.
            self._plain = httpx.AsyncClient(base_url=url, **options)
        except httpx.InvalidURL as error:
            raise wire_errors.from_transport(error, "Ollama", self._place) from error

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]
        await self._plain.aclose()

    async def models(self) -> tuple[InstalledModel, ...]:
        """What is installed."""
        try:
            response = await self._plain.get("/api/tags")
            response.raise_for_status()
            return installed(response.json())
        except _ERRORS as error:
            raise self._translated(error) from error

    async def loaded(self) -> dict[str, Loaded] | None:
        """The models in memory, and those on their way there; None when it does not say in time.

        While a model loads, some versions hold this answer back and give all others.
        """
        try:
            async with asyncio.timeout(LIST_SECONDS):
                running = await self._client.ps()
            return {str(model.model or model.name): _loaded(model) for model in running.models}
        except TimeoutError:
            return None
        except _ERRORS as error:
            raise self._translated(error) from error

    async def abilities(self, model: str) -> Abilities:
        """What `model` can do, as far as the server says."""
        try:
            shown = await self._client.show(model)
            return Abilities(tuple(shown.capabilities or ()), _context_of(shown.modelinfo))
        except ollama.ResponseError:
            return Abilities()
        except _ERRORS as error:
            raise self._translated(error) from error

    async def licence(self, model: str) -> str:
        """The name of the licence, which is its first line; empty where the server does not say."""
        try:
            text = (await self._client.show(model)).license or ""
        except _ERRORS:
            return ""
        return inert_line(text.strip().partition("\n")[0].strip(), 60)

    async def pull(self, model: str) -> AsyncGenerator[tuple[str, int, int], None]:
        """Fetches `model`: what is being done, bytes there and bytes in all, as far as known by then.

        Closing it stops Ollama, which keeps what it has for the next time.
        """
        layers: dict[str, tuple[int, int]] = {}
        try:
            async with aclosing(self._steps(model)) as steps:
                async for step in steps:
                    if step.digest and step.total:
                        layers[step.digest] = (step.completed or 0, step.total)
                    done, total = (
                        (sum(part) for part in zip(*layers.values(), strict=True)) if layers else (0, 0)
                    )
                    yield inert_line(step.status or "", 120), done, total
        except _ERRORS as error:
            raise self._translated(error, model) from error

    async def _steps(self, model: str) -> AsyncGenerator[ollama.ProgressResponse, None]:
        # Not the official client's: told of an error it leaves the connection to the garbage collector.
        refusal = ""
        body = {"model": model, "stream": True}
        async with self._plain.stream("POST", "/api/pull", json=body) as answer:
            if not answer.is_success:
                await answer.aread()
            answer.raise_for_status()
            async with aclosing(cast("AsyncGenerator[str, None]", answer.aiter_lines())) as lines:
                async for line in lines:
                    said = orjson.loads(line)
                    if "error" in said:
                        refusal = str(said["error"])
                    else:
                        yield ollama.ProgressResponse(**said)
        if "does not exist" in refusal:
            raise ModelMissing(f"Ollama knows no model {model}. Look for its name at ollama.com/library.")
        if refusal:
            raise ServerError(f"Ollama could not fetch {model}: {inert_line(refusal, 300)}. Try again later.")

    async def delete(self, model: str) -> None:
        """Deletes an installed model."""
        try:
            await self._client.delete(model)
        except _ERRORS as error:
            raise self._translated(error, model) from error

    async def lets_chat(self, model: str) -> bool:
        """Whether chats are let in, asked with one that says nothing and so costs nothing."""
        try:
            body = {"model": model, "messages": [], "stream": False}
            response = await self._plain.post("/api/chat", json=body)
        except _ERRORS as error:
            raise self._translated(error) from error
        return response.status_code not in (401, 403)

    async def chat(
        self, request: CompletionRequest, model: str, context_tokens: int
    ) -> AsyncGenerator[ProviderDelta, None]:
        """The answer in pieces, Finished last."""
        try:
            answer = await self._client.chat(**_body(request, model, context_tokens))
            async with aclosing(cast("AsyncGenerator[ollama.ChatResponse, None]", answer)) as chunks:
                async for delta in _deltas(chunks):
                    yield delta
        except _ERRORS as error:
            raise self._translated(error, model) from error

    def _translated(self, error: Exception, model: str = "") -> ProviderError:
        if isinstance(error, ollama.ResponseError):
            return self._refusal(error.status_code, str(error.error), model, _retry_after(error.__context__))
        if isinstance(error, httpx.HTTPStatusError):
            response = error.response
            return self._refusal(response.status_code, response.text, model, _retry_after(error))
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL | OSError):
            return wire_errors.from_transport(error, "Ollama", self._place)
        return Garbled(f"What answers at {self._place} does not speak Ollama's API.")

    def _refusal(
        self, status: int, message: str, model: str, retry_after: str | None = None
    ) -> ProviderError:
        if status < 0:  # the error came within the stream
            return BrokenOff(f"Ollama stopped in the middle of the answer: {inert_line(message, 300)}")
        if status == 404 and model:
            return ModelMissing(f"Ollama does not have the model {model}. Run `ollama pull {model}`.")
        return wire_errors.from_status(status, message, "Ollama", model=model, retry_after=retry_after)


def _loaded(model: ollama.ProcessResponse.Model) -> Loaded:
    until = model.expires_at
    return Loaded(
        int(getattr(model, "context_length", None) or 0),
        round(until.timestamp() * 1_000_000) if until is not None and until.tzinfo is not None else None,
    )


def _retry_after(error: BaseException | None) -> str | None:
    """The header, which the official client keeps only in the error that its own one came from."""
    return error.response.headers.get("retry-after") if isinstance(error, httpx.HTTPStatusError) else None


def _context_of(details: Mapping[str, Any] | None) -> int:
    """The longest context that a model was made for, as `/api/show` has it: `llama.context_length`, say."""
    for name, value in (details or {}).items():
        if name.endswith(".context_length") and isinstance(value, int):
            return value
    return 0


async def _deltas(chunks: AsyncGenerator[ollama.ChatResponse, None]) -> AsyncGenerator[ProviderDelta, None]:
    called = 0
    async for chunk in chunks:
        for call in chunk.message.tool_calls or ():
            called += 1
            # The client reads numbers and strings that JSON can't carry on; what then fails is garbled.
            arguments = orjson.loads(json.dumps(dict(call.function.arguments)))
            yield ToolCallDelta(ToolCall(f"call_{called}", call.function.name, arguments))
        if chunk.message.content:
            yield TextDelta(sound(chunk.message.content))
        elif not chunk.done and chunk.message.thinking:
            yield Pulse()
        if chunk.done:
            await drained(chunks, *_ERRORS)
            yield _finished(chunk, called)
            return
    raise BrokenOff("Ollama ended the answer before it was whole.")


def _finished(chunk: ollama.ChatResponse, called: int) -> Finished:
    usage = Usage(chunk.prompt_eval_count or 0, chunk.eval_count or 0)
    if called:
        return Finished("tool_calls", usage, chunk.model or "")
    return Finished("length" if chunk.done_reason == "length" else "stop", usage, chunk.model or "")


def _body(request: CompletionRequest, model: str, context_tokens: int) -> dict[str, Any]:
    options: dict[str, Any] = {"temperature": request.temperature, "num_predict": request.max_tokens}
    if request.stop:
        options["stop"] = list(request.stop)
    if context_tokens:
        options["num_ctx"] = context_tokens
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "options": options,
    }
    if request.tools:
        body["tools"] = [declared(tool) for tool in request.tools]
    return body


def _message(message: Message) -> dict[str, Any]:
    # The client leaves empty content out, which Ollama's own description of its API demands.
    shaped: dict[str, Any] = {"role": message.role, "content": sound(message.content) or " "}
    if message.tool_calls:
        shaped["tool_calls"] = [
            {"function": {"name": call.name, "arguments": dict(call.arguments)}}
            for call in message.tool_calls
        ]
    if message.role == "tool":
        shaped["tool_name"] = message.name
    return shaped
