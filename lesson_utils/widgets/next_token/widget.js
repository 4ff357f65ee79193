// ---- the mathematics

const SMALL = { text: "1 + 1 = ", tokens: ["2", "3"], logits: [2, 0] };
const MOST = 10000;
// A sum such as 0.1 + 0.2 + 0.4 misses the 0.7 that it means by a rounding error.
const ROUNDING = 1e-9;

function clean(raw) {
  const good = (one) => one && Array.isArray(one.tokens) && Array.isArray(one.logits) && Math.min(one.tokens.length, one.logits.length) > 1;
  const found = (Array.isArray(raw.contexts) ? raw.contexts : []).filter(good).slice(0, 6).map(({ text, tokens, logits }) => {
    const n = Math.min(40, tokens.length, logits.length);
    return { text: typeof text === "string" ? text : "", tokens: tokens.slice(0, n).map((token) => String(token)),
      logits: logits.slice(0, n).map((z) => real(z, -50, 50, 0)) };
  });
  const contexts = found.length ? found : [SMALL];
  return {
    contexts,
    context: whole(raw.context, 0, contexts.length - 1, 0),
    temperature: real(raw.temperature, 0.1, 5, 1),
    top_k: whole(raw.top_k, 0, 40, 0),
    top_p: real(raw.top_p, 0.05, 1, 1),
    seed: whole(raw.seed, 0, 999, 0),
  };
}

/** Softmax over the tokens that are kept; 0 for the others. */
function softmax(logits, temperature, kept) {
  const top = Math.max(...logits) / temperature;
  const p = logits.map(() => 0);
  for (const i of kept) p[i] = Math.exp(logits[i] / temperature - top);
  const total = p.reduce((a, b) => a + b);
  return p.map((one) => one / total);
}

const entropy = (p) => p.reduce((sum, one) => (one > 0 ? sum - one * Math.log2(one) : sum), 0);

/** What the sampler makes of one context: temperature, then top-k, then top-p, then a sum of 1. */
function solve({ logits }, { temperature, top_k, top_p }) {
  const order = range(logits.length).sort((a, b) => logits[b] - logits[a] || a - b);
  const limit = top_k || order.length;
  const cuts = logits.map(() => "");
  for (const i of order.slice(limit)) cuts[i] = "top-k";
  if (top_p < 1) {
    const kept = order.slice(0, limit);
    const p = softmax(logits, temperature, kept);
    let mass = 0;
    for (const i of kept) {
      mass += p[i];
      if (mass - p[i] >= top_p - ROUNDING) cuts[i] = "top-p";
    }
  }
  const model = softmax(logits, 1, order);
  const warm = softmax(logits, temperature, order);
  const after = softmax(logits, temperature, order.filter((i) => !cuts[i]));
  return {
    order, cuts, model, warm, after,
    left: cuts.filter((why) => !why).length,
    cut: warm.reduce((sum, p, i) => (cuts[i] ? sum + p : sum), 0),
    entropy: [entropy(model), entropy(after)],
  };
}

/** The tokens of the first `count` draws; the same random numbers as in Python. */
function draws(p, seed, count) {
  let sum = 0;
  const edges = p.map((one) => (sum += one));
  const last = p.findLastIndex((one) => one > 0);
  return range(count).map((n) => {
    const spot = hash(seed, n);
    const found = edges.findIndex((edge) => edge > spot);
    return found < 0 ? last : Math.min(found, last);
  });
}

