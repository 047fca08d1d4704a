"""Every column of every table that a dock shows: folded from the log, kept in its own row, or no state of a moment.

`FOLDED` and `KEPT` are compared with the tables at random moments; what is in neither says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from timmy_desktop.scrubber import kept

FOLDED: Mapping[str, Sequence[str]] = {
    "tasks": (
        "id", "text", "status", "local_only", "max_price_msat", "attempt", "agent_id", "price_msat",
        "paid_msat", "fee_msat", "result", "reason", "provider", "model", "tokens_in", "tokens_out",
        "duration_ms", "conversation_id",
    ),
    "bids": ("task_id", "round", "agent_id", "amount_msat", "score_milli", "won"),
    "agents": ("id", "name", "role", "status", "completed", "failed"),
    "accounts": ("name", "balance_msat", "in_msat", "out_msat"),
    "ledger": (
        "id", "type", "state", "amount_msat", "fee_msat", "received_msat", "payment_hash", "task_id",
        "agent_id", "account", "simulated",
    ),
    "entry_balances": ("treasury_msat",),
    "ledger_approvals": ("id", "state", "amount_msat", "agent_id", "why"),
    "ledger_differences": ("id", "kind", "state"),
    "ledger_reconciliations": ("id", "state", "checked", "open"),
    "memory_entries": ("id", "type", "owner", "visibility", "state", "pinned", "superseded_by"),
    "upgrades": (
        "id", "target_id", "state", "title", "proposer", "revision", "automatic", "task_id", "applied_commit",
        "rolled_back_commit", "decided_by", "reason", "expires_us", "step", "old_head", "new_head",
        "checkout", "checkout_note", "can_look_again", "applied_us", "canary_until_us", "suspicion",
    ),
    "upgrade_targets": ("id", "folder", "branch", "python", "allowed", "unsandboxed"),
    "upgrade_comments": (
        "id", "upgrade_id", "revision", "path", "line", "side", "text", "author", "answered_in",
    ),
    "upgrade_seen": ("upgrade_id", "path", "digest"),
    "provider_attempts": (
        "provider", "outcome", "detail", "model", "ttft_ms", "total_ms", "tokens_in", "tokens_out",
    ),
    "provider_circuits": ("provider", "state"),
    "provider_failovers": ("from_provider",),
}  # fmt: skip

KEPT: Mapping[str, Sequence[str]] = {
    "ledger": (*kept.LINE_FIXED, *kept.LINE_OUTCOME),
    "ledger_approvals": (*kept.APPROVAL_FIXED, *kept.APPROVAL_OUTCOME),
    "ledger_differences": kept.DIFFERENCE_FIXED,
    "ledger_reconciliations": tuple(set(kept.COMPARISON) - set(FOLDED["ledger_reconciliations"])),
    "memory_entries": ("content", *kept.MEMORY_FIXED),
    "upgrades": (*kept.UPGRADE_FIXED, *kept.UPGRADE_DECIDED),
    "upgrade_revisions": ("upgrade_id", *kept.REVISION),
    "upgrade_tests": ("upgrade_id", *kept.TESTS),
    "upgrade_decisions": ("upgrade_id", *kept.DECISION),
    "upgrade_proofs": ("upgrade_id", "revision", "proof"),
}

_ITS_EVENT = "its event's time stands for it, which is some milliseconds later"
_NUMBER = "a number that nothing refers to"
_ENDED = "only open ones are on the page, and this is written when one ends"
_MADE = "made from the words, for finding them"
_EACH_TRY = (
    "one try of many: its event is in the log, and the past shows the last of each provider and the counts"
)

NOT_STATE: Mapping[str, Mapping[str, str]] = {
    "tasks": {"created_us": _ITS_EVENT, "updated_us": _ITS_EVENT},
    "bids": {"id": _NUMBER, "time_us": _ITS_EVENT},
    "agents": {"joined_us": _ITS_EVENT},
    "ledger": {"updated_us": _ITS_EVENT},
    "entry_balances": {"entry_id": _NUMBER},
    "ledger_approvals": {"ledger_id": "a link; the payment's own line names the same task, agent and hash"},
    "ledger_differences": {
        "explanation": _ENDED, "ledger_id": _ENDED, "resolved_us": _ENDED, "resolved_by": _ENDED,
        "seen_us": "when the last comparison was, which is on the page itself",
    },
    "memory_entries": {
        "number": "the row's place in the index of search",
        "digest": _MADE, "subject": _MADE, "words": _MADE,
        "vector": "a cached vector", "vector_model": "of the cached vector",
        "rev": "counts changes for the index; how often the words changed is folded",
        "indexed_rev": "how far the index of search is",
        "metadata": "a title from the document's file; the document's row has it",
        "updated_us": _ITS_EVENT,
        "used_us": "when it was last found by a search: nothing that search or page depends on",
    },
    "upgrades": {"updated_us": _ITS_EVENT},
    "upgrade_targets": {"opened_us": _ITS_EVENT, "closed_us": _ITS_EVENT},
    "upgrade_comments": {"created_us": _ITS_EVENT},
    "upgrade_seen": {"time_us": _ITS_EVENT},
    "upgrade_tests": {"id": _NUMBER},
    "upgrade_decisions": {"id": _NUMBER},
    "upgrade_proofs": {"time_us": _ITS_EVENT},
    "provider_attempts": dict.fromkeys(
        (
            "id", "request_id", "attempt", "time_us", "task_id", "purpose", "breaker", "agent_id",
            "is_remote", "queue_ms", "milli_tokens_per_s", "cost_microcents", "had_text", "reason", "note",
        ),
        _EACH_TRY,
    ),
    "provider_circuits": {
        "id": _NUMBER, "time_us": _ITS_EVENT, "reason": "of an opening; the page says it while it is open",
    },
    "provider_failovers": dict.fromkeys(("id", "time_us", "request_id", "to_provider", "reason"), _EACH_TRY),
}  # fmt: skip

_LOG = "the log itself, and what finds, counts and prunes it"
_SUMS = "sums of what is folded, kept so that the present's charts need not add up"
_SEARCH = "an index of search"
_CHAT = "the chat has no page of the past"
NO_STATE: Mapping[str, str] = {
    **dict.fromkeys(
        ("event_log", "event_names", "event_facets", "event_minutes", "event_hours", "event_blocks",
         "event_gaps", "event_archives", "event_filters", "event_bases", "event_base_words"),
        _LOG,
    ),
    "meta": "settings of the data folder; the providers' order in it is folded, and compared",
    "conversations": _CHAT,
    "messages": _CHAT,
    "entries": "one for each state of a line, which is folded; the balance after it is compared",
    "postings": "the moves of a line's states; the accounts they add up to are compared",
    "account_days": _SUMS,
    "flow_days": _SUMS,
    "provider_metrics": _SUMS,
    "ledger_books": "which node the ledger is about, which the settings say; another one is told by an event",
    "memory_history": "what entries said before; the past reads what they said then from it, and is compared",
    "memory_uses": "which answer used which entry: of the answers, and the chat has no page of the past",
    "memory_documents": "of which files entries are; a page of the past shows the entries",
    "memory_state": "notes of the index of search",
    "memory_tombstones": _SEARCH,
    "provider_requests": "prompts as they were sent; thinned by age, and forgotten words are taken out of them",
    "provider_signals": "for rehearsing, by another clock",
    "provider_breakers": "for the next start; the circuit and why it opened are folded from its events",
}  # fmt: skip
