-- What lies in the storage of a job that has ended: attempts that were lost may have uploaded
-- files, and stills are only needed for a while. Links for uploads work for two hours.

alter table public.jobs add column files text not null default 'kept'
    check (files in ('kept', 'tidied', 'gone'));
create index jobs_to_tidy on public.jobs (finished_at)
    where files <> 'gone' and finished_at is not null and attempts > 0
        and (attempts > 1 or state <> 'succeeded' or kind = 'preview');
