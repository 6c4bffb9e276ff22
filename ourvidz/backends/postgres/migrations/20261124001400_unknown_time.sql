-- A worker that does not know how long it will take has said nothing: that was kept as 0 s left.
create or replace function public.heartbeat_job(
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
        eta_s = case when p_eta_s is not null then greatest(p_eta_s, 0) end
    where j.id = p_job and j.state = 'running' and j.worker = p_worker and j.attempts = p_attempt
    returning case when j.cancel_requested then 'cancel' else 'ok' end into answer;
    update public.workers w set heartbeat_at = now() where w.id = p_worker;
    return answer;
end
$$;
