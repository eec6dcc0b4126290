"""Keys and tokens that only their name gives away."""

import pytest

from tests.unit.gateway.redaction.finding import found

HEX = "9f86d081884c7d659a2feaa0c55ad015"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"api_key = '{HEX}'", HEX),
        (f"API_KEY={HEX}", HEX),
        (f'"apiKey": "{HEX}"', HEX),
        (f"client_secret: {HEX}", HEX),
        (f"x-api-key: {HEX}", HEX),
        (f"my api key is {HEX}.", HEX),
        (f"SECRET_KEY='{HEX}'", HEX),
        (f"https://api.example.com/v1?api_key={HEX}&x=1", HEX),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        (f"Authorization: Bearer {HEX}", HEX),
        (f"-H 'Authorization: Bearer {HEX}'", HEX),
        (f'{{"Authorization": "Bearer {HEX}"}}', HEX),
        ("Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l", "YWxhZGRpbjpvcGVuc2VzYW1l"),
        (f"X-Vault-Token: {HEX}", HEX),
        (f"Set-Cookie: sid={HEX}; Path=/", HEX),
        (f"private key 0x{HEX}{HEX}", f"0x{HEX}{HEX}"),
        (f"clé api : {HEX}", HEX),
        (f"**API key:** `{HEX}`", HEX),
        (f"<td>API key</td><td>{HEX}</td>", HEX),
        (f"the token {HEX} expires", HEX),
        (f"here is my key: {HEX}", HEX),
    ],
)
def test_a_credential_that_its_name_gives_away_is_found(text: str, value: str) -> None:
    """Settings, JSON, headers, cookies, URLs, prose."""
    finds = found(text)

    assert [found_value for kind, found_value in finds] == [value]
    assert finds[0][0] in ("API_KEY", "TOKEN", "PRIVATE_KEY")


@pytest.mark.parametrize(
    "text",
    [
        "appToken ?= '{}'",
        "APP_TOKEN ::= {}",
        "APP_TOKEN :::= {}",
        '$appToken .= "{}";',
        'var appToken string = "{}"',
        "<appToken>\n    {}\n</appToken>",
        "app token = ' {} '",
        "api_token             = '{}'",
        "acmeKey2 = '{}'",
        "token1 = '{}'",
        "API_KEY2={}",
        "apiKeyProd: '{}'",
        "plaid_token = '{}'",
        "rapidapiToken: '{}'",
        "AWSToken = {}",
        "Acme Key={}",
        "acmeKey := '{}'",
        'const acmeKey string = "{}"',
        "acme_key: {}",
        '"acme-key": "{}"',
        "https://api.example.com/v1?key={}",
        "Your ACME key is {}, keep it",
        "<secret>{{AQAAABAAAAAQ{}=}}</secret>",
    ],
)
def test_every_way_to_give_a_name_a_value_is_read(text: str) -> None:
    """Make, PHP, Go, XML, names that end in `key`, what Jenkins encrypted."""
    finds = found(text.format(HEX))

    assert len(finds) == 1
    assert HEX in finds[0][1]


