// ---- the recorded runs

const AXES = ["lr", "dropout", "weight_decay"];
const CURVES = ["train_loss", "val_loss", "train_accuracy", "val_accuracy"];
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODE = Object.fromEntries([...DIGITS].map((character, i) => [character, i]));
const ABOVE = 4.094;
const NONE = { lr: [0.3], dropout: [0], weight_decay: [0], seeds: [0], epochs: 1, right: 1, about: "", curves: "________" };

function fits(runs) {
  const axis = (values) => Array.isArray(values) && values.length > 0 && values.every(Number.isFinite);
  if (!runs || ![...AXES, "seeds"].every((name) => axis(runs[name])) || typeof runs.curves !== "string") return false;
  const many = [...AXES, "seeds"].reduce((all, name) => all * runs[name].length, 1);
  return Number.isInteger(runs.epochs) && runs.curves.length === many * CURVES.length * runs.epochs * 2 && !/[^\w-]/.test(runs.curves)
    && runs.right >= 0 && runs.right <= 1 && typeof runs.about === "string";
}
const nearest = (values, wanted) => values.reduce((best, value, i) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? i : best), 0);

function clean(raw) {
  const runs = fits(raw.runs) ? raw.runs : NONE;
  const at = (name, start) => runs[name][nearest(runs[name], real(raw[name], 0, 1e6, start))];
  return {
    lr: at("lr", 0.3), dropout: at("dropout", 0.5), weight_decay: at("weight_decay", 0),
    show: oneOf(raw.show, ["loss", "accuracy"], "loss"),
    seed: whole(raw.seed, 0, 999, 3),
    runs,
  };
}

/** curves[seed][curve][epoch] of one point of the grid; null where there is no number. */
function curvesAt(state) {
  const { runs } = state;
  const index = AXES.reduce((sum, name) => sum * runs[name].length + runs[name].indexOf(state[name]), 0);
  let at = index * runs.seeds.length * CURVES.length * runs.epochs * 2;
  return runs.seeds.map(() => CURVES.map(() => range(runs.epochs).map(() => {
    const code = 64 * CODE[runs.curves[at]] + CODE[runs.curves[at + 1]];
    at += 2;
    return code === 4095 ? null : code / 1000;
  })));
}

/** Since when a run is beyond help: no number, or no better than guessing among ten. */
function lost(loss) {
  if (loss.includes(null)) return { epoch: loss.indexOf(null) + 1, how: "not a number" };
  const good = loss.findLastIndex((value) => value < 0.99 * Math.log(10));
  return good === loss.length - 1 ? null : { epoch: good + 2, how: "guessing" };
}

/** Everything shown, from the settings. */
function solve(state) {
  const curves = curvesAt(state);
  const band = CURVES.map((_, c) => range(state.runs.epochs).map((e) => {
    const values = curves.map((run) => run[c][e]).filter((value) => value !== null);
    return values.length ? { mean: values.reduce((a, b) => a + b) / values.length, low: Math.min(...values), high: Math.max(...values) } : null;
  }));
  const means = band[1].map((point) => point?.mean ?? Infinity);
  const best = means.indexOf(Math.min(...means));
  return { curves, band, ends: curves.map((run) => lost(run[0])), final: band.map((points) => points.at(-1)),
    best: Number.isFinite(means[best]) ? { epoch: best + 1, loss: means[best] } : null };
}

function codeLines({ lr, dropout, weight_decay: decay, runs }) {
  const call = (framework) => `from lesson_utils.recorded.regularization import train\nhistory = train("${framework}", lr=${lr}, dropout=${dropout}, weight_decay=${decay}, seed=${runs.seeds[0]})\nhistory.frame()`;
  return {
    PyTorch: `# nn.Dropout(${dropout}) after each hidden layer\n# torch.optim.SGD(parameters, lr=${lr}, weight_decay=${decay})\n${call("torch")}`,
    Paddle: `# nn.Dropout(${dropout}) after each hidden layer\n# paddle.optimizer.SGD(${lr}, parameters=parameters, weight_decay=${decay})\n${call("paddle")}`,
  };
}

// ---- the figure

