"""Where the gateway finds its files and peers, from the command line: what it enforces is in the policy file, not here."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """The defaults are the assistant pod's; tests and the bench give others."""

    policy: Path = Path("/etc/private-assistant/policy/policy.json")
    tls: Path = Path("/etc/private-assistant/tls")
    keys: Path = Path("/etc/private-assistant/keys")
    store: Path = Path("/etc/private-assistant/store")
    encryption_keys: Path = Path("/etc/private-assistant/encryption")
    documents_socket: Path = Path("/run/private-assistant/documents.sock")
    names: Path = Path("/opt/private-assistant/names")
    runtime_log: Path = Path("/run/private-assistant/ollama.log")
    upstream: str = "http://127.0.0.1:11434"
    egress_probe: str = "http://127.0.0.1:9091"
    host: str = "0.0.0.0"  # noqa: S104  the pod's own network namespace: what may reach it is the NetworkPolicy's decision
    port: int = 8443
    ops_port: int = 9090
    termination_log: Path = Path("/dev/termination-log")
    drain_seconds: float = 60.0
    poll_seconds: float = 2.0


def parse(arguments: Sequence[str]) -> Settings:
    """Return the settings that the command line asks for."""
    parser = argparse.ArgumentParser(prog="assistant_gateway", description=__doc__, allow_abbrev=False)
    defaults = Settings()
    for name, kind, text in (
        ("policy", Path, "the policy file"),
        ("tls", Path, "folder with tls.crt and tls.key"),
        ("keys", Path, "folder with one file for each API key"),
        ("store", Path, "folder with the store's username, password and, where needed, ca.crt; read only with a store in the policy"),
        ("encryption-keys", Path, "folder with the keys that wrap the keys of what is kept; read only with a store in the policy"),
        ("documents-socket", Path, "where the document parser listens"),
        ("names", Path, "folder of what finds names; read only where the policy asks for them"),
        ("runtime-log", Path, "named pipe that the model server logs to"),
        ("upstream", str, "the model server, http://host:port"),
        ("egress-probe", str, "the pod's egress probe, http://host:port; asked only where the policy requires evidence"),
        ("host", str, "address to listen on"),
        ("port", int, "port for clients (TLS)"),
        ("ops-port", int, "port for /livez, /readyz, /status and /metrics (plain HTTP)"),
        ("termination-log", Path, "where the reason for an exit goes"),
        ("drain-seconds", float, "how long requests in flight may go on after SIGTERM"),
        ("poll-seconds", float, "how often files and the model server are looked at"),
    ):
        default = getattr(defaults, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{text} (default: {default})")
    return Settings(**vars(parser.parse_args(arguments)))
