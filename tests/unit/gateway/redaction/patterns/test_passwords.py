"""Passwords and PINs."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password: hunter2", "hunter2"),
        ("my password is Tr0ub4dor&3.", "Tr0ub4dor&3"),
        ("The admin password for the server is Winter2024!", "Winter2024!"),
        ("password - hunter2", "hunter2"),
        ('password is "correcthorse"', "correcthorse"),
        ("password: swordfish", "swordfish"),
        ("DB_PASSWORD=S3cure#Pass", "S3cure#Pass"),
        ("dbPassword = 'p@ss,word;1'", "p@ss,word;1"),
        ('{"password":"x7Hq!9"}', "x7Hq!9"),
        ('{\\"password\\": \\"x7Hq!9\\"}', "x7Hq!9"),
        ("pw: `S3cret!`", "S3cret!"),
        ("--password=Sup3rS3cret! --verbose", "Sup3rS3cret!"),
        ("Server=x;User ID=sa;Password=MyP@ssw0rd!;Encrypt=True", "MyP@ssw0rd!"),
        ("| password | hunter2 |", "hunter2"),
        ("Passwort: Geheim123", "Geheim123"),
        ("Das Passwort lautet Sommer2023!", "Sommer2023!"),
        ("mot de passe : Soleil!2023", "Soleil!2023"),
        ("la contraseña es Barcelona1992", "Barcelona1992"),
        ("senha: abc12345", "abc12345"),
        ("пароль: Hunter22", "Hunter22"),
        ("密码：Hunter22", "Hunter22"),
        ("PIN: 4821", "4821"),
        ("Your verification code is 123456", "123456"),
        ("curl -u admin:S3cret99 https://x", "S3cret99"),
        ("$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW", "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW"),
    ],
)
def test_a_password_that_a_word_announces_is_found(text: str, value: str) -> None:
    """In prose, settings, JSON, tables, commands, several languages."""
    assert only("PASSWORD", text) == [value], found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Password must contain at least 8 characters. The password is required. Forgot your password?",
        "password: str, token: Optional[str] = None, api_key: str | None",
        "if password == other_password: raise ValueError",
        "self.password = password; user.set_password(new_password)",
        'password=os.environ["DB_PASSWORD"], api_key=settings.api_key',
        "password: {{ .Values.password }} password=${PASSWORD} password: <your-password> password=********",
        '["login", "password", "encoding"]',
        'echo $password | sha256sum; printf %s "$password" | sha256sum',
        "pwd: /home/user/project",
        "pass: 1234 fail: 12, the pass rate: 98.5%",
        "password: string\npassword: null\npassword: changed",
        "docker run -v $(pwd):/app -u 1000:1000 x",
    ],
)
def test_code_and_talk_about_passwords_stay(text: str) -> None:
    """Names, calls, types, placeholders, policies."""
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "<password>Zx9!kk2</password>",
        "sshpass -p 'Zx9!kk2' ssh x",
        "mysql -u root -pZx9!kk2 db",
        "PGPASSWORD=Zx9!kk2 psql",
        "password,Zx9!kk2\n",
    ],
)
def test_tags_commands_and_rows_are_read(text: str) -> None:
    """XML, what administrators type, CSV."""
    assert only("PASSWORD", text) == ["Zx9!kk2"]


def test_a_tag_that_is_talked_about_stays() -> None:
    """A placeholder, a comparison."""
    assert found("Use <password> as in the manual; if password > limit1: pass; <label>Password</label>") == []


@pytest.mark.parametrize(
    "text",
    [
        "**Password:** Zx9!kk2",
        "**Password**: `Zx9!kk2`",
        "Password: **Zx9!kk2**",
        "<b>Password:</b> Zx9!kk2",
        "<td>Password</td><td>Zx9!kk2</td>",
        "Password for bob: Zx9!kk2",
        "Password (temporary): Zx9!kk2",
        "Mein WLAN-Passwort lautet: Zx9!kk2",
        "my login is bob and my password Zx9!kk2",
        '"password": "\\"Zx9!kk2\\""',
    ],
)
def test_labels_are_read_in_every_dress(text: str) -> None:
    """Markdown, HTML, an explanation between, JSON in JSON, nothing between."""
    assert only("PASSWORD", text) == ["Zx9!kk2"]
