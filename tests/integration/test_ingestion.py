"""Reading documents: only what changed, in turns, through dead workers and sites that fail for a while."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from agents.actions import ingestion, lanes, pages, turns
from agents.actions.addresses import AddressInvalid, add_addresses
from agents.actions.contents import Taken
from agents.actions.documents import (
    delete_document,
    put_document,
    put_text,
    refresh_document,
    retry_documents,
    upload_document,
)
from agents.actions.ingestion import MOST_ATTEMPTS, ingest_document
from agents.actions.knowledge import create_knowledge_base
from agents.actions.sitemaps import SitemapInWork, add_sitemap, delete_sitemap, read_sitemap, refresh_sitemap
from agents.knowledge.embedding import WordLlamaEmbedder
from agents.knowledge.errors import DocumentEmpty
from agents.knowledge.files import files
from agents.knowledge.progress import progress_of
from agents.models import Chunk, ChunkVector, Document, DocumentText, Sitemap
from nexod.kernel.errors import PermissionDenied, Unavailable
from tenants.context import enter_platform, enter_tenant
from tenants.models import DueTime, UsageRecord
from tests.site import open_site

SECTIONS = [f"## Part {n}\n\n" + f"Sentence number {n} of this part says something. " * 8 for n in range(40)]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Keep files in a folder of the test."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def editor(in_acme, person):
    """Return somebody who may upload; the test works inside acme."""
    return person("acme", "editor")


@pytest.fixture
def base(editor):
    """Return an empty knowledge base of acme."""
    return create_knowledge_base(actor=editor, name="Docs")


@pytest.fixture
def embeddings(monkeypatch):
    """Count the texts that are embedded."""
    counted = Counter()
    embed = WordLlamaEmbedder.embed

    def counting(self, texts):
        counted["texts"] += len(texts)
        return embed(self, texts)

    monkeypatch.setattr(WordLlamaEmbedder, "embed", counting)
    return counted


@pytest.fixture
def site(settings):
    with open_site() as site:
        settings.NEXOD_EGRESS_ALLOW = [site.allowed]
        yield site


def put(base, actor, text, address="guide.md"):
    file = ContentFile(text.encode(), name="guide.md")
    return put_document(actor=actor, knowledge_base=base, name="guide.md", file=file, address=address)


def read(document):
    ingest_document(document_id=document.pk)
    document.refresh_from_db()
    return document


def stored_bytes(tenant):
    with enter_platform():
        return int(UsageRecord.objects.get(tenant=tenant, metric="storage_bytes").amount)


def chunks(document):
    return dict(document.chunks.values_list("content_hash", "pk"))


def test_new_content_at_an_address_touches_only_what_changed(
    base, editor, acme, media, embeddings, django_capture_on_commit_callbacks
):
    document, taken = put(base, editor, "# Guide\n\n" + "\n\n".join(SECTIONS))
    before, vectors = chunks(read(document)), set(ChunkVector.objects.values_list("pk", flat=True))
    assert (taken, embeddings["texts"], len(before)) == (Taken.ADDED, 40, 40)

    changed = [*SECTIONS[:3], "## Inserted\n\nA new section.", *SECTIONS[3:20], SECTIONS[20].replace("says", "does not say"),
               *SECTIONS[21:39]]  # fmt: skip
    text = "# Guide\n\n" + "\n\n".join(changed)
    with django_capture_on_commit_callbacks() as callbacks:
        again, taken = put(base, editor, text)
    for forget in (call for call in callbacks if getattr(call, "func", None) == files.delete):
        forget()
    assert (again.pk, taken, again.status) == (document.pk, Taken.CHANGED, "pending")
    after = chunks(read(document))
    assert embeddings["texts"] == 42
    kept = before.items() & after.items()
    assert len(kept) == 38
    assert len(set(ChunkVector.objects.values_list("pk", flat=True)) & vectors) == 38
    rows = list(document.chunks.order_by("ordinal"))
    assert [row.ordinal for row in rows] == list(range(40))
    assert all(document.body.text[row.start : row.end] == row.text for row in rows)
    assert (len([path for path in media.rglob("*") if path.is_file()]), stored_bytes(acme)) == (1, len(text.encode()))


def test_the_same_content_again_is_not_read_again(base, editor, embeddings):
    read(put(base, editor, SECTIONS[0])[0])
    before = embeddings["texts"]
    document, taken = put(base, editor, SECTIONS[0])
    assert (taken, document.status, embeddings["texts"]) == (Taken.KNOWN, "ready", before)


def test_equal_sections_keep_a_chunk_each(base, editor, embeddings):
    text = "\n\n".join(["# A\n\nThe same words."] * 5)
    read(put(base, editor, text)[0])
    document = read(put(base, editor, text + "\n\n# B\n\nOther words.")[0])
    assert embeddings["texts"] == 6
    assert document.chunks.count() == 6


def test_what_cannot_be_read_any_more_keeps_what_was_read_before(base, editor):
    document = read(put(base, editor, SECTIONS[0])[0])
    file = ContentFile(b"%PDF-1.4 damaged", name="guide.pdf")
    put_document(actor=editor, knowledge_base=base, name="guide.pdf", file=file, address="guide.md")
    assert read(document).status == "failed"
    assert document.chunks.count() == 1


def test_a_text_is_a_document_that_its_next_version_replaces(base, editor):
    def put_version(text):
        return put_text(actor=editor, knowledge_base=base, title="A/B test", text=text, address="notes/1")

    document = read(put_version("First.")[0])
    assert (document.name, document.origin, document.title) == ("A B test.md", "text", "A B test")
    assert read(put_version("Second. 潮の満ち引き 🌊 مد وجزر")[0]) == document
    assert document.body.text == "Second. 潮の満ち引き 🌊 مد وجزر"
    assert Document.objects.count() == 1


def test_content_replaced_while_it_is_read_is_read_anew(base, editor):
    document, _ = put(base, editor, SECTIONS[0])
    assert lanes.claim(Document.objects.all(), document.pk)
    stale = Document.objects.select_related("knowledge_base").get(pk=document.pk)
    put(base, editor, SECTIONS[1])
    from agents.actions.ingestion import _read

    with pytest.raises(Exception, match="deleted, or taken over"):
        _read(stale, None)
    document.refresh_from_db()
    assert (document.status, document.chunks.count()) == ("pending", 0)


def pending(base, count, **more):
    rows = [Document(knowledge_base=base, name=f"{n}.txt", content_hash=f"{n}", **more) for n in range(count)]
    return Document.objects.bulk_create(rows)


def test_no_more_is_read_at_once_than_there_are_lanes(base):
    pending(base, 10)
    taken = [lanes.claim(lanes.waiting()) for _ in range(5)]
    assert [one is not None for one in taken] == [True] * len(lanes.LANES) + [False] * 3
    assert Document.objects.filter(status="processing").count() == len(lanes.LANES)


def test_the_next_of_many_is_found_by_its_index(base):
    """Taking one costs the same however many wait: they are not sorted."""
    pending(base, 3_000)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {Document._meta.db_table}")
    plan = lanes.waiting().filter(lanes._is_waiting(Document))[:1].explain()
    assert "document_waiting" in plan, plan
    assert "Sort" not in plan, plan


def test_what_was_left_behind_is_taken_before_what_waits(base):
    [left] = pending(base, 1, status="processing", origin="url")
    upload = Document.objects.create(knowledge_base=base, name="u.txt", content_hash="u")
    assert lanes.claim(lanes.waiting()) == upload.pk
    Document.objects.filter(pk=left.pk).update(updated_at=timezone.now() - lanes.STALE_AFTER * 2)
    Document.objects.filter(pk=upload.pk).update(status="pending")
    assert lanes.claim(lanes.waiting()) == left.pk


def test_what_somebody_waits_for_goes_before_pages_and_folders(base):
    pages = pending(base, 3, origin="url")
    Document.objects.filter(pk__in=[page.pk for page in pages]).update(created_at=timezone.now() - timedelta(hours=1))
    upload = Document.objects.create(knowledge_base=base, name="u.txt", content_hash="u")
    assert lanes.claim(lanes.waiting()) == upload.pk


def test_ten_thousand_documents_of_one_tenant_hold_nobody_up(
    base, editor, acme, globex, person, monkeypatch, django_capture_on_commit_callbacks
):
    """The queue is played: acme's three hundred documents were there first, then came one of globex."""
    monkeypatch.setattr(turns, "TURN_S", 0.3)
    queue = []

    def enqueued(tenant, act):
        with enter_tenant(tenant), django_capture_on_commit_callbacks() as callbacks:
            found = act()
        queue.extend((tenant, call.args[1].keywords["kwargs"]["lane"]) for call in callbacks if hasattr(call, "args"))
        return found

    for number in range(300):
        enqueued(acme, lambda number=number: put(base, editor, f"Text {number} of acme.", address=f"{number}"))
    with enter_tenant(globex):
        other = person("globex", "editor")
        theirs = create_knowledge_base(actor=other, name="Docs")
    document, _ = enqueued(globex, lambda: put(theirs, other, "The only text of globex."))
    assert len(queue) <= 3

    order = []
    while queue:
        tenant, lane = queue.pop(0)
        order.append(tenant.slug)
        enqueued(tenant, lambda lane=lane: turns.take_turn(lane=lanes.UUID(lane)))
        with enter_tenant(globex):
            if "globex" in order and Document.objects.get(pk=document.pk).status == "ready":
                break
    with enter_tenant(acme):
        left = Document.objects.filter(status="pending").count()
    assert order.index("globex") <= len(lanes.LANES)
    assert left > 100
    with enter_tenant(globex):
        assert Document.objects.count() == 1


