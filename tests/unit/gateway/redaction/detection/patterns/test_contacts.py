"""E-mail addresses and URLs with credentials."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    "address",
    [
        "anna.weber@example.com",
        "o'brien+tag@sub.example.co.uk",
        "müller@beispiel.de",
        "用户@例子.公司",
        '"john doe"@example.com',
        "user@[192.168.1.1]",
        "x_y-z@xn--bcher-kva.example",
        "anna [at] example [dot] com",
        "john(at)gmail.com",
        "john dot doe at gmail dot com",
    ],
)
@pytest.mark.parametrize("around", ["Mail {} today.", "<{}>", "[x](mailto:{})", "a,{},b", "?to={}&x=1", "({})"])
def test_an_address_is_found_whole(address: str, around: str) -> None:
    """Tags, apostrophes, quotes, other scripts, literal hosts, spelt out; in prose, links, tables and URLs."""
    text = around.format(address)

    assert any(address in value for value in only("EMAIL", text)), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "icon@2x.png and lodash@4.17.21 and @angular/core@12.0.0",
        "git@github.com:owner/repository.git",
        "user@host:/path and root@localhost",
        "@app.route decorates; meet at example.com at 5",
        "total @ 4.50 per piece",
        "enough bits at this point in order to",
    ],
)
def test_what_only_has_an_at_stays(text: str) -> None:
    """File names, package pins, remotes, decorators, prices, prose."""
    assert found(text) == []


def test_what_stands_before_an_address_stays() -> None:
    """Only the address is masked, not the key or the quote in front of it."""
    assert only("EMAIL", "mail='anna@example.com'") == ["anna@example.com"]
    assert only("EMAIL", "联系 anna@example.com。谢谢") == ["anna@example.com"]


@pytest.mark.parametrize(
    "url",
    [
        "https://anna:s3cret@example.com/path?x=1",
        "postgres://admin:pa$$w0rd@db.example.com:5432/x",
        "redis://:s3cret@cache:6379/0",
        "mongodb+srv://u:a%40b@cluster.example.net",
        "ftp://anna:p@ss@host.example",
        "https://x-access-token@example.com/a.git",
    ],
)
def test_a_url_with_credentials_is_covered_whole(url: str) -> None:
    """Host, path and query go with the password."""
    assert only("URL_CREDENTIALS", f"see ({url}), please") == [url]


@pytest.mark.parametrize(
    "text",
    [
        "https://git@github.com/a.git",
        "https://${USER}:${PASSWORD}@host/x",
        "http://host:80/a@b",
        "https://<user>:<password>@host",
        "ssh://git@host",
    ],
)
def test_a_url_without_credentials_stays(text: str) -> None:
    """Well-known users, variables and placeholders are no credentials."""
    assert only("URL_CREDENTIALS", text) == []


def test_a_password_in_a_url_is_no_address() -> None:
    """`password@host` looks like one."""
    assert found("x https://anna:secret1@example.com y") == [("URL_CREDENTIALS", "https://anna:secret1@example.com")]


def test_a_domain_of_another_script_may_look_latin_at_first() -> None:
    """The Cyrillic р of .рф folds to a p."""
    assert only("EMAIL", "почта иван@почта.рф") == ["иван@почта.рф"]


def test_a_password_in_a_url_may_be_long() -> None:
    """Tokens for git are."""
    for url in (f"https://oauth2:{'aB3' * 170}@git.example.com/x.git", f"https://{'aB3' * 170}@git.example.com/x.git"):
        assert only("URL_CREDENTIALS", f"clone {url} now") == [url]


def test_a_user_of_a_domain_may_stand_in_a_url() -> None:
    """Windows writes a name as `domain\\user`."""
    url = r"http://corp\jdoe:S3cret9@proxy.example.com:3128"
    assert found(f"proxy = {url}") == [("URL_CREDENTIALS", url)]
