// Brings the widgets of a static page to life, with no kernel and no other server.
//
// A widget's place is <div class="lesson-widget" data-widget="name-hash" data-state="{json}">fallback</div>.
// Its script and stylesheet, widgets/name-hash.js and .css beside this file, are fetched when the place
// comes near the viewport. The script is a classic one, because module scripts do not load from file://;
// it leaves its front end in globalThis.lessonWidgets["name-hash"].
(() => {
  "use strict";
  const home = new URL("widgets/", document.currentScript.src);
  const loaded = new Map();
  const MARGIN = 600; // pixels from the viewport at which a widget starts

  /** What the front end sees: get, set, on, off. Setting an equal value stays silent, as in Jupyter. */
  function makeModel(state, place) {
    const listeners = new Map();
    const emit = (name) => [...(listeners.get(name) ?? [])].forEach((callback) => callback());
    const model = {
      get: (key) => state[key],
      set(key, value) {
        const patch = typeof key === "object" ? key : { [key]: value };
        const changed = Object.keys(patch).filter((k) => JSON.stringify(state[k]) !== JSON.stringify(patch[k]));
        Object.assign(state, patch);
        changed.forEach((k) => emit(`change:${k}`));
        if (changed.length) emit("change");
      },
      on(names, callback) {
        for (const name of names.split(" ")) {
          if (!listeners.has(name)) listeners.set(name, new Set());
          listeners.get(name).add(callback);
        }
      },
      off(names, callback) {
        if (!names) return listeners.clear();
        for (const name of names.split(" ")) {
          if (callback) listeners.get(name)?.delete(callback);
          else listeners.delete(name);
        }
      },
      save_changes() {},
      send() {},
      /** The address of this page with some settings of this widget in it. */
      share(settings) {
        const url = new URL(location.href);
        url.hash = new URLSearchParams({ widget: place, settings: JSON.stringify(settings) });
        return url.href;
      },
    };
    return model;
  }

  function load(tag, props) {
    if (!loaded.has(props.href ?? props.src)) {
      loaded.set(props.href ?? props.src, new Promise((resolve, reject) => {
        const node = Object.assign(document.createElement(tag), props, { onload: resolve, onerror: reject });
        document.head.append(node);
      }));
    }
    return loaded.get(props.href ?? props.src);
  }

  const fetchParts = (key) => Promise.all([
    load("link", { rel: "stylesheet", href: new URL(`${key}.css`, home).href }),
    load("script", { src: new URL(`${key}.js`, home).href }),
  ]);

  async function start(div, place, extra) {
    const key = div.dataset.widget;
    const fallback = [...div.childNodes];
    try {
      const state = { ...JSON.parse(div.dataset.state), ...extra };
      await fetchParts(key);
      const signal = new AbortController().signal;
      await globalThis.lessonWidgets[key].render({ model: makeModel(state, place), el: div, signal });
      fallback.forEach((node) => node.remove());
      div.dataset.ready = Math.round(performance.now());
    } catch (error) {
      // The words that stand in the page stay; the reader loses the figure and nothing else.
      div.dataset.failed = String(error?.message ?? "not loaded");
    }
  }

  function begin() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const waiting = new Map();
    const seen = {};
    const go = (div) => {
      const job = waiting.get(div);
      waiting.delete(div);
      watcher?.unobserve(div);
      job?.();
    };
    const watcher = "IntersectionObserver" in globalThis
      ? new IntersectionObserver((entries) => entries.forEach((entry) => entry.isIntersecting && go(entry.target)),
        { rootMargin: `${MARGIN}px` })
      : null;
    for (const div of document.querySelectorAll(".lesson-widget[data-widget]")) {
      const name = div.dataset.widget.replace(/-[^-]*$/, "");
      seen[name] = (seen[name] ?? 0) + 1;
      const place = `${name}.${seen[name]}`;
      let extra = {};
      if (wanted.get("widget") === place) {
        try { extra = JSON.parse(wanted.get("settings")) ?? {}; } catch { /* a broken link shows the start */ }
        div.scrollIntoView();
      }
      waiting.set(div, () => start(div, place, extra));
      // An observer first speaks after the first frame; what is near already need not wait for it. What is hidden in
      // the other framework's tab has no place: its top is 0, and it is not near.
      const near = div.getClientRects().length && Math.abs(div.getBoundingClientRect().top) < innerHeight + MARGIN;
      if (!watcher || near) go(div);
      else watcher.observe(div);
    }
    // Printing does not wait for a script: all of them are here once the page has nothing else to do, and
    // what has not been seen yet is drawn when the printer asks.
    const idle = globalThis.requestIdleCallback ?? ((call) => setTimeout(call, 500));
    const ahead = () => idle(() => [...waiting.keys()].forEach((div) => fetchParts(div.dataset.widget).catch(() => {})));
    addEventListener("load", ahead);
    addEventListener("beforeprint", () => [...waiting.keys()].forEach(go));
  }
  begin();
})();
