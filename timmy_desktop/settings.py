"""What a person can set, and where secrets are kept."""

from __future__ import annotations

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

KEYCHAIN_SERVICE = "timmy-desktop"
ModelPurpose = Literal["chat", "agents", "code"]
# The purposes of requests, and which of the person's choices holds for each, the closest first.
_CHOICES: dict[str, tuple[ModelPurpose, ...]] = {
    "chat": ("chat",),
    "probe": ("chat",),
    "agent": ("agents",),
    "code": ("code", "agents"),
}


class SettingsError(Exception):
    """The settings can't be used; the message says where, why and what to do."""


class KeychainError(SettingsError):
    """The keychain did not answer; what it keeps is not lost."""


class ProviderSettings(BaseModel):
    """One entry of `cascade_providers`. What is left out takes the kind's default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["ollama", "embedded", "api", "airllm"]
    name: str = ""
    base_url: str = ""
    model: str = ""
    enabled: bool = True
    connect_timeout: Annotated[float, Field(gt=0, le=60)] = 3.0
    first_token_timeout: Annotated[float, Field(gt=0, le=3600)] = 60.0
    total_timeout: Annotated[float, Field(gt=0, le=86400)] = 600.0
    context_tokens: Annotated[int, Field(ge=0)] = 0
    models: dict[ModelPurpose, str] = {}
    input_price_microcents: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 0
    output_price_microcents: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 0

    @field_validator("base_url")
    @classmethod
    def _can_be_called(cls, url: str) -> str:
        if (url := url.strip()) and (fault := _fault_in_address(url)):
            raise PydanticCustomError("address", "{fault}", {"fault": fault})
        return url

    @property
    def label(self) -> str:
        """The name that people see and that the keychain knows; the kind where none was given."""
        return self.name or self.kind

    def model_for(self, purpose: str) -> str:
        """The model for requests of this purpose ("chat", "agent", "code"); empty: to be chosen."""
        chosen = (self.models.get(choice, "") for choice in _CHOICES.get(purpose, ()))
        return next(filter(None, chosen), self.model)


def _fault_in_address(url: str) -> str:
    """What keeps `url` from being called, in words that don't repeat it: it may hold a password."""
    if not url.isprintable() or " " in url:
        return "an address has no spaces and no control characters"
    if not url.lower().startswith(("http://", "https://")):
        return "an address begins with http:// or https://, as in http://127.0.0.1:11434"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "the host of this address can't be read; one with colons stands in [brackets]"
    if not _is_host(host):
        return "this address names no host, or one that can't be"
    try:
        port = parts.port
    except ValueError:
        port = 0
    return "the port of an address is a number from 1 to 65535" if port == 0 else ""


def _is_host(host: str) -> bool:
    try:
        if ":" in host:
            return ip_address(host).version == 6
        name = host.encode("idna").decode()
    except ValueError:
        return False
    return bool(name) and name.replace("-", "").replace("_", "").replace(".", "").isalnum()


