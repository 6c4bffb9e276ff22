-- What a person may order for a film: its pictures, the film, a try again, another take.

-- As before; the jobs of a film do not count among the fifty that one person may have waiting.
create or replace function public.enqueue_job(
    p_kind text, p_params jsonb, p_model text, p_key text, p_project uuid
) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    me uuid := public.orderer();
    waiting integer;
    job public.jobs;
    line smallint := case p_kind when 'enhance' then 20 when 'preview' then 10 else 0 end;
begin
    return query select * from public.jobs j where j.user_id = me and j.idempotency_key = p_key;
    if found then
        return;
    end if;
    if p_kind not in ('enhance', 'preview', 'video') then
        raise exception 'can not be ordered' using errcode = 'OV002', column = 'kind';
    end if;
    if p_project is not null and not public.is_mine(null, p_project, null) then
        raise exception 'There is no such project.' using errcode = 'OV003';
    end if;
    select count(*) into waiting from public.jobs j
        where j.user_id = me and j.state in ('queued', 'running') and j.parent_id is null
            and j.storyboard_id is null;
    if waiting >= 50 then
        raise exception 'You have % jobs waiting. Let one finish or cancel one.', waiting
            using errcode = 'OV003';
    end if;
    insert into public.jobs
        (user_id, project_id, kind, model, params, priority, cost, idempotency_key, turn)
    values (me, p_project, p_kind, p_model, p_params, line, public.price_of(p_kind, p_params),
        p_key, public.next_turn(me, line))
    returning * into job;
    if job.cost > 0 then
        perform public.post(me, job.id, 'reserve', -job.cost, job.kind, null);
    end if;
    return next job;
end
$$;

create function public.my_storyboard(p_me uuid, p_storyboard uuid) returns public.storyboards
    language plpgsql security definer set search_path = '' as $$
declare
    board public.storyboards;
begin
    select * into board from public.storyboards s
        where s.id = p_storyboard and s.user_id = p_me for update;
    if not found then
        raise exception 'There is no such film.' using errcode = 'OV003';
    end if;
    return board;
end
$$;

-- Keyframes, several of one scene in a job. p_orders: [{"params", "after"}], after: the index of
-- the order that makes the scene's first picture, from which these are derived. Those that are
-- being made already are left out. They go before clips, and after what someone looks at now.
create function public.order_stills(p_storyboard uuid, p_model text, p_orders jsonb)
    returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    me uuid := public.orderer();
    line constant smallint := 5;
    turn bigint := public.next_turn(me, line);
    today bigint;
    made uuid[] := '{}';
    wish record;
    stills jsonb;
    first record;
    given jsonb;
    waits_for uuid;
    job public.jobs;
begin
    perform public.my_storyboard(me, p_storyboard);
    select coalesce(sum(jsonb_array_length(j.params -> 'stills')), 0) into today
    from public.jobs j where j.user_id = me and j.kind = 'preview' and j.params ? 'stills'
        and j.created_at > now() - interval '1 day';
    for wish in select o.value ->> 'after' as after, o.value -> 'params' as params
        from jsonb_array_elements(p_orders) with ordinality o (value, at) order by o.at
    loop
        select jsonb_agg(s.value order by s.at) into stills
        from jsonb_array_elements(wish.params -> 'stills') with ordinality s (value, at)
        where not exists (select from public.keyframes k join public.jobs j on j.id = k.job_id
            where k.storyboard_id = p_storyboard and k.key = s.value ->> 'key'
                and j.state in ('waiting', 'queued', 'running'));
        if stills is null then
            made := made || null::uuid;
            continue;
        end if;
        today := today + jsonb_array_length(stills);
        if today > 2000 then
            raise exception 'That would be more than 2000 pictures of films in a day. Go on tomorrow.'
                using errcode = 'OV003';
        end if;
        given := '{}';
        waits_for := made[1 + wish.after::integer];
        if waits_for is null and stills -> 0 ->> 'key' not like '%/0' then
            -- Locked, so that it does not end between this look and the commit.
            select j.id, j.state into first from public.keyframes k
                join public.jobs j on j.id = k.job_id
                where k.storyboard_id = p_storyboard
                    and k.key = split_part(stills -> 0 ->> 'key', '/', 1) || '/0'
                for update of j;
            if first.state in ('waiting', 'queued', 'running') then
                waits_for := first.id;
            else
                select jsonb_build_object('master_key', k.image_key) into given
                from public.keyframes k where k.storyboard_id = p_storyboard
                    and k.key = split_part(stills -> 0 ->> 'key', '/', 1) || '/0';
                if given ->> 'master_key' is null then
                    raise exception 'needs the first picture of its scene; order that as well'
                        using errcode = 'OV002', column = 'which';
                end if;
            end if;
        end if;
        insert into public.jobs (user_id, storyboard_id, parent_id, kind, state, model, params,
            priority, idempotency_key, turn)
        values (me, p_storyboard, waits_for, 'preview',
            case when waits_for is null then 'queued' else 'waiting' end, p_model,
            wish.params - 'master_key' || jsonb_build_object('stills', stills) || given, line,
            'stills:' || gen_random_uuid(), turn)
        returning * into job;
        turn := turn + 1;
        made := made || job.id;
        insert into public.keyframes (storyboard_id, key, user_id, job_id)
        select p_storyboard, s.value ->> 'key', me, job.id from jsonb_array_elements(stills) s
        on conflict (storyboard_id, key) do update set job_id = job.id, approved = false;
        return next job;
    end loop;
