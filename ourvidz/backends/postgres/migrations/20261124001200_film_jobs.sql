-- What happens to the jobs of a film, beside what happens to every job.
--
-- Who locks several rows does so in this order: a film's children, the film, the account. So a
-- clip that ends and a film that is cancelled never wait for each other. A film is locked in a way
-- that lets others refer to it, because a new take does so with the account locked.

-- The next place in a line for one user: see enqueue_job.
create function public.next_turn(p_user uuid, p_line smallint) returns bigint
    language sql stable security definer set search_path = '' as $$
    select 1 + greatest(public.turn_served(p_line), (
        select coalesce(max(j.turn), 0) from public.jobs j
        where j.user_id = p_user and j.priority = p_line and j.state <> 'cancelled'))
$$;

-- Who orders, locked: one order at a time of each user.
create function public.orderer() returns uuid
    language plpgsql security definer set search_path = '' as $$
declare
    me uuid := auth.uid();
    verified timestamptz;
begin
    select u.age_verified_at into verified from public.users u where u.id = me for update;
    if not found then
        raise exception 'Sign in again.' using errcode = 'OV003';
    end if;
    if verified is null then
        raise exception 'Confirm that you are 18 or older first.' using errcode = 'OV003';
    end if;
    return me;
end
$$;

-- Credits of some shots of a film: their share of its price, rounded up.
create function public.share_of_price(p_price integer, p_some bigint, p_all bigint)
    returns integer
    language sql immutable set search_path = '' as $$
    select ceil(p_price::numeric * p_some / greatest(p_all, 1))::integer
$$;

-- How far a film is. delivered: shots with a clip that is there. open: being made or waiting.
create function public.shots_of(p_film uuid)
    returns table (total bigint, delivered bigint, open bigint)
    language sql stable security definer set search_path = '' as $$
    select count(*), count(*) filter (where shot.is_there), count(*) filter (where shot.is_open)
    from (
        select bool_or(v.id is not null) as is_there,
            bool_or(clip.state in ('waiting', 'queued', 'running')) as is_open
        from public.jobs clip
        left join public.videos v on v.job_id = clip.id and v.deleted_at is null
        where clip.parent_id = p_film and clip.place is not null
        group by clip.place) shot
$$;

-- End a film for good: what was delivered is paid, the rest of its price comes back.
create function public.close_film(p_film uuid, p_state text, p_error text) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    film public.jobs;
    delivered bigint;
    back integer;
begin
    update public.jobs j set state = p_state, error = p_error, finished_at = now(), eta_s = null,
        progress = case p_state when 'succeeded' then 1 else j.progress end
    where j.id = p_film and j.state = 'waiting' returning * into film;
    if not found or film.cost = 0 then
        return;
    end if;
    select s.delivered into delivered from public.shots_of(p_film) s;
    back := least(film.cost, public.share_of_price((film.params ->> 'price')::integer,
        (film.params ->> 'shots')::bigint - delivered, (film.params ->> 'shots')::bigint));
    if back < film.cost then
        perform public.post(film.user_id, film.id, 'settle', 0, film.kind, null);
    end if;
    if back > 0 then
        perform public.post(film.user_id, film.id, 'refund', back, p_state, null);
    end if;
end
$$;

-- What comes next for a film after one of its jobs has ended: nothing while shots are open, its
-- owner when one has failed, joining when all are there, and again when a take has changed.
create function public.advance_film(p_film uuid) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    film public.jobs;
    open integer;
    shots record;
    clips record;
    line constant smallint := 5;
