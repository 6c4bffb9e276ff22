-- Whoever delivers something that was paid, or another take, comes to the rows of whoever orders:
-- the account, then the storyboard. Both must come in the same order, or they wait for each other
-- until Postgres undoes one of them.

-- As before, but the film and the account are locked before anything that refers to the account is
-- written: two deliveries of one person would each keep the other from changing the balance.
create or replace function public.finish_job(
    p_job uuid, p_worker text, p_attempt integer, p_outcome text, p_result jsonb, p_error text,
    p_family text
) returns boolean
    language plpgsql security definer set search_path = '' as $$
declare
    job public.jobs;
begin
    select * into job from public.jobs j where j.id = p_job and j.state = 'running'
        and j.worker = p_worker and j.attempts = p_attempt for update;
    if not found then
        return false;
    end if;
    if p_outcome not in ('succeeded', 'failed', 'cancelled', 'retry') then
        raise exception 'is not an outcome' using errcode = 'OV002', column = 'outcome';
    end if;
    if p_outcome = 'succeeded' then
        if job.cost > 0 or job.take > 0 or job.kind = 'stitch' then
            perform from public.jobs film where film.id = job.parent_id for no key update;
            perform from public.users u where u.id = job.user_id for update;
        end if;
        perform public.deliver_job(p_job, p_result);
    end if;
    if p_family = 'PolicyRefused' then
        insert into public.refusals (user_id, category, prompt_sha256)
        select job.user_id, left(p_result ->> 'category', 60), p_result ->> 'prompt_sha256'
        where p_result ? 'category' and p_result ->> 'prompt_sha256' ~ '^[0-9a-f]{64}$';
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
