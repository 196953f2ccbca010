"""The words of a knowledge base, and the chunks that they are in: what lexical search reads."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from agents.models.knowledge_base import KnowledgeBase


class WordCount(models.Model):
    """In how many chunks of a knowledge base a word is. The row of the empty word counts all its chunks, and their words."""

    id = models.BigAutoField(primary_key=True)
    knowledge_base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, db_index=False, related_name="+")
    lexeme = models.CharField(max_length=2_100)
    chunks = models.IntegerField()
    words = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["knowledge_base", "lexeme"], name="word_once_a_knowledge_base")
        ]

    def __str__(self) -> str:
        return f"{self.lexeme}: {self.chunks}"


class Posting(models.Model):
    """How often a word is in a chunk of so many words. Sixty of them a chunk: plain numbers, no rule looks at each of them."""

    pk = models.CompositePrimaryKey("word_id", "chunk_id")
    word_id = models.BigIntegerField()
    chunk_id = models.BigIntegerField()
    times = models.SmallIntegerField()
    length = models.SmallIntegerField()

    def __str__(self) -> str:
        return f"{self.word_id} in {self.chunk_id}"
