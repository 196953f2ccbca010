-- The doors: what a tenant's role may do in public. Each function finds the tenant by the role that calls it.
CREATE SCHEMA IF NOT EXISTS doors;
REVOKE ALL ON SCHEMA doors FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA doors REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE FUNCTION doors.tenant_id() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE found bigint;
BEGIN
  SELECT id INTO found FROM public.tenants_tenant
  WHERE schema_name = substring(current_setting('role') FROM '^nexod_[0-9a-f]{8}_(t_[a-z0-9]+)$') AND status = 'active';
  IF found IS NULL THEN
    RAISE EXCEPTION 'the role % is no active tenant', current_setting('role') USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION doors.open_ticket(run_ uuid, queue_ text, delay_s double precision) RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_runticket AS t
    (tenant_id, run, queue, priority, state, worker, token, attempt, woken, not_before, created_at)
  VALUES (doors.tenant_id(), run_, queue_, 0, 'ready', '', 0, 0, false, now() + make_interval(secs => delay_s), now())
  ON CONFLICT (run) DO UPDATE SET
    woken = t.state = 'claimed',
    state = CASE WHEN t.state = 'claimed' THEN t.state ELSE 'ready' END,
    not_before = excluded.not_before
  WHERE t.tenant_id = excluded.tenant_id
  RETURNING state;
$$;

CREATE FUNCTION doors.claim_ticket(run_ uuid, worker_ text, lease_s double precision) RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
  UPDATE public.tenants_runticket
  SET state = 'claimed', token = token + 1, attempt = attempt + 1, worker = left(worker_, 120), woken = false,
      lease_until = clock_timestamp() + make_interval(secs => lease_s)
  WHERE run = run_ AND tenant_id = doors.tenant_id() AND not_before <= clock_timestamp()
    AND (state = 'ready' OR (state = 'claimed' AND lease_until < clock_timestamp()))
  RETURNING token;
$$;

CREATE FUNCTION doors.keep_ticket(run_ uuid, token_ bigint, lease_s double precision) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.tenants_runticket SET lease_until = clock_timestamp() + make_interval(secs => lease_s)
  WHERE run = run_ AND tenant_id = doors.tenant_id() AND state = 'claimed' AND token = token_;
  RETURN FOUND;
END $$;

CREATE FUNCTION doors.leave_ticket(run_ uuid, token_ bigint, state_ text) RETURNS boolean LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
  UPDATE public.tenants_runticket
  SET state = CASE WHEN woken AND state_ = 'parked' THEN 'ready' ELSE state_ END, lease_until = NULL, worker = '', woken = false
  WHERE run = run_ AND tenant_id = doors.tenant_id() AND state = 'claimed' AND token = token_ AND state_ IN ('parked', 'done')
  RETURNING state = 'ready';
$$;

CREATE FUNCTION doors.add_usage(metric_ text, amount_ double precision) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_usagerecord AS u (tenant_id, day, metric, amount)
  VALUES (doors.tenant_id(), (now() AT TIME ZONE 'UTC')::date, metric_, amount_)
  ON CONFLICT (tenant_id, day, metric) DO UPDATE SET amount = u.amount + excluded.amount;
$$;

CREATE FUNCTION doors.standing() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
  SELECT jsonb_build_object(
    'plan', jsonb_build_object('name', p.name, 'runs_per_day', p.runs_per_day, 'runs_at_once', p.runs_at_once,
                               'tokens_per_day', p.tokens_per_day, 'storage_mb', p.storage_mb),
    'today', (SELECT coalesce(jsonb_object_agg(metric, amount), '{}') FROM public.tenants_usagerecord
              WHERE tenant_id = t.id AND day = (now() AT TIME ZONE 'UTC')::date),
    'storage_bytes', (SELECT coalesce(sum(amount), 0) FROM public.tenants_usagerecord
                      WHERE tenant_id = t.id AND metric = 'storage_bytes'),
    'runs_at_once', (SELECT count(*) FROM public.tenants_runticket
                     WHERE tenant_id = t.id AND state IN ('ready', 'claimed')))
  FROM public.tenants_tenant t JOIN public.tenants_plan p ON p.id = t.plan_id WHERE t.id = doors.tenant_id();
$$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA doors FROM PUBLIC;
