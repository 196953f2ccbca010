"""Pages are fetched within bounds, whatever the site does."""

from __future__ import annotations

import gzip
import time

import pytest

from agents.knowledge.web.errors import (
    NotYet,
    PageEndless,
    PageMissing,
    PageRefused,
    PageUnusable,
    SiteUnavailable,
)
from agents.knowledge.web.fetch import Known, fetch
from agents.knowledge.web.robots import require_allowed
from agents.knowledge.web.sitemaps import pages_of
from nexod.kernel.errors import AddressRefused
from tests.site import breaking_off, dripping, endless, open_site, silent

MB = 1_000_000


@pytest.fixture
def site(settings):
    """Serve a site that may be called although it is on this machine."""
    with open_site() as site:
        settings.NEXOD_EGRESS_ALLOW = [site.allowed]
        yield site


def get(url, **more):
    return fetch(url, **{"max_bytes": MB, "most_s": 5, **more})


def test_a_page_comes_with_what_its_server_says_of_it(site):
    site.page("/a", "<p>Ä", ETag='"1"', **{"Last-Modified": "Sun, 01 Nov 2026 00:00:00 GMT"})
    answer = get(site.address + "/a#part")
    assert (answer.body, answer.media_type, answer.charset) == ("<p>Ä".encode(), "text/html", "utf-8")
    assert answer.known == Known('"1"', "Sun, 01 Nov 2026 00:00:00 GMT")
    assert get(site.address + "/a", known=answer.known).body is None
    assert site.paths == ["/a", "/a"]


def test_redirects_are_followed_and_each_is_asked_about(site):
    site.answers("/one", 302, Location="/two")
    site.answers("/two", 301, Location=f"{site.address}/three")
    site.page("/three", "end")
    asked = []
    answer = get(site.address + "/one", may_fetch=asked.append)
    assert (answer.url, answer.body) == (site.address + "/three", b"end")
    assert [url.rpartition("/")[2] for url in asked] == ["one", "two", "three"]


@pytest.mark.parametrize(
    "inside",
    ["http://169.254.169.254/latest/meta-data/", "http://localhost:5432/", "http://[::1]/", "http://10.0.0.1/"],
)
def test_no_redirect_leads_inside(site, inside):
    site.answers("/out", 302, Location=inside)
    with pytest.raises(AddressRefused, match="private or reserved"):
        get(site.address + "/out")


@pytest.mark.parametrize("inside", ["http://127.0.0.1:1/", "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/"])
def test_no_address_leads_inside(settings, inside):
    settings.NEXOD_EGRESS_ALLOW = []
    with pytest.raises(AddressRefused):
        get(inside)


@pytest.mark.parametrize(
    "wrong", ["file:///etc/passwd", "ftp://x.test/", "https://me:secret@x.test/", "no address", "http://"]
)
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(PageUnusable):
        get(wrong)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://x/", "http://me:secret@x.test/"])
def test_no_redirect_leads_to_what_is_no_page(site, target):
    site.answers("/out", 302, Location=target)
    with pytest.raises(PageUnusable):
        get(site.address + "/out")


def test_a_page_that_never_ends_is_given_up_at_its_bound(site):
    site.pages["/endless"] = endless
    began = time.monotonic()
    with pytest.raises(PageEndless, match=r"over 1\.0 MB"):
        get(site.address + "/endless")
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(("page", "error"), [(dripping, PageEndless), (silent, PageEndless)])
def test_a_page_that_takes_for_ever_is_given_up_in_time(site, page, error):
    site.pages["/slow"] = page
    began = time.monotonic()
    with pytest.raises(error, match="after 1 s"):
        get(site.address + "/slow", most_s=1)
    assert time.monotonic() - began < 15


def test_redirects_without_end_are_given_up(site):
    site.answers("/round", 302, Location="/round")
    with pytest.raises(PageUnusable, match="redirected more than 5 times"):
        get(site.address + "/round")
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (404, PageMissing, "no such page"),
        (410, PageMissing, "delete this document"),
        (403, PageRefused, "upload the file"),
        (401, PageRefused, "upload the file"),
        (503, SiteUnavailable, "right now"),
        (500, SiteUnavailable, "right now"),
        (429, SiteUnavailable, "right now"),
        (206, PageUnusable, "in a browser"),
        (418, PageUnusable, "in a browser"),
    ],
)
def test_a_failure_says_what_to_do(site, status, error, says):
    site.answers("/x", status)
    with pytest.raises(error, match=says):
        get(site.address + "/x")


