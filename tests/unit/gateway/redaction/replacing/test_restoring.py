"""Tokens read back, also those that a model changed, and nothing else."""

import re
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.redaction.replacing.pseudonyms import Pseudonyms
from assistant_gateway.redaction.replacing.restoring import Restorer
from tests.unit.gateway.redaction.pieces import ADDRESS, QUOTED, restorer


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mail Xk3-EMAIL-1.", f"Mail {ADDRESS}."),
        ("xk3-email-1", ADDRESS),
        ("XK3-Email-1", ADDRESS),
        ("Xk3_EMAIL_1", ADDRESS),
        ("Xk3 EMAIL 1", ADDRESS),
        ("Xk3 - EMAIL - 1", ADDRESS),
        ("Xk3–EMAIL—1", ADDRESS),  # dashes
        ("Xk3\u2011EMAIL\u20111", ADDRESS),  # hyphens that do not break
        ("Xk3\\_EMAIL\\_1", ADDRESS),
        ("Xk3-EMAIL-01", ADDRESS),
        ("[Xk3-EMAIL-1]", f"[{ADDRESS}]"),
        ("**Xk3-EMAIL-1**", f"**{ADDRESS}**"),
        ("`Xk3-EMAIL-1`", f"`{ADDRESS}`"),
        ("[Xk3-EMAIL-1](mailto:Xk3-EMAIL-1)", f"[{ADDRESS}](mailto:{ADDRESS})"),
        ("Xk3-**EMAIL**-1", ADDRESS),
        ("Xk3-[EMAIL]-1", ADDRESS),
        ("Xk3-**EMAIL-1**", f"**{ADDRESS}**"),
        ("**Xk3**-EMAIL-1", f"**{ADDRESS}**"),
        ("[Xk3]-EMAIL-1", f"[{ADDRESS}]"),
        ("Xk3-CUSTOMER-NUMBER-1", "C-4711"),
        ("xk3 customer_number 1", "C-4711"),
        ("Xk3-CUSTOMERNUMBER-1", "C-4711"),
        ("中Xk3-EMAIL-1文", f"中{ADDRESS}文"),
        ("XXk3-EMAIL-1-2", f"X{ADDRESS}-2"),
        ("Xk3 Xk3-EMAIL-1", f"Xk3 {ADDRESS}"),
    ],
)
def test_a_token_is_known_by_its_prefix_however_it_is_written(written: str, read: str) -> None:
    """Case, separators, brackets and Markdown are what small models change."""
    assert restorer().restore(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "EMAIL-1", "[EMAIL-1]", "Xk4-EMAIL-1", "Xk3-EMAIL-2", "Xk3-EMAIL-10", "Xk3-EMAIL-0", "Xk3-PHONE-1", "Xk3EMAIL1", "Xk3-EMAIL",
        "Xk3-",
        "Xk3-EMAIL----1", "Xk3-EMAIL-1234567", "Xk3-EMAIL-0000010", "Xk3\nEMAIL-1", "Xk3-EMAIL and 1", "X\u212a3-EMAIL-1",
        "Xk3-EMAIL-\u0661",
        "Xk3-EMA\u0130L-1",
    ],
)  # fmt: skip
def test_what_is_no_token_of_the_conversation_stays(text: str) -> None:
    """No prefix, another one, a number or a word that was never given, letters that only look alike."""
    assert restorer().restore(text) == text


@pytest.mark.parametrize("head", ["{", ' {"a": "', '["', '[{"to": "', "\n[ {\n"])
def test_a_value_is_escaped_where_the_text_is_json(head: str) -> None:
    """A model that was asked for JSON answers with JSON: a value must not be able to add a field to it."""
    quoted = '"' if not head.rstrip().endswith('"') else ""
    text = f"{head}{quoted}Xk3-PASSWORD-1"

    assert restorer().restore(text) == f"{head}{quoted}" + orjson.dumps(QUOTED).decode()[1:-1]


@pytest.mark.parametrize("text", ["[Urgent] Xk3-PASSWORD-1", "{Xk3-PASSWORD-1}", 'so {"a": "Xk3-PASSWORD-1"}', "[Xk3-PASSWORD-1]"])
def test_a_value_stands_as_it_is_in_text(text: str) -> None:
    """A bracket alone makes no JSON."""
    assert restorer().restore(text) == text.replace("Xk3-PASSWORD-1", QUOTED)


def test_json_is_restored_inside_its_strings_keys_included() -> None:
    """Numbers, null and structure stay; a value with quotation marks adds nothing."""
    value = {"to": ["Xk3-EMAIL-1", 1, None, True], "Xk3-PASSWORD-1": {"x": "Xk3-PASSWORD-1"}}

    assert restorer().restore_json(value) == {"to": [ADDRESS, 1, None, True], QUOTED: {"x": QUOTED}}


def test_a_restored_key_replaces_no_other() -> None:
    """Two keys that would become one stay two."""
    value = {"Xk3-EMAIL-1": 1, "xk3_email_1": 2, "z": 3}

    assert restorer().restore_json(value) == {ADDRESS: 1, "xk3_email_1": 2, "z": 3}
    assert restorer().restore_json({"Xk3-EMAIL-1": 1, ADDRESS: 2}) == {"Xk3-EMAIL-1": 1, ADDRESS: 2}


def test_json_that_is_nested_too_deeply_is_refused() -> None:
    """With an error that callers expect, not with one that no one does."""
    value: Any = "x"
    for _ in range(100_000):
        value = [value]

    with pytest.raises(ValueError, match="too deeply"):
        restorer().restore_json(value)


@given(st.text(st.sampled_from("Xxk3-_ EMAIL1*[]`\\Zz"), max_size=60))
def test_restoring_gives_back_nothing_but_values(text: str) -> None:
    """Whatever is not a token stays, in its order: what is left of a result without the values is part of the text."""
    left = restorer().restore(text).replace(ADDRESS, "").replace(QUOTED, "").replace("C-4711", "")

    assert re.match(".*".join(map(re.escape, left)), text, re.DOTALL)


@pytest.mark.parametrize(
    "text", ["Xk3" + "A" * 200 + "!", "Xk3-" * 20_000, "Xk3-" + "EMAIL-" * 20_000, "X" * 100_000, "Xk3" + "[" * 100_000]
)
def test_no_text_takes_long(text: str) -> None:
    """A model can be made to say anything: 100 KB of the worst take no more than a fraction of a second."""
    start = time.perf_counter()

    assert restorer().restore(text) == text
    assert restorer().scan(text, quoted=False, final=False)[0] in text
    assert time.perf_counter() - start < 1


def test_no_value_is_in_what_is_printed() -> None:
    """It holds the whole mapping."""
    known = Pseudonyms("Xk3")
    known.token("EMAIL", ADDRESS)

    assert ADDRESS not in repr(Restorer(known))
