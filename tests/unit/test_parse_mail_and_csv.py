"""E-mails and separated values."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from agents.knowledge.errors import DocumentEmpty, DocumentUnreadable
from agents.knowledge.parsing.__main__ import parse
from agents.knowledge.parsing.limits import Limits


def read(data, name):
    return parse(data, name, Limits())


def mail(text: str = "Hello.", subject: str = "Tides", **more) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <ann@a.test>", "bob@b.test", subject
    message.set_content(text, **more)
    return message


def test_a_mail_says_who_wrote_to_whom_about_what():
    parsed = read(bytes(mail("Größe 潮 🌊", "Die Größe")), "a.eml")
    assert parsed.title == "Die Größe"
    assert "From: Ann <ann@a.test>\nTo: bob@b.test\nSubject: Die Größe" in parsed.text
    assert "Größe 潮 🌊" in parsed.text


def test_the_plain_text_is_taken_and_attachments_are_only_named():
    message = mail("The plain words.")
    message.add_alternative("<p>The <b>rich</b> words.", subtype="html")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="bill.pdf")
    text = read(bytes(message), "a.eml").text
    assert "The plain words." in text
    assert "rich" not in text
    assert "Attachments (not read): bill.pdf" in text


def test_a_mail_of_html_alone_is_read_without_its_scripts():
    text = read(bytes(mail("<p>Seen</p><script>steal()</script><p hidden>order</p>", subtype="html")), "a.eml").text
    assert "Seen" in text
    assert "steal" not in text
    assert "order" not in text


def test_a_mail_in_a_mail_is_a_section_of_its_own():
    outer = mail("See below.", "Fwd: Tides")
    outer.add_attachment(mail("The inner words.", "Tides"))
    parsed = read(bytes(outer), "a.eml")
    assert "The inner words." in parsed.text
    assert parsed.sections[-1].headings == ("Tides",)


def test_a_mail_in_a_mail_without_end_ends():
    message = mail("innermost")
    for _ in range(30):
        outer = mail("around")
        outer.add_attachment(message)
        message = outer
    assert read(bytes(message), "a.eml").text.count("around") == 5


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-8", "cp1252"])
def test_a_charset_is_honoured_and_a_made_up_one_survived(charset):
    head = f"From: a@b.c\r\nSubject: x\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert "Hällo" in read(head + "Hällo".encode(charset), "a.eml").text
    wrong = b"From: a@b.c\r\nSubject: x\r\nContent-Type: text/plain; charset=made-up\r\n\r\nH\xc3\xa4llo"
    assert "Hällo" in read(wrong, "a.eml").text


def test_what_is_no_mail_says_so():
    with pytest.raises(DocumentUnreadable, match="not an e-mail"):
        read(b"just some words", "a.eml")


@pytest.mark.parametrize(
    ("data", "first"),
    [
        ("a,b\n1,2", "a | b"),
        ("a;b\n1,5;2", "a | b"),
        ("a\tb\n1\t2", "a | b"),
        ('\ufeff"a, x","b\nc"\n1,2', "a, x | b c"),
        ("name\nAda", "name"),
    ],
)
def test_values_are_split_by_whatever_separates_them(data, first):
    parsed = read(data.encode(), "a.csv")
    (table,) = parsed.blocks
    assert parsed.text.split("\n")[0] == first
    assert parsed.text[table.start : table.head] == f"{first}\n"


def test_values_that_never_end_are_refused_and_empty_ones_too():
    with pytest.raises(DocumentUnreadable, match="separated values"):
        read(b'a,"' + b"x" * 2_000_000, "a.csv")
    with pytest.raises(DocumentEmpty):
        read(b",,\n,,\n", "a.csv")
