-- An item may be due for several reasons, such as a run that is over and whose events are to be told.
CREATE OR REPLACE FUNCTION doors.set_due(kind_ text, item_ uuid, at_ timestamptz) RETURNS void LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_duetime AS d (tenant_id, kind, item, due_at, wake_at, wakes)
  VALUES (doors.tenant_id(), kind_, item_, at_, doors.first_look(at_), 0)
  ON CONFLICT (tenant_id, kind, item) DO UPDATE SET due_at = excluded.due_at, wake_at = excluded.wake_at, wakes = 0;
$$;

CREATE OR REPLACE FUNCTION doors.note_run(run_ uuid) RETURNS boolean LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_duetime AS d (tenant_id, kind, item, due_at, wake_at, wakes)
  VALUES (doors.tenant_id(), 'run', run_, clock_timestamp(), doors.first_look(now()), 0)
  ON CONFLICT (tenant_id, kind, item) DO UPDATE SET wake_at = least(d.wake_at, excluded.wake_at), wakes = 0
  RETURNING true;
$$;

-- A message that leaves on commit is kept until what it asks for is done: true, so that it may stand in a CASE.
CREATE FUNCTION doors.keep_message(kind_ text, item_ uuid) RETURNS boolean LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT doors.set_due(kind_, item_, clock_timestamp());
  SELECT true;
$$;

-- Done, unless it was put off meanwhile or asked for anew.
CREATE FUNCTION doors.drop_message(kind_ text, item_ uuid, taken_at timestamptz) RETURNS void LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  DELETE FROM public.tenants_duetime
  WHERE tenant_id = doors.tenant_id() AND kind = kind_ AND item = item_ AND due_at <= taken_at;
$$;

-- Who claims says which token the run has seen: one whose ticket was deleted and opened anew is claimed with a higher one.
DROP FUNCTION doors.claim_ticket(uuid, text, double precision);
CREATE FUNCTION doors.claim_ticket(run_ uuid, worker_ text, lease_s double precision, seen bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.tenants_runticket
  SET state = 'claimed', token = greatest(token, seen) + 1, attempt = attempt + 1, worker = left(worker_, 120), woken = false,
      not_before = NULL,
      lease_until = clock_timestamp() + make_interval(secs => lease_s),
      wake_at = clock_timestamp() + make_interval(secs => lease_s), wakes = 0
  WHERE run = run_ AND tenant_id = doors.tenant_id()
    AND ((state = 'ready' AND (not_before IS NULL OR not_before <= clock_timestamp()))
      OR (state = 'claimed' AND (lease_until < clock_timestamp()
        OR lease_until > clock_timestamp() + greatest(interval '15 minutes', make_interval(secs => 2 * lease_s)))))
  RETURNING token;
$$;

CREATE OR REPLACE FUNCTION doors.open_ticket(run_ uuid, queue_ text, delay_s double precision) RETURNS text LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_runticket AS t
    (tenant_id, run, queue, priority, state, worker, token, attempt, woken, not_before, wake_at, wakes, reason, created_at)
  SELECT doors.tenant_id(), run_, queue_, CASE WHEN queue_ LIKE '%high' THEN 1 ELSE 0 END, 'ready', '', 0, 0, false, due.at,
    doors.first_look(due.at), 0, '', now()
  FROM (SELECT CASE WHEN delay_s > 0 THEN now() + make_interval(secs => delay_s) END AS at) AS due
  ON CONFLICT (run) DO UPDATE SET
    queue = excluded.queue,
    priority = excluded.priority,
    woken = t.state = 'claimed',
    state = CASE WHEN t.state = 'claimed' THEN t.state ELSE 'ready' END,
    not_before = CASE  -- woken twice, the earlier counts; null is at once
      WHEN NOT (t.state = 'ready' OR t.woken) THEN excluded.not_before
      WHEN t.not_before IS NULL OR excluded.not_before IS NULL THEN NULL
      ELSE least(t.not_before, excluded.not_before) END,
    wake_at = CASE
      WHEN t.state = 'claimed' THEN t.wake_at
      WHEN t.state = 'ready' THEN least(t.wake_at, excluded.wake_at)
      ELSE excluded.wake_at END,
    wakes = 0,
    reason = ''
  WHERE t.tenant_id = excluded.tenant_id
  RETURNING state;
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA doors FROM PUBLIC;

-- Tenants that are there already may use the new doors too.
DO $$
DECLARE caller text;
BEGIN
  FOR caller IN
    SELECT DISTINCT grantee FROM information_schema.routine_privileges
    WHERE routine_schema = 'doors' AND routine_name = 'open_ticket' AND grantee <> current_user AND grantee <> 'PUBLIC'
  LOOP
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA doors TO %I', caller);
  END LOOP;
END $$;
