-- The doors to due times: set when something is next due, or clear it. One that is due at once had its message sent on
-- commit, so the sweeper looks some seconds later, in case that was lost.
CREATE FUNCTION doors.set_due(kind_ text, item_ uuid, at_ timestamptz) RETURNS void LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_duetime AS d (tenant_id, kind, item, due_at, wake_at, wakes)
  VALUES (doors.tenant_id(), kind_, item_, at_, doors.first_look(at_), 0)
  ON CONFLICT (tenant_id, item) DO UPDATE SET due_at = excluded.due_at, wake_at = excluded.wake_at, wakes = 0;
$$;

CREATE FUNCTION doors.clear_due(items_ uuid[]) RETURNS void LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  DELETE FROM public.tenants_duetime WHERE tenant_id = doors.tenant_id() AND item = ANY (items_);
$$;

-- A run told something that others wait for: noted by the statement that stores the event, so that neither is there without
-- the other. The time is that of the first event that was not spread yet.
CREATE FUNCTION doors.note_run(run_ uuid) RETURNS boolean LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_duetime AS d (tenant_id, kind, item, due_at, wake_at, wakes)
  VALUES (doors.tenant_id(), 'run', run_, clock_timestamp(), doors.first_look(now()), 0)
  ON CONFLICT (tenant_id, item) DO UPDATE SET wake_at = least(d.wake_at, excluded.wake_at), wakes = 0
  RETURNING true;
$$;

CREATE FUNCTION doors.take_note(run_ uuid) RETURNS timestamptz LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  DELETE FROM public.tenants_duetime WHERE tenant_id = doors.tenant_id() AND item = run_ AND kind = 'run' RETURNING due_at;
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
