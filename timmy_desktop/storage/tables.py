"""The tables as peewee sees them. Models are not bound to a database: a Session runs their queries."""

from __future__ import annotations

from peewee import BlobField, FloatField, IntegerField, Model, TextField


class EventRow(Model):
    """`event_log`: see storage/chain.py for what `hash` covers."""

    seq = IntegerField(primary_key=True)
    time_us = IntegerField()
    type = TextField()
    version = IntegerField()
    source = TextField()
    task_id = TextField()
    agent_id = TextField()
    data = TextField()
    hash = BlobField()

    class Meta:
        table_name = "event_log"


class AgentRow(Model):
    """`agents`."""

    id = TextField(primary_key=True)
    name = TextField()
    role = TextField()
    status = TextField()
    joined_us = IntegerField()
    completed = IntegerField(default=0)
    failed = IntegerField(default=0)

    class Meta:
        table_name = "agents"


class TaskRow(Model):
    """`tasks`."""

    id = TextField(primary_key=True)
    text = TextField()
    status = TextField()
    created_us = IntegerField()
    updated_us = IntegerField()
    local_only = IntegerField(default=0)
    max_price_msat = IntegerField(default=0)
    attempt = IntegerField(default=0)
    agent_id = TextField(default="")
    price_msat = IntegerField(default=0)
    paid_msat = IntegerField(default=0)
    fee_msat = IntegerField(default=0)
    result = TextField(default="")
    reason = TextField(default="")
    provider = TextField(default="")
    model = TextField(default="")
    tokens_in = IntegerField(default=0)
    tokens_out = IntegerField(default=0)
    duration_ms = IntegerField(default=0)
    conversation_id = TextField(default="")

    class Meta:
        table_name = "tasks"


class BidRow(Model):
    """`bids`."""

    id = TextField(primary_key=True)
    task_id = TextField()
    round = IntegerField()
    agent_id = TextField()
    amount_msat = IntegerField()
    score_milli = IntegerField()
    won = IntegerField(default=0)
    time_us = IntegerField()

    class Meta:
        table_name = "bids"


class AttemptRow(Model):
    """`provider_attempts`."""

    id = IntegerField(primary_key=True)
    request_id = TextField()
    attempt = IntegerField()
    time_us = IntegerField()
    task_id = TextField(default="")
    purpose = TextField()
    provider = TextField()
    model = TextField()
    outcome = TextField()
    detail = TextField()
    ttft_ms = IntegerField(null=True)
    total_ms = IntegerField()
    tokens_in = IntegerField()
    tokens_out = IntegerField()
    breaker = TextField()
    agent_id = TextField(default="")
    is_remote = IntegerField(default=0)
    queue_ms = IntegerField(default=0)
    milli_tokens_per_s = IntegerField(default=0)
    cost_microcents = IntegerField(default=0)
    had_text = IntegerField(default=0)
    reason = TextField(default="")
    note = TextField(default="")

    class Meta:
        table_name = "provider_attempts"


class RequestRow(Model):
    """`provider_requests`: JSON in `messages`, `tools`, `skipped`, `notes` and `journal`."""

    id = IntegerField(primary_key=True)
    request_id = TextField()
    run = TextField()
    time_us = IntegerField()
    purpose = TextField()
    task_id = TextField()
    agent_id = TextField()
    conversation_id = TextField()
    local_only = IntegerField()
    max_tokens = IntegerField()
    messages = TextField()
    tools = TextField()
    outcome = TextField()
    provider = TextField()
    model = TextField()
    attempts = IntegerField()
    queue_ms = IntegerField()
    ttft_ms = IntegerField(null=True)
    total_ms = IntegerField()
    tokens_in = IntegerField()
    tokens_out = IntegerField()
    cost_microcents = IntegerField()
    reason = TextField()
    skipped = TextField()
    notes = TextField()
    budget = TextField()
    journal = TextField()

    class Meta:
        table_name = "provider_requests"


