-- The run queue's doors. ``wake_at`` is when the sweeper sends a worker the next message about a ticket:
--   ready    some seconds after its message was sent, in case that is lost; at ``not_before`` when it is to wait so long
--   claimed  when the lease has run out
--   else     never
-- A clock that was set back must not hold a run for as long: a lease that ends later than any lease can counts as run out.
CREATE FUNCTION doors.first_look(not_before timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE
SET search_path = pg_catalog AS $$
  SELECT CASE WHEN not_before > clock_timestamp() THEN not_before ELSE clock_timestamp() + interval '5 seconds' END;
$$;

CREATE OR REPLACE FUNCTION doors.open_ticket(run_ uuid, queue_ text, delay_s double precision) RETURNS text LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_runticket AS t
    (tenant_id, run, queue, priority, state, worker, token, attempt, woken, not_before, wake_at, wakes, reason, created_at)
  SELECT doors.tenant_id(), run_, queue_, 0, 'ready', '', 0, 0, false, due.at, doors.first_look(due.at), 0, '', now()
  FROM (SELECT CASE WHEN delay_s > 0 THEN now() + make_interval(secs => delay_s) END AS at) AS due
  ON CONFLICT (run) DO UPDATE SET
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

CREATE OR REPLACE FUNCTION doors.claim_ticket(run_ uuid, worker_ text, lease_s double precision) RETURNS bigint LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.tenants_runticket
  SET state = 'claimed', token = token + 1, attempt = attempt + 1, worker = left(worker_, 120), woken = false, not_before = NULL,
      lease_until = clock_timestamp() + make_interval(secs => lease_s),
      wake_at = clock_timestamp() + make_interval(secs => lease_s), wakes = 0
  WHERE run = run_ AND tenant_id = doors.tenant_id()
    AND ((state = 'ready' AND (not_before IS NULL OR not_before <= clock_timestamp()))
      OR (state = 'claimed' AND (lease_until < clock_timestamp()
        OR lease_until > clock_timestamp() + greatest(interval '15 minutes', make_interval(secs => 2 * lease_s)))))
  RETURNING token;
$$;

CREATE OR REPLACE FUNCTION doors.keep_ticket(run_ uuid, token_ bigint, lease_s double precision) RETURNS boolean LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.tenants_runticket
  SET lease_until = clock_timestamp() + make_interval(secs => lease_s),
      wake_at = clock_timestamp() + make_interval(secs => lease_s), wakes = 0
  WHERE run = run_ AND tenant_id = doors.tenant_id() AND state = 'claimed' AND token = token_;
  RETURN FOUND;
END $$;

-- Parked and woken meanwhile is ready. ``ready`` hands the run back to whoever comes first; the message may go to the
-- worker that is just stopping, so somebody looks again soon.
CREATE OR REPLACE FUNCTION doors.leave_ticket(run_ uuid, token_ bigint, state_ text) RETURNS boolean LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.tenants_runticket
  SET state = CASE WHEN woken AND state_ = 'parked' THEN 'ready' ELSE state_ END,
      wake_at = CASE
        WHEN state_ = 'ready' THEN clock_timestamp() + interval '1 second'
        WHEN woken AND state_ = 'parked' THEN doors.first_look(not_before) END,
      not_before = CASE WHEN state_ <> 'ready' THEN not_before END,
      lease_until = NULL, worker = '', woken = false, wakes = 0
  WHERE run = run_ AND tenant_id = doors.tenant_id() AND state = 'claimed' AND token = token_
    AND state_ IN ('parked', 'ready', 'done')
  RETURNING state = 'ready';
$$;

-- A run that nobody has is put aside until it is opened again; false when a worker has it.
CREATE FUNCTION doors.park_ticket(run_ uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.tenants_runticket SET state = 'parked', wake_at = NULL, not_before = NULL, wakes = 0
  WHERE run = run_ AND tenant_id = doors.tenant_id() AND state IN ('ready', 'parked');
  RETURN NOT EXISTS (
    SELECT FROM public.tenants_runticket WHERE run = run_ AND tenant_id = doors.tenant_id() AND state = 'claimed');
END $$;

-- A run that is given up, for a reason that staff read: a code, never content.
CREATE FUNCTION doors.bury_ticket(run_ uuid, token_ bigint, reason_ text) RETURNS boolean LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.tenants_runticket
  SET state = 'dead', reason = left(regexp_replace(reason_, '[^a-z_]', '', 'g'), 40),
      wake_at = NULL, lease_until = NULL, worker = '', woken = false, wakes = 0
  WHERE run = run_ AND tenant_id = doors.tenant_id() AND state = 'claimed' AND token = token_;
  RETURN FOUND;
END $$;

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
