-- What admins do. The app calls these as service_role and names the admin; the database looks
-- again whether that person is one, and the act and its line in the log are one transaction.

create function public.note_admin(p_admin uuid, p_text text) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    who text;
begin
    -- Locked, so that a role which is being taken away at this moment is waited for. Who locks
    -- someone else's row as well does so first, in the order of ids: nobody waits for ever.
    select u.email into who from public.users u where u.id = p_admin and u.role = 'admin' for share;
    if not found then
        raise exception 'Only admins may do this.' using errcode = 'OV003';
    end if;
    insert into public.alerts (kind, text, resolved_at)
        values ('admin', left(who || ' ' || p_text, 2000), now());
end
$$;

-- Once per key: a double click grants, and logs, once.
create function public.admin_grant(
    p_admin uuid, p_user uuid, p_amount integer, p_note text, p_key text
) returns integer
    language plpgsql security definer set search_path = '' as $$
declare
    balance integer;
    whose text;
begin
    perform from public.users u where u.id in (p_admin, p_user) order by u.id for update;
    select u.email, u.credits_remaining into whose, balance
        from public.users u where u.id = p_user;
    if not found then
        raise exception 'There is no such account.' using errcode = 'OV003';
    end if;
    if exists (select from public.usage_logs l where l.idempotency_key = 'grant:admin:' || p_key) then
        return balance;
    end if;
    perform public.note_admin(p_admin,
        format('gave %s credits to %s: %s', p_amount, whose, p_note));
    return public.add_credits(p_user, p_amount, p_note, 'admin:' || p_key);
end
$$;

-- Nobody takes their own role away: so one admin always remains.
create function public.admin_set_role(p_admin uuid, p_user uuid, p_role text) returns void
    language plpgsql security definer set search_path = '' as $$
declare
    whose text;
begin
    if p_admin = p_user then
        raise exception 'Ask another admin to change your own role.' using errcode = 'OV003';
    end if;
    perform from public.users u where u.id in (p_admin, p_user) order by u.id for update;
    update public.users u set role = p_role, updated_at = now()
        where u.id = p_user and u.role <> p_role returning u.email into whose;
    if found then
        perform public.note_admin(p_admin, format('made %s %s', whose, p_role));
    elsif not exists (select from public.users u where u.id = p_user) then
        raise exception 'There is no such account.' using errcode = 'OV003';
    end if;
end
$$;

create function public.admin_drain(p_admin uuid, p_worker text, p_on boolean) returns void
    language plpgsql security definer set search_path = '' as $$
begin
    update public.workers w set drain = p_on where w.id = p_worker and w.drain <> p_on;
    if found then
        perform public.note_admin(p_admin,
            case when p_on then 'drains worker ' else 'lets work again: ' end || p_worker);
    elsif not exists (select from public.workers w where w.id = p_worker) then
        raise exception 'There is no such worker now.' using errcode = 'OV003';
    end if;
end
$$;

-- A failed job once more, on the house: what it cost was given back when it failed. Its key is
-- that of its owner's own retry, so there is one of them whoever asks first.
create function public.admin_retry(p_admin uuid, p_job uuid) returns setof public.jobs
    language plpgsql security definer set search_path = '' as $$
declare
    old public.jobs;
begin
    select * into old from public.jobs j where j.id = p_job for update;
    if not found or old.state <> 'failed' or old.kind not in ('enhance', 'preview', 'video')
            or old.error_family is not distinct from 'PolicyRefused' then
        raise exception 'Only what failed, and was not refused, can be tried again.'
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

create function public.admin_resolve(p_admin uuid, p_alert bigint) returns void
    language plpgsql security definer set search_path = '' as $$
begin
    update public.alerts a set resolved_at = now() where a.id = p_alert and a.resolved_at is null;
    if found then
        perform public.note_admin(p_admin, format('closed alert %s', p_alert));
    end if;
end
$$;

revoke all on function public.note_admin(uuid, text),
    public.admin_grant(uuid, uuid, integer, text, text),
    public.admin_set_role(uuid, uuid, text), public.admin_drain(uuid, text, boolean),
    public.admin_retry(uuid, uuid), public.admin_resolve(uuid, bigint)
    from public, anon, authenticated, service_role;
grant execute on function public.admin_grant(uuid, uuid, integer, text, text),
    public.admin_set_role(uuid, uuid, text), public.admin_drain(uuid, text, boolean),
    public.admin_retry(uuid, uuid), public.admin_resolve(uuid, bigint) to service_role;

create index jobs_failed on public.jobs (created_at desc) where state = 'failed';
create index jobs_ended on public.jobs (finished_at) where finished_at is not null;
create index alerts_open on public.alerts (id desc) where resolved_at is null;
create index refusals_by_time on public.refusals (created_at);
