"""What the server answers beside chats: vectors, orders of documents, lists of models. Foretellable, from the words alone."""

from __future__ import annotations

from typing import Any

MODEL = "scripted"
DIMENSIONS = 4


def vectors(body: dict[str, Any]) -> dict[str, Any]:
    """Return an embedding for each input, last one first: the client has to go by the index."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    rows = [{"object": "embedding", "index": n, "embedding": vector(text)} for n, text in enumerate(texts)]
    used = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": used, "total_tokens": used}
    return {"object": "list", "model": body.get("model", MODEL), "data": rows[::-1], "usage": usage}


def vector(text: str) -> list[float]:
    """Return numbers that differ from text to text."""
    return [float(len(text)), float(len(text.split())), float(sum(map(ord, text)) % 97), 1.0]


def order(body: dict[str, Any]) -> dict[str, Any]:
    """Return the documents by how many words they share with the query."""
    wanted = set(body["query"].lower().split())
    scores = [len(wanted & set(document.lower().split())) / max(1, len(wanted)) for document in body["documents"]]
    rows = [{"index": index, "relevance_score": score} for index, score in enumerate(scores)]
    rows.sort(key=lambda row: -row["relevance_score"])
    used = sum(len(text.split()) for text in (body["query"], *body["documents"]))
    return {"id": "rerank", "results": rows[: body.get("top_n") or None], "usage": {"total_tokens": used}}


def models(path: str) -> dict[str, Any] | None:
    """Return the list of models in the form of the path's provider; None where there is none."""
    if path.endswith("/api/tags"):
        return {"models": [{"name": MODEL, "model": MODEL}]}
    if path.endswith("/foundation-models"):
        return {"modelSummaries": [{"modelId": MODEL, "modelName": MODEL}]}
    if path.endswith("/v1beta/models"):
        return {"models": [{"name": f"models/{MODEL}"}]}
    if path.endswith("/models"):
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "type": "model"}], "has_more": False}
    return None
