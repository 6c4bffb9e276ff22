-- What happens a second time: a shot that is tried again, a folder that is used again, pictures
-- that are looked for when they have been deleted.

-- untidy: an attempt was handed back. It may have left files, and the next attempt has its number,
-- and so its folder.
alter table public.jobs drop constraint jobs_files_check,
    add constraint jobs_files_check check (files in ('kept', 'untidy', 'tidied', 'gone'));
drop index public.jobs_to_tidy;
create index jobs_to_tidy on public.jobs (finished_at)
    where files <> 'gone' and finished_at is not null and (attempts > 0 or files = 'untidy')
        and (attempts > 1 or state <> 'succeeded' or kind = 'preview' or files = 'untidy');

-- As before, and its folder is looked through when the job has ended.
create or replace function public.release_job(p_job uuid, p_worker text, p_attempt integer)
    returns boolean
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
            lease_until = null, stage = null, eta_s = null, progress = 0, not_before = now(),
            files = 'untidy'
        where j.id = p_job;
    end if;
    update public.workers w set job_id = null where w.id = p_worker;
    return true;
end
$$;

-- As before; and a project that offered or had chosen one of these stills can not any more: it
-- could not be opened, nor rendered.
create or replace function public.stills_are_gone() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.keyframes k set image_key = null, seed = null, recipe = null, approved = false
    where k.user_id = new.user_id
        and k.image_key like 'videos-preview/' || new.user_id || '/' || new.id || '/%';
    update public.projects p set image_key = null, image_seed = null,
        step = case p.step when 'render' then 'prompt' else p.step end
    where p.user_id = new.user_id
        and p.image_key like 'videos-preview/' || new.user_id || '/' || new.id || '/%';
    update public.projects p set preview_job_id = null,
        step = case p.step when 'preview' then 'prompt' else p.step end
    where p.user_id = new.user_id and p.preview_job_id = new.id;
    return new;
end
$$;
-- What went before today.
update public.jobs set files = 'gone' where files = 'gone' and kind = 'preview';

-- As before, but the price of a film comes back by what was never delivered. Whoever deletes a
-- clip has had it: it can be taken back within an hour, and goes into the next order for nothing.
create or replace function public.close_film(p_film uuid, p_state text, p_error text) returns void
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
    select count(distinct clip.place) into delivered from public.jobs clip
        where clip.parent_id = p_film and clip.place is not null and clip.state = 'succeeded';
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

-- As before; another take that was paid, and paid back when it failed, is tried again at no cost:
-- what it cost can not come back a second time.
create or replace function public.retry_film(p_film uuid) returns setof public.jobs
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
        error_family = null, cancel_requested = false, not_before = now(), progress = 0, cost = 0,
        files = case j.files when 'untidy' then j.files else 'kept' end,
        turn = greatest(j.turn, public.turn_served(j.priority))
    from lost where j.id = lost.id;
    perform public.advance_film(p_film);
    return query select * from public.jobs j where j.id = p_film;
end
$$;

-- As before, but only a film's children are locked before it. A picture that others wait for is
-- locked before them, as by whoever ends it: else the two wait for each other.
create or replace function public.cancel_job(p_job uuid) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
    child public.jobs;
begin
    perform from public.jobs j join public.jobs film on film.id = j.parent_id
        where film.id = p_job and film.kind = 'film' and film.user_id = auth.uid()
            and j.state in ('waiting', 'queued', 'running') order by j.id for no key update of j;
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