def test_a_turn_ends_and_sends_its_lane_round_again(base, editor, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(turns, "TURN_S", 0.0)
    put(base, editor, "Text.")
    with django_capture_on_commit_callbacks() as callbacks:
        turns.take_turn(lane=lanes.LANES[0])
    assert len(callbacks) == 1
    monkeypatch.setattr(turns, "TURN_S", 60.0)
    with django_capture_on_commit_callbacks() as callbacks:
        turns.take_turn(lane=lanes.LANES[0])
    assert not [call for call in callbacks if getattr(call, "args", None)]
    assert Document.objects.get().status == "ready"


def due(lane):
    with enter_platform():
        return DueTime.objects.get(kind="document", item=lane)


def test_a_document_whose_worker_died_is_taken_over(base, editor):
    document, _ = put(base, editor, "Text.")
    Document.objects.update(status="processing", updated_at=timezone.now())
    turns.take_turn(lane=lanes.LANES[0])
    assert Document.objects.get().status == "processing"
    assert due(lanes.LANES[0]).due_at > timezone.now() + timedelta(seconds=60)
    Document.objects.update(updated_at=timezone.now() - lanes.STALE_AFTER - timedelta(seconds=1))
    turns.take_turn(lane=lanes.LANES[0])
    document.refresh_from_db()
    assert (document.status, document.attempts) == ("ready", 0)


def test_a_document_that_ends_its_reader_again_and_again_is_given_up(base, editor):
    document, _ = put(base, editor, "Text.")
    Document.objects.update(attempts=MOST_ATTEMPTS)
    assert (read(document).status, document.error["code"]) == ("failed", "document_too_complex")


def test_every_failed_document_is_read_anew_at_once(base, editor, person):
    pending(base, 3, status="failed", error={"code": "document_empty", "message": "…"})
    Document.objects.create(knowledge_base=base, name="x", content_hash="x", status="ready")
    with pytest.raises(PermissionDenied):
        retry_documents(actor=person("acme", "viewer"), documents=Document.objects.all())
    assert retry_documents(actor=editor, documents=Document.objects.all()) == 3
    assert Counter(Document.objects.values_list("status", flat=True)) == {"pending": 3, "ready": 1}


def test_a_page_is_fetched_read_and_asked_again_at_the_cost_of_a_header(base, editor, site, embeddings):
    address = site.page("/guide", "<title>Guide</title><h1>Tides</h1><p>The moon pulls.</p>", ETag='"1"')
    (document,) = add_addresses(actor=editor, knowledge_base=base, addresses=[f"{address}#top", address])
    assert (document.status, document.address) == ("pending", address)
    assert (read(document).status, document.name, document.title) == ("ready", "guide.html", "Tides")
    assert document.etag == '"1"'
    before = embeddings["texts"]
    refresh_document(actor=editor, document=document)
    assert (read(document).status, embeddings["texts"]) == ("ready", before)
    assert site.asked[-1][1]["If-None-Match"] == '"1"'
    site.page("/guide", "<h1>Tides</h1><p>The moon pulls.</p><h2>More</h2><p>The sun, too.</p>", ETag='"2"')
    refresh_document(actor=editor, document=document)
    assert (read(document).etag, embeddings["texts"], document.chunks.count()) == ('"2"', before + 1, 2)


def test_a_page_in_another_charset_is_kept_as_its_server_says(base, editor, site):
    site.answers("/sjis", 200, "<p>潮の満ち引き</p>".encode("shift_jis"), Content_Type="text/html; charset=Shift_JIS")
    (document,) = add_addresses(actor=editor, knowledge_base=base, addresses=[f"{site.address}/sjis"])
    assert read(document).body.text.strip() == "潮の満ち引き"


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ((404, {}, b""), "page_missing"),
        ((403, {}, b""), "page_refused"),
        ((200, {"Content-Type": "image/png"}, b"png"), "document_type_unsupported"),
        ((200, {"Content-Type": "text/html"}, b"<script>x</script>"), "document_empty"),
        ((200, {"Content-Type": "application/pdf"}, b"no pdf"), "document_unreadable"),
        ((302, {"Location": "http://169.254.169.254/"}, b""), "address_refused"),
    ],
)
def test_a_page_that_cannot_be_a_document_says_what_to_do(base, editor, site, page, code):
    site.pages["/x"] = page
    (document,) = add_addresses(actor=editor, knowledge_base=base, addresses=[f"{site.address}/x"])
    assert (read(document).status, document.error["code"]) == ("failed", code)
    assert len(document.error["message"]) > 40


