-- Workers, the line seen by a waiting user, retention; and who may call which function.

-- True when the worker should take no more jobs.
create function public.register_worker(
    p_worker text, p_hostname text, p_device text, p_memory_bytes bigint, p_kinds text[],
    p_models text[], p_loaded text
) returns boolean
    language sql security definer set search_path = '' as $$
    insert into public.workers as w (id, hostname, device, memory_bytes, kinds, models, loaded)
    values (p_worker, left(p_hostname, 200), left(p_device, 200), p_memory_bytes, p_kinds,
        p_models, p_loaded)
    on conflict (id) do update set hostname = excluded.hostname, device = excluded.device,
        memory_bytes = excluded.memory_bytes, kinds = excluded.kinds, models = excluded.models,
        loaded = excluded.loaded, heartbeat_at = now()
    returning w.drain
$$;

create function public.leave_worker(p_worker text) returns void
    language sql security definer set search_path = '' as $$
    delete from public.workers w where w.id = p_worker
$$;

-- Where one's own job stands: jobs before it, workers that run its model, and the median seconds
-- that the last such jobs took (null before there were any).
create function public.line_of_job(p_job uuid)
    returns table (ahead integer, workers integer, typical_s double precision)
    language sql stable security definer set search_path = '' as $$
    select
        case when j.state = 'queued' then (
            select count(*)::integer from public.jobs o
            where o.state = 'queued' and o.model = j.model
                and (o.priority > j.priority or (o.priority = j.priority
                    and (o.turn, o.created_at, o.id) < (j.turn, j.created_at, j.id))))
        else 0 end,
        (select count(*)::integer from public.workers w
            where j.model = any (w.models) and not w.drain
                and w.heartbeat_at > now() - interval '60 s'),
        (select percentile_cont(0.5) within group (order by extract(epoch from took))
            from (select o.finished_at - o.started_at as took from public.jobs o
                where o.state = 'succeeded' and o.kind = j.kind and o.model = j.model
                order by o.finished_at desc limit 20) latest)
    from public.jobs j where j.id = p_job and j.user_id = auth.uid()
$$;
create index jobs_finished on public.jobs (kind, model, finished_at desc)
    where state = 'succeeded';

-- Files are deleted first, then this: a crash in between leaves a row to delete again, never a
-- file that nobody knows.
create function public.cleanup_expired_videos(p_videos uuid[]) returns integer
    language plpgsql security definer set search_path = '' as $$
declare
    video record;
    forgotten integer := 0;
begin
    for video in delete from public.videos v where v.id = any (p_videos) returning v.* loop
        perform public.post(video.user_id, video.job_id, 'delete', 0, left(video.title, 200), null);
        forgotten := forgotten + 1;
    end loop;
    return forgotten;
end
$$;

revoke all on function
    public.price_of(text, jsonb), public.turn_served(smallint),
    public.enqueue_job(text, jsonb, text, text, uuid),
    public.close_job(uuid, text, text, text), public.requeue_job(uuid, text, text),
    public.cancel_job(uuid),
    public.claim_job(text, text[], text[], text, double precision),
    public.heartbeat_job(uuid, text, integer, double precision, double precision, text,
        double precision),
    public.deliver_job(uuid, jsonb),
    public.finish_job(uuid, text, integer, text, jsonb, text, text),
    public.release_job(uuid, text, integer), public.reap_jobs(),
    public.register_worker(text, text, text, bigint, text[], text[], text),
    public.leave_worker(text), public.line_of_job(uuid), public.cleanup_expired_videos(uuid[])
    from public, anon, authenticated, service_role;

grant execute on function public.enqueue_job(text, jsonb, text, text, uuid),
    public.cancel_job(uuid), public.line_of_job(uuid) to authenticated;
grant execute on function public.cleanup_expired_videos(uuid[]), public.reap_jobs()
    to service_role;
-- A worker may call these and do nothing else: it can read no table.
grant execute on function
    public.claim_job(text, text[], text[], text, double precision),
    public.heartbeat_job(uuid, text, integer, double precision, double precision, text,
        double precision),
    public.finish_job(uuid, text, integer, text, jsonb, text, text),
    public.release_job(uuid, text, integer), public.reap_jobs(),
    public.register_worker(text, text, text, bigint, text[], text[], text),
    public.leave_worker(text) to ourvidz_worker;
