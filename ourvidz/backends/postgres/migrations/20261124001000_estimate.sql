-- How long such videos took lately, whoever ordered them: what a newcomer is told before the first.

create function public.typical_s(p_model text, p_profile text, p_num_frames integer)
    returns double precision
    language sql stable security definer set search_path = '' as $$
    select percentile_cont(0.5) within group (order by extract(epoch from latest.took))
    from (select j.finished_at - j.started_at as took from public.jobs j
        where j.state = 'succeeded' and j.kind = 'video' and j.model = p_model
            and j.params ->> 'profile' = p_profile
            and j.params ->> 'num_frames' = p_num_frames::text
        order by j.finished_at desc limit 20) latest
$$;
revoke all on function public.typical_s(text, text, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.typical_s(text, text, integer) to authenticated;