class CircuitRow(Model):
    """`provider_circuits`: each change of a circuit."""

    id = IntegerField(primary_key=True)
    time_us = IntegerField()
    provider = TextField()
    state = TextField()
    reason = TextField()

    class Meta:
        table_name = "provider_circuits"


class FailoverRow(Model):
    """`provider_failovers`; `to_provider` is empty when none was left."""

    id = IntegerField(primary_key=True)
    time_us = IntegerField()
    request_id = TextField()
    from_provider = TextField()
    to_provider = TextField()
    reason = TextField()

    class Meta:
        table_name = "provider_failovers"


class SignalRow(Model):
    """`provider_signals`: what moved a breaker or a health without a request."""

    id = IntegerField(primary_key=True)
    run = TextField()
    seq = IntegerField()
    monotonic = FloatField()
    time_us = IntegerField()
    provider = TextField()
    kind = TextField()
    detail = TextField()

    class Meta:
        table_name = "provider_signals"


class BreakerRow(Model):
    """`provider_breakers`: each circuit as it was last."""

    provider = TextField(primary_key=True)
    state = TextField()
    cause = TextField()
    reason = TextField()
    failures = IntegerField()
    openings = IntegerField()
    until_us = IntegerField()
    disabled = TextField()
    updated_us = IntegerField()

    class Meta:
        table_name = "provider_breakers"


class AccountRow(Model):
    """`accounts`: running totals, changed by posting an entry alone."""

    name = TextField(primary_key=True)
    balance_msat = IntegerField(default=0)
    in_msat = IntegerField(default=0)
    out_msat = IntegerField(default=0)

    class Meta:
        table_name = "accounts"


class LedgerRow(Model):
    """`ledger`: the transactions."""

    id = TextField(primary_key=True)
    type = TextField()
    state = TextField()
    purpose = TextField(default="")
    account = TextField(default="treasury")
    payment_hash = TextField(default="")
    amount_msat = IntegerField()
    fee_msat = IntegerField(default=0)
    fee_cap_msat = IntegerField(default=0)
    received_msat = IntegerField(default=0)
    memo = TextField(default="")
    bolt11 = TextField(default="")
    payee = TextField(default="")
    preimage = TextField(default="")
    proof = TextField(default="")
    flags = TextField(default="")
    refers_to = TextField(default="")
    source = TextField(default="")
    task_id = TextField(default="")
    agent_id = TextField(default="")
    simulated = IntegerField()
    reason = TextField(default="")
    created_us = IntegerField()
    updated_us = IntegerField()
    expires_us = IntegerField(default=0)
    settled_us = IntegerField(default=0)

    class Meta:
        table_name = "ledger"


class EntryRow(Model):
    """`entries`: what a transaction's arrival in `state` moves; it counts once `posted`."""

    id = IntegerField(primary_key=True)
    ledger_id = TextField()
    state = TextField()
    posted = IntegerField(default=0)
    time_us = IntegerField()

    class Meta:
        table_name = "entries"


class PostingRow(Model):
    """`postings`: how much an entry adds to an account; an entry's postings sum to zero."""

    id = IntegerField(primary_key=True)
    entry_id = IntegerField()
    account = TextField()
    amount_msat = IntegerField()

    class Meta:
        table_name = "postings"


class ConversationRow(Model):
    """`conversations`."""

    id = TextField(primary_key=True)
    title = TextField()
    created_us = IntegerField()
    updated_us = IntegerField()
    local_only = IntegerField(default=0)

    class Meta:
        table_name = "conversations"


class MessageRow(Model):
    """`messages`, in the order of `position` within a conversation."""

    id = TextField(primary_key=True)
    conversation_id = TextField()
    position = IntegerField()
    role = TextField()
    text = TextField()
    state = TextField()
    created_us = IntegerField()
    provider = TextField(default="")
    model = TextField(default="")
    ttft_ms = IntegerField(default=0)
    total_ms = IntegerField(default=0)
    task_id = TextField(default="")
    reason = TextField(default="")
    local_only = IntegerField(default=0)

    class Meta:
        table_name = "messages"
