-- Files on a hosted project. The app reads and writes with the service key and hands out signed
-- links, which no policy touches. What follows holds for a person who comes with their own token:
-- they may read what lies in their folder, "<their id>/...", and write nothing anywhere.
-- Supabase has switched row-level security on for storage.objects; without a policy all is refused.

drop policy if exists ourvidz_read_own on storage.objects;
create policy ourvidz_read_own on storage.objects
    for select to authenticated
    using (
        bucket_id in (
            'videos-preview', 'videos-final', 'videos-stitched',
            'character-references', 'character-embeddings'
        )
        and (storage.foldername(name))[1] = (select auth.uid())::text
    );

drop policy if exists ourvidz_read_system_assets on storage.objects;
create policy ourvidz_read_system_assets on storage.objects
    for select to anon, authenticated
    using (bucket_id = 'system-assets');
