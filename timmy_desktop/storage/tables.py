"""The tables as peewee sees them. Models are not bound to a database: a Session runs their queries."""

from __future__ import annotations

from peewee import BlobField, IntegerField, Model, TextField


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

    class Meta:
        table_name = "provider_attempts"


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
    payment_hash = TextField(default="")
    amount_msat = IntegerField()
    fee_msat = IntegerField(default=0)
    memo = TextField(default="")
    bolt11 = TextField(default="")
    preimage = TextField(default="")
    source = TextField(default="")
    task_id = TextField(default="")
    agent_id = TextField(default="")
    simulated = IntegerField()
    reason = TextField(default="")
    created_us = IntegerField()
    updated_us = IntegerField()

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