@pytest.mark.parametrize("length", [300, 900, 3000])
def test_a_long_value_in_quotes_is_covered_to_its_end(length: int) -> None:
    """Refresh tokens have a thousand characters and more."""
    value = (HEX + "Zq") * (length // 34)

    assert [one for _, one in found(f'"refresh_token": "{value}"')] == [value]


@pytest.mark.parametrize(
    "text",
    [f"cache_key={HEX}", f"primaryKey: '{HEX}'", f'"key": "{HEX}"', "sort_key = customer_created_at_timestamp_2", "monkey = 1234567890"],
)
def test_keys_that_are_no_secrets_stay(text: str) -> None:
    """Of caches, tables and maps."""
    assert found(text) == []


def test_every_cookie_of_a_header_is_looked_at() -> None:
    """The second is as good as the first."""
    assert [value for _, value in found("Cookie: sessionid=38afes7a8; theme=light; csrftoken=u32t4o3tb3gg43")] == [
        "38afes7a8",
        "u32t4o3tb3gg43",
    ]


def test_the_words_of_a_wallet_are_covered_whole() -> None:
    """Twelve words after their name; a sentence after another word is none."""
    words = "legal winner thank year wave sausage worth useful legal winner thank yellow"

    assert found(f"seed phrase: {words}") == [("PRIVATE_KEY", words)]
    assert found(f"the private key is kept by us and no one else in the whole wide world may see it: {words}") == []


@pytest.mark.parametrize(
    "text",
    [
        "The API key is stored in the vault. Your session token will expire.",
        '"token_type": "bearer", "expires_in": 3600, "tokenizer": "cl100k_base", max_tokens: 4096',
        "const token = await getToken(user.id); let apiKey = process.env.API_KEY;",
        "API_KEY=${API_KEY} token: <your-token> secret: YOUR_SECRET_KEY token=os.getenv('X')",
        "The secret is to practice daily. secret of success: hard work",
        "basic authentication, bearer of news, Basic English, ['Basic', 'StandardS0']",
        "secret: kubernetes.io/basic-auth",
        "a token of 100 words and the key word2vec",
        "token = hashlib.sha256(data).hexdigest()",
        "authorization = base64.decodebytes(authorization)",
        "primary_key=True, cache_key='users:list', foreign key: user_id",
    ],
)
def test_code_and_talk_about_tokens_stay(text: str) -> None:
    """Names, calls, placeholders, types, prose."""
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "- name: APP_TOKEN\n  value: {}",
        "secret_key_base: {}",
        "CF_GLOBAL_KEY {}",
        "our client secret {} is new",
        "API密钥是{}",
        "api_keys:\n  - {}\n",
    ],
)
def test_a_key_is_found_beside_its_name(text: str) -> None:
    """In the next line, in a list, in a longer name, with few digits, in a script without spaces."""
    key = "LwiP3mHSp5UfwotwMAZkGXytoREJbUUdxjxp"

    assert [value for _, value in found(text.format(key))] == [key]


def test_a_key_of_the_environment_is_found() -> None:
    """Whoever it is for; of a public key and a cache the name says that it is none."""
    key = "09X0fmnR7n5FdmueGDmblocOKFm7BEKA"

    assert found(f"SENDGRID_KEY={key}") == [("API_KEY", key)]
    assert found(f"PUBLIC_KEY={key} CACHE_KEY={key}") == []


def test_other_schemes_and_commands_are_read() -> None:
    """Okta's scheme, a cookie that a command sends, the code of a redirect."""
    key = "tqY8ANd7rVrDk6dIT3Ay6YkBWHMVx60FtZF0avxLL0N"

    assert found(f"Authorization: SSWS 00{key}") == [("TOKEN", f"00{key}")]
    assert found(f'curl --cookie "session={key}" https://x') == [("TOKEN", key)]
    assert found(f"GET /cb?code=4/0A{key}&state=x") == [("TOKEN", f"4/0A{key}")]


def test_a_key_in_brackets_is_found() -> None:
    """`the Datadog key (...)`; not a word in brackets."""
    key = "a5e16b8e881a0d75cf4d9251d2400b6f"
    assert found(f"rotate the Datadog key ({key})") == [("API_KEY", key)]
    assert found("press the key (the_one_beside_the_space_bar)") == []


def test_more_names_of_keys_are_known() -> None:
    """A number may follow the name: `unseal key 1`; Okta's scheme is SSWS."""
    key = "lwzjOqEE6Z6nODgSnYcoHTER2DfrvqvYtnM27ao2ame="
    assert [text for _, text in found(f"unseal key 1: {key}")] == [key]
    token = "00BEwavpzEKQkAqFnU-xABXKakDNVLNfNl8rTK22mx"
    assert [text for _, text in found(f"Authorization: SSWS {token}")] == [token]
