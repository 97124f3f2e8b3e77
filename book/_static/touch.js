// Four small things to touch, each in the chapter that explains the idea. A block with data-touch holds a sentence;
// where scripts run, the panel that is built here takes its place. Nothing moves by itself, and nothing is stored.
// What is computed is held against NumPy and the committed rows (tests/playground/test_touch.py).
"use strict";

const TOUCH = (() => {
  // ---- What is computed ----------------------------------------------------------------------------------------

  const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
  const sigmoid = (z) => 1 / (1 + Math.exp(-z));

  // Scores become weights: positive, sum 1. A mask is true on real steps; the others get exactly 0. A high
  // temperature makes the weights even, a low one gives all to the highest score.
  function softmax(scores, mask = scores.map(() => true), temperature = 1) {
    const real = scores.map((score, t) => (mask[t] ? score / temperature : -Infinity));
    const highest = Math.max(...real); // it cancels, and avoids overflow
    const powers = real.map((score) => Math.exp(score - highest));
    return powers.map((power) => power / total(powers));
  }

  // The two gauges of the chapter; step t of one has the level and its change since the step before.
  const GAUGES = { stuck: [2, 5, 7, 4, 4, 4, 6, 3], working: [2, 4, 7, 5, 4, 6, 4, 3] };
  const features = (levels) => levels.map((level, t) => [level, Math.abs(level - (t ? levels[t - 1] : 0))]);

  // Weights, and the sum of the features with them (the context) and with even ones (the plain average).
  function byHand(levels, scores, mask, temperature) {
    const weights = softmax(scores, mask, temperature);
    const average = (shares) => [0, 1].map((k) => total(features(levels).map((h, t) => shares[t] * h[k])));
    return { weights, context: average(weights), plain: average(softmax(scores.map(() => 0), mask)) };
  }

  // The five trainings of one setting, seed by seed, and their mean.
  function trainings(rows) {
    const runs = rows.map((row) => row.map((weight) => weight / 1e6));
    const mean = runs[0].map((_, t) => total(runs.map((run) => run[t])) / runs.length);
    return { runs, mean };
  }

  // Maps (T, D) over two cells: the joint one, and the product of a softmax over steps and one over dimensions, which
  // give the first cell's step and dimension `share`. With them the accuracy of the sign of a weighted sum, where the
  // label is the sign of the cells' sum: 1 - angle / pi.
  function maps([[t, d], [s, c]], share, T = 10, D = 6) {
    const grid = (value) => Array.from({ length: T }, (_, i) => Array.from({ length: D }, (_, j) => value(i, j)));
    const truth = grid((i, j) => Number((i === t && j === d) || (i === s && j === c)));
    const along = (i, one, other) => (i === one ? share : 0) + (i === other ? 1 - share : 0);
    const product = grid((i, j) => along(i, t, s) * along(j, d, c));
    const joint = truth.map((row) => row.map((cell) => cell / total(truth.flat())));
    const dot = (one, other) => total(one.flat().map((value, i) => value * other.flat()[i]));
    const accuracy = (map) => {
      const cosine = dot(map, truth) / Math.sqrt(dot(map, map) * dot(truth, truth));
      return 1 - Math.acos(Math.min(1, cosine)) / Math.PI;
    };
    const ghosts = t === s || d === c ? [] : [[t, c], [s, d]];
    return { truth, joint, product, ghosts, accuracy: [joint, product].map(accuracy) };
  }

  // T steps, of which the middle one scores z and all others -z: its row of weights without and behind a sigmoid, and
  // the bound that no weight behind a sigmoid reaches.
  function bounded(T, z) {
    const scores = Array.from({ length: T }, (_, t) => (t === Math.floor(T / 2) ? z : -z));
    return { plain: softmax(scores), behind: softmax(scores.map(sigmoid)), bound: Math.E / (Math.E + T - 1) };
  }

  // ---- Parts of a panel ----------------------------------------------------------------------------------------

  function make(tag, given = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function svg(tag, given) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(given)) element.setAttribute(name, value);
    return element;
  }

  const span = (className, text = "") => make("span", { className, textContent: text });
  let fields = 0;

  function labelled(label, input, ...more) {
    input.id = `touch-${++fields}`;
    const name = make("label", { htmlFor: input.id, textContent: label });
    return make("div", { className: "touch-field" }, name, ...more, input);
  }

  // A range input that shows its value. With `label` null, the caller places and names it.
  function slider(label, [min, max, step, start], text = String) {
    const input = make("input", { type: "range", min, max, step, value: start });
    const shown = make("span", { className: "touch-value", "aria-hidden": "true" });
    const update = () => {
      shown.textContent = text(Number(input.value));
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    const set = (value) => {
      input.value = value;
      update();
    };
    input.addEventListener("input", update);
    update();
    return { input, shown, set, get: () => Number(input.value), field: label && labelled(label, input, shown) };
  }

  function choice(label, names, start) {
    const select = make("select", {}, ...names.map((name) => make("option", { value: name, textContent: name })));
    select.value = start;
    return { select, field: labelled(label, select) };
  }

  // Bars from 0 to 1 over the steps, some of which are marked; a line at a weight. One unit is a step wide, and the
  // drawing stretches to its box, so that a turned or resized screen asks nothing of the script.
  const chart = () => svg("svg", { class: "touch-bars", preserveAspectRatio: "none", "aria-hidden": "true" });

  function drawBars(element, weights, marked = [], line = null) {
    const T = weights.length;
    element.setAttribute("viewBox", `0 0 ${T} 1`);
    element.replaceChildren(
      ...marked.map((t) => svg("rect", { class: "touch-truth", x: t, y: 0, width: 1, height: 1 })),
      ...weights.map((w, t) => svg("rect", { class: "touch-bar", x: t + 0.1, y: 1 - w, width: 0.8, height: w })),
      svg("path", { class: "touch-axis", d: `M0 1H${T}` }),
      ...(line === null ? [] : [svg("path", { class: "touch-bound", d: `M0 ${1 - line}H${T}` })]),
    );
  }

  // The panel takes the place of the sentence. `draw` reads the fields and returns what is to be said in words; that
  // is shown at once, and read out when a change is made, not all along a drag.
  function show(root, title, parts, draw) {
    const words = make("p", { className: "touch-words" });
    const live = make("p", { className: "touch-live", "aria-live": "polite" });
    const update = () => {
      words.textContent = draw();
    };
    const announce = () => {
      live.textContent = words.textContent;
    };
    update();
    const panel = make("div", { className: "touch-panel", role: "group", "aria-label": title });
    panel.append(make("p", { className: "touch-title", textContent: title }), ...parts, words, live);
    panel.addEventListener("input", update);
    panel.addEventListener("change", announce);
    panel.addEventListener("click", ({ target }) => {
      if (!target.closest("button, .touch-map")) return;
      update();
      announce();
    });
    root.replaceChildren(panel);
  }

  const form = (...controls) => make("div", { className: "touch-form" }, ...controls.map(({ field }) => field));

  // ---- The four ------------------------------------------------------------------------------------------------

  function touchByHand(root) {
    const gauge = choice("gauge", Object.keys(GAUGES), "stuck");
    const heat = slider("temperature, divides all scores", [-1, 1, 0.05, 0], (log) => (10 ** log).toFixed(2));
    const again = make("button", { type: "button", textContent: "score = minus the change" });
    const heads = ["step", "change", "score", "", "real", "weight", ""].map((text) => span("touch-head", text));
    const rows = Array.from({ length: 8 }, (_, t) => {
      const score = slider(null, [-6, 6, 0.1, 0], (value) => value.toFixed(1));
      score.input.setAttribute("aria-label", `score of step ${t}`);
      const real = make("input", { type: "checkbox", checked: true, "aria-label": `step ${t} is real` });
      return { score, real, change: span("touch-value"), bar: span("touch-share"), weight: span("touch-value") };
    });
    const start = () => {
      heat.set(0);
      features(GAUGES[gauge.select.value]).forEach(([, change], t) => {
        rows[t].score.set(-change);
        rows[t].real.checked = true;
      });
    };
    gauge.select.addEventListener("input", start); // before the panel hears of it and draws
    again.addEventListener("click", start);
    start();
    const grid = make("div", { className: "touch-hand" }, ...heads);
    rows.forEach(({ score, real, change, bar, weight }, t) =>
      grid.append(span("touch-value", t), change, score.input, score.shown, real, bar, weight),
    );
    show(root, "Drag the scores", [form(gauge, heat), grid, again], () => {
      const levels = GAUGES[gauge.select.value];
      const mask = rows.map(({ real }) => real.checked);
      const { weights, context, plain } = byHand(levels, rows.map(({ score }) => score.get()), mask, 10 ** heat.get());
      rows.forEach((row, t) => {
        row.change.textContent = features(levels)[t][1];
        row.real.disabled = mask[t] && total(mask.map(Number)) === 1; // a softmax needs one step
        row.bar.style.setProperty("--share", weights[t]);
        row.weight.textContent = weights[t].toFixed(3);
      });
      const told = context[1] < 1 - 1e-9 ? "below 1: the gauge was stuck" : "not below 1: nothing is proved";
      return (
        `Attended change ${context[1].toFixed(3)}, ${told}. Attended level ${context[0].toFixed(3)}. ` +
        `Plain averages: change ${plain[1].toFixed(3)}, level ${plain[0].toFixed(3)}.`
      );
    });
  }

  function touchTrainings(root) {
    const encoder = choice("encoder", Object.keys(TOUCH_ROWS), "position-wise");
    const plant = choice("planted step", Object.keys(TOUCH_ROWS["position-wise"]), "5 and 15");
    const names = ["Seed 0", "Seed 1", "Seed 2", "Seed 3", "Seed 4", "Average"];
    const rows = names.map((name, i) => {
      const radio = make("input", { type: "radio", name: "touch-run", value: i, checked: i === 0 });
      return { name, radio, bars: chart(), says: span("touch-says") };
    });
    const grid = make("div", { className: "touch-runs" });
    for (const { name, radio, bars, says } of rows) grid.append(make("label", {}, radio, name), bars, says);
    const steps = make("div", { className: "touch-steps", "aria-hidden": "true" });
    steps.append(...[0, 5, 10, 15].map((t) => make("span", { textContent: t, style: `grid-column: ${t + 1}` })));
    grid.append(steps);
    show(root, "Seed by seed", [form(encoder, plant), grid], () => {
      const { runs, mean } = trainings(TOUCH_ROWS[encoder.select.value][plant.select.value]);
      const planted = plant.select.value.split(" and ").map(Number);
      const said = rows.map(({ name, radio, bars, says }, i) => {
        const weights = runs[i] ?? mean;
        const largest = weights.indexOf(Math.max(...weights));
        drawBars(bars, weights, planted);
        bars.classList.toggle("touch-chosen", radio.checked);
        says.textContent = `step ${largest}: ${weights[largest].toFixed(2)}`;
        const shares = planted.map((t) => `${weights[t].toFixed(3)} on step ${t}`).join(" and ");
        const more = planted.includes(largest) ? "" : `, and more on step ${largest}: ${weights[largest].toFixed(3)}`;
        return `${name}: ${shares}${more}.`;
      });
      const chosen = rows.findIndex(({ radio }) => radio.checked);
      return chosen === 5 ? said[5] : `${said[chosen]} ${said[5]}`;
    });
  }

  function touchMaps(root) {
    const place = (name, most, start) => slider(name, [0, most, 1, start]);
    const cells = ["first", "second"].map((name, i) => [
      place(`${name} cell, time step`, 9, [2, 7][i]),
      place(`${name} cell, dimension`, 5, [1, 4][i]),
    ]);
    const share = slider("product: share of the first step and dimension", [0.5, 1, 0.05, 0.5], (p) => p.toFixed(2));
    const drawings = ["joint map", "product and ghosts"].map((name) => {
      const map = svg("svg", { class: "touch-map", viewBox: "-0.1 -0.1 10.2 6.2", "aria-hidden": "true" });
      return { map, figure: make("div", {}, span("touch-head", name), map) };
    });
    let turn = 0;
    for (const { map } of drawings) {
      map.addEventListener("click", ({ clientX, clientY }) => {
        const { left, top, width, height } = map.getBoundingClientRect();
        cells[turn][0].set(Math.floor(((clientX - left) / width) * 10.2 - 0.1));
        cells[turn][1].set(5 - Math.floor(((clientY - top) / height) * 6.2 - 0.1)); // dimension 0 is at the bottom
        turn = 1 - turn;
      });
    }
    const pair = make("div", { className: "touch-maps" }, ...drawings.map(({ figure }) => figure));
    const axes = span("touch-head", "Time steps go to the right, dimensions up. Tap a map, or use the sliders.");
    show(root, "Choose two cells", [pair, axes, form(...cells.flat(), share)], () => {
      const chosen = cells.map((cell) => cell.map((one) => one.get()));
      const { truth, joint, product, ghosts, accuracy } = maps(chosen, share.get());
      [joint, product].forEach((weights, i) => {
        const rect = ([t, d], given) => svg("rect", { x: t, y: 5 - d, width: 1, height: 1, ...given });
        const all = weights.flatMap((row, t) => row.map((weight, d) => [t, d, weight]));
        drawings[i].map.replaceChildren(
          ...all.map(([t, d, w]) => rect([t, d], { class: "touch-cell", "fill-opacity": Math.min(1, 2 * w) })),
          ...(i ? ghosts.map((cell) => rect(cell, { class: "touch-ghost" })) : []),
          ...all.filter(([t, d]) => truth[t][d]).map((cell) => rect(cell, { class: "touch-planted" })),
        );
      });
      const two = (where, map) => where.map(([t, d]) => map[t][d].toFixed(2)).join(" and ");
      if (`${chosen[0]}` === `${chosen[1]}`) chosen.pop();
      const named = ghosts.map(([t, d]) => `(${t}, ${d})`).join(" and ");
      return (
        `Joint: ${two(chosen, joint)} on the cells; predicted accuracy ${accuracy[0].toFixed(3)}. Product: ` +
        `${two(chosen, product)} on the cells, ` +
        (named ? `${two(ghosts, product)} on the ghosts ${named}; ` : "no ghosts; ") +
        `predicted accuracy ${accuracy[1].toFixed(3)}.`
      );
    });
  }

  function touchBound(root) {
    const steps = slider("time steps T", [2, 64, 1, 24]);
    const score = slider("score z of one step, \u2212z of the others", [0, 12, 0.5, 3], (z) => z.toFixed(1));
    const rows = ["without a sigmoid", "behind a sigmoid"].map((name) => ({ name, bars: chart() }));
    const grid = make("div", { className: "touch-bounds" });
    for (const { name, bars } of rows) grid.append(span("touch-head", name), bars);
    show(root, "One row of weights, from 0 to 1", [form(steps, score), grid], () => {
      const [T, z] = [steps.get(), score.get()];
      const { plain, behind, bound } = bounded(T, z);
      drawBars(rows[0].bars, plain);
      drawBars(rows[1].bars, behind, [], bound);
      const [one, other] = [plain, behind].map((weights) => Math.max(...weights).toFixed(3));
      return (
        `Largest weight: ${one} without a sigmoid, ${other} behind one. There it stays below the dashed line, ` +
        `e / (e + ${T} - 1) = ${bound.toFixed(3)}. Even: 1 / ${T} = ${(1 / T).toFixed(3)}.`
      );
    });
  }

  const build = { hand: touchByHand, trainings: touchTrainings, maps: touchMaps, bound: touchBound };
  if (typeof document !== "undefined") {
    for (const root of document.querySelectorAll("[data-touch]")) build[root.dataset.touch](root);
  }
  return { byHand, trainings, maps, bounded };
})();
