"""Names that are shared by all tenants, such as those of PostgreSQL's advisory locks, are made in few places, each with a test."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("nexod", "tenants", "agents", "workflows", "collaboration")
# A lock's name must carry the tenant, or say why it may not.
LOCKS = {
    "agents/actions/lanes.py": "by current_schema(): who takes the next document of one tenant",
    "agents/actions/memories.py": "by current_schema(): what is kept for one person of a tenant",
    "agents/actions/starters.py": "by current_schema(): two installations of one tenant",
    "nexod/http/idempotency.py": "by the schema: test_locks_carry_the_tenant",
    "workflows/engine/checkpoints/": "by current_schema(), within one tenant's tables",
}
# Keys in Valkey beside Django's cache, which adds the tenant itself.
RAW_KEYS = {
    "collaboration/presence.py": "by the tenant's pk: test_the_other_tenant_sees_nobody_and_hears_nothing",
    "collaboration/crdt/presence.py": "by the tenant's pk: test_the_same_name_in_two_tenants_is_two_documents",
    "workflows/audience.py": "by the tenant's pk: test_who_may_not_see_the_run_does_not_see_who_watches_it",
    "agents/llm/limits.py": "by the schema: test_limits_of_a_tenant_are_its_own",
    "nexod/http/throttling.py": "by the schema: test_who_asks_too_often_waits_and_others_do_not",
    "nexod/observability/work.py": "counters of the whole platform, for staff",
    "nexod/http/streams.py": "by the schema: test_a_stream_of_the_other_tenant_does_not_count",
}


def _files_with(*words: str) -> set[str]:
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            if any(word in text for word in words):
                found.add(str(path.relative_to(ROOT)))
    return found


def test_advisory_locks_are_known():
    found = _files_with("pg_advisory", "pg_try_advisory")
    assert not [path for path in found if not path.startswith(tuple(LOCKS))]
    for path in found:
        assert "_schema()" in (ROOT / path.replace("removal", "statements")).read_text(), path


def test_keys_beside_the_cache_are_known():
    found = _files_with("get_redis_connection(", "valkey()")
    assert found - {"nexod/kernel/valkey.py"} == set(RAW_KEYS)
