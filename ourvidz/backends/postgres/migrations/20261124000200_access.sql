-- Who may do what. Two locks on every row: grants by column, then row-level security.

do $$
begin
    if not exists (select from pg_roles where rolname = 'ourvidz_app') then
        -- NOINHERIT: without `set role` the app can do nothing at all.
        create role ourvidz_app nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'ourvidz_worker') then
        create role ourvidz_worker nologin noinherit;
    end if;
end
$$;
grant anon, authenticated, service_role to ourvidz_app;

-- Hosted projects grant everything in `public` to their API roles by default: take it back, for
-- what is there and for what later migrations add.
alter default privileges in schema public revoke all on tables from public, anon, authenticated;
alter default privileges in schema public revoke all on functions from public, anon, authenticated;
alter default privileges in schema public revoke all on sequences from public, anon, authenticated;
alter default privileges revoke execute on functions from public;
revoke all on all tables in schema public from public, anon, authenticated;
revoke all on all functions in schema public from public, anon, authenticated;
revoke create on schema public from public;
grant usage on schema public to anon, authenticated, service_role, ourvidz_worker;
grant all on all tables in schema public to service_role;
grant usage on all sequences in schema public to service_role;

alter table public.plans enable row level security;
alter table public.prices enable row level security;
alter table public.users enable row level security;
alter table public.subscriptions enable row level security;
alter table public.characters enable row level security;
alter table public.projects enable row level security;
alter table public.storyboards enable row level security;
alter table public.jobs enable row level security;
alter table public.videos enable row level security;
alter table public.usage_logs enable row level security;
alter table public.workers enable row level security;
alter table public.refusals enable row level security;
alter table public.reports enable row level security;
alter table public.alerts enable row level security;

-- Prices and plans are no secret.
grant select on public.plans, public.prices to anon, authenticated;
create policy everyone_reads on public.plans for select to anon, authenticated using (true);
create policy everyone_reads on public.prices for select to anon, authenticated using (true);

-- Read one's own, write nothing: money, jobs and files change inside functions.
grant select on public.users, public.subscriptions, public.jobs, public.videos, public.usage_logs
    to authenticated;
create policy own on public.users for select to authenticated
    using (id = (select auth.uid()));
create policy own on public.subscriptions for select to authenticated
    using (user_id = (select auth.uid()));
create policy own on public.jobs for select to authenticated
    using (user_id = (select auth.uid()));
create policy own on public.usage_logs for select to authenticated
    using (user_id = (select auth.uid()));
create policy own on public.videos for select to authenticated
    using (user_id = (select auth.uid()));

-- A video can be renamed, deleted and taken back by its owner; nothing else of it can change.
grant update (title, deleted_at) on public.videos to authenticated;
create policy own_change on public.videos for update to authenticated
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

-- Drafts are one's own in everything but their owner, and may only point to one's own things.
create function public.is_mine(p_character uuid, p_project uuid, p_job uuid) returns boolean
    language sql stable security definer set search_path = '' as $$
    select (p_character is null or exists (
            select from public.characters c where c.id = p_character and c.user_id = auth.uid()))
        and (p_project is null or exists (
            select from public.projects p where p.id = p_project and p.user_id = auth.uid()))
        and (p_job is null or exists (
            select from public.jobs j where j.id = p_job and j.user_id = auth.uid()))
$$;
revoke all on function public.is_mine(uuid, uuid, uuid) from public, anon, service_role;
grant execute on function public.is_mine(uuid, uuid, uuid) to authenticated;

grant select, delete,
    insert (user_id, title, step, prompt, enhanced_prompt, use_enhanced, negative_prompt, model,
        profile, seconds, seed, character_id),
    update (title, step, prompt, enhanced_prompt, use_enhanced, negative_prompt, model, profile,
        seconds, seed, character_id, preview_job_id, image_key, image_seed, updated_at)
    on public.projects to authenticated;
create policy own on public.projects for all to authenticated
    using (user_id = (select auth.uid()))
    with check (user_id = (select auth.uid())
        and public.is_mine(character_id, null, preview_job_id)
        -- A still lies in its owner's folder, so nobody else's picture can be named.
        and (image_key is null
            or image_key like 'videos-preview/' || (select auth.uid())::text || '/%'));

grant select, delete, insert (user_id, name, description, tags),
    update (name, description, tags, updated_at) on public.characters to authenticated;
create policy own on public.characters for all to authenticated
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

grant select, delete, insert (user_id, project_id, title, scenes),
    update (project_id, title, scenes, updated_at) on public.storyboards to authenticated;
create policy own on public.storyboards for all to authenticated
    using (user_id = (select auth.uid()))
    with check (user_id = (select auth.uid()) and public.is_mine(null, project_id, null));

grant select, insert (reporter_id, video_id, reason) on public.reports to authenticated;
create policy own on public.reports for select to authenticated
    using (reporter_id = (select auth.uid()));
create policy own_report on public.reports for insert to authenticated
    with check (reporter_id = (select auth.uid()));