const SCALE = { loss: { top: 2.6, ticks: [2.5, 2, 1.5, 1, 0.5, 0] }, accuracy: { top: 1.04, ticks: [1, 0.8, 0.6, 0.4, 0.2, 0] } };

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "run_explorer", title: "Runs, recorded", clean,
    hint: "Every position of the sliders is a training that took place. Lines: mean of the seeds; bands: lowest to highest.",
    fields: [...AXES, "show", "seed", "runs"],
  });
  let now = null;
  let live = null;
  const readLive = (state) => {
    const run = model.get("_live");
    live = run && Array.isArray(run.rows) && AXES.every((name) => run[name] === state[name]) ? run : null;
    return run;
  };
  ui.draw((state) => (now = solve(state)));

  const slider = (name, props) => ui.range(name, { min: 0, max: 1, ...props, show: (i, state) => String(state.runs[name][i]),
    read: (state) => state.runs[name].indexOf(state[name]), write: (i) => ({ [name]: ui.state.runs[name][i] ?? ui.state[name] }) });
  const sliders = [slider("lr", { label: "Learning rate", symbol: "η" }), slider("dropout", { label: "Dropout", symbol: "p" }),
    slider("weight_decay", { label: "Weight decay", symbol: "λ" })];
  AXES.forEach((name, i) => attr(sliders[i].querySelector("input"), { max: ui.state.runs[name].length - 1 }));
  ui.root.append(h("div", { class: "lw-controls" }, sliders,
    ui.choice("show", { label: "Curves of the", options: [["loss", "loss"], ["accuracy", "accuracy"]] })));

  // -- the chart: x is the epoch, y grows downwards from the top of the scale
  const chart = s("svg", { class: "lw-chart", preserveAspectRatio: "none", role: "img" });
  const rule = s("line", { class: "lw-rule" });
  const stop = s("line", { class: "lw-best" });
  const series = ["train", "val"].map((name) => ({ band: s("polygon", { class: `lw-band lw-${name}` }), line: s("polyline", { class: `lw-line lw-${name}` }), live: s("polyline", { class: `lw-line lw-live lw-${name}` }) }));
  const crosses = s("path", { class: "lw-cross" });
  chart.append(rule, stop, ...series.map((one) => one.band), ...series.map((one) => one.line), ...series.map((one) => one.live), crosses);
  const axis = h("div", { class: "lw-axis", "aria-hidden": "true" });
  const foot = h("div", { class: "lw-foot", "aria-hidden": "true" });
  const sample = (kind, text) => h("span", {}, h("i", { class: `lw-sample lw-${kind}` }), text);
  const ruleText = h("span", {});
  const liveKey = sample("live", "this kernel's run");
  const wrongKey = h("span", {}, h("b", {}, "×"), "a run went wrong");
  ui.root.append(h("p", { class: "lw-key" }, sample("train", "training"), sample("val", "validation"), sample("best", "lowest validation loss"), h("span", {}, h("i", { class: "lw-sample lw-rule" }), ruleText), wrongKey, liveKey),
    h("div", { class: "lw-frame" }, axis, h("div", { class: "lw-plot" }, chart, foot)));

  const names = ["Training loss", "Validation loss", "Training accuracy", "Validation accuracy"];
  const stats = names.map(ui.stat);
  const words = h("p", { class: "lw-note" });
  ui.root.append(h("dl", { class: "lw-stats" }, stats.map((one) => one.node)), words);

  // -- a run in the kernel, where there is one
  const kernel = model.get("_kernel") === true;
  const told = h("p", { class: "lw-told" });
  const ask = (wish) => {
    model.set("_train", wish);
    try { model.save_changes(); } catch { /* no kernel: nothing to ask */ }
    ui.redraw();
  };
  const go = ui.button("Train this for real", () => ask(true));
  const halt = ui.button("Stop", () => ask(false));
  if (kernel) ui.root.append(h("div", { class: "lw-ask" }, go, halt, told));
  else {
    put(told, "No kernel runs behind this page. In JupyterLab or Colab a button here trains the chosen point for real and draws its curve live.");
    ui.root.append(told);
  }

  const about = h("p", { class: "lw-hint lw-about" });
  const digits = (x) => (x === null || x === undefined ? "–" : x >= ABOVE ? "≥ 4.09" : x.toFixed(3));
  ui.root.append(about, ui.code(codeLines), ui.table((state) => [{
    caption: "After the last epoch", head: ["seed", ...names, "went wrong"],
    rows: now.curves.map((run, i) => [`${state.runs.seeds[i]}`, ...run.map((curve) => digits(curve.at(-1))),
      now.ends[i] ? `${now.ends[i].how} from epoch ${now.ends[i].epoch}` : "no"]),
  }, {
    caption: "Mean of the seeds that have a number", head: ["epoch", ...names],
    rows: range(state.runs.epochs).map((e) => [`${e + 1}`, ...now.band.map((points) => digits(points[e]?.mean))]),
  }]));

  ui.draw((state) => {
    const { top, ticks } = SCALE[state.show];
    const shown = state.show === "loss" ? [0, 1] : [2, 3];
    const { epochs } = state.runs;
    const right = Math.max(epochs, 2);
    const y = (value) => (top - Math.min(value, top)).toFixed(3);
    const points = (list) => list.map(([e, value]) => `${e + 1},${y(value)}`).join(" ");
    readLive(state);
    attr(chart, { viewBox: `1 0 ${right - 1} ${top}`, "aria-label": `${state.show === "loss" ? "Loss" : "Accuracy"} against the epoch, training and validation, mean and range over ${state.runs.seeds.length} seeds` });
    series.forEach((one, i) => {
      const known = now.band[shown[i]].map((point, e) => [e, point]).filter(([, point]) => point);
      attr(one.line, { points: points(known.map(([e, point]) => [e, point.mean])) });
      attr(one.band, { points: `${points(known.map(([e, point]) => [e, point.high]))} ${points(known.map(([e, point]) => [e, point.low]).reverse())}` });
      attr(one.live, { points: live ? points(live.rows.map((row, e) => [e, row[shown[i]]])) : "" });
    });
    const level = state.show === "loss" ? Math.log(10) : state.runs.right;
    attr(rule, { x1: 1, x2: right, y1: top - level, y2: top - level });
    put(ruleText, state.show === "loss" ? "ln 10: guessing" : "share of right training labels");
    attr(stop, { visibility: now.best && !now.ends.every(Boolean) ? null : "hidden", x1: now.best?.epoch ?? 1, x2: now.best?.epoch ?? 1, y1: 0, y2: top });
    // A cross where a run went wrong, as wide as it is high on a usual screen.
    const [dx, dy] = [(right - 1) / 80, top / 28];
    attr(crosses, { d: now.ends.filter(Boolean).map(({ epoch }) => `M${Math.max(1 + dx, epoch) - dx} ${dy / 2}l${2 * dx} ${2 * dy}m0 ${-2 * dy}l${-2 * dx} ${2 * dy}`).join("") });
    if (axis.dataset.show !== state.show) {
      axis.dataset.show = state.show;
      axis.replaceChildren(...ticks.map((tick) => h("span", { style: { top: `${100 * (1 - tick / top)}%` } }, String(tick))));
    }
    foot.replaceChildren(...["1", "epoch", String(epochs)].map((text) => h("span", {}, text)));
    stats.forEach((one, i) => {
      const point = now.final[i];
      one.set(point ? `${digits(point.mean)} (${digits(point.low)}–${digits(point.high)})` : "not a number");
    });
    put(words, verdict(state));
    put(about, `Recorded on ${state.runs.about}. In brackets: lowest and highest of ${state.runs.seeds.length} seeds.`);
    liveKey.hidden = !live;
    wrongKey.hidden = !now.ends.some(Boolean);
    if (kernel) tell(state);
    attr(ui.root, { "data-shown": JSON.stringify({ final: now.final, best: now.best, ends: now.ends }) });
    ui.say(words.textContent);
  });

  function verdict(state) {
    const wrong = now.ends.filter(Boolean);
    if (wrong.length) {
      const each = now.ends.map((end, i) => end && `seed ${state.runs.seeds[i]} ${end.how === "guessing" ? "is no better than guessing" : "has a loss that is no number"} from epoch ${end.epoch}`).filter(Boolean);
      return `${wrong.length} of ${now.ends.length} runs went wrong: ${each.join("; ")}.`;
    }
    const [tl, vl, ta] = now.final.map((point) => point.mean);
    const parts = [`Validation loss is lowest, ${digits(now.best.loss)}, in epoch ${now.best.epoch}`];
    if (vl > 1.05 * now.best.loss) parts[0] += ` and ends ${Math.round(100 * (vl / now.best.loss - 1))} % higher: stopping there would have been better.`;
    else parts[0] += now.best.epoch >= state.runs.epochs - 1 ? ": this run has not finished learning." : ".";
    if (ta > state.runs.right + 0.02) parts.push(`Training accuracy is above ${state.runs.right}, the share of right labels: wrong labels are known by heart.`);
    if (state.dropout && tl > vl) parts.push("Training loss lies above validation loss: it is measured on partly wrong labels and with units missing; dropout is off in validation.");
    return parts.join(" ");
  }

  function tell(state) {
    const run = readLive(state);
    const busy = model.get("_train") === true;
    go.disabled = busy;
    halt.disabled = !busy;
    const rows = run?.rows ?? [];
    if (!rows.length && !run?.end) return put(told, busy ? "Starting …" : `Would train with seed ${state.seed}; recorded are ${state.runs.seeds.join(", ")}.`);
    const point = `η ${run.lr}, p ${run.dropout}, λ ${run.weight_decay}, seed ${run.seed}`;
    const last = rows.length ? `epoch ${rows.length}, validation loss ${digits(rows.at(-1)[1])}, accuracy ${digits(rows.at(-1)[3])}` : "no epoch";
    return put(told, `${run.framework}, ${point}: ${last}${run.end ? `, ${run.end}` : ""}.`);
  }

  ui.standard((seed) => Object.fromEntries(AXES.map((name, i) => [name, ui.state.runs[name][Math.floor(hash(seed, i) * ui.state.runs[name].length)]])));
  const heard = ["change:_live", "change:_train"];
  for (const name of heard) if (kernel) model.on(name, ui.redraw);
  const close = ui.show();
  const leave = () => {
    try {
      for (const name of heard) if (kernel) model.off(name, ui.redraw);
    } catch {
      // A host without `off` drops the model together with the view.
    }
  };
  signal?.addEventListener("abort", leave, { once: true });
  return () => { leave(); close(); };
}

export default { render };
