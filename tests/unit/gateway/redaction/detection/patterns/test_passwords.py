"""Passwords and PINs."""

from collections.abc import Iterator

import pytest

from assistant_gateway.redaction.detection.patterns import passwords
from assistant_gateway.redaction.detection.patterns.page import Found, Hit, Page
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
        ("DB_PASSWORD?=S3cret!", "S3cret!"),
        ('password: "x1!"', "x1!"),
        ("mysql --password ab12 --host x", "ab12"),
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


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("root password on the new box is T0psecret#9, change it", ["T0psecret#9"]),
        ("The temp password I set for you is: Welcome2026! And now go on.", ["Welcome2026!"]),
        ("my passwrod isnt working??? its Bluebird!77x ive tried", ["Bluebird!77x"]),
        ("The password used to be Secret123!, now it's Secret124!", ["Secret123!", "Secret124!"]),
        ("I changed the password from fluffy2010 to Fluffy2011", ["fluffy2010", "Fluffy2011"]),
        ("Lösenordet till wifi är kanelbulle55", ["kanelbulle55"]),
        ("mon mdp c'était loulou75!", ["loulou75!"]),
        ("パスワードはSakura2024!です。", ["Sakura2024!"]),
    ],
)
def test_other_words_may_stand_between(text: str, values: list[str]) -> None:
    """Of what is said further on in the sentence, what can hardly be a word; the old one and the new one."""
    assert [value.rstrip("!") for value in only("PASSWORD", text)] == [value.rstrip("!") for value in values], found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The password hash is made by Argon2 and the password for the laptop came with Base64.",
        "The password manager that we bought is Bitwarden2.",
        "The password policy for 2024 is NIST-800-63B.",
        "password was changed on 2026-03-12, the password reset link is valid until 12:30pm",
        "パスワードは8文字以上で入力してください。",
        "password from 1.2 to 2.0",
        "Password\nConfirm_Password_2\n",
        "passwords: [min8, max64]",
    ],
)
def test_what_is_said_about_passwords_stays(text: str) -> None:
    """Numbered words, standards, dates, versions, rules in a script without spaces."""
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "env:\n  - name: DB_PASSWORD\n    value: sw0rdfish-x\n",
        '{"name": "DB_PASSWORD", "value": "sw0rdfish-x"}',
        '<property name="password" value="sw0rdfish-x"/>',
        'variable "admin_password" {\n  type    = string\n  default = "sw0rdfish-x"\n}',
        "define('DB_PASSWORD', 'sw0rdfish-x');",
        'props.setProperty("password", "sw0rdfish-x");',
        "password:\r\n      sw0rdfish-x\r\n",
        "ALTER ROLE app WITH PASSWORD 'sw0rdfish-x';",
        "CREATE USER report IDENTIFIED BY 'sw0rdfish-x';",
        "machine ftp.example.com login bob password sw0rdfish-x",
        "keytool -genkey -storepass sw0rdfish-x",
        "http --auth bob:sw0rdfish-x GET :8000/x",
        "DB_PASSWORD_PRIMARY=sw0rdfish-x",
        "password_prod: sw0rdfish-x",
    ],
)
def test_the_value_may_stand_beside_its_name(text: str) -> None:
    """Where the name is a value itself, an argument, a flag, a word of SQL; in the next line."""
    assert only("PASSWORD", text) == ["sw0rdfish-x"], found(text)