end
$$;

-- Each shot of an order with the finished clip that it would take over, if there is one: of the
-- same storyboard, made with the same params. One that goes on from the shot before can only be
-- taken over together with that one. p_shots: [{"shot", "params", "after"}].
create function public.plan_of_film(p_storyboard uuid, p_shots jsonb)
    returns table (place integer, shot text, params jsonb, after boolean, clip uuid)
    language plpgsql stable security definer set search_path = '' as $$
declare
    wish record;
    media text;
begin
    for wish in select s.value, s.at from jsonb_array_elements(p_shots) with ordinality s (value, at)
        order by s.at
    loop
        place := wish.at - 1;
        shot := wish.value ->> 'shot';
        params := wish.value -> 'params';
        after := coalesce((wish.value ->> 'after')::boolean, false);
        clip := null;
        select j.id, v.media_key into clip, media from public.jobs j
            join public.videos v on v.job_id = j.id
        where j.storyboard_id = p_storyboard and j.user_id = auth.uid() and j.shot = plan_of_film.shot
            and j.kind = 'video' and j.state = 'succeeded' and j.params - 'clip_key' = plan_of_film.params
            and (j.params ->> 'clip_key' is not distinct from case when after then media end)
            and v.deleted_at is null and v.expires_at > now() + interval '1 day'
        order by j.finished_at desc limit 1;
        if clip is null then
            media := '';  -- no clip goes on from that
        end if;
        return next;
    end loop;
end
$$;

-- What an order would cost, and how many shots it would make.
create function public.price_of_film(p_storyboard uuid, p_shots jsonb)
    returns table (price integer, credits integer, missing integer)
    language plpgsql stable security definer set search_path = '' as $$
declare
    frames numeric;
    shots integer := jsonb_array_length(p_shots);
begin
    if shots not between 1 and 360 then
        raise exception 'must be 1 to 360' using errcode = 'OV002', column = 'shots';
    end if;
    -- Each one is a clip that could be ordered alone.
    perform public.price_of('video', s -> 'params') from jsonb_array_elements(p_shots) s;
    select sum((s -> 'params' ->> 'num_frames')::numeric) into frames
        from jsonb_array_elements(p_shots) s;
    select p.credits into price from public.prices p
        where p.seconds >= frames / 16 order by p.seconds limit 1;
    if price is null then
        raise exception 'are more than 30 minutes' using errcode = 'OV002', column = 'shots';
    end if;
    select count(*) filter (where plan.clip is null) into missing
        from public.plan_of_film(p_storyboard, p_shots) plan;
    credits := public.share_of_price(price, missing, shots);
    return next;
end
$$;

create function public.enqueue_film(
    p_storyboard uuid, p_params jsonb, p_model text, p_shots jsonb, p_key text
) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    me uuid := public.orderer();
    board public.storyboards;
    cost record;
    film public.jobs;
    first_turn bigint;
