// ---- the mathematics

const START = [[90, 5, 5], [10, 30, 10], [2, 3, 5]];

function clean(raw) {
  const n = Array.isArray(raw.matrix) && raw.matrix.length > 1 ? Math.min(5, raw.matrix.length) : 3;
  return {
    mode: oneOf(raw.mode, ["threshold", "matrix"], "threshold"),
    threshold: real(raw.threshold, 0, 1, 0.5),
    prevalence: real(raw.prevalence, 0.01, 0.99, 0.05),
    separation: real(raw.separation, 0, 4, 1.5),
    matrix: range(n).map((i) => range(n).map((j) => real(raw.matrix?.[i]?.[j], 0, 100000, START[i]?.[j] ?? 0))),
    labels: (Array.isArray(raw.labels) ? raw.labels.slice(0, 5) : []).map((label) => String(label)),
    seed: whole(raw.seed, 0, 999, 0),
  };
}

/** Normal distribution function; error below 1e-15, by series near 0 and a continued fraction beyond. */
function normalCdf(x) {
  const z = Math.abs(x);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  let tail;
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let k = 3; term > 1e-17 * sum; k += 2) sum += (term *= (z * z) / k);
    tail = 0.5 - density * sum;
  } else {
    let fraction = 0;
    for (let k = 80; k > 0; k--) fraction = k / (z + fraction);
    tail = density / (z + fraction);
  }
  return x < 0 ? tail : 1 - tail;
}

/** Rates of false and true positives at a threshold from 0 to 1, which stands for -4 to 4. */
function cut(threshold, separation) {
  const at = 8 * threshold - 4;
  return { fpr: normalCdf(-separation / 2 - at), tpr: normalCdf(separation / 2 - at) };
}
function binary({ threshold, prevalence, separation }) {
  const { fpr, tpr } = cut(threshold, separation);
  return [[(1 - prevalence) * (1 - fpr), (1 - prevalence) * fpr], [prevalence * (1 - tpr), prevalence * tpr]];
}

const ratio = (top, bottom) => (bottom ? top / bottom : 0);
/** Accuracy and the rates of class 1; 0 / 0 counts as 0. */
function rates([[tn, fp], [fn, tp]]) {
  return { accuracy: ratio(tn + tp, tn + fp + fn + tp), precision: ratio(tp, tp + fp), recall: ratio(tp, tp + fn),
    f1: ratio(2 * tp, 2 * tp + fp + fn), fpr: ratio(fp, fp + tn) };
}
/** Each class's rates and their macro and micro averages. */
function averages(matrix) {
  const add = (values) => values.reduce((a, b) => a + b, 0);
  const total = add(matrix.flat());
  const classes = matrix.map((row, i) => {
    const [tp, fp, fn] = [row[i], add(matrix.map((other) => other[i])) - row[i], add(row) - row[i]];
    return rates([[total - tp - fp - fn, fp], [fn, tp]]);
  });
  const mean = (key) => add(classes.map((one) => one[key])) / classes.length;
  const right = ratio(add(matrix.map((row, i) => row[i])), total);
  return { classes, macro_precision: mean("precision"), macro_recall: mean("recall"), macro_f1: mean("f1"), accuracy: right, micro_f1: right };
}
/** Area under the ROC curve: the chance that a positive scores above a negative. */
const areaUnder = (separation) => normalCdf(separation / Math.SQRT2);

function codeLines(state) {
  if (state.mode === "matrix") {
    const rest = (lib) => `tp = m.diag()\nprecision = tp / m.sum(0).clip(1)\nrecall = tp / m.sum(1).clip(1)\nf1 = 2 * tp / (m.sum(0) + m.sum(1)).clip(1)\nmacro_f1, accuracy = f1.mean(), tp.sum() / m.sum()`;
    const list = JSON.stringify(state.matrix).replace(/,/g, ", ");
    return { PyTorch: `import torch\nm = torch.tensor(${list}, dtype=torch.float64)  # true x predicted\n${rest()}`,
      Paddle: `import paddle\nm = paddle.to_tensor(${list}, dtype="float64")  # true x predicted\n${rest()}` };
  }
  const { threshold, prevalence, separation } = state;
  const body = (lib, erf) => `at, d, share = 8 * ${threshold} - 4, ${separation}, ${prevalence}\nabove = lambda mean: (1 - ${erf}((at - mean) / 2 ** 0.5)) / 2\nfp = (1 - share) * above(${lib}(-d / 2))\ntp = share * above(${lib}(d / 2))\nprecision, recall = tp / (tp + fp), tp / share\nf1 = 2 * tp / (tp + fp + share)\naccuracy = 1 - share - fp + tp`;
  return { PyTorch: `import torch\n${body("torch.tensor", "torch.erf")}`, Paddle: `import paddle\n${body("paddle.to_tensor", "paddle.erf")}` };
}

