-- The library shows what failed or was cancelled until its owner has put it away.

alter table public.jobs add column put_away_at timestamptz;

create function public.put_away_job(p_job uuid) returns setof public.jobs
    language sql security definer set search_path = '' as $$
    update public.jobs j set put_away_at = coalesce(j.put_away_at, now())
    where j.id = p_job and j.user_id = auth.uid() and j.state in ('failed', 'cancelled')
    returning j.*
$$;
revoke all on function public.put_away_job(uuid) from public, anon, authenticated, service_role;
grant execute on function public.put_away_job(uuid) to authenticated;

-- Only what is ordered as a video is shown there; previews and enhanced words are many more.
create index jobs_of_library on public.jobs (user_id, created_at desc)
    where kind in ('video', 'stitch') and parent_id is null;
