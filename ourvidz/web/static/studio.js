// The life of the app's own parts: Python makes their markup, see ourvidz/web/widgets.
window.ov = (() => {
  'use strict';
  const part = (element, name) => element.querySelector(`[data-part="${name}"]`);

  // --- Cards: one listener for every button, whatever is shown later ------------------------
  function cards(element, trigger, event) {
    element.addEventListener('click', (click) => {
      const button = click.target.closest('[data-act]');
      if (!button || !element.contains(button) || button.disabled) return;
      click.preventDefault();
      if (button.dataset.ask && !window.confirm(button.dataset.ask)) return;
      trigger(event, { act: button.dataset.act, id: button.dataset.id || '' });
    });
  }

  // --- Place: the address of the page says where the person is, and Back leads to where they were --
  const PAUSE_MS = 1200;
  // By their block's id: texts on their way, texts typed since the last press, timers.
  const typed = new Map(), recent = new Map(), pauses = new Map();
  const of = (query, name) => new URLSearchParams(query).get(name) || '';
  const saved = (field) => field.dispatchEvent(new FocusEvent('blur'));
  let painted = '';  // the address of what is shown, which Back changes later than the browser's

  function place(element, props, trigger, watch, event) {
    let isBack = false;  // until what it leads to is shown, or something else is pressed
    window.addEventListener('click', (click) => {
      isBack = false;
      if (click.target.closest('button')) recent.clear();  // it sends them, or changes them
    }, true);
    window.addEventListener('popstate', () => {
      isBack = true;
      document.activeElement?.blur();  // which keeps what was typed there
      trigger(event);
    });
    watch('value', () => {
      const isFirst = !painted, here = window.location.search, before = painted || here;
      painted = props.value;
      if (isFirst || of(painted, 'project') !== of(before, 'project')) {
        typed.clear();
        recent.clear();
        window.setTimeout(restore, 300);  // after the fields have been painted
      } else if (isBack) {
        window.setTimeout(write, 300, recent);  // they may not have been kept yet when it was painted
      }
      if (painted === here) isBack = false;
      else if (isFirst || !isBack) {  // else the answer to this Back is still on its way
        const address = window.location.pathname + painted;
        window.history[isFirst ? 'replaceState' : 'pushState'](window.history.state, '', address);
      }
      if (of(painted, 'step') === of(before, 'step')) return;
      window.scrollTo(0, 0);
      // What was pressed is gone: go on reading at the heading of the new step.
      window.setTimeout(() => document.querySelector('main h1, h1')?.focus({ preventScroll: true }), 150);
    });
  }

  // --- Job: asks how it stands until it has ended --------------------------------------------
  // As `span` in web/create/markup.py, which says it before anything has begun.
  function span(seconds) {
    const minutes = Math.round(seconds / 60), near = Math.round(minutes / 5) * 5;
    if (seconds < 90) return `${Math.max(5, Math.round(seconds / 5) * 5)} s`;
    if (minutes < 90) return `${minutes} min`;
    if (near % 60 && near < 600) return `${Math.floor(near / 60)} h ${near % 60} min`;
    return `${Math.round(minutes / 60)} h`;
  }

  function hintOf(job, texts) {
    if (job.cancel_requested) return texts.cancelling;
    if (job.state !== 'queued') return job.attempts > 1 ? texts.again : '';
    if (job.workers === 0) return texts.no_worker;
    return job.ahead ? texts[job.ahead === 1 ? 'ahead_one' : 'ahead'].replace('{}', job.ahead) : texts.next;
  }

  function paint(element, job, texts, hasPicture) {
    const percent = Math.round(job.progress * 100);
    const stage = job.state === 'queued' ? texts.queued : texts[`stage_${job.stage}`] || texts.working;
    part(element, 'stage').textContent = stage;
    part(element, 'eta').textContent =
      (job.state === 'running' ? `${percent} % ` : '') +
      (job.eta_s === null ? '' : texts.eta.replace('{}', span(job.eta_s)));
    part(element, 'hint').textContent = hintOf(job, texts);
    part(element, 'cancel').disabled = job.cancel_requested || job.final;
    const bar = element.querySelector('[role=progressbar]');
    bar.setAttribute('aria-valuenow', percent);
    bar.classList.toggle('ov-waiting', job.state === 'queued');
    bar.firstElementChild.style.width = `${percent}%`;
    if (hasPicture && job.has_frame) picture(element, job);
  }

  function picture(element, job) {
    const frame = part(element, 'picture'), image = frame.firstElementChild;
    const next = new Image();
    next.onload = () => { image.src = next.src; image.hidden = false; frame.classList.remove('ov-skeleton'); };
    next.src = `/api/jobs/${job.id}/frame?at=${Date.now()}`;
  }

  function job(element, props, trigger, watch, event) {
    const shown = element.querySelector('.ov-job');
    const texts = JSON.parse(shown.dataset.texts), hasPicture = shown.dataset.picture === '1';
    // Of a list, which makes its rows anew with each answer and stays where it was scrolled to.
    const isRow = element.dataset.job !== undefined;
    let timer = 0, failures = 0, since = 0, told = 0, following = '';
    const soon = (wait) => { window.clearTimeout(timer); timer = window.setTimeout(ask, wait); };

    function restart() {
      window.clearTimeout(timer);
      following = props.value || '';
      element.hidden = !following;
      const frame = part(element, 'picture');
      frame.hidden = !hasPicture;
      frame.classList.add('ov-skeleton');
      frame.firstElementChild.hidden = true;
      part(element, 'stage').textContent = texts.waiting;
      for (const name of ['eta', 'hint']) part(element, name).textContent = '';
      failures = told = 0;
      since = Date.now();
      if (!following) return;
      if (!isRow) window.setTimeout(() => shown.scrollIntoView({ block: 'nearest' }), 100);
      ask();
    }

    async function ask() {
      const id = following;
      if (!id || !element.isConnected || document.hidden) return;
      try {
        const answer = await fetch(`/api/jobs/${encodeURIComponent(id)}`, { headers: { accept: 'application/json' } });
        if (id !== following) return;
        if (answer.status === 401) return signIn();
        if (answer.status === 403 || answer.status === 404) return trigger(event, { id, state: 'gone' });
        if (!answer.ok) throw new Error(answer.status);
        const now = await answer.json();
        failures = 0;
        paint(element, now, texts, hasPicture);
        if (now.final) {
          trigger(event, { id, state: now.state });
          // Python answers with another value; if the answer got lost on the way, tell it again.
          if ((told += 1) < 4) soon(8000 * told);
          return;
        }
        soon(Date.now() - since > 60000 ? 5000 : 2000);
      } catch {
        failures += 1;
        part(element, 'hint').textContent = texts.reconnecting;
        soon(Math.min(15000, 1000 * 2 ** failures));
      }
    }

    function signIn() {
      const here = window.location.pathname + window.location.search;
      part(element, 'hint').innerHTML = '<a></a>';
      const link = part(element, 'hint').firstElementChild;
      link.href = `/auth/sign-in?next=${encodeURIComponent(here)}`;
      link.textContent = texts.sign_in;
    }

    part(element, 'cancel').addEventListener('click', async (click) => {
      if (Date.now() - since < 1000) return;  // the second tap of who has just ordered it
      click.target.disabled = true;
      part(element, 'hint').textContent = texts.cancelling;
      try { await fetch(`/api/jobs/${encodeURIComponent(following)}/cancel`, { method: 'POST' }); }
      catch { click.target.disabled = false; }
      soon(100);
    });
    watch('value', restart);
    const wake = () => {
      if (isRow && !element.isConnected) {
        document.removeEventListener('visibilitychange', wake);
        window.removeEventListener('online', wake);
      } else if (!document.hidden) soon(50);
    };
    document.addEventListener('visibilitychange', wake);
    window.addEventListener('online', wake);
    restart();
  }

  // --- What is typed: kept by the server after each pause, not only when the field is left -------
  document.addEventListener('input', (input) => {
    const block = input.target.closest('[id^=ov-step-] .block[id]');
    if (!block || input.target.tagName !== 'TEXTAREA') return;
    typed.set(block.id, input.target.value);
    recent.set(block.id, input.target.value);
    window.clearTimeout(pauses.get(block.id));
    pauses.set(block.id, window.setTimeout(saved, PAUSE_MS, input.target));
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden && document.activeElement?.tagName === 'TEXTAREA') saved(document.activeElement);
  });

  // Whatever ends the page before they have arrived, a session that is over, Gradio's reload after a
  // lost connection or a link, takes no texts along: the tab keeps them until their project is open.
  // whose: a name that nobody else comes by.
  function keep(whose, texts) {
    const name = `ov-typed ${whose}`;
    if (texts.length) window.sessionStorage.setItem(name, JSON.stringify(texts));
    else window.sessionStorage.removeItem(name);
  }
  function kept(whose) {
    const texts = JSON.parse(window.sessionStorage.getItem(`ov-typed ${whose}`) || '[]');
    keep(whose, []);
    return texts;
  }

  const plain = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await plain(...asked), sent = String(asked[1]?.body || '');
    for (const [id, text] of typed)
      if (answer.ok && sent.includes(JSON.stringify(text))) typed.delete(id);
    return answer;
  };
  window.addEventListener('pagehide', () => {
    if (typed.size) keep(of(painted, 'project'), [...typed]);
  });
  window.addEventListener('pageshow', (shown) => {
    if (shown.persisted) kept(of(painted, 'project'));  // this page has them, and changes them
  });

  function restore() {
    write(kept(of(painted, 'project')));
  }

  function write(texts) {
    for (const [id, text] of texts) {
      const field = document.querySelector(`#${CSS.escape(id)} textarea`);
      if (!field || field.value === text) continue;
      field.value = text;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      window.setTimeout(saved, 50, field);  // it was lost once: no pause
    }
  }

  // --- Toasts: Gradio makes their head a button, with the button that closes them inside ---------
  // And days: the server writes those of UTC, which may be tomorrow's where the person is.
  const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  new MutationObserver(() => {
    for (const time of document.querySelectorAll('time[data-day]')) {
      delete time.dataset.day;
      time.textContent = DAY.format(new Date(time.dateTime));
    }
    for (const head of document.querySelectorAll('.toast-header[role=button]')) {
      head.removeAttribute('role');
      head.removeAttribute('tabindex');
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  return { cards, place, job, span, keep, kept };
})();
