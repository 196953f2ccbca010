"""Where a credential may be sent: exactly to what its hosts say, whatever an address is made of."""

from __future__ import annotations

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.credentials.hosts import Place, admits, covers, place_of, plain_hosts

LABEL = st.text(ascii_lowercase + "0123456789", min_size=1, max_size=8)
NAME = st.lists(LABEL, min_size=2, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("host", "url", "fits"),
    [
        ("api.example.com", "https://api.example.com/x", True),
        ("api.example.com", "https://API.EXAMPLE.com/x", True),
        ("api.example.com", "http://api.example.com/x", False),
        ("api.example.com", "https://api.example.com:8443/x", False),
        ("api.example.com:8443", "https://api.example.com:8443/x", True),
        ("api.example.com", "https://api.example.com.thief.test/", False),
        ("api.example.com", "https://api.example.com@thief.test/", False),
        ("api.example.com", "https://thief.test/api.example.com", False),
        ("api.example.com", "https://example.com/", False),
        ("*.example.com", "https://a.example.com/", True),
        ("*.example.com", "https://a.b.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://thiefexample.com/", False),
        ("http://intern.example.com", "http://intern.example.com/", True),
        ("http://intern.example.com", "https://intern.example.com/", False),
    ],
)
def test_an_address_is_one_of_the_hosts_or_not(host: str, url: str, fits: bool) -> None:
    place = place_of(url)
    assert place is not None
    assert admits(plain_hosts([host]), place) is fits


@pytest.mark.parametrize(
    "host",
    ["", "*", "*.com", "*.*.example.com", "a.*.example.com", "https://a.test/path", "a b", "user@a.test", "a.test:0",
     "a.test:99999", "ftp://a.test", "[::1]", "a..test", "-a.test", "änne.test"],
)  # fmt: skip
def test_what_is_no_host_is_refused_in_words(host: str) -> None:
    with pytest.raises(ValueError, match=r"host|port|internet|organisation"):
        plain_hosts([host])


def test_hosts_are_kept_in_one_form_each_once() -> None:
    assert plain_hosts([" API.example.com/ ", "api.example.com", "", "*.a.test:8443"]) == [
        "api.example.com",
        "*.a.test:8443",
    ]


@given(NAME, NAME, st.sampled_from([443, 8443]))
def test_no_other_host_is_admitted(own: str, other: str, port: int) -> None:
    place = Place("https", other, port)
    assert admits([own], place) is (other == own and port == 443)
    assert admits([f"*.{own}"], place) is (other.endswith(f".{own}") and port == 443)


@given(NAME, NAME, LABEL, st.booleans(), st.booleans())
def test_what_covers_a_pattern_admits_all_that_the_pattern_allows(
    own: str, other: str, below: str, wide: bool, every: bool
) -> None:
    """A tool that may call a host is given a credential only where no call of the tool could be refused it."""
    hosts, pattern = [f"*.{own}" if wide else own], f"*.{other}" if every else other
    if covers(hosts, pattern):
        called = f"{below}.{other}" if every else other
        assert admits(hosts, Place("https", called, 443))
    elif not every:
        assert not admits(hosts, Place("https", other, 443))


def test_a_pattern_of_every_host_below_is_covered_by_as_wide_a_one_only() -> None:
    assert covers(["*.example.com"], "*.example.com")
    assert covers(["*.example.com"], "*.eu.example.com")
    assert not covers(["a.example.com"], "*.example.com")
    assert not covers(["*.eu.example.com"], "*.example.com")
    assert covers(["http://a.test:81"], "a.test:81")