begin
    return query select * from public.jobs j where j.user_id = me and j.idempotency_key = p_key;
    if found then
        return;
    end if;
    board := public.my_storyboard(me, p_storyboard);
    return query select * from public.jobs j where j.id = board.film_job_id and j.state = 'waiting';
    if found then
        return;
    end if;
    select * into cost from public.price_of_film(p_storyboard, p_shots);
    insert into public.jobs (user_id, storyboard_id, kind, state, model, params, cost,
        idempotency_key, turn)
    values (me, p_storyboard, 'film', 'waiting', p_model,
        p_params - 'partial' || jsonb_build_object('price', cost.price,
            'shots', jsonb_array_length(p_shots)),
        cost.credits, p_key, 0)
    returning * into film;
    if film.cost > 0 then
        perform public.post(me, film.id, 'reserve', -film.cost, film.kind, null);
    end if;
    first_turn := public.next_turn(me, 0::smallint);
    with plan as materialized (select * from public.plan_of_film(p_storyboard, p_shots)),
    taken as (
        update public.jobs j set parent_id = film.id, place = plan.place, take = 0
        from plan where j.id = plan.clip)
    insert into public.jobs (user_id, storyboard_id, parent_id, kind, state, model, params,
        idempotency_key, turn, shot, place)
    select me, p_storyboard, film.id, 'video',
        case when plan.after and before.clip is null then 'waiting' else 'queued' end, p_model,
        plan.params || case when plan.after and before.clip is not null
            then jsonb_build_object('clip_key', v.media_key) else '{}' end,
        'film:' || film.id || ':' || plan.place, first_turn + plan.place, plan.shot, plan.place
    from plan
    left join plan before on before.place = plan.place - 1
    left join public.videos v on v.job_id = before.clip
    where plan.clip is null;
    update public.storyboards s set film_job_id = film.id where s.id = p_storyboard;
    perform public.advance_film(film.id);
    return query select * from public.jobs j where j.id = film.id;
end
$$;

-- The film, once its children that `p_states` says are locked: see the order of locks.
create function public.my_film(p_film uuid, p_states text[]) returns public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    film public.jobs;
begin
    perform from public.jobs j where j.parent_id = p_film and j.user_id = auth.uid()
        and j.state = any (p_states) order by j.id for no key update;
    select * into film from public.jobs j
        where j.id = p_film and j.user_id = auth.uid() and j.kind = 'film' for no key update;
    if not found then
        raise exception 'There is no such film.' using errcode = 'OV003';
    end if;
    return film;
end
$$;

-- What has failed goes back in line with three more attempts, at most ten in all; nothing is paid
-- again. A shot that goes on from another one that has failed waits for it again.
create function public.retry_film(p_film uuid) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    film public.jobs := public.my_film(p_film, array['failed', 'cancelled']);
    is_chain boolean := film.params ->> 'continuity' = 'chained';
begin
    if film.state <> 'waiting' then
        raise exception 'Only a film that is being made can be tried again. Render it anew.'
            using errcode = 'OV003';
    end if;
    if exists (select from public.jobs j where j.parent_id = p_film and j.attempts >= 10
            and j.state = 'failed') then
        raise exception 'It has failed ten times. Change its words, or take the film without it.'
            using errcode = 'OV003';
    end if;
    with lost as (
        select distinct on (j.kind, j.place) j.id, j.place, j.shot, j.kind from public.jobs j
        where j.parent_id = p_film and j.state in ('failed', 'cancelled')
            and not exists (select from public.jobs other
                left join public.videos v on v.job_id = other.id and v.deleted_at is null
                where other.parent_id = p_film and other.kind = j.kind
                    and other.place is not distinct from j.place
                    and (v.id is not null or other.state in ('waiting', 'queued', 'running')))
        order by j.kind, j.place, j.created_at desc)
    update public.jobs j set
        state = case when is_chain and split_part(lost.shot, '/', 2) <> '0' and exists (
            select from lost before where before.place = lost.place - 1)
            then 'waiting' else 'queued' end,
        max_attempts = least(10, j.attempts + 3), finished_at = null, error = null,
        error_family = null, cancel_requested = false, not_before = now(), progress = 0,
        files = 'kept', turn = greatest(j.turn, public.turn_served(j.priority))
    from lost where j.id = lost.id;
    perform public.advance_film(p_film);
    return query select * from public.jobs j where j.id = p_film;
end
$$;

-- Join what is there; what is missing is paid back when that is done.
create function public.take_film(p_film uuid) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    film public.jobs := public.my_film(p_film, '{}');
    shots record;
begin
    select * into shots from public.shots_of(p_film);
    if film.state <> 'waiting' or shots.open > 0 or shots.delivered = 0 then
        raise exception 'Only a film that waits for you can be taken as it is.'
            using errcode = 'OV003';
    end if;
    update public.jobs j set params = j.params || '{"partial": true}' where j.id = p_film;
    perform public.advance_film(p_film);
    return query select * from public.jobs j where j.id = p_film;
end
$$;

-- Another take. It is paid like any clip, unless the shot has never been delivered, or can not be
-- joined: then it is part of the film's price. While a take of the shot is being made, that one is the answer.
create function public.redo_shot(p_film uuid, p_shot text, p_params jsonb)
    returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    me uuid := public.orderer();
    film public.jobs;
    shots record;
    old public.jobs;
    is_there boolean;
    job public.jobs;
