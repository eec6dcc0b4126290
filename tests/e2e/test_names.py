"""Names at their limit."""

from tests.e2e.support.assistants import Assistants

PROMPT = "What is the capital of France? Answer in one short sentence."


def test_a_name_of_63_characters_works(assistants: Assistants) -> None:
    """The longest name that a Service may have: every child's own limit is kept (its name is cut and ends in a hash), and it answers."""
    name = "n" * 62 + "x"
    assistants.ready(name)
    assistants.client(name)

    assert "Paris" in assistants.ask("openai", PROMPT, name=name)["whole"]
