"""Ollama as it behaves on bad days; its answers are held against Ollama's own description of its API."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from tests.contract.schema import Schemas
from tests.fakes.http_server import Exchange, HttpServer, Request

SCHEMAS = Schemas("ollama-api.json")
STAMP = "2026-01-02T03:04:05Z"


def tag(name: str, family: str = "llama", modified: str = STAMP, **more: Any) -> dict[str, Any]:
    details = {"format": "gguf", "family": family, "parameter_size": "3B", "quantization_level": "Q4_K_M"}
    return {
        "name": name, "model": name, "modified_at": modified, "size": 2_000_000_000, "digest": "abc",
        "details": details, **more,
    }  # fmt: skip


@dataclass
class OllamaServer(HttpServer):
    """`mode` says how /api/chat behaves."""

    mode: str = "answer"
    words: tuple[str, ...] = ("Hello", " world")
    models: list[dict[str, Any]] = field(default_factory=lambda: [tag("llama3.2:latest")])
    loaded: list[str] = field(default_factory=list)
    capabilities: tuple[str, ...] = ("completion", "tools")
    pulls: dict[str, int] = field(default_factory=dict)
    """The models that can be pulled, and their bytes."""
    pull_hangs: bool = False
    model_info: dict[str, Any] = field(default_factory=dict)
    is_mute: bool = False
    """Accepts and says nothing, whatever is asked."""
    holds_ps_back: bool = False
    has_loaded: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request, exchange: Exchange) -> None:
        method, path = request.method.lower(), request.path
        assert method in SCHEMAS.paths[path], f"Ollama has no {method} {path}"
        if self.is_mute or (self.holds_ps_back and path == "/api/ps"):
            await exchange.hang()
        elif self.mode == "foreign":
            await exchange.send(200, b"<html>Some other server</html>")
        elif path == "/api/tags":
            await self._send(exchange, "ListResponse", {"models": self.models})
        elif path == "/api/ps":
            running = [{"name": name, "model": name, "size": 1, "digest": "abc"} for name in self.loaded]
            await self._send(exchange, "PsResponse", {"models": running})
        elif path == "/api/show":
            SCHEMAS.check("ShowRequest", request.json)
            shown = {
                "capabilities": list(self.capabilities),
                "license": "\nMIT License\n\nPermission is hereby granted…",
                "model_info": self.model_info,
                "details": {},
            }
            await self._send(exchange, "ShowResponse", shown)
        elif path == "/api/pull":
            SCHEMAS.check("PullRequest", request.json)
            await self._pull(request.json["model"], exchange)
        elif path == "/api/delete":
            SCHEMAS.check("DeleteRequest", request.json)
            await self._delete(request.json["model"], exchange)
        else:
            SCHEMAS.check("ChatRequest", request.json)
            await getattr(self, f"_{self.mode}")(request.json, exchange)

    async def _pull(self, model: str, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        if model not in self.pulls:
            await exchange.piece(b'{"error":"pull model manifest: file does not exist"}\n')
            await exchange.end()
            return
        size = self.pulls[model]
        layer = {"status": "pulling abc", "digest": "sha256:abc", "total": size}
        events: list[dict[str, Any]] = [{"status": "pulling manifest"}, layer | {"completed": size // 2}]
        for event in (*events, layer | {"completed": size}, {"status": "success"}):
            SCHEMAS.check("StatusEvent", event)
            await exchange.piece(json.dumps(event).encode() + b"\n")
            if self.pull_hangs and "digest" in event:
                await exchange.hang()
                self.hung_up += 1
        self.models.append(tag(model))
        await exchange.end()

    async def _delete(self, model: str, exchange: Exchange) -> None:
        there = [entry for entry in self.models if entry["name"] == model]
        self.models = [entry for entry in self.models if entry["name"] != model]
        await exchange.send(200 if there else 404, b"" if there else {"error": f"model '{model}' not found"})

    async def _send(self, exchange: Exchange, schema: str, content: Any) -> None:
        SCHEMAS.check(schema, content)
        await exchange.send(200, content)

    async def _chunk(self, exchange: Exchange, model: str, done: bool = False, **message: Any) -> None:
        event: dict[str, Any] = {"model": model, "created_at": STAMP, "done": done}
        event["message"] = {"role": "assistant", "content": "", **message}
        if done:
            event |= {"done_reason": "stop", "prompt_eval_count": 7, "eval_count": len(self.words)}
        SCHEMAS.check("ChatStreamEvent", event)
        await exchange.piece(json.dumps(event).encode() + b"\n")

    async def _answer(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        for word in self.words:
            await self._chunk(exchange, body["model"], content=word)
        await self._chunk(exchange, body["model"], done=True)
        await exchange.end()

    async def _counts_absurdly(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        await self._chunk(exchange, body["model"], content="Hello")
        await exchange.piece(
            b'{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",'
            b'"prompt_eval_count":-1,"eval_count":1000000000000000000000000000000}\n'
        )
        await exchange.end()

    async def _calls_absurdly(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        call = {"function": {"name": "f", "arguments": {"n": 10**30}}}
        await self._chunk(exchange, body["model"], tool_calls=[call])
        await self._chunk(exchange, body["model"], done=True)
        await exchange.end()

    async def _never_ends(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        while True:
            await self._chunk(exchange, body["model"], content="word " * 2000)

    async def _line_never_ends(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        while True:
            await exchange.piece(b"word " * 20_000)

    async def _refusal_never_ends(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("text/html", 500)
        while True:
            await exchange.piece(b"<p>" * 20_000)

    async def _compresses(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(200, b"squeezed", Content_Encoding="gzip")

    async def _thinks(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        await self._chunk(exchange, body["model"], thinking="Hm.")
        await self._chunk(exchange, body["model"], content="Yes")
        await self._chunk(exchange, body["model"], done=True)
        await exchange.end()

    async def _tools(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        call = {"function": {"name": body["tools"][0]["function"]["name"], "arguments": {"path": "a.txt"}}}
        await self._chunk(exchange, body["model"], tool_calls=[call])
        await self._chunk(exchange, body["model"], done=True)
        await exchange.end()

    async def _hangs(self, body: Any, exchange: Exchange) -> None:
        await exchange.hang()
        self.hung_up += 1

    async def _loads(self, body: Any, exchange: Exchange) -> None:
        await self.has_loaded.wait()
        await self._answer(body, exchange)

    async def _stalls(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        await self._chunk(exchange, body["model"], content="Half")
        await exchange.hang()
        self.hung_up += 1

    async def _dies(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        await self._chunk(exchange, body["model"], content="Half an")

    async def _stops_short(self, body: Any, exchange: Exchange) -> None:
        await self._dies(body, exchange)
        await exchange.end()

    async def _garbage(self, body: Any, exchange: Exchange) -> None:
        await self._dies(body, exchange)
        await exchange.piece(b"\xff\xfe not json\n")
        await exchange.end()

    async def _wrong_shape(self, body: Any, exchange: Exchange) -> None:
        await exchange.begin("application/x-ndjson")
        await exchange.piece(b'["a", "list"]\n')
        await exchange.end()

    async def _error_inside(self, body: Any, exchange: Exchange) -> None:
        await self._dies(body, exchange)
        await exchange.piece(b'{"error":"the runner has stopped"}\n')
        await exchange.end()

    async def _model_missing(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(404, {"error": f"model '{body['model']}' not found"})

    async def _fails(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(500, {"error": "llama runner process has terminated"})

    async def _rate_limited(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(429, {"error": "too many requests"}, Retry_After="7")

    async def _bad_key(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(401, {"error": "unauthorized"})

    async def _too_long(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(400, {"error": "the prompt is too long: exceeds the context length"})

    async def _bad_request(self, body: Any, exchange: Exchange) -> None:
        await exchange.send(400, {"error": "invalid option"})