begin
    select * into film from public.jobs j where j.id = p_film for no key update skip locked;
    if not found then
        -- Another clip has ended at this moment. With shots in line, whoever ends the last one
        -- looks again, so nobody waits here for anybody's disk.
        if exists (select from public.jobs j where j.parent_id = p_film and j.state = 'queued'
                and j.kind = 'video') then
            return;
        end if;
        select * into film from public.jobs j where j.id = p_film for no key update;
    end if;
    if film.state not in ('waiting', 'succeeded') then
        return;
    end if;
    select count(*) into open from public.jobs j where j.parent_id = p_film
        and j.state in ('waiting', 'queued', 'running') and j.kind = 'video';
    if open > 0 then
        update public.jobs j set error = null,
            progress = 0.98 * greatest(0, 1 - open / (j.params ->> 'shots')::double precision)
        where j.id = p_film and j.state = 'waiting';
        return;
    end if;
    select * into shots from public.shots_of(p_film);
    update public.jobs j set progress = 0.98 * shots.delivered / greatest(shots.total, 1),
        error = case when shots.delivered < shots.total and not j.params ? 'partial' then format(
            '%s of %s shots could not be made. Try them again, or take the film without them.',
            shots.total - shots.delivered, shots.total) end
    where j.id = p_film and j.state = 'waiting';
    if shots.delivered = 0 or (shots.delivered < shots.total and not film.params ? 'partial') then
        return;
    end if;
    select jsonb_agg(media_key order by place) as keys, jsonb_agg(place order by place) as places,
        (array_agg(thumbnail_key order by place))[1] as thumbnail
    into clips from (
        select distinct on (clip.place) clip.place, v.media_key, v.thumbnail_key from public.jobs clip
        join public.videos v on v.job_id = clip.id and v.deleted_at is null
        where clip.parent_id = p_film and clip.place is not null
        order by clip.place, clip.take desc) newest;
    if exists (select from public.jobs j where j.parent_id = p_film and j.kind = 'stitch'
            and (j.state in ('queued', 'running') or j.params -> 'clip_keys' = clips.keys)) then
        update public.jobs parent set error = (
            select j.error from public.jobs j where j.parent_id = p_film and j.kind = 'stitch'
                and j.state = 'failed' and j.params -> 'clip_keys' = clips.keys
            order by j.created_at desc limit 1)
        where parent.id = p_film and parent.state = 'waiting';
        return;
    end if;
    insert into public.jobs (user_id, parent_id, storyboard_id, kind, model, params, priority,
        idempotency_key, turn)
    values (film.user_id, film.id, film.storyboard_id, 'stitch', film.model,
        jsonb_build_object('title', film.params -> 'title', 'seams', film.params -> 'seams',
            'clip_keys', clips.keys, 'places', clips.places, 'thumbnail_key', clips.thumbnail),
        line, 'stitch:' || gen_random_uuid(), public.next_turn(film.user_id, line));
end
$$;

-- The shot that goes on from this clip, and the stills that are derived from this one, need not
-- wait any longer; when it has failed they never will.
create function public.release_dependents(p_job uuid) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
    waits record;
    given jsonb;
begin
    select * into job from public.jobs j where j.id = p_job;
    if job.kind = 'preview' then
        select jsonb_build_object('master_key', k.image_key) into given
        from public.keyframes k
        where job.state = 'succeeded' and k.job_id = job.id and k.key like '%/0';
        for waits in select j.id from public.jobs j
            where j.parent_id = p_job and j.state = 'waiting' order by j.id for update
        loop
            if given is not null then
                update public.jobs j set state = 'queued', params = j.params || given
                where j.id = waits.id;
            else
                perform public.close_job(waits.id,
                    case job.state when 'cancelled' then 'cancelled' else 'failed' end,
                    'The first picture of its scene could not be made. Order it again.',
                    job.error_family);
            end if;
        end loop;
    elsif job.place is null then
        return;
    elsif job.state = 'succeeded' then
        update public.jobs next set state = 'queued',
            params = next.params || jsonb_build_object('clip_key', v.media_key)
        from public.videos v
        where v.job_id = job.id and next.parent_id = job.parent_id
            and next.place = job.place + 1 and next.state = 'waiting';
    else
        update public.jobs next set state = 'failed', finished_at = now(),
            error = 'It goes on from a shot that could not be made.'
        where next.parent_id = job.parent_id and next.place > job.place
            and next.state = 'waiting'
            and split_part(next.shot, '/', 1) = split_part(job.shot, '/', 1);
    end if;
end
$$;