@pytest.mark.parametrize(
    "text",
    [
        "env:\n  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef: {name: db1, key: password}",
        "DB_PASSWORD=${DB_PASSWORD:?must be set}",
        "form.add('password', 'Passwort'); errors.put('password', 'invalid')",
        "login with password authentication; --password PASSWORD the password",
        'variable "db_password" {\n  type = string\n}\nvariable "size" {\n  default = "m5.2xlarge"\n}',
        "psk: 'see the wiki page'; passphrase: \"Enter your passphrase\"",
    ],
)
def test_names_without_a_value_stay(text: str) -> None:
    """References, what a form shows, manuals."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('passwords = ["alpha-Wolf1", "beta-Bear22"]', ["alpha-Wolf1", "beta-Bear22"]),
        ("passwords:\n  - alpha-Wolf1\n  - beta-Bear22\n", ["alpha-Wolf1", "beta-Bear22"]),
        ("network HarborGuest, password sunny-otter-lane-42.", ["sunny-otter-lane-42"]),
        ("password: correct-horse-battery-staple", ["correct-horse-battery-staple"]),
        ('The passphrase for the drive is "purple monkey dishwasher".', ["purple monkey dishwasher"]),
        ('psk="over the rainbow 12"', ["over the rainbow 12"]),
        ("username admin password 7 0822455D0A16544541", ["0822455D0A16544541"]),
    ],
)
def test_lists_phrases_and_hidden_ones_are_read(text: str, values: list[str]) -> None:
    """Each of several; several words; as a router keeps it."""
    assert only("PASSWORD", text) == values, found(text)


@pytest.mark.parametrize(
    "text",
    [
        'password := "sw0rd!x"',
        'const PASSWORD: &\'static str = "sw0rd!x";',
        'val password: String = "sw0rd!x"',
        'password: str = "sw0rd!x"',
        '.setPassword("sw0rd!x")',
        "the password 'sw0rd!x' is new",
        "ENV MYSQL_ROOT_PASSWORD sw0rd!x",
        "Password ........ sw0rd!x",
        "User\nbob\nPassword\nsw0rd!x\n",
        "creds: bob:sw0rd!x",
        "password1 = 'sw0rd!x'",
        "passwordProd: 'sw0rd!x'",
        "password           = 'sw0rd!x'",
        "login bob / sw0rd!x",
    ],
)
def test_typed_names_calls_forms_and_pairs_are_read(text: str) -> None:
    """Source code of several languages, a Dockerfile, a form, a name and a password in one."""
    assert only("PASSWORD", text) == ["sw0rd!x"], found(text)


@pytest.mark.parametrize("text", ["DB_PASSWORD=swordfish\n", "export PASSWORD=swordfish", "<password>swordfish</password>"])
def test_a_plain_word_is_found_where_no_name_can_be(text: str) -> None:
    """A shell would write a name with its $."""
    assert only("PASSWORD", text) == ["swordfish"]


def test_names_that_a_call_or_a_type_is_given_stay() -> None:
    """Labels, fields, references."""
    text = "setPassword('Passwort'); getPassword('db1'); split_password('user:passwd'); password: str = field()"

    assert found(f"{text} PASSWORD=PASSWORD <password>string</password> secret_ref: V1ObjectReference") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PGPASSWORD=ostrich_22 psql -U app", "ostrich_22"),
        ("la contraseña es Perro.verde21 y el usuario", "Perro.verde21"),
        ("Password for the zip file = inv2026zip", "inv2026zip"),
        ("recovery key: 872614-478052-381522-260355", "872614-478052-381522-260355"),
        ("lozinka: jadran-99", "jadran-99"),
        ('(ConvertTo-SecureString "W1nter!Snow" -AsPlainText)', "W1nter!Snow"),
    ],
)
def test_what_looks_like_a_name_is_found_where_none_can_be(text: str, value: str) -> None:
    """An assignment of a shell, a sentence, groups of digits."""
    assert only("PASSWORD", text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Das Kennwort wurde auf Frosch#26 geändert.", "Frosch#26"),
        ("ton mot de passe a été remplacé par Cigale2026", "Cigale2026"),
        ("cambié la contraseña a Olivo#33", "Olivo#33"),
        ("das Passwort ist immer noch schatzi1", "schatzi1"),
        ("mon mdp c doudou69", "doudou69"),
        ("hasło do wifi Morze-2026", "Morze-2026"),
        ("celular 11 98765-4321, senha flamengo10, obrigado", "flamengo10"),
        ('the password is "open sesame", two words', "open sesame"),
        ("> What's the password?\nIt's tangerine42, all lower case.", "tangerine42"),
        ("recovery key 398259-791907-483378-876232-860129-040479-666972-510273", "398259-791907-483378-876232-860129-040479-666972-510273"),
        ("backup codes: 8842-1190, 3371-0042", "3371-0042"),
        ('<property name="connection.password">hib3rnate</property>', "hib3rnate"),
        ("clé wifi : lapin-rouge9", "lapin-rouge9"),
    ],
)
def test_a_password_is_found_in_other_turns_of_phrase(text: str, value: str) -> None:
    """What it was changed to, what it still is, what it is for; in lists, in answers and in attributes."""
    assert value in only("PASSWORD", text), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "the password is 'not valid'; the password is \"too short\"",
        "Das Passwort wurde auf Wunsch geändert.",
        "The password for Office365 and the password for Server01 expire.",
        "We changed the password to something stronger in 2026.",
        "Forgot your password? Click here. Lost it? Call us.",
        "password base64, password level3.",
        "the new backup code of 2026-03-04 was merged",
    ],
)
def test_other_turns_of_phrase_about_passwords_stay(text: str) -> None:
    """Messages in quotes, names of machines, and questions of a page of help."""
    assert only("PASSWORD", text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The password, or pw, that everybody gets is Gelato!Fragola3, as ever.", "Gelato!Fragola3"),
        ("Bluebird!77x is my password, passwd for short", "Bluebird!77x"),
        ("pw Ab12!cdef pw", "Ab12!cdef"),
        ("my password for the router Gelato-Fragola3, pw", "Gelato-Fragola3"),
    ],
)
def test_of_two_words_the_nearer_one_names_the_value(text: str, value: str) -> None:
    """Where they stand close to each other, what is behind them is the last one's, and what is before them the first one's."""
    assert only("PASSWORD", text) == [value], found(text)


def test_a_text_of_such_words_alone_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look behind a word has its price, and 32 KB hold ten thousand of the shortest word."""
    looked: list[int] = []

    def look(_page: Page, hit: Hit) -> Iterator[Found]:
        looked.append(hit.start)
        yield from ()

    monkeypatch.setattr(passwords, "_TURNS_BEHIND", (look,))

    assert found("pw " * 1000) == []
    assert looked == [2997]
