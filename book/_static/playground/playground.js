// The page "Playground": its controls and what they set off. What the models compute stands in attention.js, how it is
// drawn in plot.js; the panel that learns has its own file, learn_panel.js.
"use strict";

const $ = (id) => document.getElementById(`pg-${id}`);
const SLIDERS = ["frequency", "amplitude", "start", "length", "noise"];
const KEPT = 5; // finds that one can return to
const REST = 500; // ms without a change, after which a wave counts and its verdict is read out
const decimals = { frequency: 2, amplitude: 2, start: 0, length: 0, noise: 2 };

function startPlayground() {
  const T = PLAYGROUND.steps;
  const decoded = {}; // each model when it is first asked
  const model = (name) => (decoded[name] ??= decodeModel(PLAYGROUND.models[name]));
  const patchCount = T / PLAYGROUND.models.plain.options.patch_size;
  const state = { model: "published", frequency: 2, amplitude: 5, flat: true, start: 200, length: 100, noise: 0 };
  Object.assign(state, { draw: 1, asking: 10, squash: false });
  let draw = normalNumbers(state.draw, T);
  let computed = null; // what the last frame showed
  let pending = 0;
  let armed = true; // a model that errs counts once; it must be right again before the next find
  let found = 0;
  let grip = null; // what the pointer holds
  let resting = 0;
  let rowIsNear = false; // the panel of self-attention is on the screen, or a screen away
  const kept = [];

  const { width } = $("plot").getBoundingClientRect(); // of all plots
  const plot = new Plot($("plot"), T, 300, width);
  const learnPlot = new Plot($("learn-plot"), T, 260, width);
  const waves = [plot, learnPlot]; // the same wave; in either it can be dragged
  const handles = waves.map(({ element }) =>
    ["start", "end"].map((end) => {
      const group = svg("g", { class: "pg-handle", "data-end": end }, element);
      return { group, bar: svg("path", {}, group), knob: svg("circle", { r: 6 }, group) };
    }),
  );
  const rowPlot = new Plot($("row-plot"), T, 260, width);
  const bounds = ["pg-bound", "pg-bound"].map((name) => svg("path", { class: name }, rowPlot.element));
  const asks = svg("path", { class: "pg-asks" }, rowPlot.element);

  let learning = null;

  // ---- One frame: compute, draw, say ----

  function frame() {
    cancelAnimationFrame(pending);
    pending = 0;
    const { x, truth } = sineWave(state, draw, T);
    const answer = classify(model(state.model), x);
    const says = answer.logit > 0;
    const right = says === state.flat;
    const mass = truth.reduce((sum, inside, t) => sum + (inside ? answer.weights[t] : 0), 0);
    const chance = truth.filter(Boolean).length / T;
    computed = { ...answer, x, truth, says, right, mass, chance };
    if (right) armed = true;

    const most = answer.weights.reduce((a, b) => Math.max(a, b), 0);
    const { from, to } = plot.draw({ x, truth, weights: answer.weights, weightTop: niceTop(1.15 * most) });
    plot.drawEven(1 / T);
    learning?.draw();
    handles.flat().forEach(({ group, bar, knob }, i) => {
      group.toggleAttribute("hidden", !state.flat);
      const { top, bottom } = waves[i >> 1].box;
      bar.setAttribute("d", `M${i % 2 ? to : from} ${top}V${bottom}`);
      knob.setAttribute("cx", i % 2 ? to : from);
      knob.setAttribute("cy", bottom - 14);
    });
    $("meter").style.setProperty("--share", answer.probability);
    $("probability").textContent = answer.probability.toFixed(3);
    $("verdict").textContent = verdict();
    $("verdict").dataset.right = right;
    $("mass").textContent = state.flat
      ? `Attention on the stretch: ${mass.toFixed(2)}. Even attention would put ${chance.toFixed(2)} there.`
      : "No stretch: there is nothing that attention should find.";
    if (rowIsNear) frameOfRow(x, truth);
  }

  function verdict() {
    const said = computed.says ? "flat stretch" : "plain wave";
    return `${computed.right ? "✓ Right" : "✗ Wrong"}: the model says ${said}.`;
  }

  function frameOfRow(x, truth) {
    const both = [false, true].map((squash) => classifyBySelfAttention(model(squash ? "sigmoid" : "plain"), x));
    const answer = both[Number(state.squash)];
    const row = answer.weights[state.asking];
    const size = T / patchCount;
    const most = Math.max(...both.flatMap((one) => one.weights[state.asking]));
    // The bars are patches, the axis counts steps. Both models share the axis, so that the switch never rescales it.
    const weights = Array.from({ length: T }, (_, t) => row[Math.floor(t / size)]);
    rowPlot.draw({ x, truth, weights, weightTop: niceTop(1.1 * most) });
    rowPlot.drawEven(1 / patchCount);
    const limits = [1 / (1 + (patchCount - 1) * Math.E), Math.E / (Math.E + patchCount - 1)];
    $("bounds").style.visibility = state.squash ? "visible" : "hidden"; // their line in the legend keeps its room
    bounds.forEach((bound, i) => {
      bound.toggleAttribute("hidden", !state.squash);
      bound.setAttribute("d", `M${rowPlot.box.left} ${rowPlot.y(limits[i])}H${rowPlot.box.right}`);
    });
    const centre = rowPlot.x((state.asking + 0.5) * size - 0.5);
    const { top, bottom } = rowPlot.box;
    asks.setAttribute("d", `M${centre} ${top}V${bottom}M${centre - 7} ${top - 10}h14l-7 10z`);
    const share = row.reduce(
      (sum, weight, p) => sum + (weight / size) * truth.slice(p * size, (p + 1) * size).filter(Boolean).length,
      0,
    );
    computed.row = { weights: row, probability: answer.probability, share };
    const { right, series } = PLAYGROUND.models[state.squash ? "sigmoid" : "plain"];
    $("row-record").textContent = `this model is right on ${right} of ${series} test waves`;
    const [least, largest] = [Math.min(...row), Math.max(...row)].map((weight) => weight.toFixed(4));
    $("row-says").textContent =
      `Steps ${state.asking * size} to ${(state.asking + 1) * size - 1} ask. Weights from ${least} to ` +
      `${largest}${state.flat ? `; on the stretch ${share.toFixed(2)}, even would be ${computed.chance.toFixed(2)}` : ""}. ` +
      `Probability of a flat stretch: ${answer.probability.toFixed(3)}.`;
  }

  // ---- What a change sets off ----

  function changed() {
    for (const name of SLIDERS) {
      $(name).value = state[name];
      $(`${name}-value`).textContent = state[name].toFixed(decimals[name]);
    }
    $("flat").checked = state.flat;
    $("start").disabled = $("length").disabled = !state.flat;
    $("squash").checked = state.squash;
    $("asking").value = state.asking;
    $("asking-value").textContent = state.asking;
    for (const radio of document.getElementsByName("pg-model")) radio.checked = radio.value === state.model;
    pending ||= requestAnimationFrame(frame); // any number of inputs, one frame
    clearTimeout(resting);
    resting = setTimeout(rest, REST);
  }

  function set(values) {
    for (const [name, value] of Object.entries(values)) {
      const range = PLAYGROUND.ranges[name];
      state[name] = range ? snap(Number(value), range) : value;
    }
    if ("model" in values) armed = true;
    if ("draw" in values) draw = normalNumbers(state.draw, T);
    changed();
  }

  const snap = (value, { min, max, step }) => {
    const whole = Math.round((Math.min(max, Math.max(min, value)) - min) / step);
    return Number((min + whole * step).toFixed(6));
  };

  // Nothing has moved for a while: read the verdict out, and count the wave if the model is fooled.
  function rest() {
    if (pending || grip) {
      resting = setTimeout(rest, REST);
      return;
    }
    const spoken = `${verdict()} Probability of a flat stretch ${computed.probability.toFixed(2)}.`;
    if (!computed.right && armed) {
      armed = false;
      found += 1;
      kept.unshift({ ...state, probability: computed.probability });
      kept.length = Math.min(kept.length, KEPT);
      showFinds();
      $("live").textContent = `${spoken} You have fooled the model: ${found}.`;
    } else $("live").textContent = spoken;
  }

  function showFinds() {
    $("count").textContent = found;
    $("finds").replaceChildren(
      ...kept.map((find) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: nameOf(find) });
        button.addEventListener("click", () => {
          const { probability, asking, squash, ...wave } = find;
          set(wave);
          armed = false; // it has been counted
        });
        const item = document.createElement("li");
        item.append(button);
        return item;
      }),
    );
    $("none").hidden = found > 0;
  }

  function nameOf({ model, flat, frequency, amplitude, start, length, noise, probability }) {
    const label = document.querySelector(`input[name=pg-model][value=${model}]`).dataset.name;
    const error = flat
      ? `missed stretch, steps ${start} to ${Math.min(T, start + length) - 1}`
      : "false alarm on a plain wave";
    const wave = `frequency ${frequency.toFixed(2)}, amplitude ${amplitude.toFixed(2)}`;
    return `${label}: ${error}; ${wave}${noise ? `, noise ${noise.toFixed(2)}` : ", no noise"}; probability ${probability.toFixed(3)}`;
  }

  // ---- Pointer: the stretch, its edges, the patch that asks ----

  const pixel = (event, { element, width }) => {
    const { left, width: shown } = element.getBoundingClientRect();
    return ((event.clientX - left) / shown) * width;
  };

  function gripAt(event, plot) {
    if (!state.flat) return null;
    const at = pixel(event, plot);
    const from = plot.x(state.start);
    const to = plot.x(Math.min(T - 1, state.start + state.length));
    const reach = Math.min(event.pointerType === "touch" ? 22 : 10, 22);
    const inside = Math.min(reach, (to - from) / 4); // of a short stretch, the middle half still moves it
    if (at > from - reach && at < from + inside) return "start";
    if (at > to - inside && at < to + reach) return "end";
    return at > from && at < to ? "stretch" : null;
  }

  for (const plot of waves) {
    plot.element.addEventListener("pointerdown", (event) => {
      const part = gripAt(event, plot);
      if (!part) return;
      event.preventDefault();
      plot.element.setPointerCapture(event.pointerId);
      grip = { part, at: plot.step(pixel(event, plot)), start: state.start, length: state.length };
      plot.element.dataset.grip = part;
    });

    plot.element.addEventListener("pointermove", (event) => {
      if (!grip) {
        plot.element.dataset.over = gripAt(event, plot) ?? "";
        return;
      }
      const moved = plot.step(pixel(event, plot)) - grip.at;
      const { length: lengths, start: starts } = PLAYGROUND.ranges;
      if (grip.part === "stretch") set({ start: grip.start + moved });
      else if (grip.part === "end") {
        const end = Math.min(T, grip.start + grip.length); // the visible end follows the pointer
        set({ length: end + moved - grip.start });
      } else {
        const end = grip.start + grip.length; // stays where it is
        const length = snap(grip.length - moved, lengths);
        const start = snap(end - length, starts);
        set({ start, length: end - start });
      }
    });

    const letGo = () => {
      grip = null;
      delete plot.element.dataset.grip;
    };
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) plot.element.addEventListener(name, letGo);
  }

  const askAt = (event) => {
    const patch = Math.floor((rowPlot.step(pixel(event, rowPlot)) + 0.5) / (T / patchCount));
    const asking = Math.min(patchCount - 1, Math.max(0, patch));
    if (asking !== state.asking) set({ asking });
  };
  rowPlot.element.addEventListener("pointermove", askAt);
  rowPlot.element.addEventListener("pointerdown", askAt);

  // ---- Controls ----

  for (const name of SLIDERS) {
    Object.assign($(name), PLAYGROUND.ranges[name]);
    $(name).addEventListener("input", () => set({ [name]: $(name).value }));
  }
  $("flat").addEventListener("change", () => set({ flat: $("flat").checked }));
  $("draw").addEventListener("click", () => set({ draw: state.draw + 1, noise: state.noise || 0.1 }));
  for (const radio of document.getElementsByName("pg-model")) {
    const { right, series } = PLAYGROUND.models[radio.value];
    $(`record-${radio.value}`).textContent = `right on ${right} of ${series} test waves`;
    radio.addEventListener("change", () => set({ model: radio.value }));
  }
  $("asking").max = patchCount - 1;
  $("asking").addEventListener("input", () => set({ asking: Number($("asking").value) }));
  $("squash").addEventListener("change", () => set({ squash: $("squash").checked }));

  // The experiments in the text, before and after this script: a button carries its settings like a query.
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-set]");
    if (!button) return;
    const values = Object.fromEntries(new URLSearchParams(button.dataset.set));
    for (const name of ["flat", "squash"]) if (name in values) values[name] = values[name] === "1";
    for (const name of ["draw", "asking"]) if (name in values) values[name] = Number(values[name]);
    set(values);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const panel = $("asking" in values ? "self-attention" : "panel");
    panel.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
  });

  // At once, not in the next frame: else axes and curves would stand at two widths for the length of one.
  new ResizeObserver(() => {
    const { width } = plot.element.getBoundingClientRect();
    if (width === plot.width) return; // as it is told at the start
    for (const one of [plot, rowPlot, learning ?? learnPlot]) one.resize(width);
    frame();
  }).observe(plot.element);

  const showRow = (near) => {
    rowIsNear = near;
    if (near) frame();
  };
  const watch = new IntersectionObserver((seen) => showRow(seen.at(-1).isIntersecting), { rootMargin: "100%" });
  watch.observe(rowPlot.element);
  addEventListener("beforeprint", () => showRow(true));

  // The browser compiles what runs often: a few short waves first, so that the whole one does not keep it for long.
  const warmUp = () => classify(model(state.model), draw.slice(0, 50));
  const learn = () => (learning = startLearning(learnPlot, () => computed));
  window.later = [warmUp, warmUp, warmUp, warmUp, changed, learn]; // see whole.js
  return {
    state,
    set,
    frame,
    get learning() {
      return learning;
    },
    get computed() {
      return computed;
    },
  }; // for the tests, and for the curious
}

// Without weights there is nothing to play with: the figure stays.
if (typeof PLAYGROUND === "undefined") document.documentElement.classList.remove("pg-script");
else window.playground = startPlayground();
