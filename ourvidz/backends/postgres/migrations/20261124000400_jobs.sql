-- The queue. Every change of a job's state is in this file, with the money that belongs to it.
--
-- Fairness: a job's `turn` is one more than the larger of its user's last turn and the turn that
-- is being served now, so users take turns however many jobs each of them has (start-time fair
-- queueing), and a claim is a walk down one index. Each priority is a line of its own.

create function public.price_of(p_kind text, p_params jsonb) returns integer
    language plpgsql stable security definer set search_path = '' as $$
declare
    frames numeric;
    credits integer;
begin
    if p_kind <> 'video' then
        return 0;
    end if;
    if jsonb_typeof(p_params -> 'num_frames') is distinct from 'number' then
        raise exception 'must be a number' using errcode = 'OV002', column = 'num_frames';
    end if;
    frames := (p_params ->> 'num_frames')::numeric;
    if frames < 1 or frames > 161 or frames <> trunc(frames) then
        raise exception 'must be 1 to 161' using errcode = 'OV002', column = 'num_frames';
    end if;
    select p.credits into credits from public.prices p
        where p.seconds >= frames / 16.0 order by p.seconds limit 1;
    return credits;
end
$$;

-- The turn being served: retries and slow models may lag behind, so the furthest of the last ones.
create function public.turn_served(p_priority smallint) returns bigint
    language sql stable security definer set search_path = '' as $$
    select coalesce(max(latest.turn), 0) from (
        select j.turn from public.jobs j
        where j.priority = p_priority and j.started_at is not null
        order by j.started_at desc limit 20) latest
$$;

create function public.enqueue_job(
    p_kind text, p_params jsonb, p_model text, p_key text, p_project uuid
) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    me uuid := auth.uid();
    verified timestamptz;
    waiting integer;
    job public.jobs;
    line smallint := case p_kind when 'enhance' then 20 when 'preview' then 10 else 0 end;
begin
    -- One at a time for each user: two tabs can not spend the same credit.
    select u.age_verified_at into verified from public.users u where u.id = me for update;
    if not found then
        raise exception 'Sign in again.' using errcode = 'OV003';
    end if;
    return query select * from public.jobs j where j.user_id = me and j.idempotency_key = p_key;
    if found then
        return;
    end if;
    if verified is null then
        raise exception 'Confirm that you are 18 or older first.' using errcode = 'OV003';
    end if;
    if p_kind not in ('enhance', 'preview', 'video') then
        raise exception 'can not be ordered' using errcode = 'OV002', column = 'kind';
    end if;
    if p_project is not null and not public.is_mine(null, p_project, null) then
        raise exception 'There is no such project.' using errcode = 'OV003';
    end if;
    select count(*) into waiting from public.jobs j
        where j.user_id = me and j.state in ('queued', 'running') and j.parent_id is null;
    if waiting >= 50 then
        raise exception 'You have % jobs waiting. Let one finish or cancel one.', waiting
            using errcode = 'OV003';
    end if;
    insert into public.jobs
        (user_id, project_id, kind, model, params, priority, cost, idempotency_key, turn)
    values (me, p_project, p_kind, p_model, p_params, line, public.price_of(p_kind, p_params),
        p_key,
        1 + greatest(public.turn_served(line), (
            select coalesce(max(j.turn), 0) from public.jobs j
            where j.user_id = me and j.priority = line and j.state <> 'cancelled')))
    returning * into job;
    if job.cost > 0 then
        perform public.post(me, job.id, 'reserve', -job.cost, job.kind, null);
    end if;
    return next job;
end
$$;

-- End a job for good and move its money: settled when delivered, given back when not.
create function public.close_job(p_job uuid, p_state text, p_error text, p_family text)
    returns void
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
begin
    update public.jobs j set state = p_state, error = left(p_error, 2000),
        error_family = left(p_family, 40), finished_at = now(), worker = null, lease_until = null,
        eta_s = null, progress = case p_state when 'succeeded' then 1 else j.progress end
    where j.id = p_job returning * into job;
    if job.cost > 0 and p_state = 'succeeded' then
        perform public.post(job.user_id, job.id, 'settle', 0, job.kind, null);
    elsif job.cost > 0 then
        perform public.post(job.user_id, job.id, 'refund', job.cost, p_state, null);
    end if;
    if p_family = 'internal' then
        insert into public.alerts (kind, text)
            values ('job_failed', left(format('%s %s: %s', job.kind, job.id, p_error), 2000));
    end if;
end
$$;

