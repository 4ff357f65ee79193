// ---- the mathematics

const FRESH = 100;
const DEGREES = range(16);
const truth = (x) => Math.sin(4 * x + 1);

function clean(raw) {
  return {
    degree: whole(raw.degree, 0, 15, 9),
    samples: whole(raw.samples, 5, 60, 15),
    noise: real(raw.noise, 0, 1, 0.3),
    ridge: real(raw.ridge, 0, 1, 0),
    seed: whole(raw.seed, 0, 999, 0),
  };
}

/** x, one in each of equal cells of [-1, 1], and noisy y. Rounded, so that the copied code has the same. */
function points({ samples, noise, seed }, part) {
  const n = part ? FRESH : samples;
  // Away from the cells' borders, so that no two x are equal and least squares stays solvable.
  const x = range(n).map((i) => +((2 * (i + 0.1 + 0.8 * hash(seed, part, i, 3))) / n - 1).toFixed(3));
  return { x, y: x.map((place, i) => +(truth(place) + noise * normal(seed, part, i)).toFixed(3)) };
}

/** Chebyshev polynomials T_0 to T_degree at x; powers of x would lose half the digits. */
function basis(x, degree) {
  const t = [1, x];
  for (let k = 2; k <= degree; k++) t.push(2 * x * t[k - 1] - t[k - 2]);
  return t.slice(0, degree + 1);
}

/** Householder QR of a list of columns. Returns R, and what multiplies a vector by Q or by its transpose. */
function factor(columns) {
  const mirrors = [];
  const reflect = (v, u, k) => {
    let twice = 0;
    for (let i = k; i < u.length; i++) twice += 2 * u[i] * v[i];
    for (let i = k; i < u.length; i++) v[i] -= twice * u[i];
    return v;
  };
  const size = (v, k) => {
    let sum = 0;
    for (let i = k; i < v.length; i++) sum += v[i] * v[i];
    return Math.sqrt(sum);
  };
  const r = columns.map((column) => column.slice());
  for (let k = 0; k < r.length; k++) {
    const u = r[k].slice();
    // Away from the nearer end of the axis, so that nothing cancels.
    u[k] += (u[k] < 0 ? -1 : 1) * size(u, k);
    const length = size(u, k) || 1;
    for (let i = k; i < u.length; i++) u[i] /= length;
    mirrors.push(u);
    for (let j = k; j < r.length; j++) reflect(r[j], u, k);
  }
  return {
    r: (i, j) => r[j][i],
    forth: (v) => mirrors.reduceRight((w, u, k) => reflect(w, u, k), v.slice()),
    back: (v) => mirrors.reduce((w, u, k) => reflect(w, u, k), v.slice()),
  };
}

/** Fewer points than coefficients: the shortest of all exact solutions, Q z with R' z = y. */
function shortest(rows, y) {
  const { r, forth } = factor(rows);
  const z = y.concat(range(rows[0].length - rows.length).map(() => 0));
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < i; j++) z[i] -= r(j, i) * z[j];
    z[i] /= r(i, i);
  }
  return forth(z);
}

/**
 * Coefficients for every degree: least mean squared error plus ridge times the squared coefficients.
 * The penalty is more rows to fit, all zero. The columns of a degree are the first columns of every
 * higher one, so one factorisation serves all.
 */
function fits({ x, y }, ridge) {
  const top = DEGREES.length - 1;
  const root = Math.sqrt(x.length * ridge);
  const rows = x.map((place) => basis(place, top)).concat(DEGREES.map((k) => DEGREES.map((j) => (j === k ? root : 0))));
  const solvable = DEGREES.filter((degree) => ridge || degree < x.length);
  const { r, back } = factor(solvable.map((j) => rows.map((row) => row[j])));
  const target = back(y.concat(DEGREES.map(() => 0)));
  return DEGREES.map((degree) => {
    if (degree >= solvable.length) return shortest(x.map((place) => basis(place, degree)), y);
    const a = target.slice(0, degree + 1);
    for (let i = degree; i >= 0; i--) {
      for (let j = i + 1; j <= degree; j++) a[i] -= r(i, j) * a[j];
      a[i] /= r(i, i);
    }
    return a;
  });
}

const value = (a, x) => basis(x, a.length - 1).reduce((sum, t, k) => sum + a[k] * t, 0);
const rmse = (a, { x, y }) => Math.sqrt(x.reduce((sum, place, i) => sum + (value(a, place) - y[i]) ** 2, 0) / x.length);

