-- A browser's sign-in. The cookie is only here as a hash, the tokens only sealed by the app's key:
-- a copy of this table opens no account.

create table public.web_sessions (
    id_sha256 text primary key check (id_sha256 ~ '^[0-9a-f]{64}$'),
    user_id uuid not null references public.users (id) on delete cascade,
    sealed bytea not null check (octet_length(sealed) <= 16384),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index web_sessions_of_user on public.web_sessions (user_id);
create index web_sessions_to_expire on public.web_sessions (expires_at);
alter table public.web_sessions enable row level security;
revoke all on public.web_sessions from public, anon, authenticated;
grant all on public.web_sessions to service_role;