-- Put a lost attempt back, or end the job when it was the last one or is not wanted any more.
create function public.requeue_job(p_job uuid, p_error text, p_family text) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
begin
    select * into job from public.jobs j where j.id = p_job;
    if job.cancel_requested then
        perform public.close_job(p_job, 'cancelled', null, null);
    elsif job.attempts >= job.max_attempts then
        perform public.close_job(p_job, 'failed', p_error, p_family);
    else
        update public.jobs j set state = 'queued', worker = null, lease_until = null, stage = null,
            eta_s = null, progress = 0, error = left(p_error, 2000),
            error_family = left(p_family, 40),
            turn = greatest(j.turn, public.turn_served(j.priority)),
            not_before = now() + interval '5 s' * power(4, greatest(j.attempts, 1) - 1)
        where j.id = p_job;
    end if;
end
$$;

create function public.cancel_job(p_job uuid) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
begin
    select * into job from public.jobs j
        where j.id = p_job and j.user_id = auth.uid() for update;
    if not found then
        raise exception 'There is no such job.' using errcode = 'OV003';
    end if;
    if job.state = 'queued' then
        perform public.close_job(p_job, 'cancelled', null, null);
    elsif job.state = 'running' then
        update public.jobs j set cancel_requested = true where j.id = p_job;
    end if;
    return query select * from public.jobs j where j.id = p_job;
end
$$;

-- The next job for a worker: the best of each model it runs, then the best of those. The model in
-- its memory may go up to three turns ahead: loading another one costs more than it is unfair.
create function public.claim_job(
    p_worker text, p_kinds text[], p_models text[], p_loaded text, p_lease_s double precision
) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    chosen uuid;
begin
    -- A claim or a heartbeat that a crash of the server forgets costs nothing: the attempt is then
    -- not known, and whoever holds it writes nothing. So nobody waits for the disk here.
    perform set_config('synchronous_commit', 'off', true);
    if exists (select from public.workers w where w.id = p_worker and w.drain) then
        return;
    end if;
    select best.id into chosen
    from (select distinct model from unnest(p_models) model) models
    cross join lateral (
        select j.id, j.priority, j.turn, j.created_at, j.model from public.jobs j
        where j.state = 'queued' and j.model = models.model and j.kind = any (p_kinds)
            and j.not_before <= now()
        order by j.priority desc, j.turn, j.created_at, j.id limit 1
        for update skip locked) best
    order by best.priority desc,
        best.turn - case when best.model = p_loaded then 3 else 0 end, best.turn,
        best.created_at
    limit 1;
    if chosen is null then
        return;
    end if;
    update public.workers w set job_id = chosen, heartbeat_at = now() where w.id = p_worker;
    return query update public.jobs j set state = 'running', worker = p_worker,
        attempts = j.attempts + 1, lease_until = now() + interval '1 s' * p_lease_s,
        started_at = now(), progress = 0, stage = null, eta_s = null
    where j.id = chosen returning j.*;
end
$$;

-- 'ok', 'cancel', or null when the lease is lost.
create function public.heartbeat_job(
    p_job uuid, p_worker text, p_attempt integer, p_lease_s double precision,
    p_progress double precision, p_stage text, p_eta_s double precision
) returns text
    language plpgsql security definer set search_path = '' as $$
declare
    answer text;
begin
    perform set_config('synchronous_commit', 'off', true);
    update public.jobs j set lease_until = now() + interval '1 s' * p_lease_s,
        progress = least(greatest(coalesce(p_progress, 0), 0), 1), stage = left(p_stage, 40),
        eta_s = greatest(p_eta_s, 0)
    where j.id = p_job and j.state = 'running' and j.worker = p_worker and j.attempts = p_attempt
    returning case when j.cancel_requested then 'cancel' else 'ok' end into answer;
    update public.workers w set heartbeat_at = now() where w.id = p_worker;
    return answer;
end
$$;

-- What a succeeded job leaves behind. Keys must lie in the attempt's own folder: a worker can
-- not hand one user another user's file.
create function public.deliver_job(p_job uuid, p_result jsonb) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
    folder text;