-- As before, and then whatever waits for this job.
create or replace function public.close_job(
    p_job uuid, p_state text, p_error text, p_family text
) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
begin
    update public.jobs j set state = p_state, error = left(p_error, 2000),
        error_family = left(p_family, 40), finished_at = now(), worker = null, lease_until = null,
        eta_s = null, progress = case p_state when 'succeeded' then 1 else j.progress end
    where j.id = p_job returning * into job;
    if job.storyboard_id is not null or job.parent_id is not null then
        perform public.release_dependents(job.id);
        perform public.advance_film(j.id) from public.jobs j
            where j.id = job.parent_id and j.kind = 'film';
    end if;
    if job.cost > 0 and p_state = 'succeeded' then
        perform public.post(job.user_id, job.id, 'settle', 0, job.kind, null);
    elsif job.cost > 0 then
        perform public.post(job.user_id, job.id, 'refund', job.cost, p_state, null);
    end if;
    if job.kind = 'stitch' and p_state = 'succeeded' then
        perform public.close_film(job.parent_id, 'succeeded', null);
    end if;
    if p_family = 'internal' then
        insert into public.alerts (kind, text)
            values ('job_failed', left(format('%s %s: %s', job.kind, job.id, p_error), 2000));
    end if;
end
$$;

create or replace function public.cancel_job(p_job uuid) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
    child public.jobs;
begin
    perform from public.jobs j where j.parent_id = p_job and j.user_id = auth.uid()
        and j.state in ('waiting', 'queued', 'running') order by j.id for no key update;
    select * into job from public.jobs j
        where j.id = p_job and j.user_id = auth.uid() for no key update;
    if not found then
        raise exception 'There is no such job.' using errcode = 'OV003';
    end if;
    if job.kind = 'film' and job.state = 'waiting' then
        -- Another take was paid by itself.
        for child in update public.jobs j set state = 'cancelled', finished_at = now()
            where j.parent_id = p_job and j.state in ('waiting', 'queued') returning *
        loop
            if child.cost > 0 then
                perform public.post(
                    child.user_id, child.id, 'refund', child.cost, 'cancelled', null);
            end if;
        end loop;
        update public.jobs j set cancel_requested = true
        where j.parent_id = p_job and j.state = 'running';
        perform public.close_film(p_job, 'cancelled', null);
    elsif job.state in ('waiting', 'queued') then
        perform public.close_job(p_job, 'cancelled', null, null);
    elsif job.state = 'running' then
        update public.jobs j set cancel_requested = true where j.id = p_job;
    end if;
    return query select * from public.jobs j where j.id = p_job;
end
$$;