def test_a_page_that_is_larger_than_allowed_is_not_kept(base, editor, site, settings, media):
    settings.NEXOD_MAX_DOCUMENT_BYTES = 1000
    site.page("/big", "x" * 2000)
    (document,) = add_addresses(actor=editor, knowledge_base=base, addresses=[f"{site.address}/big"])
    assert read(document).error["code"] == "page_endless"
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_a_site_that_fails_for_a_while_is_asked_again_later(base, editor, site):
    site.answers("/x", 503, Retry_After="90")
    (document,) = add_addresses(actor=editor, knowledge_base=base, addresses=[f"{site.address}/x"])
    turns.take_turn(lane=lanes.LANES[0])
    document.refresh_from_db()
    assert (document.status, document.error["code"], document.attempts) == ("pending", "site_unavailable", 1)
    assert timedelta(seconds=80) < document.retry_at - timezone.now() < timedelta(seconds=91)
    assert due(lanes.LANES[0]).due_at >= document.retry_at - timedelta(seconds=1)
    assert lanes.claim(lanes.waiting()) is None
    Document.objects.update(retry_at=timezone.now())
    site.page("/x", "<p>Here now.")
    turns.take_turn(lane=lanes.LANES[0])
    document.refresh_from_db()
    assert (document.status, document.error, document.attempts) == ("ready", None, 0)