begin
    select * into job from public.jobs j where j.id = p_job;
    folder := job.user_id || '/' || job.id || '/a' || job.attempts || '/';
    if job.kind in ('video', 'stitch') then
        if not coalesce(p_result ->> 'media_key' like 'videos-%/' || folder || '%'
                and p_result ->> 'thumbnail_key' like 'videos-%/' || folder || '%', false) then
            raise exception 'must lie in the folder of this attempt'
                using errcode = 'OV002', column = 'media_key';
        end if;
        insert into public.videos (user_id, project_id, job_id, title, media_key, thumbnail_key,
            width, height, num_frames, fps, seconds, seed, model, cost, size_bytes, metadata)
        select job.user_id, job.project_id, job.id,
            left(coalesce(nullif(p.title, ''), nullif(job.params ->> 'prompt', ''), 'Video'), 120),
            p_result ->> 'media_key', p_result ->> 'thumbnail_key',
            (p_result ->> 'width')::integer, (p_result ->> 'height')::integer,
            (p_result ->> 'num_frames')::integer, (p_result ->> 'fps')::integer,
            (p_result ->> 'seconds')::double precision, (p_result ->> 'seed')::bigint,
            job.model, job.cost, (p_result ->> 'size_bytes')::bigint,
            coalesce(p_result -> 'metadata', '{}'::jsonb)
        from (values (1)) one left join public.projects p on p.id = job.project_id;
        update public.projects p set step = 'done', updated_at = now()
            where p.id = job.project_id and p.step = 'render';
    elsif job.kind = 'enhance' then
        -- Only for the words it was made from: the user may have typed on.
        update public.projects p set enhanced_prompt = left(p_result ->> 'enhanced', 2000),
            use_enhanced = true, updated_at = now()
        where p.id = job.project_id and p.user_id = job.user_id
            and p.prompt = job.params ->> 'prompt';
    end if;
end
$$;

-- The only commit point of an attempt. False: the lease was lost, nothing was written.
create function public.finish_job(
    p_job uuid, p_worker text, p_attempt integer, p_outcome text, p_result jsonb, p_error text,
    p_family text
) returns boolean
    language plpgsql security definer set search_path = '' as $$
begin
    perform from public.jobs j where j.id = p_job and j.state = 'running' and j.worker = p_worker
        and j.attempts = p_attempt for update;
    if not found then
        return false;
    end if;
    if p_outcome not in ('succeeded', 'failed', 'cancelled', 'retry') then
        raise exception 'is not an outcome' using errcode = 'OV002', column = 'outcome';
    end if;
    if p_outcome = 'succeeded' then
        perform public.deliver_job(p_job, p_result);
    end if;
    if p_family = 'PolicyRefused' then
        insert into public.refusals (user_id, category, prompt_sha256)
        select j.user_id, left(p_result ->> 'category', 60), p_result ->> 'prompt_sha256'
        from public.jobs j where j.id = p_job and p_result ? 'category'
            and p_result ->> 'prompt_sha256' ~ '^[0-9a-f]{64}$';
    end if;
    if p_outcome = 'retry' then
        perform public.requeue_job(p_job, p_error, p_family);
    else
        update public.jobs j set result = p_result where j.id = p_job;
        perform public.close_job(p_job, p_outcome, p_error, p_family);
    end if;
    update public.workers w set job_id = null, heartbeat_at = now() where w.id = p_worker;
    return true;
end
$$;

-- Hand a job back as if the attempt had not begun: the machine is going away, not the job.
create function public.release_job(p_job uuid, p_worker text, p_attempt integer) returns boolean
    language plpgsql security definer set search_path = '' as $$
declare
    unwanted boolean;
begin
    select j.cancel_requested into unwanted from public.jobs j
        where j.id = p_job and j.state = 'running' and j.worker = p_worker
            and j.attempts = p_attempt for update;
    if not found then
        return false;
    end if;
    if unwanted then
        perform public.close_job(p_job, 'cancelled', null, null);
    else
        update public.jobs j set state = 'queued', attempts = j.attempts - 1, worker = null,
            lease_until = null, stage = null, eta_s = null, progress = 0, not_before = now()
        where j.id = p_job;
    end if;
    update public.workers w set job_id = null where w.id = p_worker;
    return true;
end
$$;

create function public.reap_jobs() returns integer
    language plpgsql security definer set search_path = '' as $$
declare
    job record;
    reaped integer := 0;
begin
    delete from public.workers w where w.heartbeat_at < now() - interval '1 hour';
    for job in
        select j.id from public.jobs j where j.state = 'running' and j.lease_until < now()
        order by j.lease_until limit 100 for update skip locked
    loop
        perform public.requeue_job(job.id,
            'The worker stopped answering. Try again; the credits are back.', 'internal');
        -- Nobody has worked on it for the last part of its lease: that was pause enough.
        update public.jobs j set not_before = now() where j.id = job.id and j.state = 'queued';
        reaped := reaped + 1;
    end loop;
    return reaped;
end
$$;
