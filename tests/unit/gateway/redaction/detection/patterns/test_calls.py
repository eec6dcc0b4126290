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
        ":Zebra!crossing4".join(("curl -u '", "' https://x")),
        "bob:Zebra!crossing4".join(("curl --user  '", "' https://x")),
    ],
)
def test_what_a_command_or_a_call_takes_is_found(text: str) -> None:
    """No word stands before it."""
    assert only("PASSWORD", text) == ["Zebra!crossing4"], found(text)


def test_a_sign_of_the_shell_inside_a_password_does_not_end_it() -> None:
    """A variable is no password, and a reference of git or an address are none either."""
    assert only("PASSWORD", "bob:Zebra$1crossing".join(("curl -u ", " https://x"))) == ["Zebra$1crossing"]
    assert found("curl -u bob:$TOKEN https://x; git push -u origin:refs/heads/x; git clone -u https://host/x") == []


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
        "login page / Signup2; root / usr / local2; admin/users2/edit; root/Config-2x",
        "zip -r a.zip b; ldapsearch -w password",
    ],
)
def test_variables_ports_and_paths_stay(text: str) -> None:
    """And the words of a test."""
    assert only("PASSWORD", text) == [], found(text)


@pytest.mark.parametrize(
    "text",
    [
        "smbclient //fs/share -U 'bob%s3cret!x'",
        "lftp -u ftpuser,s3cret!x ftp.example.com",
        "sqlplus hr/s3cret!x@orcl",
        'echo "root:s3cret!x" | chpasswd',
        "btoa('apiuser:s3cret!x')",
        'requests.get(url, auth=("robot", "s3cret!x"))',
        "rabbitmqctl add_user worker s3cret!x",
        "htpasswd -b .htpasswd alice s3cret!x",
        "openssl enc -aes-256-cbc -k s3cret!x -in a",
        "u: marketing\np: s3cret!x",
        "the guest account is demo / S3cret!x",
        "ip 10.1.1.1, root / s3cret!x",
        "jenkins is admin/s3cret!x (yes really)",
    ],
)
def test_what_stands_behind_a_name_is_found(text: str) -> None:
    """Commands and calls take a name and a password in one; notes have them in two lines."""
    assert [value.lower() for value in only("PASSWORD", text)] == ["s3cret!x"], found(text)


@pytest.mark.parametrize(
    "text",
    [
        "mysql -u root -p shop < dump.sql",
        "smbclient //fs/share -U 'bob%$PASS'",
        'requests.get(url, auth=("robot", password))',
        "echo user:$PASS | chpasswd",
        "p: 4\nu: 2",
    ],
)
def test_names_of_databases_and_variables_stay(text: str) -> None:
    """`mysql -p` asks for the password: the next word is the database."""
    assert found(text) == []
