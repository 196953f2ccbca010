"""Signatures of webhooks against the vectors that the standard and the providers publish, and against everything nearly right."""

from __future__ import annotations

import pytest

from nexod.kernel import standard_webhooks
from workflows.triggers.schemes import SCHEMES, Arrival, SignatureRefused, verified_id

# The standard's own example (standardwebhooks.com; the reference libraries test with it).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = standard_webhooks.new_secret()
STANDARD = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}

# docs.github.com, "Validating webhook deliveries".
GITHUB = ("It's a Secret to Everybody", b"Hello, World!", {
    "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"})  # fmt: skip
# docs.slack.dev, "Verifying requests from Slack".
SLACK_AT = 1531420618
SLACK = (
    "8f742231b10e8888abcd99yyyzzz85a5",
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d1"
    b"0d2c447fce8b6703c",
    {
        "x-slack-request-timestamp": str(SLACK_AT),
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    },
)


def arrival(headers, body=BODY, now=AT, tolerance_s=300):
    return Arrival(headers, body, now, tolerance_s)


def test_the_standards_own_vector_is_signed_and_verified():
    assert standard_webhooks.signature(SECRET, id_=ID, timestamp=AT, body=BODY) == SIGNATURE
    assert verified_id("standard", [SECRET], arrival(STANDARD)) == ID


def test_a_secret_without_its_prefix_is_the_same():
    assert standard_webhooks.key_of(SECRET) == standard_webhooks.key_of(SECRET.removeprefix("whsec_"))


def test_one_of_several_signatures_and_one_of_several_secrets_is_enough():
    several = {**STANDARD, "webhook-signature": f"v1,AAAA v1a,zzz {SIGNATURE}"}
    assert verified_id("standard", [OTHER, SECRET], arrival(several)) == ID


def test_what_is_sent_while_a_secret_is_rotated_verifies_with_both():
    headers = standard_webhooks.headers([OTHER, SECRET], id_=ID, timestamp=AT, body=BODY)
    for secret in (OTHER, SECRET):
        assert verified_id("standard", [secret], arrival(headers)) == ID


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": SIGNATURE.replace("g0hM", "g0hN")},
        {"webhook-signature": SIGNATURE.removeprefix("v1,")},
        {"webhook-signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é"},
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(AT + 1)},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"},
    ],
)
def test_what_is_nearly_right_is_refused(change):
    with pytest.raises(SignatureRefused):
        verified_id("standard", [SECRET], arrival({**STANDARD, **change}))


@pytest.mark.parametrize("now", [AT - 301, AT + 301])
def test_what_is_too_old_or_too_new_is_refused(now):
    with pytest.raises(SignatureRefused, match="300 seconds"):
        verified_id("standard", [SECRET], arrival(STANDARD, now=now))


def test_another_body_or_no_secret_is_refused():
    for secrets, body in (([SECRET], BODY + b" "), ([], BODY), ([OTHER], BODY)):
        with pytest.raises(SignatureRefused):
            verified_id("standard", secrets, arrival(STANDARD, body))


@pytest.mark.parametrize(
    ("secret", "says"), [("whsec_!!", "base64"), ("whsec_AAAA", "24 to 64"), ("A" * 200, "24 to 64")]
)
def test_a_secret_that_is_none_is_refused(secret, says):
    with pytest.raises(ValueError, match=says):
        standard_webhooks.key_of(secret)


def test_githubs_own_vector():
    secret, body, headers = GITHUB
    first = verified_id("github", [secret], arrival(headers, body, now=0))
    assert len(first) == 64
    for wrong in (
        arrival(headers, b"Hello, World?"),
        arrival({}, body),
        arrival({"x-hub-signature-256": "sha256="}, body),
    ):
        with pytest.raises(SignatureRefused):
            verified_id("github", [secret], wrong)


def test_a_delivery_id_that_github_did_not_sign_makes_no_new_event_of_an_old_body():
    secret, body, headers = GITHUB
    replayed = {**headers, "x-github-delivery": "another"}
    assert verified_id("github", [secret], arrival(replayed, body)) == verified_id(
        "github", [secret], arrival(headers, body)
    )


def test_slacks_own_vector():
    secret, body, headers = SLACK
    assert verified_id("slack", [secret], arrival(headers, body, now=SLACK_AT)).startswith("v0=")
    for wrong in (arrival(headers, body, now=SLACK_AT + 301), arrival(headers, body + b"x", now=SLACK_AT)):
        with pytest.raises(SignatureRefused):
            verified_id("slack", [secret], wrong)


def test_stripe_signs_time_and_body_and_names_the_event_in_it():
    """Stripe publishes no vector; the signature is hex(HMAC-SHA256(secret, "<t>.<body>")) of its documentation, made by openssl."""
    body = b'{"id": "evt_1", "object": "event"}'
    digest = "4278dbfbe45c971d383f6bf4a8a18768ed311b236ddb92b8ac93952f8d567247"
    headers = {"stripe-signature": f"t=1700000000,v0=ignored,v1={'0' * 64},v1={digest}"}
    assert verified_id("stripe", ["whsec_test"], arrival(headers, body, now=1700000000)) == "evt_1"
    for wrong in (
        arrival(headers, body, now=1700000301),
        arrival({"stripe-signature": f"t=1700000001,v1={digest}"}, body, now=1700000000),
        arrival({"stripe-signature": f"v1={digest}"}, body, now=1700000000),
        arrival({"stripe-signature": f"t=1700000000,v0={digest}"}, body, now=1700000000),
    ):
        with pytest.raises(SignatureRefused):
            verified_id("stripe", ["whsec_test"], wrong)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_at_all_is_refused_by_every_scheme(scheme):
    with pytest.raises(SignatureRefused):
        verified_id(scheme, [SECRET], arrival({}, b""))
