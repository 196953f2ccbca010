"""Scripts that put no space between words are found by words, too; what is counted is counted back; old counts are put right."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from agents.actions.documents import delete_document
from agents.actions.knowledge import create_knowledge_base
from agents.knowledge.explain import explained
from agents.knowledge.legs import lexical
from agents.knowledge.readers import NOBODY
from agents.knowledge.retrieve import search
from agents.models import Chunk, Posting, WordCount
from tests.shelf import add

TEXTS = {
    "tide": "潮の満ち引きは主に月の引力によって起こる。",
    "bread": "パンは小麦粉と水と塩から作られる。",
    "train": "新幹線は東京と大阪を結ぶ高速鉄道である。",
    "leave": "年假每年三十天。需提前两周申请。",
    "seat": "公司成立于一九九八年。总部位于上海。",
    "wages": "급여는 매월 말일에 지급된다.",
    "canteen": "구내식당은 정오에 문을 연다.",
    "holiday": "พนักงานลาพักร้อนได้สามสิบวันต่อปี",
    "mixed": "The Shinkansen N700S (新型車両) runs at 300 km/h.",
    "english": "Holidays are thirty days a year.",
}


@pytest.fixture
def base(in_acme: Any, person: Any) -> Any:
    base = create_knowledge_base(actor=person("acme", "editor"), name="Docs")
    for title, text in TEXTS.items():
        add(base, title, text)
    return base


def by_words(base: Any, query: str) -> list[str]:
    titles = dict(Chunk.objects.values_list("pk", "document__title"))
    return [titles[key] for key in lexical(base, query, 3)]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("月の引力", "tide"), ("小麦粉", "bread"), ("東京から大阪への鉄道", "train"), ("年假有几天", "leave"),
        ("总部在上海吗", "seat"),
        ("급여 지급일", "wages"), ("식당", "canteen"), ("ลาพักร้อนกี่วัน", "holiday"), ("新型車両", "mixed"),
        ("how fast does the shinkansen run", "mixed"), ("holiday of thirty days", "english"),
    ],
)  # fmt: skip
def test_words_find_every_script(base: Any, query: str, title: str) -> None:
    assert by_words(base, query)[:1] == [title]
    [found] = search(base, query, reader=NOBODY, limit=1)
    assert found.document_title == title


def test_the_reasons_name_the_signs(base: Any) -> None:
    told = explained(base, "月の引力", reader=NOBODY, limit=1)
    assert {"月の", "の引", "引力"} <= set(told.results[0].words)


def test_what_was_counted_is_counted_back(base: Any, person: Any) -> None:
    for document in list(base.documents.all()):
        delete_document(actor=person("acme", "editor"), document=document)
    assert not Posting.objects.exists()
    assert set(WordCount.objects.values_list("chunks", "words")) == {(0, 0)}


def test_what_was_counted_by_clauses_is_counted_anew(base: Any) -> None:
    """As it is now, and as it was before: the migration gives the same, and twice changes nothing."""
    migration = import_module("agents.migrations.0019_words_of_scripts")
    now = counts()
    Posting.objects.filter(word_id__in=WordCount.objects.filter(lexeme="引力").values("pk")).delete()
    WordCount.objects.filter(lexeme="引力").update(chunks=10)
    WordCount.objects.filter(lexeme="").update(words=3)
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(migration.COUNT)
        assert counts() == now


def counts() -> set[Any]:
    words = {row.pk: row.lexeme for row in WordCount.objects.all()}
    postings = {(words[row.word_id], row.chunk_id, row.times, row.length) for row in Posting.objects.all()}
    return postings | set(WordCount.objects.values_list("lexeme", "chunks", "words"))