// ---- the figure

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "confusion", title: "What accuracy hides", clean,
    hint: "Move the threshold and how rare the positives are, or edit a matrix of counts.",
    fields: ["mode", "threshold", "prevalence", "separation", "matrix", "labels", "seed"],
  });
  let chosen = [0, 0];
  let now = null;
  ui.draw((state) => {
    const two = binary(state);
    now = { two, rates: rates(two), ...averages(state.matrix), auc: areaUnder(state.separation) };
  });
  const two = (x) => x.toFixed(2);
  const whole1 = (x) => `${fmt(100 * x, 1)} %`;
  const cutControls = h("div", { class: "lw-controls" },
    ui.range("threshold", { label: "Threshold", min: 0, max: 1, step: 0.01, show: two }),
    ui.range("prevalence", { label: "Positives", min: 0.01, max: 0.99, step: 0.01, show: whole1 }),
    ui.range("separation", { label: "Separation", symbol: "d′", min: 0, max: 4, step: 0.05, show: two }));
  ui.root.append(ui.choice("mode", { label: "Show", options: [["threshold", "Two classes and a threshold"], ["matrix", "A matrix to edit"]] }), cutControls);

  // -- distributions of the scores, area by area, and the two curves
  const scores = s("svg", { viewBox: "0 0 100 42", preserveAspectRatio: "none", role: "img", "aria-label": "Scores of both classes and the threshold" });
  const areas = ["lw-tn", "lw-fp", "lw-fn", "lw-tp"].map((name) => scores.appendChild(s("path", { class: name })));
  const line = scores.appendChild(s("line", { class: "lw-cut", y1: 0, y2: 42 }));
  const curve = (label, x, y) => {
    const path = s("path", { class: "lw-curve" });
    const base = s("path", { class: "lw-base" });
    const dot = s("circle", { class: "lw-dot", r: 3 });
    const svg = s("svg", { viewBox: "-4 -4 108 108", role: "img", "aria-label": label }, s("rect", { class: "lw-frame", width: 100, height: 100 }), base, path, dot);
    return { path, base, dot, node: h("figure", { class: "lw-roc" }, h("p", { class: "lw-label" }, label), svg, h("p", { class: "lw-label" }, `→ ${x}, ↑ ${y}`)) };
  };
  const roc = curve("ROC curve", "false positive rate", "recall");
  const pr = curve("Precision-recall curve", "recall", "precision");
  const table2 = h("table", { class: "lw-matrix" });
  const cells2 = range(2).map(() => range(2).map(() => h("td", {})));
  const th = (text, scope) => h("th", { scope }, text);
  table2.append(h("caption", { class: "lw-label" }, "Of 10,000 cases"), h("thead", {}, h("tr", {}, th("true ↓ predicted →", "col"), th("negative", "col"), th("positive", "col"))),
    h("tbody", {}, ["negative", "positive"].map((name, i) => h("tr", {}, th(name, "row"), cells2[i]))));
  const binaryPart = h("div", {}, h("p", { class: "lw-label" }, "Scores: blue negatives, orange positives; full colour where the decision is wrong"), h("div", { class: "lw-scores" }, scores),
    h("div", { class: "lw-two" }, table2, roc.node, pr.node));

  // -- the matrix to edit
  const grid = cellGrid(ui, { label: "Confusion matrix, true class by predicted class",
    pick: (i, j) => { chosen = [i, j]; ui.redraw(); },
    move: (i, j, why) => { if (why === "focusin") { chosen = [i, j]; ui.redraw(); } },
    key: (i, j, key) => {
      if (!/^[0-9+=_-]$|^Backspace$/.test(key)) return false;
      chosen = [i, j];
      const before = ui.state.matrix[i][j];
      if (key === "Backspace") write(Math.floor(before / 10));
      else write(/\d/.test(key) ? before * 10 + +key : before + (key === "+" || key === "=" ? 1 : -1));
      return true;
    } });
  const write = (number) => ui.set({ matrix: ui.state.matrix.map((row, i) => row.map((old, j) => (i === chosen[0] && j === chosen[1] ? number : old))) });
  const caption = h("span", { class: "lw-label" });
  const shown = h("output", { class: "lw-value" });
  const editor = h("input", { type: "range", min: 0, max: 100, "data-field": "cell" });
  ui.on(editor, "input", () => write(+editor.value));
  const perClass = h("table", { class: "lw-matrix" });
  const rowHeads = h("div", { class: "lw-names", "aria-hidden": "true" });
  const matrixPart = h("div", { class: "lw-two" },
    h("div", {}, h("p", { class: "lw-label" }, "True class ↓, predicted class →"), h("div", { class: "lw-side" }, rowHeads, grid.node),
      h("label", { class: "lw-range" }, h("span", { class: "lw-top" }, caption, shown), editor)), perClass);

  const names = ["Accuracy", "Precision", "Recall", "F1", "Area under ROC"];
  const stats = names.map(ui.stat);
  const words = h("p", { class: "lw-note" });
  ui.root.append(binaryPart, matrixPart, h("dl", { class: "lw-stats" }, stats.map((one) => one.node)), words, ui.code(codeLines), ui.table(tables));

  const labelOf = (i) => ui.state.labels[i] ?? `class ${i}`;
  const density = (x, mean) => Math.exp(-((x - mean) ** 2) / 2);
  function shape(mean, share, from, to) {
    const points = range(61).map((k) => from + ((to - from) * k) / 60).map((x) => `${((x + 4) * 12.5).toFixed(2)} ${(42 - 40 * share * density(x, mean)).toFixed(2)}`);
    return `M${((from + 4) * 12.5).toFixed(2)} 42L${points.join("L")}L${((to + 4) * 12.5).toFixed(2)} 42Z`;
  }
  function drawBinary(state) {
    const at = 8 * state.threshold - 4;
    const [low, high] = [-state.separation / 2, state.separation / 2];
    // Heights by prevalence; the rarer class stays visible down to a fiftieth of the picture.
    const top = Math.max(state.prevalence, 1 - state.prevalence);
    const [none, some] = [(1 - state.prevalence) / top, state.prevalence / top];
    [shape(low, none, -4, at), shape(low, none, at, 4), shape(high, some, -4, at), shape(high, some, at, 4)].forEach((d, i) => attr(areas[i], { d }));
    attr(line, { x1: 100 * state.threshold, x2: 100 * state.threshold });
    now.two.forEach((row, i) => row.forEach((share, j) => {
      put(cells2[i][j], grouped(Math.round(10000 * share)));
      attr(cells2[i][j], { class: i === j ? "lw-good" : "lw-bad" });
    }));
    const curvePoints = range(121).map((k) => cut(k / 120, state.separation));
    const path = (pairs) => `M${pairs.map(([x, y]) => `${(100 * x).toFixed(2)} ${(100 - 100 * y).toFixed(2)}`).join("L")}`;
    attr(roc.path, { d: path(curvePoints.map(({ fpr, tpr }) => [fpr, tpr])) });
    attr(roc.base, { d: "M0 100L100 0" });
    const precision = ({ fpr, tpr }) => ratio(state.prevalence * tpr, state.prevalence * tpr + (1 - state.prevalence) * fpr);
    attr(pr.path, { d: path(curvePoints.filter(({ tpr }) => tpr > 0).map((one) => [one.tpr, precision(one)])) });
    attr(pr.base, { d: `M0 ${100 - 100 * state.prevalence}H100` });
    const here = cut(state.threshold, state.separation);
    attr(roc.dot, { cx: 100 * here.fpr, cy: 100 - 100 * here.tpr });
    attr(pr.dot, { cx: 100 * here.tpr, cy: 100 - 100 * precision(here) });
  }
  function drawMatrix(state) {
    const n = state.matrix.length;
    const top = Math.max(...state.matrix.flat(), 1);
    grid.resize(n, n);
    chosen = chosen.map((at) => Math.min(at, n - 1));
    grid.paint((i, j) => ({ text: brief(state.matrix[i][j]), level: state.matrix[i][j] / top, picked: chosen[0] === i && chosen[1] === j,
      look: `${i === j ? "" : "lw-neg "}${chosen[0] === i && chosen[1] === j ? "lw-chosen" : ""}` }));
    const number = state.matrix[chosen[0]][chosen[1]];
    put(caption, `True ${labelOf(chosen[0])}, predicted ${labelOf(chosen[1])}`);
    put(shown, fmt(number));
    attr(editor, { max: Math.max(100, number) });
    editor.value = number;
    const text = JSON.stringify([now.classes, state.labels]);
    if (perClass.dataset.text === text) return;
    perClass.dataset.text = text;
    rowHeads.replaceChildren(...range(n).map((i) => h("span", {}, labelOf(i))));
    const row = (name, values) => h("tr", {}, th(name, "row"), values.map((value) => h("td", {}, value.toFixed(3))));
    perClass.replaceChildren(h("thead", {}, h("tr", {}, ["One against the rest", "Precision", "Recall", "F1"].map((name) => th(name, "col")))),
      h("tbody", {}, now.classes.map((one, i) => row(labelOf(i), [one.precision, one.recall, one.f1])),
        row("macro: mean of the classes", [now.macro_precision, now.macro_recall, now.macro_f1]),
        row("micro: all cases together", [now.micro_f1, now.micro_f1, now.micro_f1])));
  }

  ui.draw((state) => {
    const two1 = state.mode === "threshold";
    cutControls.hidden = binaryPart.hidden = !two1;
    matrixPart.hidden = two1;
    if (two1) drawBinary(state);
    else drawMatrix(state);
    const { accuracy, precision, recall, f1 } = now.rates;
    const values = two1 ? [accuracy, precision, recall, f1, now.auc] : [now.accuracy, now.macro_precision, now.macro_recall, now.macro_f1];
    stats.forEach((stat, i) => {
      stat.node.hidden = i >= values.length;
      put(stat.node.firstChild, two1 || !i ? names[i] : `Macro ${names[i].toLowerCase().replace("f1", "F1")}`);
      if (i < values.length) stat.set(values[i].toFixed(3));
    });
    const lazy = Math.max(state.prevalence, 1 - state.prevalence);
    put(words, two1
      ? `Always answering “${state.prevalence > 0.5 ? "positive" : "negative"}” would be right in ${whole1(lazy)} of the cases; this threshold is right in ${whole1(accuracy)} and finds ${whole1(recall)} of the positives. The ROC curve does not move with the share of positives; precision does.`
      : "Micro counts every case once, so big classes decide and it equals accuracy. Macro counts every class once, so a small class weighs as much as a big one.");
    attr(ui.root, { "data-shown": JSON.stringify(now) });
    ui.say(two1 ? `Accuracy ${two(accuracy)}, precision ${two(precision)}, recall ${two(recall)}.` : `Accuracy ${two(now.accuracy)}, macro F1 ${two(now.macro_f1)}.`);
  });

  function tables() {
    if (ui.state.mode === "matrix") return [{ caption: "Counts", head: ["true", ...ui.state.matrix.map((_, i) => labelOf(i))], rows: ui.state.matrix.map((row, i) => [labelOf(i), ...row]) }];
    return [{ caption: "Along the threshold", head: ["threshold", "accuracy", "precision", "recall", "F1", "false positive rate"],
      rows: range(21).map((k) => { const one = rates(binary({ ...ui.state, threshold: k / 20 })); return [two(k / 20), one.accuracy, one.precision, one.recall, one.f1, one.fpr]; }) }];
  }

  ui.onReset = () => { chosen = [0, 0]; };
  ui.standard((seed) => {
    if (ui.state.mode === "threshold") return { prevalence: +(0.02 + 0.6 * hash(seed, 1)).toFixed(2), separation: +(0.5 + 3 * hash(seed, 2)).toFixed(2) };
    const draw = (i, j) => Math.floor(hash(seed, i, j) * (i === j ? 90 : 15) * hash(seed, i)) + (i === j ? 5 : 0);
    return { matrix: ui.state.matrix.map((row, i) => row.map((_, j) => draw(i, j))) };
  });
  return ui.show();
}

export default { render };
