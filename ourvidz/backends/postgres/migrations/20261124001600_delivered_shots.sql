-- A shot that was delivered has been paid for and used up, whatever its owner does with the clip;
-- and a shot of a chain that is tried again goes on from the one before, as it would have done.
-- Clips are kept for 30 days: of one that was made before nobody can say that it was deleted.

-- As before, with these differences. A shot that was delivered is not lost when its clip is
-- deleted: it can be taken back, or made anew for its price. In a chain a shot is given the clip
-- before it, or waits for it. Shots in line and those being made are locked as well, so that none
-- of them ends unseen between this look and the commit.
create or replace function public.retry_film(p_film uuid) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    film public.jobs :=
        public.my_film(p_film, array['failed', 'cancelled', 'queued', 'running']);
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
    if is_chain and exists (select from public.jobs j
            join public.jobs before on before.parent_id = p_film and before.place = j.place - 1
            where j.parent_id = p_film and j.state in ('failed', 'cancelled')
                and split_part(j.shot, '/', 2) <> '0' and before.state = 'succeeded'
                and not exists (select from public.videos v where v.job_id = before.id)) then
        raise exception 'The clip from which a shot goes on is not kept any more. Take the film without it, or render it anew.'
            using errcode = 'OV003';
    end if;
    with lost as (
        select distinct on (j.kind, j.place) j.id, j.place,
            coalesce(is_chain and split_part(j.shot, '/', 2) <> '0', false) as goes_on
        from public.jobs j
        where j.parent_id = p_film and j.state in ('failed', 'cancelled')
            and not exists (select from public.jobs other
                where other.parent_id = p_film and other.kind = j.kind
                    and other.place is not distinct from j.place
                    and (other.state in ('waiting', 'queued', 'running')
                        or (other.place is not null and other.state = 'succeeded'
                            and other.finished_at > now() - interval '30 days')))
        order by j.kind, j.place, j.created_at desc),
    again as (
        select lost.id, lost.goes_on, case when lost.goes_on then (
            select v.media_key from public.jobs before
            join public.videos v on v.job_id = before.id
            where before.parent_id = p_film and before.place = lost.place - 1
            order by before.take desc limit 1) end as clip
        from lost)
    update public.jobs j set
        state = case when again.goes_on and again.clip is null then 'waiting' else 'queued' end,
        params = j.params || case when again.clip is null then '{}'
            else jsonb_build_object('clip_key', again.clip) end,
        max_attempts = least(10, j.attempts + 3), finished_at = null, error = null,
        error_family = null, cancel_requested = false, not_before = now(), progress = 0, cost = 0,
        files = case j.files when 'untidy' then j.files else 'kept' end,
        turn = greatest(j.turn, public.turn_served(j.priority))
    from again where j.id = again.id;
    perform public.advance_film(p_film);
    return query select * from public.jobs j where j.id = p_film;
end
$$;

-- As before, but another take is part of the film's price only where nothing was ever delivered,
-- or where what was delivered has just turned out not to be joinable. A clip that its owner has
-- hidden was delivered.
create or replace function public.redo_shot(p_film uuid, p_shot text, p_params jsonb)
    returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    me uuid := public.orderer();
    film public.jobs;
    old public.jobs;
    had public.jobs;
    is_there boolean;
    is_owed boolean;
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
    select exists (select from public.jobs j join public.videos v on v.job_id = j.id
        where j.parent_id = p_film and j.place = old.place and v.deleted_at is null) into is_there;
    if film.state not in ('waiting', 'succeeded')
            or (film.state = 'succeeded' and not is_there and not film.params ? 'partial') then
        raise exception 'The clips of this film are not kept any more. Render it anew.'
            using errcode = 'OV003';
    end if;
    select * into had from public.jobs j
        where j.parent_id = p_film and j.place = old.place and j.state = 'succeeded'
            and j.finished_at > now() - interval '30 days'
        order by j.take desc limit 1;
    is_owed := film.state = 'waiting' and (had.id is null or exists (
        select from public.jobs j where j.parent_id = p_film and j.kind = 'stitch'
            and j.state = 'failed' and j.error_family = 'InvalidRequest'
            and j.params -> 'clip_keys' ? (had.result ->> 'media_key')));
    insert into public.jobs (user_id, storyboard_id, parent_id, kind, model, params, cost,
        idempotency_key, turn, shot, place, take)
    values (me, film.storyboard_id, film.id, 'video', film.model, p_params,
        case when is_owed then 0 else public.price_of('video', p_params) end,
        'film:' || film.id || ':' || old.place || ':' || old.take + 1,
        public.next_turn(me, 0::smallint), old.shot, old.place, old.take + 1)
    returning * into job;
    if job.cost > 0 then
        perform public.post(me, job.id, 'reserve', -job.cost, job.kind, null);
    end if;
    return next job;
end
$$;
