-- Films: storyboards with all that they need, their pictures, and jobs that belong to a film.

alter table public.storyboards
    add column model text not null default 'starter' check (model ~ '^[a-z0-9.-]{1,64}$'),
    add column profile text not null default 'balanced'
        check (profile in ('fast', 'balanced', 'quality')),
    add column seed bigint not null default 0 check (seed >= 0),
    add column continuity text not null default 'anchored'
        check (continuity in ('anchored', 'chained', 'independent')),
    add column negative_prompt text not null default '' check (length(negative_prompt) <= 2000),
    -- Seeds of shots that were made again, and the last order: written by functions alone.
    add column retakes jsonb not null default '{}' check (jsonb_typeof(retakes) = 'object'),
    add column film_job_id uuid references public.jobs (id) on delete set null;
-- 360 scenes, each with two texts of 2000 characters and marks.
alter table public.storyboards drop constraint storyboards_scenes_check,
    add check (jsonb_typeof(scenes) = 'array' and octet_length(scenes::text) <= 4194304);
create index storyboards_of_job on public.storyboards (film_job_id) where film_job_id is not null;
grant insert (model, profile, seed, continuity, negative_prompt),
    update (model, profile, seed, continuity, negative_prompt) on public.storyboards
    to authenticated;

-- waiting: for other jobs; nobody can claim it, and it is in no line. A film waits for its shots.
alter table public.jobs drop constraint jobs_kind_check, drop constraint jobs_state_check,
    add check (kind in ('enhance', 'preview', 'video', 'stitch', 'character', 'film')),
    add check (state in ('waiting', 'queued', 'running', 'succeeded', 'failed', 'cancelled')),
    add column storyboard_id uuid references public.storyboards (id) on delete set null,
    -- Of a film's clips: the shot, "scene-id/place", its place in the film, and which take it is.
    add column shot text check (length(shot) <= 60),
    add column place integer check (place >= 0),
    add column take integer not null default 0 check (take >= 0);
create unique index jobs_take on public.jobs (parent_id, place, take) where place is not null;
create index jobs_open_of_parent on public.jobs (parent_id)
    where state in ('waiting', 'queued', 'running') and parent_id is not null;
create index jobs_of_storyboard on public.jobs (storyboard_id, shot, finished_at desc)
    where storyboard_id is not null;
drop index public.jobs_of_library;
create index jobs_of_library on public.jobs (user_id, created_at desc)
    where kind in ('video', 'film') and parent_id is null;
create index jobs_waiting_films on public.jobs (created_at)
    where kind = 'film' and finished_at is null;

-- One row a keyframe, from its first order on. Which picture is on offer is written by whoever
-- delivers it: nobody can name a file here.
create table public.keyframes (
    storyboard_id uuid not null references public.storyboards (id) on delete cascade,
    key text not null check (length(key) between 3 and 60),
    user_id uuid not null references public.users (id) on delete cascade,
    job_id uuid references public.jobs (id) on delete set null,
    image_key text check (length(image_key) <= 500),
    seed bigint check (seed >= 0),
    recipe text check (length(recipe) <= 64),
    approved boolean not null default false,
    primary key (storyboard_id, key),
    constraint keyframes_approved_check check (not approved or image_key is not null)
);
create index keyframes_of_job on public.keyframes (job_id) where job_id is not null;
create index keyframes_of_user on public.keyframes (user_id);

alter table public.keyframes enable row level security;
grant all on public.keyframes to service_role;
grant select, update (approved) on public.keyframes to authenticated;
create policy own on public.keyframes for select to authenticated
    using (user_id = (select auth.uid()));
create policy own_change on public.keyframes for update to authenticated
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

-- A still is deleted after a while; then it can not be offered any more.
create function public.stills_are_gone() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.keyframes k set image_key = null, seed = null, recipe = null, approved = false
    where k.user_id = new.user_id
        and k.image_key like 'videos-preview/' || new.user_id || '/' || new.id || '/%';
    return new;
end
$$;
create trigger ourvidz_stills_are_gone after update of files on public.jobs
    for each row when (new.files = 'gone' and new.kind = 'preview')
    execute function public.stills_are_gone();

-- Who deletes a film deletes its clips, and who takes that back has them back.
create function public.clips_go_along() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.videos v set deleted_at = new.deleted_at
    from public.jobs clip
    where clip.parent_id = new.job_id and clip.kind = 'video' and v.job_id = clip.id
        and v.deleted_at is not distinct from old.deleted_at;
    return new;
end
$$;
create trigger ourvidz_clips_go_along after update of deleted_at on public.videos
    for each row when (new.deleted_at is distinct from old.deleted_at)
    execute function public.clips_go_along();

revoke all on function public.stills_are_gone(), public.clips_go_along()
    from public, anon, authenticated, service_role;
