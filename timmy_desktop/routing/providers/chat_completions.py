"""The OpenAI chat-completions wire protocol over httpx and SSE, for whoever speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from httpx_sse import EventSource, SSEError

from timmy_desktop.routing.bounds import Allowance
from timmy_desktop.routing.errors import BrokenOff, Garbled, ProviderError
from timmy_desktop.routing.providers import bounded, wire_errors
from timmy_desktop.routing.providers.base import is_this_machine, place_of
from timmy_desktop.routing.providers.tool_calls import ToolCallAssembly, declared
from timmy_desktop.routing.types import (
    CompletionRequest,
    Deadlines,
    Finished,
    FinishReason,
    Message,
    ProviderDelta,
    Pulse,
    TextDelta,
    ToolCallDelta,
    Usage,
)

MOST_ERROR_BYTES = 65_536
DRAIN_SECONDS = 1.0
_FINISH: Mapping[str, FinishReason] = {
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


def new_client(base_url: str, key: str, deadlines: Deadlines) -> httpx.AsyncClient:
    """A client that follows no redirects with the key and, on this machine, asks no proxy.

    Raises NotConfigured for an address that can't be one.
    """
    local = is_this_machine(base_url)
    try:
        url = httpx.URL(base_url.rstrip("/") + "/")
    except httpx.InvalidURL as error:
        raise wire_errors.from_transport(error, "the API", place_of(base_url)) from error
    return httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=httpx.Timeout(None, connect=deadlines.connect, write=60.0),
        limits=bounded.limits(local=local),
        follow_redirects=False,
        event_hooks={"request": [bounded.ask_plainly], "response": [bounded.bound]},
        trust_env=not local,
        verify=not (local and base_url.startswith("http://")),
    )


@dataclass(frozen=True, slots=True)
class ChatCompletions:
    """One server that speaks the protocol; `secret` is blotted out of whatever it says."""

    client: httpx.AsyncClient
    name: str
    secret: str = ""

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return place_of(str(self.client.base_url))

    async def models(self) -> tuple[str, ...]:
        """The models that the server lists; free. Raises ProviderError."""
        try:
            response = await self.client.get("models")
            if response.status_code != 200:
                raise self._refusal(response, response.content, "")
            entries = orjson.loads(response.content)["data"]
            return tuple(str(entry["id"]) for entry in entries)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise wire_errors.from_transport(error, self.name, self.place) from error
        except (ValueError, KeyError, TypeError) as error:
            raise Garbled(f"{self.name} does not list its models as the OpenAI API does.") from error

    async def stream(
        self, request: CompletionRequest, model: str, extra: Mapping[str, Any]
    ) -> AsyncGenerator[ProviderDelta, None]:
        """The answer in pieces, Finished last; raises ProviderError. `extra` joins the request's body."""
        content = orjson.dumps(body_of(request, model) | dict(extra))
        headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
        try:
            async with self.client.stream(
                "POST", "chat/completions", content=content, headers=headers
            ) as response:
                if response.status_code != 200:
                    raise self._refusal(response, await _some_of(response), model)
                answer = _Answer(model, Allowance(request.max_tokens))
                async for delta in self._deltas(response, answer):
                    yield delta
        except SSEError as error:
            raise Garbled(f"{self.name} at {self.place} did not answer with an event stream.") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise wire_errors.from_transport(error, self.name, self.place) from error

    async def _deltas(self, response: httpx.Response, answer: _Answer) -> AsyncGenerator[ProviderDelta, None]:
        model = answer.model
        async with aclosing(EventSource(response).aiter_sse()) as events:
            async for event in events:
                if event.data == "[DONE]":
                    answer.done = True
                    await drained(events, httpx.HTTPError)
                    break
                chunk = self._chunk(event.data, model)
                for delta in answer.take(chunk):
                    yield delta
        if not answer.done:
            raise BrokenOff(f"{self.name} ended the answer before it was whole.")
        for call in answer.tools.calls():
            yield ToolCallDelta(call)
        yield answer.finished()

    def _chunk(self, data: str, model: str) -> dict[str, Any]:
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise Garbled(f"{self.name} sent a piece that is not JSON.") from error
        if not isinstance(chunk, dict):
            raise Garbled(f"{self.name} sent a piece that is not a JSON object.")
        if chunk.get("error"):
            code, message = _error_of(chunk)
            raise wire_errors.from_status(code or 500, self._blotted(message), self.name, model=model)
        return chunk

    def _refusal(self, response: httpx.Response, content: bytes, model: str) -> ProviderError:
        try:
            _, message = _error_of(orjson.loads(content))
        except orjson.JSONDecodeError:
            message = content[:500].decode(errors="replace")
        retry_after = response.headers.get("retry-after")
        return wire_errors.from_status(
            response.status_code, self._blotted(message), self.name, model=model, retry_after=retry_after
        )

    def _blotted(self, text: str) -> str:
        return text.replace(self.secret, "•••") if self.secret else text


