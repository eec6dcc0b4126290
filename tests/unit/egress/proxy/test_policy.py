"""What is decided before anything is asked of a resolver."""

import pytest

from assistant_egress.proxy.head import Request
from assistant_egress.proxy.policy import decide
from assistant_egress.proxy.refusals import RefusedError
from assistant_egress.proxy.rules import HostRule, Rules

RULES = Rules((HostRule("api.corp.example", 443), HostRule("*.corp.example", 8443), HostRule("api.corp.example", 8443)))


@pytest.mark.parametrize(
    ("name", "port", "rule"),
    [
        ("api.corp.example", 443, RULES.hosts[0]),
        ("api.corp.example", 8443, RULES.hosts[1]),
        ("other.corp.example", 8443, RULES.hosts[1]),
    ],
)
def test_the_first_rule_of_name_and_port_allows(name: str, port: int, rule: HostRule) -> None:
    """It is the one that the log names."""
    assert decide(Request(name, port, None), RULES) == rule
    assert decide(Request(name, port, f"{name}:{port}"), RULES) == rule


@pytest.mark.parametrize(
    ("name", "port", "host", "reason"),
    [
        ("evil.example", 443, None, "HostNotAllowed"),
        ("corp.example", 8443, None, "HostNotAllowed"),
        ("a.api.corp.example", 8443, None, "HostNotAllowed"),
        ("localhost", 443, None, "HostNotAllowed"),
        ("evil.example", 443, "api.corp.example", "HostNotAllowed"),
        ("other.corp.example", 443, None, "PortNotAllowed"),
        ("api.corp.example", 80, None, "PortNotAllowed"),
        ("api.corp.example", 443, "evil.example", "HostHeaderMismatch"),
        ("api.corp.example", 443, "api.corp.example:8443", "HostHeaderMismatch"),
        ("api.corp.example", 443, "", "HostHeaderMismatch"),
    ],
)
def test_anything_else_is_refused(name: str, port: int, host: str | None, reason: str) -> None:
    """With the first reason there is; the rule is known only where the host and its port had one."""
    with pytest.raises(RefusedError) as caught:
        decide(Request(name, port, host), RULES)

    assert caught.value.reason == reason
    assert (caught.value.rule is not None) == (reason == "HostHeaderMismatch")


def test_without_rules_nothing_is_allowed() -> None:
    """A file with none is not one that allows all."""
    with pytest.raises(RefusedError, match="HostNotAllowed"):
        decide(Request("api.corp.example", 443, None), Rules(()))
