"""Tests of the model's reading."""

from pathlib import Path

import pytest

from assistant_gateway.redaction.names.tagging.model import Model


def test_each_word_has_its_kind_and_its_odds(folder: Path) -> None:
    """What is marked as beginning or going on is one kind; odds are against "nothing"."""
    text = "Marie lives at 12 Baker Street"
    tagged = Model(folder).tag(text)

    kinds = {text[word.word.start : word.word.end]: word.kind for word in tagged if word.odds > 0}
    assert kinds == {"Marie": "GIVEN_NAME", "12": "BUILDING_NUMBER", "Baker": "STREET_NAME", "Street": "STREET_NAME"}
    assert tagged[0].odds == pytest.approx(9.0, abs=0.01)
    assert next(word.odds for word in tagged if text[word.word.start :].startswith("lives")) < -10


def test_a_piece_of_more_tokens_than_the_model_takes_is_read_in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four hundred characters can be twelve hundred tokens; the last word is read like the first."""
    text = "xq " * 500 + "Marie"
    model = Model(folder)
    sizes: list[int] = []
    logits = model._logits

    def counted(ids: list[int]) -> object:
        sizes.append(len(ids))
        return logits(ids)

    monkeypatch.setattr(model, "_logits", counted)

    assert model.tag(text)[-1].kind == "GIVEN_NAME"
    assert sizes == [510, 491]
