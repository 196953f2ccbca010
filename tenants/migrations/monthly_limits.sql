-- What the plan allows in a month of the calendar (UTC) and what of it is used: {"usd": {"limit", "used"}, "tokens": {...}}, with
-- nothing in it that has no limit; null when there is none at all, which is told without adding anything up.
CREATE FUNCTION doors.allowance() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
  SELECT (SELECT jsonb_object_agg(one.unit, jsonb_build_object('limit', one.allowed, 'used', (
            SELECT coalesce(sum(u.amount), 0) FROM public.tenants_usagerecord u
            WHERE u.tenant_id = t.id AND u.metric = ANY (one.metrics)
              AND u.day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date
              AND u.day < (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::date)))
          FROM (VALUES ('usd', p.cost_usd_per_month, ARRAY['cost_usd']),
                       ('tokens', p.tokens_per_month::numeric, ARRAY['tokens_in', 'tokens_out'])) AS one (unit, allowed, metrics)
          WHERE one.allowed > 0)
  FROM public.tenants_tenant t JOIN public.tenants_plan p ON p.id = t.plan_id WHERE t.id = doors.tenant_id();
$$;

CREATE OR REPLACE FUNCTION doors.standing() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
  SELECT jsonb_build_object(
    'plan', jsonb_build_object('name', p.name, 'runs_per_day', p.runs_per_day, 'runs_at_once', p.runs_at_once,
                               'tokens_per_day', p.tokens_per_day, 'storage_mb', p.storage_mb,
                               'tokens_per_month', p.tokens_per_month, 'cost_usd_per_month', p.cost_usd_per_month),
    'today', (SELECT coalesce(jsonb_object_agg(metric, amount), '{}') FROM public.tenants_usagerecord
              WHERE tenant_id = t.id AND day = (now() AT TIME ZONE 'UTC')::date),
    'storage_bytes', (SELECT coalesce(sum(amount), 0) FROM public.tenants_usagerecord
                      WHERE tenant_id = t.id AND metric = 'storage_bytes'),
    'runs_at_once', (SELECT count(*) FROM public.tenants_runticket
                     WHERE tenant_id = t.id AND state IN ('ready', 'claimed')))
  FROM public.tenants_tenant t JOIN public.tenants_plan p ON p.id = t.plan_id WHERE t.id = doors.tenant_id();
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA doors FROM PUBLIC;

-- Tenants that are there already may use the new door too.
DO $$
DECLARE caller text;
BEGIN
  FOR caller IN
    SELECT DISTINCT grantee FROM information_schema.routine_privileges
    WHERE routine_schema = 'doors' AND routine_name = 'open_ticket' AND grantee <> current_user AND grantee <> 'PUBLIC'
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION doors.allowance() TO %I', caller);
  END LOOP;
END $$;