function codeLines({ contexts, context, temperature, top_k, top_p }) {
  const list = `[${contexts[context].logits.map((z) => +z.toFixed(6)).join(", ")}]`;
  const cut = `${top_k ? `q[${top_k}:] = 0  # top-k\nq = q / q.sum()\n` : ""}${top_p < 1
    ? `q[q.cumsum(-1) - q >= ${top_p} - 1e-9] = 0  # top-p: the token that crosses it stays\n` : ""}`;
  const make = (lib, tensor, sort, softmax) => `import ${lib}\nlogits = ${lib}.${tensor}(${list}, dtype="float64")\n${sort}\nq = ${softmax}\n${cut}probabilities = (q / q.sum())[order.argsort()]\ntoken = ${lib}.multinomial(probabilities, 1)`;
  return {
    PyTorch: make("torch", "tensor", `z, order = torch.sort(logits / ${temperature}, descending=True, stable=True)`, "z.softmax(-1)")
      .replace('"float64"', "torch.float64"),
    Paddle: make("paddle", "to_tensor", "order = paddle.argsort(logits, descending=True, stable=True)",
      `paddle.nn.functional.softmax(logits[order] / ${temperature}, -1)`),
  };
}

// ---- the figure

/** A token with its spaces made visible. */
const visible = (token) => token.replace(/^ +| +$/g, (spaces) => "␣".repeat(spaces.length)).replace(/\n/g, "↵").replace(/\t/g, "⇥") || "(empty)";
const percent = (p) => (p > 0 && p < 0.0005 ? "< 0.1\u00a0%" : `${(100 * p).toFixed(1)}\u00a0%`);
const listed = (all) => (all.length < 2 ? `${all}` : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`);

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "next_token", title: "Which token comes next?", clean,
    hint: "Temperature first, then top-k, then top-p: see what is left of the model’s probabilities, and draw.",
    fields: ["contexts", "context", "temperature", "top_k", "top_p", "seed"],
  });
  let now = null;
  let here = null;
  let count = 0;
  let drawn = [];
  let counts = [];
  ui.draw((state) => {
    here = state.contexts[state.context];
    now = solve(here, state);
    drawn = draws(now.after, state.seed, count);
    counts = here.tokens.map(() => 0);
    for (const i of drawn) counts[i] += 1;
  });

  const choice = ui.choice("context", { label: "Context", options: range(6).map((i) => [i, ""]), allow: (i, state) => i < state.contexts.length });
  const labels = [...choice.querySelectorAll("label")];
  let topK = null;
  ui.draw(({ contexts, top_k }) => {
    choice.hidden = contexts.length < 2;
    labels.forEach((label, i) => {
      label.hidden = i >= contexts.length;
      const text = contexts[i]?.text.trim() ?? "";
      put(label.lastChild, text.length > 32 ? `…${text.slice(-31)}` : text || `${i + 1}`);
    });
    attr(topK.querySelector("input"), { max: Math.max(top_k, ...contexts.map(({ tokens }) => tokens.length)) });
  });
  topK = ui.range("top_k", { label: "Top-k", symbol: "k", min: 0, max: 40, show: (k) => (k ? `${k}` : "no limit") });
  ui.root.append(choice, h("div", { class: "lw-controls" },
    ui.range("temperature", { label: "Temperature", symbol: "T", min: 0.1, max: 5, step: 0.1, show: (t) => fmt(t) }), topK,
    ui.range("top_p", { label: "Top-p", symbol: "p", min: 0.05, max: 1, step: 0.01, show: (p) => (p < 1 ? p.toFixed(2) : "no limit") })),
    h("p", { class: "lw-hint" }, "T = 0 would divide by zero. It stands for the greedy choice: always the most probable token, as with k\u00a0=\u00a01."));

  const text = h("span", {});
  const gap = h("span", { class: "lw-gap" });
  const told = h("span", { class: "lw-hint" });
  const more = (n) => () => { count = Math.min(MOST, count + n); ui.redraw(); };
  ui.root.append(h("p", { class: "lw-text" }, text, gap), h("div", { class: "lw-drawing" },
    ui.button("Draw", more(1)), ui.button("Draw 100", more(100)), told));

  const key = (name, words) => h("span", {}, h("span", { class: `lw-key ${name}` }), words);
  const axis = [h("span", {}, "0"), h("span", {})];
  const cell = (name, role, ...inner) => h("span", { class: name, role }, ...inner);
  const table = h("div", { class: "lw-list", role: "table", "aria-label": "Tokens from the most to the least probable" },
    h("div", { class: "lw-token lw-label", role: "row" }, cell("", "columnheader", "token"), cell("lw-axis", "columnheader", axis),
      cell("lw-model", "columnheader", "at T = 1"), cell("lw-after", "columnheader", "drawn from"), cell("lw-count", "columnheader", "draws")));
  const rows = [];
  function makeRow() {
    const [fill, out, mark] = ["lw-fill", "lw-out", "lw-mark"].map((name) => h("span", { class: name }));
    const [name, before, after, times] = [["lw-name", "rowheader"], ["lw-model", "cell"], ["lw-after", "cell"], ["lw-count", "cell"]].map(([name, role]) => cell(name, role));
    const node = h("div", { class: "lw-token", role: "row" }, name, cell("lw-track", "cell", fill, out, mark), before, after, times);
    table.append(node);
    return { node, fill, out, mark, name, before, after, times };
  }

  const stats = ["Tokens left", "Probability that was cut", "Entropy at T = 1 → now", "Effective choices 2ᴴ at T = 1 → now"].map(ui.stat);
  const note = h("p", { class: "lw-note" });
  ui.root.append(h("p", { class: "lw-keys lw-label", "aria-hidden": "true" }, key("lw-out", "the model, T = 1"), key("lw-fill", "what is drawn from"), key("lw-mark", "share of the draws")),
    table, h("dl", { class: "lw-stats" }, stats.map((one) => one.node)), note, ui.code(codeLines),
    ui.table((state) => [
      { caption: "Token by token", head: ["token", "logit", "at T = 1", `at T = ${fmt(state.temperature)}`, "cut by", "drawn from", "draws"],
        rows: now.order.map((i) => [visible(here.tokens[i]), here.logits[i], now.model[i], now.warm[i], now.cuts[i] || "–", now.after[i], counts[i]]) },
      { caption: "The same settings in every context", head: ["context", "tokens left", "cut", "bits at T = 1", "bits now"],
        rows: state.contexts.map((one) => { const { left, cut, entropy } = solve(one, state); return [one.text || "(empty)", left, cut, ...entropy]; }) },
    ]));

  ui.draw((state) => {
    const n = now.order.length;
    while (rows.length < n) rows.push(makeRow());
    const top = Math.max(...now.model, ...now.after);
    const scale = [0.1, 0.2, 0.5, 1].find((one) => one >= top) ?? 1;
    const width = (p) => `${+(100 * Math.min(1, p / scale)).toFixed(3)}%`;
    put(axis[1], `${fmt(100 * scale)} %`);
    rows.forEach(({ node, fill, out, mark, name, before, after, times }, rank) => {
      node.hidden = rank >= n;
      if (node.hidden) return;
      const i = now.order[rank];
      node.classList.toggle("lw-cut", now.cuts[i] !== "");
      put(name, visible(here.tokens[i]));
      css(fill, { width: width(now.after[i]) });
      fill.hidden = now.cuts[i] !== "";
      css(out, { width: width(now.model[i]) });
      // Few draws have shares that lie beyond the axis.
      mark.hidden = !counts[i] || counts[i] > scale * count;
      css(mark, { left: width(counts[i] / count) });
      put(before, percent(now.model[i]));
      put(after, now.cuts[i] ? `cut, ${now.cuts[i]}` : percent(now.after[i]));
      put(times, count ? `${counts[i]}` : "–");
    });
    put(text, here.text);
    const last = drawn.length ? visible(here.tokens[drawn.at(-1)]) : "";
    put(gap, last || "?");
    put(told, count ? `${grouped(count)} drawn, the last one “${last}”. Moving a slider keeps the random numbers.` : "Nothing drawn yet.");
    drawWords(state);
    attr(ui.root, { "data-shown": JSON.stringify({ ...now, counts }) });
    ui.say(`${now.left} of ${n} tokens left. Entropy ${fmt(now.entropy[1])} bits.${count ? ` ${grouped(count)} drawn, the last one ${last}.` : ""}`);
  });

  function drawWords(state) {
    const arrow = ([a, b], f) => `${f(a)} → ${f(b)}`;
    stats[0].set(`${now.left} of ${now.order.length}`);
    stats[1].set(percent(now.cut));
    stats[2].set(`${arrow(now.entropy, (bits) => bits.toFixed(2))} bits`);
    stats[3].set(arrow(now.entropy, (bits) => (2 ** bits).toFixed(1)));
    const [best, t] = [now.order[0], state.temperature];
    const move = `the order stays, and “${visible(here.tokens[best])}” goes from ${percent(now.model[best])} to ${percent(now.warm[best])}${now.left < now.order.length ? " before anything is cut" : ""}.`;
    const heat = t === 1 ? "Temperature 1 leaves the model’s probabilities as they are."
      : t > 1 ? `Temperature ${fmt(t)} shrinks the gaps between the logits: ${move}`
        : `Temperature ${fmt(t)} stretches the gaps between the logits: ${move} That makes it more frequent, not more right.`;
    const left = state.contexts.map((one) => solve(one, state).left);
    const cut = !state.top_k && state.top_p === 1 ? "Nothing is cut."
      : left.length < 2 ? "" : `The same settings leave ${listed(left)} tokens in the ${left.length} contexts.`;
    put(note, `${heat} ${cut}`);
  }

  ui.onReset = () => { count = 0; };
  ui.standard(() => { count ||= 1; return {}; });
  return ui.show();
}

export default { render };