def test_a_site_that_fails_for_ever_is_given_up(base, editor, site):
    site.answers("/x", 500)
    (document,) = add_addresses(actor=editor, knowledge_base=base, addresses=[f"{site.address}/x"])
    Document.objects.update(attempts=MOST_ATTEMPTS - 1)
    assert (read(document).status, document.error["code"]) == ("failed", "site_unavailable")


def test_two_addresses_with_the_same_content_are_kept_once(base, editor, site):
    for path in ("/a", "/b"):
        site.page(path, "<title>Tides</title><p>The moon pulls.")
    rows = add_addresses(actor=editor, knowledge_base=base, addresses=[f"{site.address}/a", f"{site.address}/b"])
    assert [read(row).status for row in rows] == ["ready", "duplicate"]
    assert "as 'Tides'" in rows[1].error["message"]
    assert not rows[1].chunks.exists()


@pytest.mark.parametrize(
    "wrong", ["", "ftp://x.test/", "https://me:pw@x.test/", "javascript:alert(1)", "https://", "x" * 900]
)
def test_what_is_no_address_is_refused_at_once(base, editor, wrong):
    with pytest.raises(AddressInvalid):
        add_addresses(actor=editor, knowledge_base=base, addresses=[wrong])
    assert not Document.objects.exists()


