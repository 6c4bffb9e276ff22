-- Accounts, age and money. `post` is the only statement anywhere that changes a balance.
-- Errors for the caller have a SQLSTATE of class OV: OV001 not enough credits (detail: need, have),
-- OV002 invalid (column: the field), OV003 not allowed or not there.

create function public.new_user() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.users (id, email) values (new.id, coalesce(new.email, ''));
    return new;
end
$$;
create trigger ourvidz_new_user after insert on auth.users
    for each row execute function public.new_user();

create function public.new_email() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.users set email = coalesce(new.email, ''), updated_at = now() where id = new.id;
    return new;
end
$$;
create trigger ourvidz_new_email after update of email on auth.users
    for each row when (old.email is distinct from new.email)
    execute function public.new_email();

-- Change a balance and write its line, both or neither. The row lock of the update puts everything
-- that one user spends in one order.
create function public.post(
    p_user uuid, p_job uuid, p_entry text, p_amount integer, p_note text, p_key text
) returns integer
    language plpgsql security definer set search_path = '' as $$
declare
    new_balance integer;
    old_balance integer;
begin
    select u.credits_remaining into old_balance from public.users u where u.id = p_user for update;
    if not found then
        raise exception 'there is no such account' using errcode = 'OV003';
    end if;
    if p_amount < 0 and old_balance + p_amount < 0 then
        raise exception 'not enough credits' using errcode = 'OV001',
            detail = json_build_object('need', -p_amount, 'have', old_balance)::text;
    end if;
    update public.users u set credits_remaining = old_balance + p_amount, updated_at = now()
        where u.id = p_user returning u.credits_remaining into new_balance;
    insert into public.usage_logs (user_id, job_id, entry, amount, balance, note, idempotency_key)
        values (p_user, p_job, p_entry, p_amount, new_balance, coalesce(p_note, ''), p_key);
    return new_balance;
end
$$;

create function public.add_credits(p_user uuid, p_amount integer, p_note text, p_key text)
    returns integer
    language plpgsql security definer set search_path = '' as $$
declare
    balance integer;
begin
    perform from public.users u where u.id = p_user for update;
    select u.credits_remaining into balance from public.users u
        where u.id = p_user and exists (
            select from public.usage_logs l where l.idempotency_key = 'grant:' || p_key);
    if found then
        return balance;
    end if;
    if p_amount = 0 then
        raise exception 'must not be 0' using errcode = 'OV002', column = 'amount';
    end if;
    return public.post(p_user, null, 'grant', p_amount, p_note, 'grant:' || p_key);
end
$$;

create function public.update_subscription(
    p_user uuid, p_tier text, p_period_end timestamptz, p_key text
) returns integer
    language plpgsql security definer set search_path = '' as $$
declare
    balance integer;
    credits integer;
begin
    select u.credits_remaining into balance from public.users u where u.id = p_user for update;
    if exists (select from public.usage_logs l where l.idempotency_key = 'plan:' || p_key) then
        return balance;
    end if;
    select p.monthly_credits into credits from public.plans p where p.tier = p_tier;
    if not found then
        raise exception 'is not a plan' using errcode = 'OV002', column = 'tier';
    end if;
    insert into public.subscriptions as s (user_id, tier, status, period_end)
        values (p_user, p_tier, 'active', p_period_end)
        on conflict (user_id) do update set tier = p_tier, status = 'active',
            period_start = now(), period_end = p_period_end, updated_at = now();
    update public.users u set subscription_tier = p_tier where u.id = p_user;
    return public.post(p_user, null, 'subscription', credits, p_tier, 'plan:' || p_key);
end
$$;

-- Said once; saying it again for a newer policy moves the date.
create function public.verify_age(p_policy_version text) returns setof public.users
    language sql security definer set search_path = '' as $$
    update public.users u set age_policy_version = p_policy_version, updated_at = now(),
        age_verified_at = case when u.age_policy_version is distinct from p_policy_version
            then now() else u.age_verified_at end
    where u.id = auth.uid() returning u.*
$$;

revoke all on function public.new_user(), public.new_email(),
    public.post(uuid, uuid, text, integer, text, text),
    public.add_credits(uuid, integer, text, text),
    public.update_subscription(uuid, text, timestamptz, text),
    public.verify_age(text) from public, anon, authenticated, service_role;
grant execute on function public.add_credits(uuid, integer, text, text),
    public.update_subscription(uuid, text, timestamptz, text) to service_role;
grant execute on function public.verify_age(text) to authenticated;
