// Functions that the tests run inside the page.
globalThis.widgetTests = (() => {
  const frames = async (n = 2) => { for (; n; n--) await new Promise(requestAnimationFrame); };
  const front = () => globalThis.lessonWidgets[Object.keys(globalThis.lessonWidgets)[0]];
  const firstState = () => JSON.parse(document.querySelector(".lesson-widget").dataset.state);
  const fire = (node, value) => {
    node.value = value;
    node.dispatchEvent(new Event("input", { bubbles: true }));
  };

  async function setRanges([values, within]) {
    for (const [field, value] of Object.entries(values)) {
      fire(document.querySelector(`${within} input[type=range][data-field="${field}"]`), value);
    }
    await frames();
  }

  async function allRanges(end) {
    for (const node of document.querySelectorAll(".lw input[type=range]")) fire(node, node[end]);
    await frames();
  }

  async function scrollThrough() {
    for (const place of document.querySelectorAll(".lesson-widget")) {
      place.scrollIntoView();
      await new Promise((done) => setTimeout(done, 60));
    }
  }

  /** A model as another program builds it: a slider is moved, a trait set from outside, the view closed. */
  async function otherHost(style) {
    const [state, pending, listeners] = [firstState(), {}, []];
    const emit = (name) => listeners.filter(([other]) => other === `change:${name}`).forEach(([, call]) => {
      if (style === "jupyter") call(model, state[name], {});
      else call(style === "myst" ? new CustomEvent("change") : state[name]);
    });
    const no = () => { throw new Error("not here"); };
    const model = {
      get: (key) => structuredClone(state[key]),
      set: (key, value) => {
        if (style === "panel") pending[key] = value;
        else { state[key] = value; emit(key); }
      },
      save_changes: style === "myst" ? no : () => {
        for (const [key, value] of Object.entries(pending)) { state[key] = value; delete pending[key]; emit(key); }
      },
      on: (name, call) => listeners.push([name, call]),
      off: style === "myst" ? no : (name, call) => {
        const at = listeners.findIndex(([other, fn]) => other === name && fn === call);
        if (at >= 0) listeners.splice(at, 1);
      },
    };
    const el = document.body.appendChild(document.createElement("div"));
    const inner = document.createElement("div");
    const root = style === "myst" ? el.attachShadow({ mode: "open" }).appendChild(inner) : el;
    const close = await front().render({ model, el: root });
    const input = root.querySelector("input[type=range][data-field]");
    const field = input.dataset.field;
    const before = state[field];
    fire(input, +input.value === +input.max ? input.min : input.max);
    await frames();
    const changed = JSON.stringify(state[field]) !== JSON.stringify(before);
    state[field] = before;
    emit(field);
    await frames();
    close();
    const left = root.childNodes.length + (style === "myst" ? 0 : listeners.length);
    el.remove();
    return { changed, left };
  }

  async function remount(times) {
    for (let i = 0; i < times; i++) {
      const [state, listeners] = [firstState(), new Set()];
      const model = {
        get: (key) => state[key], set: (key, value) => { state[key] = value; }, save_changes() {},
        on: (name, call) => listeners.add(call), off: (name, call) => listeners.delete(call),
      };
      const el = document.body.appendChild(document.createElement("div"));
      const stop = new AbortController();
      const close = await front().render({ model, el, signal: stop.signal });
      await frames(1);
      if (i % 2) close();
      else stop.abort();
      el.remove();
    }
  }

  const label = (node) => node.outerHTML.slice(0, 120);
  function smallTargets() {
    const pressed = ".lw :is(button, input:not([type=radio], [type=checkbox]), label, summary, [role=gridcell])";
    return [...document.querySelectorAll(pressed)].filter((node) => {
      const { width, height } = node.getBoundingClientRect();
      return width && (width < 23.9 || height < 23.9);
    }).map(label);
  }

  // One radio button of a group is reached by Tab and the others by arrows, so radios are left out.
  const reachable = (node) => node.type !== "radio" && !node.disabled && node.checkVisibility();
  const tabStops = () => [...document.querySelectorAll('.lw :is(button, input, summary, [tabindex="0"])')].filter(reachable);
  const seen = new Set();
  function focused() {
    const node = document.activeElement;
    if (node?.closest(".lw") && node.type !== "radio") seen.add(node);
    return seen.size;
  }

  /** Drags a slider up and down for some frames; returns how long each frame took. */
  async function drag([field, count]) {
    const node = document.querySelector(`.lw input[type=range][data-field="${field}"]`);
    const [low, high] = [+node.min, +node.max];
    const times = [];
    await frames(3);
    let last = await new Promise(requestAnimationFrame);
    for (let i = 0; i < count; i++) {
      fire(node, low + (high - low) * (0.5 - 0.5 * Math.cos(i / 4)));
      const now = await new Promise(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    return times;
  }

  return { setRanges, allRanges, scrollThrough, otherHost, remount, smallTargets, focused, drag,
    tabStops: () => tabStops().length };
})();