-- A clip is a video of its own; the joined film is one of the film's job. What it takes the place
-- of goes the way of deleted videos.
create or replace function public.deliver_job(p_job uuid, p_result jsonb) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
    film public.jobs;
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
        select * into film from public.jobs j where j.id = job.parent_id;
        if job.kind = 'stitch' then
            perform from public.jobs j where j.id = film.id for no key update;
            -- The film of before belongs to the job that joined it, and is deleted by and by.
            update public.videos v set job_id = split_part(v.media_key, '/', 3)::uuid
                where v.job_id = film.id;
            update public.videos v set deleted_at = now() from public.jobs j
                where v.job_id = j.id and j.parent_id = film.id and j.kind = 'stitch'
                    and v.deleted_at is null;
        elsif job.place is not null then
            update public.videos v set deleted_at = now() from public.jobs j
                where v.job_id = j.id and j.parent_id = film.id and j.place = job.place
                    and v.deleted_at is null;
            if job.take > 0 then
                update public.storyboards s set retakes = s.retakes
                    || jsonb_build_object(job.shot, job.params -> 'seed')
                where s.id = job.storyboard_id;
            end if;
        end if;
        insert into public.videos (user_id, project_id, job_id, title, media_key, thumbnail_key,
            width, height, num_frames, fps, seconds, seed, model, cost, size_bytes, metadata)
        select job.user_id, job.project_id,
            case job.kind when 'stitch' then film.id else job.id end,
            left(coalesce(nullif(p.title, ''), nullif(film.params ->> 'title', ''),
                nullif(job.params ->> 'prompt', ''), 'Video'), 120),
            p_result ->> 'media_key', p_result ->> 'thumbnail_key',
            (p_result ->> 'width')::integer, (p_result ->> 'height')::integer,
            (p_result ->> 'num_frames')::integer, (p_result ->> 'fps')::integer,
            (p_result ->> 'seconds')::double precision,
            coalesce((p_result ->> 'seed')::bigint, (film.params ->> 'seed')::bigint),
            job.model, case job.kind when 'stitch' then film.cost else job.cost end,
            (p_result ->> 'size_bytes')::bigint, coalesce(p_result -> 'metadata', '{}'::jsonb)
        from (values (1)) one left join public.projects p on p.id = job.project_id;
        update public.projects p set step = 'done', updated_at = now()
            where p.id = job.project_id and p.step = 'render';
    elsif job.kind = 'preview' and job.storyboard_id is not null then
        if exists (select from jsonb_array_elements(p_result -> 'stills') still
                where still ->> 'key' not like 'videos-preview/' || folder || '%') then
            raise exception 'must lie in the folder of this attempt'
                using errcode = 'OV002', column = 'image_key';
        end if;
        update public.keyframes k set image_key = still ->> 'key',
            seed = (still ->> 'seed')::bigint, recipe = job.params ->> 'recipe', approved = false
        from jsonb_array_elements(p_result -> 'stills') still
        where k.storyboard_id = job.storyboard_id and k.key = still ->> 'keyframe'
            and k.job_id = job.id;
    elsif job.kind = 'enhance' then
        -- Only for the words it was made from: the user may have typed on.
        update public.projects p set enhanced_prompt = left(p_result ->> 'enhanced', 2000),
            use_enhanced = true, updated_at = now()
        where p.id = job.project_id and p.user_id = job.user_id
            and p.prompt = job.params ->> 'prompt';
    end if;
end
$$;

-- As before; a film that nobody has looked at after its last clip is looked at; and one about
-- which nobody has decided for two weeks ends, so that its credits do not stay away for ever.
create or replace function public.reap_jobs() returns integer
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
    for job in
        select film.id from public.jobs film
        where film.kind = 'film' and film.finished_at is null and film.error is null
            and not exists (select from public.jobs j where j.parent_id = film.id
                and j.state in ('waiting', 'queued', 'running'))
        limit 10
    loop
        perform public.advance_film(job.id);
    end loop;
    for job in
        select film.id from public.jobs film
        where film.kind = 'film' and film.finished_at is null
            and film.created_at < now() - interval '14 days'
            and not exists (select from public.jobs j where j.parent_id = film.id
                and (j.state in ('waiting', 'queued', 'running')
                    or j.finished_at > now() - interval '14 days'))
        limit 10 for no key update of film skip locked
    loop
        perform public.close_film(job.id, 'failed',
            'Nobody decided about its missing shots for two weeks; they are paid back.');
    end loop;
    return reaped;
end
$$;

-- As before; a deletion is noted once for each job, however often its film was joined.
create or replace function public.cleanup_expired_videos(p_videos uuid[]) returns integer
    language plpgsql security definer set search_path = '' as $$
declare
    video record;
    forgotten integer := 0;
begin
    for video in delete from public.videos v where v.id = any (p_videos) returning v.* loop
        if not exists (select from public.usage_logs l
                where l.job_id = video.job_id and l.entry = 'delete') then
            perform public.post(video.user_id, video.job_id, 'delete', 0, left(video.title, 200),
                null);
        end if;
        forgotten := forgotten + 1;
    end loop;
    return forgotten;
end
$$;

revoke all on function public.next_turn(uuid, smallint), public.orderer(),
    public.share_of_price(integer, bigint, bigint), public.shots_of(uuid),
    public.close_film(uuid, text, text), public.advance_film(uuid),
    public.release_dependents(uuid) from public, anon, authenticated, service_role;