/** Everything shown, from the settings. */
function solve(state) {
  const [train, fresh] = [points(state, 0), points(state, 1)];
  const all = fits(train, state.ridge);
  const [training, validation] = [train, fresh].map((set) => all.map((a) => rmse(a, set)));
  const best = validation.indexOf(Math.min(...validation));
  return { train, fresh, a: all[state.degree], training, validation, best };
}

function codeLines(state) {
  const [train, fresh] = [points(state, 0), points(state, 1)];
  const { degree, samples, ridge } = state;
  const list = (numbers) => `[${numbers.join(", ")}]`;
  const body = (lib, made, zeros, solved) => `x, y = ${made(list(train.x))}, ${made(list(train.y))}
x_val = ${made(list(fresh.x))}
y_val = ${made(list(fresh.y))}
k = ${lib}.arange(${degree + 1}, dtype="DTYPE")
basis = lambda x: ${lib}.cos(k * ${lib}.acos(x)[:, None])  # Chebyshev polynomials
penalty = (${samples} * ${ridge}) ** 0.5 * ${lib}.eye(${degree + 1}, dtype="DTYPE")
rows = ${lib}.${lib === "torch" ? "cat" : "concat"}([basis(x), penalty])
a = ${lib}.linalg.lstsq(rows, ${lib}.${lib === "torch" ? "cat" : "concat"}([y, ${zeros}])[:, None], driver="gelsd")${solved}
error = lambda x, y: ((basis(x) @ a - y[:, None]) ** 2).mean() ** 0.5
training, validation = error(x, y), error(x_val, y_val)`;
  return {
    PyTorch: `import torch\n${body("torch", (v) => `torch.tensor(${v}, dtype=torch.float64)`, `torch.zeros(${degree + 1})`, ".solution").replace(/"DTYPE"/g, "torch.float64")}`,
    Paddle: `import paddle\n${body("paddle", (v) => `paddle.to_tensor(${v}, dtype="float64")`, `paddle.zeros([${degree + 1}], "float64")`, "[0]").replace(/DTYPE/g, "float64")}`,
  };
}

// ---- the figure: x from -1 to 1, y from -2 to 2; errors from 0.01 to 10, logarithmic

const TOP = 2;
const EDGE = 1.04;

