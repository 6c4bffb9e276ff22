// The life of a Board, see ourvidz/web/widgets/board.py: one listener of each kind for the page.
window.ovBoard = (element, props, trigger, watch, event) => {
  'use strict';
  const root = element.querySelector('.ov-board');
  // Who is refused gets no answer: what is pressed next waits for one no longer than this.
  const ANSWER_MS = 2000, TWICE_MS = 1500;
  let pressed = '', last = { key: '', at: 0 }, sentAt = 0, shownAt = window.location.href;
  const line = [], isWaiting = () => line.length || Date.now() - sentAt < ANSWER_MS;

  function say(act, id, fields, form) {
    const key = JSON.stringify([act, id, fields || {}, window.location.search]);
    // A double click is one click, also where its answer takes long.
    const isTwice = act === 'show' ? line.length : isWaiting() || Date.now() - last.at < TWICE_MS;
    if (key === last.key && isTwice) return;
    last = { key, at: Date.now() };
    line.push([form, { act, id: id || '', at: window.location.search, fields: fields || {} }]);
    send();
  }

  // One after the other: what is pressed next may change what the one before has changed.
  function send() {
    if (!line.length || Date.now() - sentAt < ANSWER_MS) return;
    const [form, said] = line.shift();
    // What was sent before and is still here was refused: it is what somebody has typed again.
    for (const old of element.querySelectorAll('[data-sent]')) delete old.dataset.sent;
    if (form) form.dataset.sent = '1';
    sentAt = Date.now();
    trigger(event, said);
    window.setTimeout(send, ANSWER_MS);
  }

  // As the browser asks who leaves a page: another view takes along what is typed and not sent.
  function stays() {
    const question = root.querySelector('[data-unsaved]')?.dataset.unsaved;
    return Boolean(question && root.querySelector('[data-keep][data-typed]') && !window.confirm(question));
  }

  function go(href, key) {
    pressed = key || '';
    window.history.pushState(window.history.state, '', new URL(href, window.location.href));
    shownAt = window.location.href;
    say('show');
  }

  // --- Buttons, links, forms -------------------------------------------------------------------
  element.addEventListener('click', (click) => {
    const target = click.target.closest('[data-act], [data-go], [data-play], [data-close], [data-open], [data-untag]');
    if (!target || !element.contains(target) || target.tagName === 'FORM') return;
    const data = target.dataset;
    if ('go' in data) {
      if (click.ctrlKey || click.metaKey || click.shiftKey || click.button) return;
      click.preventDefault();
      if (stays()) return;
      go(target.href, data.go || data.key);
    } else if ('play' in data) play(target);
    else if ('close' in data) shut(target.closest('details'));
    else if ('open' in data) open(element.querySelector(`#${CSS.escape(data.open)}`));
    else if ('untag' in data) untag(target);
    else if (!data.ask || window.confirm(data.ask)) say(data.act, data.id);
  });
  element.addEventListener('change', (change) => {
    if (change.target.matches('select[data-key]')) go(change.target.value, change.target.dataset.key);
  });
  element.addEventListener('submit', (submit) => {
    submit.preventDefault();
    const form = submit.target, fields = {};
    form.querySelectorAll('[data-tags] input:not([type=hidden])').forEach(tagged);
    for (const [name, value] of new FormData(form)) (fields[name] ||= []).push(String(value));
    say(submit.submitter?.value || form.dataset.act, form.dataset.id, fields, form);
  });
  window.addEventListener('popstate', () => {
    if (!element.isConnected) return;
    // The browser has gone already; who stays is brought back to what is shown.
    if (stays()) { window.history.pushState(window.history.state, '', shownAt); return; }
    shownAt = window.location.href;
    say('show');
  });

  // --- Forms that open in their card ------------------------------------------------------------
  function open(details) {
    if (details) details.open = true;
  }
  function shut(details) {
    const form = details.querySelector('form');
    if (form) { form.reset(); delete form.dataset.typed; }
    details.open = false;
    (element.querySelector(`[data-open="${details.id}"]`) || details.querySelector('summary')).focus();
  }
  element.addEventListener('toggle', (toggle) => {
    const details = toggle.target;
    if (!details.open || !details.matches('[data-form], .lib-form')) return;
    for (const other of element.querySelectorAll('details[open]'))
      if (other !== details && !other.querySelector('[data-typed]')) other.open = false;
    const first = details.querySelector('form input:not([type=hidden]), form textarea, form button');
    first?.focus();
    if (first?.select && details.matches('.lib-form')) first.select();
  }, true);
  element.addEventListener('keydown', (key) => {
    if (key.key === 'Enter' && key.target.closest('[data-tags]')) { key.preventDefault(); tagged(key.target); }
    if (key.key === 'Escape' && key.target.closest('details[open]')) {
      const details = key.target.closest('details[open]');
      if (!details.querySelector('[data-typed]')) shut(details);
    }
  });
  element.addEventListener('input', (input) => {
    const form = input.target.closest('form[data-act]');
    if (form) { form.dataset.typed = '1'; delete form.dataset.sent; }
    if (input.target.closest('[data-tags]') && /[,،、，]/.test(input.target.value)) tagged(input.target);
  });
  element.addEventListener('focusout', (out) => { if (out.target.closest?.('[data-tags]')) tagged(out.target); });
  window.addEventListener('beforeunload', (leave) => {
    if (element.isConnected && element.querySelector('[data-keep][data-typed]')) leave.preventDefault();
  });

  // --- What is typed outlives the page: a session that is over, or a phone that has ended what
  // nobody looked at. The tab keeps it, as it keeps the texts of Create, and only while it is away.
  const forms = () => [...root.querySelectorAll('form[data-keep]')];
  const whose = () => {
    const one = root.querySelector('[data-whose]')?.dataset.whose;
    return one && `${one} ${window.location.pathname}${window.location.search}`;
  };
  function stash(isAway) {
    if (!element.isConnected || !window.ov || !whose()) return;
    const typed = isAway ? forms().filter((form) => 'typed' in form.dataset) : [];
    window.ov.keep(whose(), typed.map((form) => [form.dataset.act, form.dataset.id, [...new FormData(form)]]));
  }
  document.addEventListener('visibilitychange', () => stash(document.hidden));
  window.addEventListener('pagehide', () => stash(true));

  function restore() {
    if (!whose() || root.querySelector('[data-goto]')) return;
    for (const [act, id, fields] of window.ov.kept(whose())) {
      const form = forms().find((one) => one.dataset.act === act && one.dataset.id === id);
      if (!form) continue;
      fill(form, fields);
      form.dataset.typed = '1';
      open(form.closest('details'));
    }
  }
  function fill(form, fields) {
    const of = (name) => fields.filter((field) => field[0] === name).map((field) => field[1]);
    for (const field of form.querySelectorAll('[name]:not([type=hidden])')) {
      if (field.type === 'checkbox') field.checked = of(field.name).includes(field.value);
      else field.value = of(field.name)[0] ?? field.value;
    }
  }

  // --- Tags -----------------------------------------------------------------------------------
  function tagged(input) {
    if (input.type === 'hidden' || input.tagName !== 'INPUT') return;
    const box = input.closest('[data-tags]'), most = Number(box.dataset.tags);
    const left = [];
    for (const word of input.value.split(/[,،、，]/).map((one) => one.trim()).filter(Boolean)) {
      const known = [...box.querySelectorAll('input[type=hidden]')].map((one) => one.value);
      if (known.includes(word)) continue;
      if (known.length < most) box.insertBefore(chip(box, word), input);
      else left.push(word);  // there is no room: it stays where it can be seen
    }
    input.value = left.join(' ');
  }
  function chip(box, word) {
    const made = box.parentElement.querySelector('template').content.firstElementChild.cloneNode(true);
    made.querySelector('input').value = word;
    made.querySelector('bdi').textContent = word;
    const button = made.querySelector('button');
    button.setAttribute('aria-label', button.dataset.untag.replace('{}', word));
    return made;
  }
  function untag(button) {
    const box = button.closest('[data-tags]');
    button.closest('form').dataset.typed = '1';
    button.closest('.lib-tag').remove();
    box.querySelector('input:not([type=hidden])').focus();
  }

  // --- Watching ---------------------------------------------------------------------------------
  function play(button) {
    for (const other of element.querySelectorAll('video')) other.pause();
    const video = document.createElement('video');
    Object.assign(video, { controls: true, autoplay: true, playsInline: true, preload: 'metadata',
      src: button.dataset.play, poster: button.querySelector('img').src });
    video.setAttribute('aria-label', button.getAttribute('aria-label'));
    video.addEventListener('error', () => {
      const notice = document.createElement('p');
      notice.setAttribute('role', 'alert');
      notice.textContent = button.dataset.trouble;
      video.replaceWith(notice);
    });
    button.replaceWith(video);
    video.focus();
    video.closest('.lib-card')?.scrollIntoView({ block: 'nearest' });
  }

  // --- Jobs: each followed by the same code as everywhere ---------------------------------------
  function follow() {
    if (!window.ov) { window.setTimeout(follow, 100); return; }
    restore();
    for (const row of root.querySelectorAll('[data-job]')) {
      window.ov.job(row, { value: row.dataset.job }, () => ended(row), () => {}, 'moved');
    }
  }
  function ended(row) {
    if (!row.isConnected) return;
    const busy = element.querySelector('video, details[open], [data-typed]') || document.hidden;
    if (!busy) { say('show'); return; }
    row.querySelector('[data-part=cancel]').hidden = true;
    row.querySelector('[data-part=ready]').hidden = false;
  }

  // --- After each answer ------------------------------------------------------------------------
  // Where to go on with a keyboard when the element that had the focus is another one now, or gone:
  // the same button, the form it stood in, its card, the heading.
  function trace(had) {
    const { act, id, key } = had.dataset, form = had.closest('details[id]'), card = had.closest('li[id]');
    const named = id === undefined ? ':not([data-id])' : `[data-id="${CSS.escape(id)}"]`;
    return [
      key && `[data-key="${CSS.escape(key)}"]`,
      had.id && had.matches('button, a') && `#${CSS.escape(had.id)}`,
      act && `button[data-act="${CSS.escape(act)}"]${named}`,
      form && `#${CSS.escape(form.id)} > summary`,
      card && `#${CSS.escape(card.id)} :is(button, summary, a[href]):not([disabled])`,
      'h1',
    ].filter(Boolean);
  }
  function refocus(had, ways) {
    const found = ways.map((way) => root.querySelector(way));
    for (const one of root.contains(had) ? [had, ...found] : found) {
      one?.focus({ preventScroll: true });
      if (one && document.activeElement === one) return;
    }
  }

  // What is being watched or typed outlives it, unless it was what was sent.
  function show() {
    const had = root.contains(document.activeElement) ? document.activeElement : null;
    const ways = had ? trace(had) : [];
    const playing = [...root.querySelectorAll('video')].map((video) => [video, video.closest('li').id, video.paused]);
    const typing = [...root.querySelectorAll('details[open][id]')].filter((one) => one.querySelector('[data-typed]:not([data-sent])'));
    root.innerHTML = props.value || '';
    for (const [video, card, paused] of playing) {
      const button = root.querySelector(`#${CSS.escape(card)} [data-play]`);
      if (!button) continue;
      button.replaceWith(video);
      if (!paused) video.play().catch(() => {});
    }
    for (const old of typing) root.querySelector(`#${CSS.escape(old.id)}`)?.replaceWith(old);
    if (had && document.activeElement !== had) refocus(had, ways);
    const filter = root.querySelector('.lib-filter [aria-current]');
    if (filter) filter.closest('nav').scrollLeft = filter.offsetLeft - 100;
    follow();
    root.dispatchEvent(new CustomEvent('ov-shown', { bubbles: true }));
  }
  watch('value', () => {
    show();
    const goto = element.querySelector('[data-goto]');
    if (goto) { window.location.assign(goto.dataset.goto); return; }
    sentAt = 0;
    send();
    if (pressed === 'top') window.scrollTo(0, 0);
    const again = pressed === 'top' ? 'h1' : `[data-key="${CSS.escape(pressed)}"]`;
    const next = element.querySelector('[data-focus]') || (pressed ? element.querySelector(again) : null);
    next?.focus({ preventScroll: pressed !== '' });
    pressed = '';
  });
  show();
};
