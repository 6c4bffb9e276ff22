// The storyboard follows its film by itself: progress is painted in, news are fetched or offered.
(() => {
  'use strict';
  let timer = 0, failures = 0, since = Date.now(), following = '';
  const board = () => document.getElementById('fl-board');
  const soon = (wait) => { window.clearTimeout(timer); timer = window.setTimeout(ask, wait); };

  function bar(element, progress) {
    if (!element) return;
    const percent = Math.round(progress * 100);
    element.setAttribute('aria-valuenow', percent);
    element.firstElementChild.style.width = `${percent}%`;
  }

  function paint(root, now) {
    bar(root.querySelector('#fl-bar'), now.progress);
    const eta = root.querySelector('[data-part=eta]'), done = root.querySelector('[data-part=done]');
    if (eta && now.workers === 0) eta.textContent = root.dataset.idle;
    else if (eta) eta.textContent = now.eta_s === null ? '' : root.dataset.eta.replace('{}', window.ov.span(now.eta_s));
    if (done) done.textContent = root.dataset.done.replace('{}', now.finished).replace('{}', Object.keys(now.shots).length);
    const drawing = root.querySelector('#fl-drawing');
    if (drawing) drawing.textContent = `${root.dataset.drawing} (${now.drawn}/${now.stills})`;
    for (const [shot, progress] of Object.entries(now.shots))
      bar(root.querySelector(`[data-shot="${CSS.escape(shot)}"] .ov-bar`), progress);
    const player = root.querySelector('#fl-player');
    if (player && JSON.parse(player.dataset.clips).length) player.dataset.clips = JSON.stringify(now.clips);
    const waiting = player?.querySelector('video[data-waits]');
    if (waiting) onward(waiting);
  }

  async function ask() {
    const root = board();
    if (!root || document.hidden) return;
    try {
      const answer = await fetch(root.dataset.film, { headers: { accept: 'application/json' } });
      if (answer.status === 401) {
        // To the sign-in and back; what is typed stays until the next press says so.
        if (!root.querySelector('[data-typed]')) window.location.reload();
        return;
      }
      // Deleted meanwhile, on another device.
      if (answer.status === 403 || answer.status === 404) { news(root); return; }
      if (!answer.ok) throw new Error(answer.status);
      const now = await answer.json();
      if (root !== board()) return;
      failures = 0;
      paint(root, now);
      if (now.stamp !== root.dataset.stamp) news(root);
      if (now.moving || now.stamp !== root.dataset.stamp) soon(Date.now() - since > 60000 ? 5000 : 2000);
    } catch {
      failures += 1;
      const eta = root.querySelector('[data-part=eta], #fl-drawing');
      if (eta) eta.textContent = root.dataset.offline;
      soon(Math.min(15000, 1000 * 2 ** failures));
    }
  }

  // What is typed or watched is not taken away: then the news wait for a press.
  function news(root) {
    if (root.querySelector('video, details[open], [data-typed]')) root.querySelector('#fl-news').hidden = false;
    else root.querySelector('#fl-show').click();
  }

  // --- The film as it grows: one clip after the other -------------------------------------------
  function onward(video) {
    const root = board(), clips = JSON.parse(video.closest('#fl-player')?.dataset.clips || '[]');
    const at = Number(video.dataset.at || 0) + 1;
    if (at >= clips.length) { video.dataset.waits = '1'; return; }
    delete video.dataset.waits;
    video.dataset.at = at;
    video.src = `${root.dataset.film}/shots/${clips[at]}`;
    video.play().catch(() => {});
  }
  document.addEventListener('ended', (ended) => {
    if (ended.target.closest?.('#fl-player')) onward(ended.target);
  }, true);

  function shown() {
    const root = board(), film = root?.dataset.film || '';
    if (film !== following) { following = film; since = Date.now(); }
    window.clearTimeout(timer);
    if (root && 'moving' in root.dataset) soon(2000);
  }
  document.addEventListener('ov-shown', shown);
  for (const event of ['visibilitychange', 'online']) {
    (event === 'online' ? window : document).addEventListener(event, () => {
      if (!document.hidden && board() && 'moving' in board().dataset) soon(50);
    });
  }
  shown();
})();