def test_a_busy_site_says_when_it_may_be_asked_again(site):
    site.answers("/x", 429, Retry_After="120")
    with pytest.raises(SiteUnavailable) as caught:
        get(site.address + "/x")
    assert caught.value.retry_s == 120


def test_a_site_that_breaks_off_or_is_not_there_may_be_better_later(site):
    site.pages["/half"] = breaking_off
    with pytest.raises(SiteUnavailable):
        get(site.address + "/half")
    site.server.server_close()
    with pytest.raises(SiteUnavailable, match="does not answer"):
        get(site.address + "/gone")


def test_a_compressed_answer_is_not_unpacked(site):
    site.answers("/packed", 200, gzip.compress(b"x" * 50 * MB), Content_Encoding="gzip")
    with pytest.raises(PageEndless):
        get(site.address + "/packed")


def test_robots_are_honoured_and_asked_once(site, in_acme):
    site.answers("/robots.txt", 200, b"User-agent: *\nDisallow: /private\nAllow: /private/open\n")
    require_allowed(f"{site.address}/public")
    require_allowed(f"{site.address}/private/open")
    with pytest.raises(PageRefused, match=r"robots\.txt"):
        require_allowed(f"{site.address}/private/page")
    assert site.paths == ["/robots.txt"]


def test_rules_for_us_by_name_count_before_those_for_all(site, in_acme):
    site.answers("/robots.txt", 200, b"User-agent: *\nDisallow:\n\nUser-agent: nexod\nDisallow: /\n")
    with pytest.raises(PageRefused):
        require_allowed(f"{site.address}/public")


def test_a_site_without_robots_allows_and_one_that_fails_is_left_alone(site, settings, in_acme):
    require_allowed(f"{site.address}/public")
    with open_site() as other:
        settings.NEXOD_EGRESS_ALLOW = [site.allowed, other.allowed]
        other.answers("/robots.txt", 500)
        with pytest.raises(SiteUnavailable):
            require_allowed(f"{other.address}/public")


def test_the_time_that_a_site_wants_between_two_pages_is_kept(site, in_acme):
    site.answers("/robots.txt", 200, b"User-agent: *\nCrawl-delay: 7\n")
    require_allowed(f"{site.address}/one")
    with pytest.raises(NotYet) as caught:
        require_allowed(f"{site.address}/two")
    assert caught.value.retry_s == 7


def test_a_sitemap_gives_the_pages_of_its_own_site_once(site):
    first, second = f"{site.address}/a?x=1&amp;y=2", f"{site.address}/b"
    address = site.sitemap("/sitemap.xml", first, second, second, "https://other.test/c", "file:///etc/passwd")
    found = pages_of(address)
    assert (list(found.addresses), found.left_out) == ([f"{site.address}/a?x=1&y=2", second], 2)


def test_an_index_is_followed_packed_or_not_and_in_no_circle(site):
    index = f"{site.address}/index.xml"
    parts = [
        site.sitemap("/1.xml", f"{site.address}/one"),
        site.sitemap("/2.xml.gz", f"{site.address}/two", packed=True),
    ]
    site.sitemap("/index.xml", *parts, index, "http://10.0.0.1/inside.xml", index=True)
    found = pages_of(index)
    assert list(found.addresses) == [f"{site.address}/one", f"{site.address}/two"]
    assert found.left_out == 1
    assert sorted(site.paths) == ["/1.xml", "/2.xml.gz", "/index.xml"]


def test_an_index_without_end_is_bounded(site):
    site.sitemap("/index.xml", *(f"{site.address}/{n}.xml" for n in range(500)), index=True)
    for number in range(500):
        site.sitemap(f"/{number}.xml", f"{site.address}/page-{number}")
    found = pages_of(f"{site.address}/index.xml")
    assert (len(found.addresses), found.left_out) == (50, 450)


def test_a_sitemap_bomb_and_what_is_none_are_refused(site):
    site.answers("/bomb.xml.gz", 200, gzip.compress(b" " * 80 * MB))
    with pytest.raises(PageEndless, match="unpacks"):
        pages_of(f"{site.address}/bomb.xml.gz")
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>'
    site.answers("/entities.xml", 200, entity)
    assert not pages_of(f"{site.address}/entities.xml").addresses
    site.page("/page", "<p>no sitemap")
    with pytest.raises(PageUnusable, match="no sitemap"):
        pages_of(f"{site.address}/page")
