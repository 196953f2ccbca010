"""The bundled embedding model: unit vectors that mean something, without a network."""

from __future__ import annotations

import pytest

from agents.knowledge.embedding import EmbedderUnknown, embedder


def similarity(one: str, other: str) -> float:
    a, b = embedder().embed([one, other])
    return float(a @ b)


def test_every_text_gets_a_vector_of_length_one():
    model = embedder()
    vectors = model.embed(["hello", "", " ", "\U0010ffff", "word " * 3000])
    assert vectors.shape == (5, model.dimensions)
    assert [float(vector @ vector) for vector in vectors] == pytest.approx([1] * 5, abs=1e-5)


def test_no_texts_give_no_vectors():
    assert len(embedder().embed([])) == 0


def test_like_is_near_like():
    assert similarity("How do I reset my password?", "I forgot my login credentials") > similarity(
        "How do I reset my password?", "The boundary layer of a flat plate"
    )


def test_the_same_text_has_the_same_vector_in_any_company():
    alone = embedder().embed(["a text"])[0]
    together = embedder().embed(["a text", "a much longer text " * 50])[0]
    assert alone == pytest.approx(together, abs=1e-6)


def test_an_unknown_model_is_named():
    with pytest.raises(EmbedderUnknown, match="'other-1'"):
        embedder("other-1")