class _Answer:
    """One answer as its chunks come in."""

    def __init__(self, model: str, allowance: Allowance) -> None:
        self.model = model
        self.usage = Usage()
        self.tools = ToolCallAssembly(allowance)
        self.done = False
        self._reason: FinishReason = "stop"

    def take(self, chunk: dict[str, Any]) -> list[ProviderDelta]:
        """What `chunk` adds; raises Garbled for shapes that the protocol doesn't have."""
        try:
            return self._take(chunk)
        except (TypeError, AttributeError, KeyError, IndexError, ValueError, OverflowError) as error:
            raise Garbled("A piece of the answer does not have the shape of the OpenAI API.") from error

    def finished(self) -> Finished:
        """The last delta."""
        return Finished(self._reason, self.usage, self.model)

    def _take(self, chunk: dict[str, Any]) -> list[ProviderDelta]:
        self.model = str(chunk.get("model") or self.model)
        if usage := chunk.get("usage"):
            self.usage = Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        if not (choices := chunk.get("choices")):
            return []
        choice = choices[0]
        if reason := choice.get("finish_reason"):
            self._reason, self.done = _FINISH.get(reason, "stop"), True
        return self._said(choice.get("delta") or {})

    def _said(self, delta: dict[str, Any]) -> list[ProviderDelta]:
        said: list[ProviderDelta] = []
        if text := delta.get("content"):
            said.append(TextDelta(sound(text)))
        elif delta.get("reasoning_content") or delta.get("reasoning"):
            said.append(Pulse())
        for part in delta.get("tool_calls") or ():
            self.tools.add(part)
            said.append(Pulse())
        return said


async def drained(rest: AsyncGenerator[Any, None], *errors: type[Exception]) -> None:
    """Reads what follows an answer's end, so that the connection closes in order; nothing of it matters."""
    with suppress(TimeoutError, ProviderError, *errors):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in rest:
                pass


def sound(text: str) -> str:
    """`text` without lone surrogates, which JSON can smuggle in and nothing can store."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def body_of(request: CompletionRequest, model: str) -> dict[str, Any]:
    """The request as the protocol has it."""
    body: dict[str, Any] = {
        "messages": [_message(message) for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if model:
        body["model"] = model
    if request.stop:
        body["stop"] = list(request.stop)
    if request.tools:
        body["tools"] = [declared(tool) for tool in request.tools]
    return body


def _message(message: Message) -> dict[str, Any]:
    shaped: dict[str, Any] = {"role": message.role, "content": sound(message.content)}
    if message.tool_calls:
        shaped["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": orjson.dumps(dict(call.arguments)).decode()},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        shaped["tool_call_id"] = message.tool_call_id
    return shaped


def _error_of(content: Any) -> tuple[int, str]:
    error = content.get("error", content) if isinstance(content, dict) else content
    if not isinstance(error, dict):
        return 0, str(error)
    code = error.get("code")
    words = [error.get("message"), error.get("type"), code if isinstance(code, str) else None]
    return code if isinstance(code, int) else 0, " ".join(str(word) for word in words if word)


async def _some_of(response: httpx.Response) -> bytes:
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) >= MOST_ERROR_BYTES:
            break
    return content