class PersonaSettings(BaseModel):
    """An agent that the person added, or a change to one that ships with the application."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=40)]
    role: str = ""
    capabilities: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    base_bid_msat: Annotated[int, Field(ge=0, le=100_000_000)] = 10_000
    tools: tuple[str, ...] = ()


def _default_providers() -> tuple[ProviderSettings, ...]:
    # What is local comes before what is remote. AirLLM is asked only where somebody set it up, and who did so
    # wants its large models rather than the small one.
    return (
        ProviderSettings(kind="ollama", base_url="http://127.0.0.1:11434"),
        ProviderSettings(kind="airllm"),
        ProviderSettings(kind="embedded"),
        ProviderSettings(kind="api"),
    )


class Settings(BaseSettings):
    """Settings from `settings.toml`, overridden by environment variables `TIMMY_…` (nested by `__`)."""

    model_config = SettingsConfigDict(
        env_prefix="TIMMY_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    # Router
    cascade_providers: tuple[ProviderSettings, ...] = Field(default_factory=_default_providers)
    circuit_breaker_threshold: Annotated[int, Field(ge=1, le=1000)] = 5
    circuit_recovery_seconds: Annotated[float, Field(gt=0, le=86400)] = 30.0
    embedded_model_path: Path | None = None
    airllm_python: Path | None = None
    airllm_models: tuple[Path, ...] = ()
    airllm_idle_seconds: Annotated[float, Field(gt=0, le=86400)] = 300.0
    local_only: bool = False
    daily_budget_microcents: Annotated[int, Field(ge=0, le=1_000_000_000_000_000)] = 100_000_000
    task_budget_microcents: Annotated[int, Field(ge=0, le=1_000_000_000_000_000)] = 20_000_000
    attempts_keep_days: Annotated[int, Field(ge=1, le=3650)] = 30

    # Swarm
    auction_seconds: Annotated[float, Field(gt=0, le=60)] = 2.0
    task_max_steps: Annotated[int, Field(ge=1, le=100)] = 8
    task_max_tokens: Annotated[int, Field(ge=16, le=1_000_000)] = 8192
    task_timeout_seconds: Annotated[float, Field(gt=0, le=86400)] = 900.0
    task_max_attempts: Annotated[int, Field(ge=1, le=6)] = 2
    reply_max_tokens: Annotated[int, Field(ge=1, le=100_000)] = 512
    personas: tuple[PersonaSettings, ...] = ()
    workspace: Path | None = None

    # Memory
    memory_keep_conversations: bool = True
    memory_keep_results: bool = True
    memory_facts: Literal["ask", "accept", "off"] = "ask"
    memory_facts_by_model: bool = True
    memory_context_tokens: Annotated[int, Field(ge=0, le=100_000)] = 400

    # Ledger
    lightning_backend: Literal["embedded", "lnd", "electrum"] = "embedded"
    lightning_network: Literal["regtest", "signet", "testnet", "mainnet"] = "regtest"
    lightning_url: str = ""
    lightning_certificate: Path | None = None
    lightning_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    treasury_msat: Annotated[int, Field(ge=0, le=100_000_000_000)] = 100_000_000
    limit_agent_payment_msat: Annotated[int, Field(ge=0, le=100_000_000_000)] = 0
    limit_task_msat: Annotated[int, Field(ge=0, le=100_000_000_000)] = 10_000_000
    limit_agent_day_msat: Annotated[int, Field(ge=0, le=100_000_000_000)] = 50_000_000
    limit_day_msat: Annotated[int, Field(ge=0, le=100_000_000_000)] = 100_000_000
    fee_limit_ppm: Annotated[int, Field(ge=0, le=100_000)] = 5_000
    fee_limit_floor_msat: Annotated[int, Field(ge=0, le=10_000_000)] = 5_000
    fiat_currency: Annotated[str, Field(max_length=8)] = ""
    fiat_cents_per_bitcoin: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 0

    # Upgrades and feed
    auto_approve_upgrades: bool = False
    upgrade_timeout_hours: Annotated[int, Field(ge=1, le=8760)] = 24
    upgrade_test_seconds: Annotated[float, Field(gt=0, le=86400)] = 900.0
    upgrade_test_memory_mb: Annotated[int, Field(ge=128, le=1_000_000)] = 4000
    upgrade_canary_minutes: Annotated[int, Field(ge=0, le=10_080)] = 30
    upgrade_max_steps: Annotated[int, Field(ge=1, le=200)] = 30
    upgrade_max_tokens: Annotated[int, Field(ge=16, le=1_000_000)] = 32_768
    websocket_event_throttle: Annotated[int, Field(ge=1, le=1000)] = 10
    activity_feed_buffer: Annotated[int, Field(ge=1, le=10_000)] = 100
    feed_enabled: bool = False
    feed_host: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    feed_port: Annotated[int, Field(ge=0, le=65_535)] = 8477
    feed_origins: tuple[str, ...] = ()

    # Window
    theme: Literal["dark", "light"] = "dark"

    @field_validator("lightning_url")
    @classmethod
    def _can_be_called(cls, url: str) -> str:
        if (url := url.strip()) and (fault := _fault_in_address(url)):
            raise PydanticCustomError("address", "{fault}", {"fault": fault})
        return url

    @field_validator("feed_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin) if not _fault_in_address(origin) else None
            # "null" is the origin of every local file and of every sandboxed page: it names nobody.
            if parts is None or origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
                fault = (
                    "an origin is http:// or https://, a host and perhaps a port, as in http://127.0.0.1:8000"
                )
                raise PydanticCustomError("origin", "{fault}", {"fault": fault})
        return origins

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The TOML values come in as init arguments, so the environment goes before them.
        return env_settings, init_settings


def load_settings(config_file: Path) -> Settings:
    """The settings of this start. A missing file means defaults; a broken one raises SettingsError."""
    try:
        values = tomllib.loads(config_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        values = {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {config_file} is not valid TOML: {error}. Correct that place, or move "
            "the file away to start with the defaults."
        ) from error
    except OSError as error:
        raise SettingsError(f"The settings file {config_file} can't be read: {error.strerror}.") from error
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(_explain(error, config_file)) from error
    except SourceError as error:
        # An environment variable for a list or a table that holds no JSON; the library names the field.
        raise SettingsError(
            f"A TIMMY_… environment variable can't be read: {error}. Lists are written in JSON, as in "
            'TIMMY_PERSONAS=\'[{"name": "Ada"}]\'.'
        ) from error


def _explain(error: ValidationError, config_file: Path) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"]) or "settings"
        reason = "there is no such setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        lines.append(f"{name}: {reason}")
    return (
        f"Some settings can't be used ({'; '.join(lines)}). Correct them in {config_file} or in the "
        "TIMMY_… environment variables."
    )


class Secrets:
    """Keys and tokens, from the environment or the OS keychain; never from a file that others may read."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def get(self, name: str) -> SecretStr | None:
        """The secret called `name` ("api", say): `TIMMY_SECRET_API`, else the keychain's; None when unset.

        Empty and blank values are unset. Blocks while the keychain answers: call it off the loop.
        """
        variable = "TIMMY_SECRET_" + name.upper().replace("-", "_")
        value = self._environment.get(variable) or self._from_keychain(name) or ""
        return SecretStr(value.strip()) if value.strip() else None

    def look_up(self, name: str) -> SecretStr | None:
        """As `get`, but a keychain that can't be asked raises KeychainError."""
        import keyring
        from keyring.errors import KeyringError, NoKeyringError

        try:
            value = keyring.get_password(KEYCHAIN_SERVICE, name)
        except NoKeyringError:
            return None
        except (KeyringError, RuntimeError) as error:
            raise KeychainError(
                f"The keychain can't be asked for the event log's key ({error}). Unlock it and try again."
            ) from error
        return SecretStr(value) if value else None

    def set(self, name: str, value: str) -> bool:
        """Keeps `value` in the keychain; False where the machine has none that works."""
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(KEYCHAIN_SERVICE, name, value)
        except (KeyringError, RuntimeError):
            return False
        return self._from_keychain(name) == value

    def keychain_name(self) -> str:
        """The name of the machine's keychain; empty where there is none that works."""
        import keyring

        backend = keyring.get_keyring()
        return str(backend.name) if backend.priority > 0 else ""

    def _from_keychain(self, name: str) -> str | None:
        import keyring
        from keyring.errors import KeyringError

        try:
            value: Any = keyring.get_password(KEYCHAIN_SERVICE, name)
        except (KeyringError, RuntimeError):
            return None
        return value if isinstance(value, str) else None