def test_every_page_of_a_sitemap_becomes_a_document(base, editor, site):
    pages = [site.page(f"/{n}", f"<title>{n}</title><p>Page {n} says something.") for n in range(5)]
    site.answers("/robots.txt", 200, b"User-agent: *\nDisallow: /3\n")
    sitemap = add_sitemap(
        actor=editor, knowledge_base=base, address=site.sitemap("/sitemap.xml", *pages, "https://o.test/")
    )
    turns.take_turn(lane=lanes.LANES[0])
    turns.take_turn(lane=lanes.LANES[0])
    sitemap.refresh_from_db()
    assert (sitemap.status, sitemap.found, sitemap.left_out) == ("ready", 5, 1)
    assert Counter(sitemap.documents.values_list("status", flat=True)) == {"ready": 4, "failed": 1}
    assert sitemap.documents.get(status="failed").error["code"] == "page_refused"
    shown = progress_of(sitemap.documents.all())
    assert (shown.documents, shown.ready, shown.failed, shown.per_cent, shown.is_busy) == (5, 4, 1, 100, False)
    assert shown.bytes == shown.bytes_done > 0

    site.sitemap("/sitemap.xml", *pages, site.page("/new", "<p>A new page."))
    refresh_sitemap(actor=editor, sitemap=sitemap)
    with pytest.raises(SitemapInWork):
        refresh_sitemap(actor=editor, sitemap=sitemap)
    for _ in range(3):
        turns.take_turn(lane=lanes.LANES[0])
    assert Counter(sitemap.documents.values_list("status", flat=True)) == {"ready": 5, "failed": 1}


def test_deleting_a_sitemap_deletes_its_documents(base, editor, acme, site, media, django_capture_on_commit_callbacks):
    address = site.sitemap("/sitemap.xml", site.page("/1", "<p>One page."))
    sitemap = add_sitemap(actor=editor, knowledge_base=base, address=address)
    turns.take_turn(lane=lanes.LANES[0])
    assert Document.objects.get().status == "ready"
    with django_capture_on_commit_callbacks(execute=True):
        delete_sitemap(actor=editor, sitemap=sitemap)
    assert not any(model.objects.exists() for model in (Sitemap, Document, Chunk, ChunkVector, DocumentText))
    assert ([path for path in media.rglob("*") if path.is_file()], stored_bytes(acme)) == ([], 0)


def test_a_sitemap_that_cannot_be_read_says_why(base, editor, site):
    sitemap = add_sitemap(actor=editor, knowledge_base=base, address=f"{site.address}/none.xml")
    assert lanes.claim(Sitemap.objects.all()) == sitemap.pk
    read_sitemap(sitemap.pk)
    sitemap.refresh_from_db()
    assert (sitemap.status, sitemap.error["code"]) == ("failed", "page_missing")


def test_a_document_that_is_deleted_while_it_is_read_ends_its_child(base, editor, monkeypatch):
    from agents.knowledge.parsing.child import ParsingChild
    from tests.papers import bomb

    monkeypatch.setattr(ingestion, "ALIVE_S", 0.0)
    file = ContentFile(bomb(pages=20, megabytes=10), name="long.pdf")
    document, _ = upload_document(actor=editor, knowledge_base=base, name="long.pdf", file=file)
    assert lanes.claim(Document.objects.all(), document.pk)
    with ParsingChild() as child:
        started = child._started
        processes = []
        monkeypatch.setattr(child, "_started", lambda: processes.append(process := started()) or process)
        row = Document.objects.get(pk=document.pk)
        row_id = row.pk
        delete_document(actor=editor, document=row)
        ingestion.read_claimed(row_id, child)  # there is nothing to read, and nothing to tell
        alive = ingestion.SignsOfLife(document)
        with pytest.raises(ingestion.DocumentGone):
            child.parse(bomb(pages=20, megabytes=10), "long.pdf", alive)
        assert [process.poll() for process in processes] == [-9]


def test_who_was_taken_over_changes_nothing_of_what_the_next_one_reads(base, editor, monkeypatch):
    """The first reader finds out late that its content was damaged: another one is at work on what took its place."""
    document, _ = put(base, editor, "\x00")
    lanes.claim(Document.objects.all(), document.pk)
    late = Document.objects.select_related("knowledge_base").get(pk=document.pk)
    put(base, editor, SECTIONS[1])
    lanes.claim(Document.objects.all(), document.pk)
    ours = Document.objects.select_related("knowledge_base").get(pk=document.pk)
    monkeypatch.setattr(ingestion, "TOLD_S", 0.0)
    monkeypatch.setattr(ingestion, "ALIVE_S", 0.0)
    alive = ingestion.SignsOfLife(late)
    for end in (
        lambda: ingestion._fail(late, DocumentEmpty()),
        lambda: ingestion._put_off(late, Unavailable()),
        lambda: ingestion._wait_for_model(late, Unavailable(), 60),
    ):
        end()
        document.refresh_from_db()
        assert (document.status, document.error, document.retry_at) == ("processing", None, None)
    for tell in (lambda: alive.tell(50), alive, lambda: ingestion._end(late, {"status": "ready"})):
        with pytest.raises(ingestion.DocumentGone):
            tell()
    ingestion._read(ours, None)
    document.refresh_from_db()
    assert (document.status, document.chunks.count()) == ("ready", 1)