function render({ model, el, signal }) {
  const ui = mount({ model, el, signal }, {
    name: "polynomial", title: "How much should a curve bend?", clean,
    hint: "Raise the degree until the curve goes through every point, and watch both errors.",
    fields: ["degree", "samples", "noise", "ridge", "seed"],
  });
  let now = null;
  ui.draw((state) => (now = solve(state)));
  const two = (x) => x.toFixed(2);

  ui.root.append(h("div", { class: "lw-controls" },
    ui.range("degree", { label: "Degree", min: 0, max: 15 }),
    ui.range("samples", { label: "Training points", min: 5, max: 60 }),
    ui.range("noise", { label: "Noise", symbol: "σ", min: 0, max: 1, step: 0.01, show: two }),
    ui.range("ridge", { label: "Ridge", symbol: "λ", min: -7, max: 0, step: 0.05,
      show: (x, state) => (state.ridge ? fmt(state.ridge, 4) : "off"),
      read: (state) => +Math.log10(Math.max(state.ridge, 1e-7)).toFixed(4),
      write: (x) => ({ ridge: x <= -7 ? 0 : +(10 ** x).toPrecision(3) }) })));

  const plot = s("svg", { class: "lw-plot", viewBox: `${-EDGE} ${-TOP} ${2 * EDGE} ${2 * TOP}`, preserveAspectRatio: "none", role: "img" });
  const [axisLine, fresh, real1, fitted, dots] = ["lw-zero", "lw-fresh", "lw-true", "lw-fit", "lw-train"].map((name) => plot.appendChild(s("path", { class: name })));
  attr(axisLine, { d: `M${-EDGE} 0H${EDGE}` });
  const chart = s("svg", { class: "lw-chart", viewBox: "-0.4 -1.1 15.8 3.2", preserveAspectRatio: "none", role: "img" });
  const floor = chart.appendChild(s("path", { class: "lw-floor1" }));
  const cursor = chart.appendChild(s("path", { class: "lw-cursor" }));
  const lines = ["lw-training", "lw-validation"].map((name) => [chart.appendChild(s("path", { class: name })), chart.appendChild(s("path", { class: `${name} lw-mark` }))]);
  const key = (name, text) => h("span", { class: "lw-key" }, h("span", { class: `lw-sample ${name}` }), text);
  const ticks = h("div", { class: "lw-axis", "aria-hidden": "true" }, ["10", "1", "0.1"].map((text) => h("span", {}, text)));
  ui.root.append(h("div", { class: "lw-two" },
    h("figure", {}, h("p", { class: "lw-label" }, key("lw-s-train", "training points"), key("lw-s-fresh", "validation points"), key("lw-s-true", "true curve"), key("lw-s-fit", "fitted")), plot),
    h("figure", {}, h("p", { class: "lw-label" }, "Error over the degree, logarithmic: ", key("lw-s-t", "training"), key("lw-s-v", "validation"), key("lw-s-n", "noise")),
      h("div", { class: "lw-frame" }, ticks, h("div", { class: "lw-side" }, chart, h("div", { class: "lw-axis lw-below", "aria-hidden": "true" }, ["0", "5", "10", "15"].map((text) => h("span", {}, text))))))));

  const [training, validation, count1, best] =
    ["Training error", "Validation error", "Coefficients, points", "Least validation error"].map(ui.stat);
  const words = h("p", { class: "lw-note" });
  ui.root.append(h("dl", { class: "lw-stats" }, [training, validation, count1, best].map((one) => one.node)), words,
    ui.code(codeLines), ui.table((state) => [
      { caption: "Root mean squared error for each degree", head: ["degree", "training", "validation"],
        rows: DEGREES.map((k) => [`${k}`, now.training[k], now.validation[k]]) },
      { caption: "Coefficients of the Chebyshev polynomials", head: ["k", "coefficient"], rows: now.a.map((c, k) => [`${k}`, c]) },
      { caption: "Training points", head: ["point", "x", "y"], rows: now.train.x.map((x, i) => [`${i + 1}`, x, now.train.y[i]]) }]));

  const down = (y) => -Math.max(-30, Math.min(30, y));
  const level = (v) => -Math.max(-2.2, Math.min(1.1, Math.log10(v + 1e-12)));
  const curve = (f) => `M${range(241).map((i) => i / 120 - 1).map((x) => `${x.toFixed(4)} ${down(f(x)).toFixed(4)}`).join("L")}`;
  const scatter = ({ x, y }) => x.map((place, i) => `M${place} ${-y[i]}h0`).join("");
  attr(real1, { d: curve(truth) });

  function verdict({ degree, samples, noise, ridge }) {
    const [t, v] = [now.training[degree], now.validation[degree]];
    if (degree + 1 > samples && !ridge) return `${degree + 1} coefficients, ${samples} points: many curves pass through all of them. Drawn is the one whose coefficients have the least sum of squares.`;
    if (degree + 1 === samples && !ridge) return "As many coefficients as points: the curve passes through all of them, noise included.";
    if (v > 1.15 * now.validation[now.best]) {
      return degree < now.best
        ? `Underfitting: degree ${degree} cannot bend like the curve, and both errors say so.`
        : `Overfitting: the training error ${t < noise ? "is below the noise" : "looks fine"}, the validation error is ${fmt(v / now.validation[now.best], 1)} times the least.`;
    }
    if (v > 1.25 * noise + 0.05) return `Near the least of all degrees, yet well above the noise: ${ridge > 0.01 ? "a weaker ridge" : "more points"} would help.`;
    return "About as good as it gets: what is left is mostly noise.";
  }
  ui.draw((state) => {
    const { degree, noise } = state;
    const [t, v] = [now.training[degree], now.validation[degree]];
    attr(fitted, { d: curve((x) => value(now.a, x)) });
    attr(dots, { d: scatter(now.train) });
    attr(fresh, { d: scatter(now.fresh) });
    attr(floor, { d: `M-0.4 ${level(noise)}H15.4`, visibility: noise ? null : "hidden" });
    attr(cursor, { d: `M${degree} -1.1V2.1` });
    [now.training, now.validation].forEach((errors, i) => {
      attr(lines[i][0], { d: `M${errors.map((e, k) => `${k} ${level(e).toFixed(4)}`).join("L")}` });
      attr(lines[i][1], { d: `M${degree} ${level(errors[degree]).toFixed(4)}h0` });
    });
    attr(plot, { "aria-label": `${state.samples} points, the true curve and the fitted polynomial of degree ${degree}` });
    attr(chart, { "aria-label": `Training and validation error for degrees 0 to 15; validation is least at degree ${now.best}` });
    training.set(fmt(t < 1e-9 ? 0 : t, 3));
    validation.set(fmt(v, 3));
    count1.set(`${degree + 1}, ${state.samples}`);
    best.set(`${fmt(now.validation[now.best], 3)} at degree ${now.best}`);
    put(words, verdict(state));
    attr(ui.root, { "data-shown": JSON.stringify(now) });
    ui.say(`Degree ${degree}: training error ${fmt(t < 1e-9 ? 0 : t)}, validation error ${fmt(v)}.`);
  });

  ui.standard();
  return ui.show();
}

export default { render };
