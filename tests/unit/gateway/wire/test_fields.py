"""The checks that both wire formats share."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.errors import RefusalError
from assistant_gateway.wire import fields, ollama, openai
from assistant_gateway.wire.fields import Rules

RULES = Rules("tiny:1b", frozenset({"tiny:1b", "library/tiny:1b"}), 256, 4096)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(sorted(fields.TOUCHED | {"messages", "prompt", "format", "tools", "MODEL", "Model", "\u212aeep_alive"}))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_parser(raw: bytes) -> None:
    try:
        parsed = fields.parse(raw)
    except RefusalError as refusal:
        assert refusal.code in {"invalid_json", "invalid_request"}  # noqa: PT017  both ways out are right
    else:
        assert isinstance(parsed, dict)


@pytest.mark.parametrize("prepare", [openai.completion, openai.embedding, ollama.generation, ollama.embedding, ollama.show])
@given(st.dictionaries(NAMES, JSON, max_size=6), st.booleans())
def test_whatever_is_sent_what_goes_on_is_for_the_policys_model_and_under_its_caps(
    prepare: object, body: dict[str, object], ours: bool
) -> None:
    if ours:
        body["model"] = "library/tiny:1b"
    try:
        parsed = fields.parse(orjson.dumps(body))
        prepare(parsed, RULES)  # type: ignore[operator]
        sent = fields.encode(parsed)
    except RefusalError as refusal:
        assert refusal.status in {400, 404}  # noqa: PT017  both ways out are right
        return
    # As Go reads it: names without regard to case.
    folded = [name.casefold() for name in parsed]
    assert folded.count("model") == 1
    read = orjson.loads(sent)
    assert read["model"] == "tiny:1b"
    assert "keep_alive" not in folded
    if prepare is openai.completion:
        assert 0 < read["max_tokens"] <= 256
    if prepare is ollama.generation:
        assert 0 < read["options"]["num_predict"] <= 256
        assert 0 < read["options"].get("num_ctx", 1) <= 4096
        assert not set(ollama.RUNNER_OPTIONS) & read["options"].keys()


@pytest.mark.parametrize(("value", "capped"), [(None, 9), (0, 9), (-1, 9), (-2, 9), (1, 1), (9, 9), (10, 9), (2**63, 9)])
def test_what_means_without_end_means_the_cap(value: int | None, capped: int) -> None:
    assert fields.at_most(value, 9) == capped


@pytest.mark.parametrize("name", ["MODEL", "Model", "\u017ftream", "\u212aEEP_ALIVE", "Options", "Context", "Format", "Response_Format"])
def test_a_second_spelling_of_a_checked_field_is_refused(name: str) -> None:
    with pytest.raises(RefusalError) as refused:
        fields.parse(orjson.dumps({"model": "tiny:1b", name: 1}))

    assert refused.value.param == name.casefold()


def test_fields_that_are_not_checked_may_be_spelled_as_one_likes() -> None:
    assert fields.parse(b'{"Temperature":1}') == {"Temperature": 1}


@pytest.mark.parametrize("raw", [b'{"a":"\\ud800"}', b'{"a":1e999}', b'{"a":01}', b"{'a':1}", b'{"a":1}x', b'\xef\xbb\xbf{"a":1}'])
def test_what_another_parser_might_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(RefusalError) as refused:
        fields.encode(fields.parse(raw))

    assert refused.value.code == "invalid_json"