def test_a_reader_that_was_taken_for_dead_leaves_the_same_content_to_the_next_one(base, editor):
    document, _ = put(base, editor, SECTIONS[0])
    lanes.claim(Document.objects.all(), document.pk)
    late = Document.objects.select_related("knowledge_base").get(pk=document.pk)
    Document.objects.filter(pk=document.pk).update(updated_at=timezone.now() - timedelta(hours=1))
    assert lanes.claim(lanes.waiting()) == document.pk
    with pytest.raises(ingestion.DocumentGone):
        ingestion._read(late, None)
    document.refresh_from_db()
    assert document.status == "processing"


def test_content_that_took_the_place_before_the_file_was_opened_is_no_failure(base, editor):
    document, _ = put(base, editor, SECTIONS[0])
    lanes.claim(Document.objects.all(), document.pk)
    late = Document.objects.select_related("knowledge_base").get(pk=document.pk)
    put(base, editor, SECTIONS[1])
    files.delete(late.storage_key)  # as the commit does
    with pytest.raises(ingestion.DocumentGone):
        ingestion._read(late, None)


def test_a_page_that_is_deleted_while_it_is_fetched_leaves_nothing(base, editor, acme, site, media, monkeypatch):
    [document] = add_addresses(actor=editor, knowledge_base=base, addresses=[site.page("/1", "<p>One page.")])
    fetch = pages.fetch

    def deleting(*args, **kwargs):
        answer = fetch(*args, **kwargs)
        delete_document(actor=editor, document=Document.objects.get(pk=document.pk))
        return answer

    monkeypatch.setattr(pages, "fetch", deleting)
    ingest_document(document_id=document.pk)
    assert not Document.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file()] == []
    with enter_platform():
        metered = UsageRecord.objects.filter(tenant=acme, metric="storage_bytes").values_list("amount", flat=True)
        assert sum(metered) == 0


def test_a_page_that_got_another_content_while_it_was_fetched_keeps_that(base, editor, site, monkeypatch):
    [document] = add_addresses(actor=editor, knowledge_base=base, addresses=[site.page("/1", "<p>One page.")])
    fetch = pages.fetch

    def replacing(*args, **kwargs):
        answer = fetch(*args, **kwargs)
        put(base, editor, "Another content.", address=document.address)
        return answer

    monkeypatch.setattr(pages, "fetch", replacing)
    ingest_document(document_id=document.pk)
    document.refresh_from_db()
    assert document.status == "pending"
    with files.open(document.storage_key) as file:
        assert file.read() == b"Another content."


def test_a_turn_rests_for_longer_than_it_had_to_wait_for_the_processor(acme, in_acme, monkeypatch):
    waited, read, rests = iter((1.0, 1.1, 1.1, 9.0, 9.0)), iter((True, True, False)), []
    monkeypatch.setattr(turns, "_waited_s", lambda: next(waited))
    monkeypatch.setattr(turns, "_read_next", lambda child: next(read))
    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=rests.append))
    turns.take_turn(lane=lanes.LANES[0])
    assert rests == [pytest.approx(0.1 * turns.REST_PER_WAIT), turns.MOST_REST_S]


def test_no_commit_of_a_reading_makes_others_wait_for_the_disk(base, editor):
    def is_told():
        with connection.cursor() as cursor:
            cursor.execute("SELECT setting, source FROM pg_settings WHERE name = 'synchronous_commit'")
            return cursor.fetchone() == ("off", "session")

    document, _ = put(base, editor, SECTIONS[0])
    assert not is_told()
    lanes.claim(Document.objects.all(), document.pk)
    assert is_told()  # for this transaction, which is the test's own
