-- Every table of OurVidz. Money, age and job state have no writable column for any client: they
-- change only inside the functions of the next migrations.
-- Rules: no extension, nothing that Postgres 17 lacks, names in the singular of a row's meaning.

create table public.plans (
    tier text primary key,
    monthly_credits integer not null check (monthly_credits >= 0),
    price_cents integer not null check (price_cents >= 0)
);
insert into public.plans (tier, monthly_credits, price_cents) values
    ('free', 0, 0), ('starter', 10, 999), ('pro', 25, 1999), ('creator', 60, 3999);

-- A video costs what the shortest of these lengths that is not shorter costs.
create table public.prices (
    seconds integer primary key check (seconds > 0),
    credits integer not null check (credits > 0)
);
insert into public.prices (seconds, credits) values
    (5, 1), (15, 2), (30, 3), (60, 5), (300, 20), (1800, 100);

create table public.users (
    id uuid primary key references auth.users (id) on delete cascade,
    email text not null,
    role text not null default 'user' check (role in ('user', 'admin')),
    subscription_tier text not null default 'free' references public.plans (tier),
    -- Always the sum of the user's lines in usage_logs, and never negative.
    credits_remaining integer not null default 0 check (credits_remaining >= 0),
    age_verified_at timestamptz,
    age_policy_version text check (length(age_policy_version) between 1 and 40),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table public.subscriptions (
    user_id uuid primary key references public.users (id) on delete cascade,
    tier text not null references public.plans (tier),
    status text not null check (status in ('active', 'past_due', 'cancelled')),
    period_start timestamptz not null default now(),
    period_end timestamptz not null,
    updated_at timestamptz not null default now()
);

create table public.characters (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.users (id) on delete cascade,
    name text not null check (length(btrim(name)) > 0 and length(name) <= 120),
    description text not null default '' check (length(description) <= 1000),
    tags text[] not null default '{}' check (cardinality(tags) <= 12),
    reference_keys text[] not null default '{}' check (cardinality(reference_keys) <= 8),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index characters_of_user on public.characters (user_id, created_at);

create table public.projects (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.users (id) on delete cascade,
    title text not null default '' check (length(title) <= 120),
    step text not null default 'idea' check (step in ('idea', 'prompt', 'preview', 'render', 'done')),
    prompt text not null default '' check (length(prompt) <= 2000),
    enhanced_prompt text check (length(enhanced_prompt) <= 2000),
    use_enhanced boolean not null default true,
    negative_prompt text not null default '' check (length(negative_prompt) <= 2000),
    model text not null default 'starter' check (model ~ '^[a-z0-9.-]{1,64}$'),
    profile text not null default 'balanced' check (profile in ('fast', 'balanced', 'quality')),
    seconds double precision not null default 5 check (seconds > 0 and seconds <= 1800),
    seed bigint check (seed >= 0),
    character_id uuid references public.characters (id) on delete set null,
    preview_job_id uuid,
    image_key text check (length(image_key) <= 500),
    image_seed bigint check (image_seed >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index projects_of_user on public.projects (user_id, updated_at desc);
create index projects_of_character on public.projects (character_id) where character_id is not null;

create table public.storyboards (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.users (id) on delete cascade,
    project_id uuid references public.projects (id) on delete cascade,
    title text not null default '' check (length(title) <= 120),
    scenes jsonb not null default '[]'
        check (jsonb_typeof(scenes) = 'array' and octet_length(scenes::text) <= 1048576),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index storyboards_of_user on public.storyboards (user_id, updated_at desc);
create index storyboards_of_project on public.storyboards (project_id);

create table public.jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.users (id) on delete cascade,
    project_id uuid references public.projects (id) on delete set null,
    parent_id uuid references public.jobs (id) on delete cascade,
    kind text not null check (kind in ('enhance', 'preview', 'video', 'stitch', 'character')),
    -- queued -> running -> succeeded | failed | cancelled; running -> queued when an attempt is lost
    state text not null default 'queued'
        check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    model text not null check (model ~ '^[a-z0-9.-]{1,64}$'),
    params jsonb not null
        check (jsonb_typeof(params) = 'object' and octet_length(params::text) <= 65536),
    priority smallint not null default 0,
    -- Place in the line: a user's jobs take turns with everyone else's, see enqueue_job.
    turn bigint not null,
    cost integer not null default 0 check (cost >= 0),
    idempotency_key text not null check (length(idempotency_key) between 1 and 200),
    attempts integer not null default 0 check (attempts >= 0),
    max_attempts integer not null default 3 check (max_attempts between 1 and 10),
    not_before timestamptz not null default now(),
    worker text,
    lease_until timestamptz,
    cancel_requested boolean not null default false,
    progress double precision not null default 0 check (progress between 0 and 1),
    stage text check (length(stage) <= 40),
    eta_s double precision check (eta_s >= 0),
    error text check (length(error) <= 2000),
    error_family text check (length(error_family) <= 40),
    result jsonb check (octet_length(result::text) <= 262144),
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    unique (user_id, idempotency_key),
    check ((state = 'running') = (worker is not null and lease_until is not null)),
    check ((state in ('succeeded', 'failed', 'cancelled')) = (finished_at is not null))
);
create index jobs_in_line on public.jobs (model, priority desc, turn, created_at, id)
    where state = 'queued';
create index jobs_running on public.jobs (lease_until) where state = 'running';
create index jobs_begun on public.jobs (priority, started_at desc) where started_at is not null;
create index jobs_of_user on public.jobs (user_id, created_at desc);
create index jobs_waiting_of_user on public.jobs (user_id) where state in ('queued', 'running');
create index jobs_turn_of_user on public.jobs (user_id, priority, turn desc) where state <> 'cancelled';
create index jobs_of_project on public.jobs (project_id, created_at desc);
create index jobs_of_parent on public.jobs (parent_id) where parent_id is not null;

alter table public.projects add foreign key (preview_job_id) references public.jobs (id)
    on delete set null;
create index projects_of_preview on public.projects (preview_job_id);

create table public.videos (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.users (id) on delete cascade,
    project_id uuid references public.projects (id) on delete set null,
    job_id uuid not null unique references public.jobs (id) on delete cascade,
    title text not null default '' check (length(title) <= 120),
    media_key text not null check (length(media_key) <= 500),
    thumbnail_key text not null check (length(thumbnail_key) <= 500),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    num_frames integer not null check (num_frames > 0),
    fps integer not null check (fps > 0),
    seconds double precision not null check (seconds > 0),
    seed bigint not null check (seed >= 0),
    model text not null,
    cost integer not null check (cost >= 0),
    size_bytes bigint not null check (size_bytes > 0),
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '30 days',
    deleted_at timestamptz
);
create index videos_of_user on public.videos (user_id, created_at desc);
create index videos_of_project on public.videos (project_id);
create index videos_to_expire on public.videos (expires_at);
create index videos_deleted on public.videos (deleted_at) where deleted_at is not null;

-- The ledger. A job has at most one line of each kind: that makes charging exactly-once.
create table public.usage_logs (
    id bigint generated always as identity primary key,
    user_id uuid not null references public.users (id) on delete cascade,
    job_id uuid references public.jobs (id) on delete set null,
    entry text not null
        check (entry in ('grant', 'reserve', 'settle', 'refund', 'subscription', 'delete')),
    amount integer not null,
    balance integer not null check (balance >= 0),
    note text not null default '' check (length(note) <= 200),
    idempotency_key text unique,
    created_at timestamptz not null default now(),
    unique (job_id, entry),
    check (case entry
        when 'reserve' then amount < 0
        when 'refund' then amount > 0
        when 'subscription' then amount >= 0
        when 'settle' then amount = 0
        when 'delete' then amount = 0
        else amount <> 0
    end)
);
create index usage_logs_of_user on public.usage_logs (user_id, id desc);

create table public.workers (
    id text primary key check (length(id) between 1 and 100),
    hostname text not null default '',
    device text not null default '',
    memory_bytes bigint not null default 0,
    kinds text[] not null default '{}',
    models text[] not null default '{}',
    loaded text,
    job_id uuid references public.jobs (id) on delete set null,
    drain boolean not null default false,
    started_at timestamptz not null default now(),
    heartbeat_at timestamptz not null default now()
);
create index workers_of_job on public.workers (job_id) where job_id is not null;

-- Refused words are never kept: a hash, so that repetition can be seen, and the rule.
create table public.refusals (
    id bigint generated always as identity primary key,
    user_id uuid references public.users (id) on delete set null,
    category text not null check (length(category) <= 60),
    prompt_sha256 text not null check (prompt_sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null default now()
);
create index refusals_of_user on public.refusals (user_id, created_at desc);

-- Someone says that a video should not exist; answered within 48 hours.
create table public.reports (
    id uuid primary key default gen_random_uuid(),
    reporter_id uuid references public.users (id) on delete set null,
    video_id uuid references public.videos (id) on delete set null,
    reason text not null check (length(reason) between 1 and 2000),
    state text not null default 'open' check (state in ('open', 'removed', 'kept')),
    created_at timestamptz not null default now(),
    due_at timestamptz not null default now() + interval '48 hours',
    closed_at timestamptz
);
create index reports_of_reporter on public.reports (reporter_id);
create index reports_of_video on public.reports (video_id);

-- What the operator should look at.
create table public.alerts (
    id bigint generated always as identity primary key,
    kind text not null check (length(kind) <= 60),
    text text not null check (length(text) <= 2000),
    created_at timestamptz not null default now(),
    resolved_at timestamptz
);
