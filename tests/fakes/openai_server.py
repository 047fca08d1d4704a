"""A server that speaks the OpenAI API, as it behaves on bad days."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.http_server import Exchange, HttpServer, Request

KEY = "sk-not-a-real-key-0123456789"


@dataclass
class OpenAIServer(HttpServer):
    """`mode` says how chat/completions behaves."""

    mode: str = "answer"
    words: tuple[str, ...] = ("Hello", " world")
    models: tuple[str, ...] = ("gpt-small",)
    elsewhere: list[str] = field(default_factory=list)

    async def answer(self, request: Request, exchange: Exchange) -> None:
        if self.mode == "foreign":
            await exchange.send(200, b"<html>Some other server</html>")
        elif request.headers.get("authorization") != f"Bearer {KEY}":
            await self._bad_key({}, exchange)
        elif request.path == "/v1/models":
            await exchange.send(200, {"object": "list", "data": [{"id": name} for name in self.models]})
        elif request.path == "/v1/chat/completions":
            assert request.json["stream"] is True
            await getattr(self, f"_{self.mode}")(request.json, exchange)
        else:
            self.elsewhere.append(request.path)
            await exchange.send(404, {"error": {"message": "no such path"}})

    async def _chunk(self, exchange: Exchange, reason: str | None = None, **delta: Any) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        await self._event(
            exchange, {"object": "chat.completion.chunk", "model": "gpt-small-1", "choices": [choice]}
        )

    async def _event(self, exchange: Exchange, content: Any) -> None:
        await exchange.piece(b"data: " + json.dumps(content).encode() + b"\n\n")

    async def _close(self, exchange: Exchange, reason: str = "stop") -> None:
        await self._chunk(exchange, reason)
        usage = {"prompt_tokens": 7, "completion_tokens": len(self.words)}
        await self._event(exchange, {"model": "gpt-small-1", "choices": [], "usage": usage})
        await exchange.piece(b"data: [DONE]\n\n")
        await exchange.end()

    async def _answer(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream; charset=utf-8")
        await exchange.piece(b": a comment keeps the line warm\n\n")
        await self._chunk(exchange, role="assistant", content=None)
        for word in self.words:
            await self._chunk(exchange, content=word)
        await self._close(exchange)

    async def _counts_absurdly(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        await self._chunk(exchange, "stop", content="Hello")
        usage = b'{"choices": [], "usage": {"prompt_tokens": -1, "completion_tokens": 1e30}}'
        await exchange.piece(b"data: " + usage + b"\n\ndata: [DONE]\n\n")
        await exchange.end()

    async def _never_ends(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        while True:
            await self._chunk(exchange, content="word " * 2000)

    async def _line_never_ends(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        await exchange.piece(b'data: {"choices": [{"delta": {"content": "')
        while True:
            await exchange.piece(b"word " * 20_000)

    async def _event_never_ends(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        while True:
            await exchange.piece(b"data: word\r\n" * 10_000)

    async def _arguments_never_end(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        while True:
            part = {"index": 0, "function": {"name": "f", "arguments": "x" * 2000}}
            await self._chunk(exchange, tool_calls=[part])

    async def _refusal_never_ends(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/html", 500)
        while True:
            await exchange.piece(b"<p>" * 20_000)

    async def _compresses(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(200, b"squeezed", Content_Type="text/event-stream", Content_Encoding="gzip")

    async def _thinks(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        await self._chunk(exchange, reasoning_content="Hm.")
        await self._chunk(exchange, content="Yes")
        await self._close(exchange)

    async def _tools(self, body: Any, exchange: Exchange) -> None:
        name = body["tools"][0]["function"]["name"]
        await exchange.begin("text/event-stream")
        start = {"index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": ""}}
        await self._chunk(exchange, tool_calls=[start])
        for piece in ('{"pa', 'th": "a', '.txt"}'):
            await self._chunk(exchange, tool_calls=[{"index": 0, "function": {"arguments": piece}}])
        await self._close(exchange, "tool_calls")

    async def _broken_tools(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        part = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": '{"pa'}}
        await self._chunk(exchange, tool_calls=[part])
        await self._close(exchange, "tool_calls")

    async def _hangs(self, body: Any, exchange: Exchange) -> None:
        await exchange.hang()
        self.hung_up += 1

    async def _stalls(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        await self._chunk(exchange, content="Half")
        await exchange.hang()
        self.hung_up += 1

    async def _dies(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        await self._chunk(exchange, content="Half an")

    async def _stops_short(self, body: Any, exchange: Exchange) -> None:
        await self._dies(body, exchange)
        await exchange.end()

    async def _garbage(self, body: Any, exchange: Exchange) -> None:
        await self._dies(body, exchange)
        await exchange.piece(b"data: \xff\xfe not json\n\n")
        await exchange.end()

    async def _wrong_shape(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/event-stream")
        await exchange.piece(b'data: {"choices": [{"delta": "text"}]}\n\n')
        await exchange.end()

    async def _not_a_stream(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(200, {"choices": [{"message": {"content": "whole"}}]})

    async def _error_inside(self, body: Any, exchange: Exchange) -> None:
        await self._dies(body, exchange)
        await self._event(exchange, {"error": {"message": "the engine has stopped", "code": 503}})
        await exchange.end()

    async def _model_missing(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(404, {"error": {"message": "no such model", "code": "model_not_found"}})

    async def _fails(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(502, b"<html>Bad gateway</html>")

    async def _rate_limited(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(429, {"error": {"message": "slow down"}}, Retry_After="17")

    async def _bad_key(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})

    async def _echoes_key(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(500, {"error": {"message": f"request with {KEY} failed"}})

    async def _too_long(self, body: Any, exchange: Exchange) -> None:
        message = "This model's maximum context length is 8192 tokens."
        await exchange.send(400, {"error": {"message": message, "code": "context_length_exceeded"}})

    async def _bad_request(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(400, {"error": {"message": "temperature is out of range"}})

    async def _redirects(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(307, b"", Location=f"{self.url}/elsewhere")
