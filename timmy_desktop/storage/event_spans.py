"""Events as OpenTelemetry spans: OTLP in JSON, with the names of the GenAI semantic conventions.

The conventions are still moving, so the version is pinned; a test holds the names against the library's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from timmy_desktop.inert import inert
from timmy_desktop.storage.event_rows import LogRow

SEMCONV_VERSION = "1.44.0"
SCHEMA_URL = f"https://opentelemetry.io/schemas/{SEMCONV_VERSION}"
_INTERNAL, _CLIENT = 1, 3
_OK, _ERROR = 1, 2
_PROVIDERS = {"api": "openai"}
_ENDED = frozenset({"task.completed", "task.failed", "task.cancelled"})
_SPANS_IN_A_LINE = 500


@dataclass(slots=True)
class _Open:
    """A task or a tool's call that has begun."""

    began_us: int
    attributes: dict[str, Any] = field(default_factory=dict)


def as_spans(rows: Iterator[LogRow]) -> Iterator[str]:
    """Lines of OTLP JSON (an ExportTraceServiceRequest each): a trace for each task."""
    waiting: list[dict[str, Any]] = []
    for span in spans(rows):
        waiting.append(span)
        if len(waiting) == _SPANS_IN_A_LINE:
            yield _request(waiting)
            waiting = []
    if waiting:
        yield _request(waiting)


def spans(rows: Iterator[LogRow]) -> Iterator[dict[str, Any]]:
    """A span for each task, each attempt on a provider, and each call of a tool."""
    tasks: dict[str, _Open] = {}
    tools: dict[tuple[str, str], _Open] = {}
    for row in rows:
        values = row.values()
        if row.type == "task.created":
            tasks[row.task_id] = _Open(row.time_us)
        elif row.type == "provider.called":
            yield _attempt(row, values)
        elif row.type == "tool.called":
            tools[row.task_id, _text(values, "call_id")] = _Open(row.time_us)
        elif row.type in ("tool.completed", "tool.failed"):
            yield _tool(row, values, tools.pop((row.task_id, _text(values, "call_id")), None))
        elif row.type in _ENDED:
            yield _task(row, values, tasks.pop(row.task_id, None))


def _task(row: LogRow, values: dict[str, Any], begun: _Open | None) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.id": row.agent_id,
        "gen_ai.conversation.id": row.task_id,
        "gen_ai.response.model": _text(values, "model"),
        "gen_ai.provider.name": _provider(values),
        "gen_ai.usage.input_tokens": values.get("tokens_in"),
        "gen_ai.usage.output_tokens": values.get("tokens_out"),
    }
    failed = row.type == "task.failed"
    began = begun.began_us if begun else row.time_us - 1000 * _number(values, "duration_ms")
    name = f"invoke_agent {row.agent_id}".strip()
    span = _span(row, name, _INTERNAL, began, attributes, _text(values, "reason") if failed else None)
    return {**span, "spanId": _task_span(row.task_id)} if row.task_id else span


def _attempt(row: LogRow, values: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _provider(values),
        "gen_ai.request.model": _text(values, "model"),
        "gen_ai.response.id": _text(values, "request_id"),
        "gen_ai.agent.id": row.agent_id,
        "gen_ai.usage.input_tokens": values.get("tokens_in"),
        "gen_ai.usage.output_tokens": values.get("tokens_out"),
        "timmy.attempt": values.get("attempt"),
        "timmy.purpose": _text(values, "purpose"),
        "timmy.time_to_first_token_ms": values.get("ttft_ms"),
    }
    began = row.time_us - 1000 * _number(values, "total_ms")
    failed = _text(values, "outcome") not in ("ok", "cancelled")
    name = f"chat {_text(values, 'model')}".strip()
    return _child(
        row, _span(row, name, _CLIENT, began, attributes, _text(values, "detail") if failed else None)
    )


def _tool(row: LogRow, values: dict[str, Any], begun: _Open | None) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": _text(values, "tool"),
        "gen_ai.tool.call.id": _text(values, "call_id"),
        "gen_ai.tool.type": "function",
        "gen_ai.agent.id": row.agent_id,
    }
    began = begun.began_us if begun else row.time_us - 1000 * _number(values, "duration_ms")
    fault = _text(values, "reason") if row.type == "tool.failed" else None
    name = f"execute_tool {_text(values, 'tool')}".strip()
    return _child(row, _span(row, name, _INTERNAL, began, attributes, fault))


def _span(
    row: LogRow, name: str, kind: int, began_us: int, attributes: dict[str, Any], fault: str | None
) -> dict[str, Any]:
    if fault is not None:
        attributes["error.type"] = row.type
    status = {"code": _OK} if fault is None else {"code": _ERROR, "message": inert(fault)}
    return {
        "traceId": _digest(f"task {row.task_id}" if row.task_id else f"event {row.seq}", 16),
        "spanId": _digest(f"event {row.seq}", 8),
        "name": inert(name),
        "kind": kind,
        "startTimeUnixNano": str(min(began_us, row.time_us) * 1000),
        "endTimeUnixNano": str(row.time_us * 1000),
        "attributes": [
            _attribute(name, value) for name, value in attributes.items() if value not in ("", None)
        ],
        "status": status,
    }


def _child(row: LogRow, span: dict[str, Any]) -> dict[str, Any]:
    return {**span, "parentSpanId": _task_span(row.task_id)} if row.task_id else span


def _task_span(task_id: str) -> str:
    return _digest(f"task {task_id}", 8)


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


def _provider(values: dict[str, Any]) -> str:
    name = _text(values, "provider")
    return _PROVIDERS.get(name, name)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _number(values: dict[str, Any], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _attribute(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"key": name, "value": {"intValue": str(value)}}
    return {"key": name, "value": {"stringValue": inert(str(value))}}


def _request(found: list[dict[str, Any]]) -> str:
    resource = [_attribute("service.name", "timmy-desktop")]
    scope = {"scope": {"name": "timmy-desktop"}, "spans": found, "schemaUrl": SCHEMA_URL}
    line = {
        "resourceSpans": [
            {"resource": {"attributes": resource}, "scopeSpans": [scope], "schemaUrl": SCHEMA_URL}
        ]
    }
    return json.dumps(line, ensure_ascii=True, separators=(",", ":"))
