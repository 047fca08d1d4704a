"""The pages of the Preferences dialog: rows of a name, a field and a line that explains it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from timmy_desktop.gui.findings import provider_title
from timmy_desktop.gui.preferences.fields import FIELD_WIDTH, Item, field_for
from timmy_desktop.gui.theme import ROOM, TIGHT, WIDE
from timmy_desktop.gui.widgets.parts import card, column, label
from timmy_desktop.routing.providers.base import is_this_machine
from timmy_desktop.settings import ProviderSettings, Settings

GENERAL = (
    Item("theme", "Theme", "Takes effect at once.", "dark|light"),
    Item("workspace", "Workspace", "The folder that agents may read from the start. Empty: none.", "folder"),
    Item("local_only", "Local models only", "Nothing is ever sent to a remote provider.", "yes"),
)
MODELS = (
    Item(
        "circuit_breaker_threshold",
        "Failures before a provider is left out",
        "Consecutive ones; a provider that can't be reached is left out at once.",
        "whole",
        1,
        1000,
    ),
    Item("circuit_recovery_seconds", "Tried again after", "", "number", 1, 86_400, "s"),
    Item("embedded_model_path", "Embedded model", "A GGUF file. Empty: the small one.", "file"),
    Item(
        "daily_budget_microcents",
        "Budget of a day",
        "What remote providers with a price may cost until midnight. 0: nothing that has a price.",
        "dollars",
        most=10_000_000,
    ),
    Item(
        "task_budget_microcents",
        "Cap of a task",
        "What they may cost for one task, all its attempts together.",
        "dollars",
        most=10_000_000,
    ),
    Item(
        "attempts_keep_days",
        "Requests are kept for",
        "With their prompts and attempts. The sums that the charts show stay.",
        "whole",
        1,
        3650,
        "days",
    ),
)
SWARM = (
    Item(
        "auction_seconds",
        "Longest auction",
        "It closes sooner when every agent has bid.",
        "number",
        0.1,
        60,
        "s",
    ),
    Item("task_max_steps", "Steps of a task", "Rounds of thinking and tools.", "whole", 1, 100),
    Item("task_max_tokens", "Tokens of a task", "", "whole", 16, 1_000_000),
    Item("task_timeout_seconds", "Time of a task", "", "number", 1, 86_400, "s"),
    Item("task_max_attempts", "Attempts", "By another agent after a failure.", "whole", 1, 6),
    Item(
        "reply_max_tokens",
        "Tokens of an answer",
        "In the chat, and in each step of a task.",
        "whole",
        1,
        100_000,
    ),
)
MEMORY = (
    Item("memory_keep_conversations", "Remember conversations", "What is said in the chat.", "yes"),
    Item("memory_keep_results", "Remember results of tasks", "", "yes"),
    Item(
        "memory_facts",
        "Facts about you",
        "Found in what you say. Ask: proposed for your nod. Accept: taken at once. Off: none are looked for.",
        "ask|accept|off",
    ),
    Item(
        "memory_facts_by_model",
        "A model looks for facts too",
        "Where the form of a sentence shows none; it takes time of the model.",
        "yes",
    ),
    Item(
        "memory_context_tokens",
        "Memory in each prompt",
        "At most, before each answer and task. 0: nothing.",
        "whole",
        0,
        100_000,
        "tokens",
    ),
)
LEDGER = (
    Item("treasury_msat", "Treasury", "Simulated sats to begin with.", "sats", 0, 100_000_000, "sat"),
    Item(
        "limit_agent_payment_msat",
        "An agent pays others",
        "At most at once, without you. 0: each payment waits for you.",
        "sats",
        0,
        100_000_000,
        "sat",
    ),
    Item(
        "limit_task_msat", "A task spends", "At most without you. 0: no limit.", "sats", 0, 100_000_000, "sat"
    ),
    Item(
        "limit_agent_day_msat",
        "An agent spends a day",
        "At most without you; days are of UTC. 0: no limit.",
        "sats",
        0,
        100_000_000,
        "sat",
    ),
    Item(
        "limit_day_msat",
        "All spend a day",
        "At most without you; days are of UTC. 0: no limit.",
        "sats",
        0,
        100_000_000,
        "sat",
    ),
    Item("lightning_backend", "Lightning node", "Embedded: simulated.", "embedded|lnd|electrum"),
    Item(
        "lightning_network", "Its network", "On any other, nothing is sent.", "regtest|signet|testnet|mainnet"
    ),
    Item("lightning_url", "Its address", "Its secret is in the keychain, as lightning.", "text"),
    Item("fiat_currency", "Also in", "A currency, as EUR. Empty: sats alone.", "text"),
    Item(
        "fiat_cents_per_bitcoin",
        "One bitcoin is worth",
        "In that currency: your rate, never fetched.",
        "cents",
        0,
        9_999_999_999,
    ),
)
UPGRADES = (
    Item(
        "auto_approve_upgrades",
        "Approve low-risk upgrades",
        "By machine, where tests pass and nothing speaks against it. Recorded as such.",
        "yes",
    ),
    Item(
        "upgrade_timeout_hours",
        "Proposals expire after",
        "Undecided until then, they end and leave nothing.",
        "whole",
        1,
        8760,
        "h",
    ),
)
FEED = (
    Item(
        "feed_enabled",
        "Live feed for other programs",
        "A WebSocket for programs of this computer that have its token. Secrets are taken out of it.",
        "yes",
    ),
    Item("feed_port", "Port", "On 127.0.0.1 alone.", "port", 0, 65_535),
    Item(
        "websocket_event_throttle",
        "Messages a second to a client",
        "At most; what comes faster is sent in batches and counts.",
        "whole",
        1,
        1000,
    ),
    Item(
        "activity_feed_buffer",
        "Events kept for a client that comes back",
        "",
        "whole",
        1,
        10_000,
    ),
)
_PROVIDER = (
    Item("enabled", "Enabled", "", "yes"),
    Item("base_url", "Address", "", "text"),
    Item("model", "Model", "Empty: the first one that is there.", "text"),
    Item("connect_timeout", "Connects within", "", "number", 0.1, 60, "s"),
    Item("first_token_timeout", "First word within", "", "number", 0.1, 3600, "s"),
    Item("total_timeout", "Whole answer within", "", "number", 0.1, 86_400, "s"),
)
_PRICES = (
    Item(
        "input_price_microcents",
        "A million tokens of prompt cost",
        "0: free, and no budget counts it.",
        "dollars",
        most=10_000,
    ),
    Item("output_price_microcents", "A million tokens of answer cost", "", "dollars", most=10_000),
)
_API_ENABLED = Item("enabled", "Enabled", "Asked only once it has an address and a key.", "yes")
# What the embedded provider runs is chosen among the models, and there alone.
_OF_KIND = {
    "embedded": frozenset({"base_url", "connect_timeout", "model"}),
    "airllm": frozenset({"base_url"}),
}


class Form(QWidget):
    """Rows of items over a set of values; `changes` is what the person made different."""

    def __init__(
        self, items: Sequence[Item], values: Mapping[str, Any], *, from_environment: bool = True
    ) -> None:
        super().__init__()
        self.fields: dict[str, QWidget] = {}
        self._read: dict[str, Callable[[], Any]] = {}
        self._before: dict[str, Any] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(WIDE)
        grid.setVerticalSpacing(ROOM)
        grid.setColumnStretch(0, 1)
        for place, item in enumerate(items):
            self._add(grid, place, item, values.get(item.name), from_environment)

    def changes(self) -> dict[str, Any]:
        """Values that differ from those shown first."""
        now = {name: read() for name, read in self._read.items()}
        return {name: value for name, value in now.items() if value != self._before[name]}

    def _add(self, grid: QGridLayout, place: int, item: Item, value: Any, from_environment: bool) -> None:
        field, read = field_for(item, value)
        owner = f"TIMMY_{item.name.upper()}"
        hint = item.hint
        if from_environment and owner in os.environ:
            field.setEnabled(False)
            hint = f"Set by the environment variable {owner}."
        words = QVBoxLayout()
        words.setSpacing(TIGHT // 2)
        title = label(item.title, wrap=True)
        title.setBuddy(field)
        words.addWidget(title)
        if hint:
            words.addWidget(label(hint, tone="muted", size="small", wrap=True))
        grid.addLayout(words, place, 0)
        grid.addWidget(field, place, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        (field.focusProxy() or field).setAccessibleName(item.title)
        (field.focusProxy() or field).setAccessibleDescription(hint)
        self.fields[item.name], self._read[item.name] = field, read
        self._before[item.name] = read()


class ProviderForm(QWidget):
    """One provider's card; for a remote one its key, which goes to the keychain and nowhere else."""

    def __init__(self, provider: ProviderSettings, known: str) -> None:
        super().__init__()
        self.provider = provider
        left_out = _OF_KIND.get(provider.kind, frozenset())
        items = [item for item in _PROVIDER if item.name not in left_out]
        if provider.kind == "api":
            items[0] = _API_ENABLED
        items += _PRICES if _may_cost(provider) else ()
        self.form = Form(items, provider.model_dump(), from_environment=False)
        self.key: QLineEdit | None = None
        frame = card()
        inner = column(label(known, strong=True), self.form, gap=ROOM)
        if provider.kind == "api":
            inner.addLayout(self._key_row())
        frame.setLayout(inner)
        self.setLayout(column(frame, margins=(0, 0, 0, 0)))

    def _key_row(self) -> QHBoxLayout:
        self.key = QLineEdit(placeholderText="Unchanged")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setAccessibleName("API key")
        self.key.setFixedWidth(FIELD_WIDTH)
        words = QVBoxLayout()
        words.setSpacing(TIGHT // 2)
        words.addWidget(label("API key"))
        hint = "Kept in this computer's keychain, never in a file."
        words.addWidget(label(hint, tone="muted", size="small", wrap=True))
        made = QHBoxLayout()
        made.setSpacing(WIDE)
        made.addLayout(words, 1)
        made.addWidget(self.key)
        return made


def provider_forms(settings: Settings) -> list[ProviderForm]:
    """A form for each provider, in the order in which they are asked."""
    return [
        ProviderForm(provider, provider_title(named_provider(provider)))
        for provider in settings.cascade_providers
    ]


def named_provider(provider: ProviderSettings) -> _Named:
    """A provider of the settings, as far as `provider_title` reads it."""
    return _Named(provider.label, provider.kind)


def _may_cost(provider: ProviderSettings) -> bool:
    """What runs on this machine is free, whatever price it was given."""
    if provider.kind == "api":
        return True
    return provider.kind == "ollama" and bool(provider.base_url) and not is_this_machine(provider.base_url)


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    kind: str
    state: str = ""
    health: None = None
    last_error: str = ""
    model: str = ""