begin
    -- Nobody who holds the film waits for its owner's account while it is not being made.
    select * into film from public.jobs j
        where j.id = p_film and j.user_id = me and j.kind = 'film';
    select * into old from public.jobs j
        where j.parent_id = p_film and j.shot = p_shot order by j.take desc limit 1;
    if film.id is null or old.id is null then
        raise exception 'There is no such shot.' using errcode = 'OV003';
    end if;
    return query select * from public.jobs j where j.parent_id = p_film and j.shot = p_shot
        and j.state in ('waiting', 'queued', 'running') limit 1;
    if found then
        return;
    end if;
    if film.params ->> 'continuity' = 'chained' then
        raise exception 'The shots of this film go on from each other. Change the scene and render it anew.'
            using errcode = 'OV003';
    end if;
    select * into shots from public.shots_of(p_film);
    select exists (select from public.jobs j join public.videos v on v.job_id = j.id
        where j.parent_id = p_film and j.place = old.place and v.deleted_at is null) into is_there;
    if film.state not in ('waiting', 'succeeded')
            or (film.state = 'succeeded' and not is_there and not film.params ? 'partial') then
        raise exception 'The clips of this film are not kept any more. Render it anew.'
            using errcode = 'OV003';
    end if;
    insert into public.jobs (user_id, storyboard_id, parent_id, kind, model, params, cost,
        idempotency_key, turn, shot, place, take)
    values (me, film.storyboard_id, film.id, 'video', film.model, p_params,
        case when film.state = 'waiting' and (not is_there or exists (
                select from public.jobs j where j.parent_id = p_film and j.kind = 'stitch'
                    and j.state = 'failed' and j.error_family = 'InvalidRequest'))
            then 0 else public.price_of('video', p_params) end,
        'film:' || film.id || ':' || old.place || ':' || old.take + 1,
        public.next_turn(me, 0::smallint), old.shot, old.place, old.take + 1)
    returning * into job;
    if job.cost > 0 then
        perform public.post(me, job.id, 'reserve', -job.cost, job.kind, null);
    end if;
    return next job;
end
$$;

-- As before, but for the jobs of a film: those its owner tries again, together with it.
create or replace function public.admin_retry(p_admin uuid, p_job uuid) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    old public.jobs;
begin
    select * into old from public.jobs j where j.id = p_job for update;
    if not found or old.state <> 'failed' or old.kind not in ('enhance', 'preview', 'video')
            or old.storyboard_id is not null or old.parent_id is not null
            or old.error_family is not distinct from 'PolicyRefused' then
        raise exception 'Only what failed, and was not refused or part of a film, can be tried again.'
            using errcode = 'OV003';
    end if;
    perform from public.users u where u.id in (p_admin, old.user_id) order by u.id for update;
    return query select * from public.jobs j
        where j.user_id = old.user_id and j.idempotency_key = 'retry:' || old.id;
    if found then
        return;
    end if;
    perform public.note_admin(p_admin, format('tries %s %s again', old.kind, old.id));
    return query insert into public.jobs
        (user_id, project_id, kind, model, params, priority, idempotency_key, turn)
    values (old.user_id, old.project_id, old.kind, old.model, old.params, old.priority,
        'retry:' || old.id, 1 + public.turn_served(old.priority))
    returning *;
end
$$;

-- What stands before the end of a film: others' clips, of each of them no more than the film has
-- itself, because all take turns.
create function public.line_of_film(p_model text, p_profile text, p_shots integer)
    returns table (ahead integer, workers integer, typical_s double precision)
    language sql stable security definer set search_path = '' as $$
    select
        (select coalesce(sum(least(waiting.clips, p_shots)), 0)::integer from (
            select count(*) as clips from public.jobs j
            where j.state in ('queued', 'running') and j.model = p_model and j.kind = 'video'
                and j.user_id <> auth.uid()
            group by j.user_id) waiting),
        (select count(*)::integer from public.workers w
            where p_model = any (w.models) and 'video' = any (w.kinds) and not w.drain
                and w.heartbeat_at > now() - interval '60 s'),
        public.typical_s(p_model, p_profile, 80)
$$;

revoke all on function public.my_storyboard(uuid, uuid), public.my_film(uuid, text[]),
    public.order_stills(uuid, text, jsonb), public.plan_of_film(uuid, jsonb),
    public.price_of_film(uuid, jsonb), public.enqueue_film(uuid, jsonb, text, jsonb, text),
    public.retry_film(uuid), public.take_film(uuid), public.redo_shot(uuid, text, jsonb),
    public.line_of_film(text, text, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.order_stills(uuid, text, jsonb),
    public.price_of_film(uuid, jsonb), public.enqueue_film(uuid, jsonb, text, jsonb, text),
    public.retry_film(uuid), public.take_film(uuid), public.redo_shot(uuid, text, jsonb),
    public.line_of_film(text, text, integer) to authenticated;
