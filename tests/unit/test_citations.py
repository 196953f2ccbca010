"""Citations are checked by words: retrieved or not, supported or not."""

from __future__ import annotations

import pytest

from agents.knowledge.citations import Source, checked, cites

TEA = Source(
    7,
    "doc",
    "Tea",
    "Brewing",
    2,
    10,
    90,
    "Water must boil before it is poured on the leaves. Tea has been drunk for 4,000 years.",
)
BEES = Source(8, "bees", "Bees", "", None, 0, 40, "Bees dance to tell each other where flowers are.")


def problems(answer, **sources):
    return [(one.ref, one.problem) for one in checked(answer, {ref: [source] for ref, source in sources.items()})]


def test_a_supported_citation_resolves_to_its_place():
    (one,) = checked("The water has to boil before pouring it on the leaves [D1].", {"D1": [TEA]})
    assert (one.problem, one.source, one.overlap > 0.6) == ("", TEA, True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Tea cures every illness and makes people fly [D1].", [("D1", "not_supported")]),
        ("Water must boil [D2].", [("D2", "not_retrieved")]),
        ("Water must boil. [D1] Bees dance where flowers are. [D3]", [("D1", ""), ("D3", "")]),
        ("Water must boil [D1][D3].", [("D1", ""), ("D3", "not_supported")]),
        (
            "- Boiling water is poured on leaves [D1]\n- Bees tell of flowers [D1]",
            [("D1", ""), ("D1", "not_supported")],
        ),
        ("People drank tea 4,000 years ago [D1].", [("D1", "")]),
        ("Water must boil [D1, D3].", [("D1", ""), ("D3", "not_supported")]),
        ("Bees dance where flowers are. [D3; D1]", [("D3", ""), ("D1", "not_supported")]),
        ("Water must boil \u3010D1\u3011. Bees dance \u3010D3\u3011.", [("D1", ""), ("D3", "")]),
        ("See [D1].", [("D1", "not_supported")]),
        ("[D1]", [("D1", "")]),
        ("Nothing is cited here.", []),
        ("An array [D] and [1] and [Dx].", []),
    ],
)
def test_each_citation_is_checked_with_its_own_sentence(answer, expected):
    assert problems(answer, D1=TEA, D3=BEES) == expected


MOON = Source(
    9, "moon", "潮", "", None, 0, 40,
    "潮の満ち引きは主に月の引力によって起こる。조석은 달의 인력 때문에 생긴다. "
    "น้ำขึ้นน้ำลงเกิดจากแรงดึงดูดของดวงจันทร์",
)  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("月の引力が潮の満ち引きを起こす[D1]。", ""),
        ("パンは小麦粉と水から作られる[D1]。", "not_supported"),
        ("달의 인력이 조석을 만든다 [D1].", ""),
        ("빵은 밀가루로 만든다 [D1].", "not_supported"),
        ("แรงดึงดูดของดวงจันทร์ทำให้เกิดน้ำขึ้นน้ำลง [D1]", ""),
        ("ขนมปังทำจากแป้งสาลี [D1]", "not_supported"),
    ],
)
def test_scripts_without_spaces_are_compared_by_their_signs(answer, expected):
    assert problems(answer, D1=MOON) == [("D1", expected)]


def test_a_name_that_was_given_twice_counts_for_either():
    (one,) = checked("Bees dance to tell of flowers [D1].", {"D1": [TEA, BEES]})
    assert (one.problem, one.source) == ("", BEES)


def test_an_answer_that_cites_nothing_is_known():
    assert cites("So it is [D12].")
    assert not cites("So it is [12].")


def test_a_very_long_answer_takes_no_time():
    assert len(checked("word " * 200_000 + "[D1].\n" * 200, {"D1": [TEA]})) == 200
