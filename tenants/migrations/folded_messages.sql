-- Asked for again and again, done once: the sweeper sends the message some time after the first asking. Whoever asks while it is
-- on its way says so by the time; the row's lock is kept until they commit, so the order of the times is that of the commits.
CREATE FUNCTION doors.fold_message(kind_ text, item_ uuid, delay_s double precision) RETURNS void LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.tenants_duetime AS d (tenant_id, kind, item, due_at, wake_at, wakes)
  VALUES (doors.tenant_id(), kind_, item_, clock_timestamp(), clock_timestamp() + make_interval(secs => delay_s), 0)
  ON CONFLICT (tenant_id, kind, item) DO UPDATE
  SET due_at = clock_timestamp(), wake_at = least(d.wake_at, excluded.wake_at), wakes = 0;
$$;

-- Waits for whoever is asking just now, and gives the time before which everything asked for is committed; null when nothing is.
CREATE FUNCTION doors.take_message(kind_ text, item_ uuid) RETURNS timestamptz LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.tenants_duetime SET wakes = wakes
  WHERE tenant_id = doors.tenant_id() AND kind = kind_ AND item = item_
  RETURNING clock_timestamp();
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
