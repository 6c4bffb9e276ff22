-- What a hosted Supabase database holds before the first migration, as far as OurVidz uses it.
--
-- Run by the superuser `supabase_admin`, on the embedded server only, in every database, as often
-- as you like. PostgreSQL 17 and 18, no extension. Everything else is a migration, which runs as
-- `postgres`: no superuser, so that what hosted would refuse is refused here too.

-- Roles: the cluster's. A race with another database of the same cluster is no error.
do $$
declare
    wanted text;
begin
    foreach wanted in array array[
        'anon', 'authenticated', 'service_role', 'postgres', 'ourvidz_auth'
    ] loop
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then null;
        end;
    end loop;
    execute format('alter database %I owner to postgres', current_database());
end $$;

-- `login` is given together with a password, by whoever keeps the password; not touched here.
alter role anon nosuperuser noinherit nologin;
alter role authenticated nosuperuser noinherit nologin;
alter role service_role nosuperuser noinherit nologin bypassrls;
alter role postgres nosuperuser inherit createdb createrole bypassrls;
alter role ourvidz_auth nosuperuser noinherit nocreatedb nocreaterole nobypassrls;
alter role ourvidz_auth set statement_timeout = '8s';
alter role ourvidz_auth set idle_in_transaction_session_timeout = '15s';
grant anon, authenticated, service_role to postgres with admin option;

-- Hosted gives the three roles everything that `postgres` creates in public. So a migration that
-- forgets to revoke is caught by the tests here, not by an attacker there.
grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on sequences to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on functions to anon, authenticated, service_role;

create schema if not exists auth;
revoke all on schema auth from public;
grant usage on schema auth to postgres, anon, authenticated, service_role, ourvidz_auth;

-- People. GoTrue's names; encrypted_password is an argon2id hash. E-mails are kept in lower case.
create table if not exists auth.users (
    id uuid primary key default gen_random_uuid(),
    aud text not null default 'authenticated',
    role text not null default 'authenticated',
    email text check (email = lower(email) and length(email) <= 255),
    encrypted_password text,
    email_confirmed_at timestamptz,
    email_change text not null default '',
    last_sign_in_at timestamptz,
    raw_app_meta_data jsonb not null default '{}',
    raw_user_meta_data jsonb not null default '{}',
    is_anonymous boolean not null default false,
    banned_until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index if not exists users_email_key on auth.users (email);

-- One sign-in on one device: the family of its refresh tokens. Sign-out deletes the row.
create table if not exists auth.sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users on delete cascade,
    aal text not null default 'aal1',
    amr jsonb not null default '[]',
    not_after timestamptz,
    refreshed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index if not exists sessions_user_id_idx on auth.sessions (user_id);

-- token, parent: SHA-256 of what the client holds, in hex; a copy of this table opens no session.
-- revoked: it was used, at updated_at.
create table if not exists auth.refresh_tokens (
    id bigint generated always as identity primary key,
    token text not null unique,
    parent text,
    session_id uuid not null references auth.sessions on delete cascade,
    user_id uuid not null references auth.users on delete cascade,
    revoked boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index if not exists refresh_tokens_session_id_idx on auth.refresh_tokens (session_id);
create index if not exists refresh_tokens_user_id_idx on auth.refresh_tokens (user_id);

-- Codes sent by e-mail: at most one of each type per person. relates_to: the address it went to.
create table if not exists auth.one_time_tokens (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users on delete cascade,
    token_type text not null check (token_type in ('recovery_token', 'email_change_token_new')),
    token_hash text not null,
    relates_to text not null,
    tries integer not null default 0,
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (user_id, token_type)
);
create index if not exists one_time_tokens_relates_to_idx on auth.one_time_tokens (relates_to);

-- As on hosted: migrations may refer to people and watch them; nobody else sees them.
grant select, insert, update, delete, references, trigger on auth.users to postgres;
grant select, insert, update, delete on all tables in schema auth to ourvidz_auth;

-- What the verified token of the current transaction says. NULL without one.
create or replace function auth.jwt() returns jsonb
language sql stable parallel safe
as $$
    select nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb
$$;

create or replace function auth.uid() returns uuid
language sql stable parallel safe
as $$
    select nullif(
        nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb
            ->> 'sub', ''
    )::pg_catalog.uuid
$$;

create or replace function auth.role() returns text
language sql stable parallel safe
as $$
    select nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::pg_catalog.jsonb
        ->> 'role'
$$;

revoke all on all functions in schema auth from public;
grant execute on function auth.uid() to postgres, anon, authenticated, service_role;
grant execute on function auth.jwt(), auth.role() to postgres, service_role;
