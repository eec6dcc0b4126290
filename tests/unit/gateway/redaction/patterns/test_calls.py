"""Passwords that their place gives away."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    "text",
    [
        'smtp.login("bob", "Zebra!crossing4")',
        "$db = new PDO('mysql:host=localhost;dbname=x', 'root', 'Zebra!crossing4');",
        'ldapsearch -x -D "cn=admin,dc=x" -w Zebra!crossing4 -b "dc=x"',
        "redis-cli -h cache -a Zebra!crossing4 ping",
        "unzip -P Zebra!crossing4 a.zip",
        "docker login registry.example.com -u bob -p Zebra!crossing4",
        "net use Z: \\\\srv\\x /user:corp\\bob Zebra!crossing4",
        'echo "Zebra!crossing4" | sudo -S apt update',
        "bob:Zebra!crossing4".join(("curl -u ", " https://x")),
    ],
)
def test_what_a_command_or_a_call_takes_is_found(text: str) -> None:
    """No word stands before it."""
    assert only("PASSWORD", text) == ["Zebra!crossing4"], found(text)


def test_what_stands_behind_an_address_is_found() -> None:
    """As lists of stolen passwords have it; a seed of one-time codes as a whole."""
    assert only("PASSWORD", "anna@example.com:Marigold#2024") == ["Marigold#2024"]
    assert only("PASSWORD", "see otpauth://totp/x:bob?secret=JBSWY3DPEHPK3PXP&issuer=x ok") == [
        "otpauth://totp/x:bob?secret=JBSWY3DPEHPK3PXP&issuer=x"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "client.login(username, password); page.login('user', 'admin')",
        "mongo -p 27017; redis-cli -a $PASS ping; docker login x.io -u bob --password-stdin",
        "git@github.com:Acme/Widgets2.git and bob@srv.test:8080",
        "getConnection(url, user, password)",
        "login page / Signup2",
        "zip -r a.zip b; ldapsearch -w password",
    ],
)
def test_variables_ports_and_paths_stay(text: str) -> None:
    """And the words of a test."""
    assert only("PASSWORD", text) == [], found(text)
