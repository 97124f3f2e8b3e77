// The forward pass of the models on the page "Playground", in plain JavaScript: the data, the patches, the LSTM, the
// two kinds of attention. Nothing is loaded and nothing is trained here; the weights stand in weights.js. The letters
// are those of the page "Notation". A test holds the results against PyTorch.
"use strict";

// ---- The data ------------------------------------------------------------------------------------------------------

// One sine wave of T samples over [0, 2 pi], both ends included. From `start` on, `length` samples are held at the
// value of the first of them, unless the wave is to stay plain. `draw` holds T standard normal numbers; the noise is
// the standard deviation that they are scaled to. Samples are rounded to float32, because the models were trained on
// such.
function sineWave({ frequency, amplitude, flat, start, length, noise }, draw, T) {
  const value = (t) => amplitude * Math.sin(frequency * t * ((2 * Math.PI) / (T - 1)));
  const truth = Array.from({ length: T }, (_, t) => flat && t >= start && t < start + length);
  const x = truth.map((held, t) => {
    const clean = Math.fround(value(held ? start : t));
    return noise ? Math.fround(clean + noise * draw[t]) : clean;
  });
  return { x, truth };
}

// Uniform numbers between 0 and 1, one a call (the generator "mulberry32"); a seed gives the same ones every time.
function uniformNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let z = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return (((z ^ (z >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

// A standard normal number from two uniform ones (Box and Muller 1958), and T of them from a seed.
const normal = (uniform) => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

function normalNumbers(seed, T) {
  const uniform = uniformNumbers(seed);
  return Array.from({ length: T }, () => normal(uniform));
}

// ---- Small tools ---------------------------------------------------------------------------------------------------
// A vector is an array of numbers; a matrix is { numbers, columns }, its numbers row by row.

const zeros = (length) => new Array(length).fill(0);

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

// Row r of a matrix times a vector.
function dot({ numbers, columns }, r, vector) {
  let sum = 0;
  for (let k = 0, at = r * columns; k < columns; k++, at++) sum += numbers[at] * vector[k];
  return sum;
}

// All rows of a matrix, each a vector.
function rows({ numbers, columns }) {
  const row = (_, r) => Array.from(numbers.subarray(r * columns, (r + 1) * columns));
  return Array.from({ length: numbers.length / columns }, row);
}

// Scores become weights: positive, sum 1. The shift by the highest score cancels, and avoids overflow.
function softmax(scores) {
  const highest = Math.max(...scores);
  const powers = scores.map((e) => Math.exp(e - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

// The sum of all vectors, each times its weight.
function weightedSum(weights, vectors) {
  const sum = zeros(vectors[0].length);
  vectors.forEach((vector, t) => {
    for (let k = 0; k < sum.length; k++) sum[k] += weights[t] * vector[k];
  });
  return sum;
}

// ---- What the LSTM sees --------------------------------------------------------------------------------------------

// Bring the series to mean 0 and standard deviation 1, put the slope beside each sample, and cut it into patches; each
// of these only if the model wants it. A patch lists its samples: value, slope, value, slope, ...
function patches(x, { patch_size, slope, normalise }) {
  if (normalise) {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const deviation = Math.max(Math.sqrt(variance), 1e-6);
    x = x.map((value) => (value - mean) / deviation);
  }
  const channels = slope ? 2 : 1;
  return Array.from({ length: Math.ceil(x.length / patch_size) }, (_, p) => {
    const patch = zeros(patch_size * channels); // samples behind the end of the series stay 0
    for (let s = 0, t = p * patch_size; s < patch_size && t < x.length; s++, t++) {
      patch[s * channels] = x[t];
      if (slope) patch[s * channels + 1] = t ? slope * (x[t] - x[t - 1]) : 0;
    }
    return patch;
  });
}

// ---- LSTM ----------------------------------------------------------------------------------------------------------

// One direction. At every step four gates are computed from the input and from the state of the step before; their rows
// stand below each other in the kernels: what to let in, what to keep, what is new, what to show.
function lstm(inputs, weights, direction) {
  const get = (name) => weights[`lstm.${name}_l0${direction}`];
  const [inputKernel, stateKernel] = [get("weight_ih"), get("weight_hh")];
  const [inputBias, stateBias] = [get("bias_ih").numbers, get("bias_hh").numbers];
  const H = stateKernel.columns;
  const T = inputs.length;
  const gates = zeros(4 * H);
  const cell = zeros(H);
  let state = zeros(H);
  const states = new Array(T);
  for (let step = 0; step < T; step++) {
    const t = direction === "_reverse" ? T - 1 - step : step;
    for (let r = 0; r < 4 * H; r++) {
      gates[r] = dot(inputKernel, r, inputs[t]) + inputBias[r] + dot(stateKernel, r, state) + stateBias[r];
    }
    state = zeros(H);
    for (let u = 0; u < H; u++) {
      const letIn = sigmoid(gates[u]);
      const keep = sigmoid(gates[H + u]);
      const fresh = Math.tanh(gates[2 * H + u]);
      const show = sigmoid(gates[3 * H + u]);
      cell[u] = keep * cell[u] + letIn * fresh;
      state[u] = show * Math.tanh(cell[u]);
    }
    states[t] = state;
  }
  return states;
}

// Both directions side by side: h_t, what the network knows at step t of the past and of the future.
function bilstm(inputs, weights) {
  const backwards = lstm(inputs, weights, "_reverse");
  return lstm(inputs, weights, "").map((state, t) => state.concat(backwards[t]));
}

// ---- Attention -----------------------------------------------------------------------------------------------------

// Additive attention: e_t = v tanh(W h_t + b) + c, softmax over the steps. One query, one row of weights.
function additiveWeights(hidden, weights) {
  const projection = weights["attention.projection.weight"];
  const bias = weights["attention.projection.bias"].numbers;
  const query = weights["attention.query.weight"].numbers;
  const queryBias = weights["attention.query.bias"].numbers[0];
  const scores = hidden.map((h) => {
    let score = queryBias;
    for (let a = 0; a < query.length; a++) score += query[a] * Math.tanh(dot(projection, a, h) + bias[a]);
    return score;
  });
  return softmax(scores);
}

// Self-attention: e_ij = h_i W h_j + c, or the sigmoid of that. Every step asks: a row of weights for each.
function selfAttentionWeights(hidden, kernel, bias, squash) {
  const W = rows(kernel);
  return hidden.map((asking) => {
    const asked = weightedSum(asking, W); // h_i W
    return softmax(
      hidden.map((answering) => {
        let score = bias;
        for (let k = 0; k < asked.length; k++) score += asked[k] * answering[k];
        return squash ? sigmoid(score) : score;
      }),
    );
  });
}

// ---- The models ----------------------------------------------------------------------------------------------------

// One linear unit makes the logit, and the sigmoid the probability of a flat stretch.
function decide(context, weights) {
  const logit = dot(weights["classifier.weight"], 0, context) + weights["classifier.bias"].numbers[0];
  return { logit, probability: sigmoid(logit) };
}

// BiLSTM and a pooling. Returns the weights of all T samples: that of a patch is shared evenly among its samples.
function classify({ options, weights }, x) {
  const hidden = bilstm(patches(x, options), weights);
  const even = hidden.map(() => 1 / hidden.length);
  const attention = options.pooling === "mean" ? even : additiveWeights(hidden, weights);
  const spread = x.map((_, t) => {
    const p = Math.floor(t / options.patch_size);
    return attention[p] / Math.min(options.patch_size, x.length - p * options.patch_size);
  });
  return { ...decide(weightedSum(attention, hidden), weights), weights: spread };
}

// BiLSTM, self-attention, the mean of what it puts out. Returns the weights (P, P): row i says where patch i looks.
function classifyBySelfAttention({ options, weights }, x) {
  const hidden = bilstm(patches(x, { ...options, normalise: true }), weights);
  const attention = selfAttentionWeights(hidden, weights.kernel, weights.bias.numbers[0], options.squash);
  const outputs = attention.map((row) => weightedSum(row, hidden));
  const even = outputs.map(() => 1 / outputs.length);
  return { ...decide(weightedSum(even, outputs), weights), weights: attention };
}

// Weights as they stand in weights.js: float32 in base64, row by row.
function decodeModel({ weights, ...rest }) {
  const decode = ({ shape, float32 }) => {
    const text = atob(float32);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i); // many: Uint8Array.from would take long
    return { numbers: Float64Array.from(new Float32Array(bytes.buffer)), columns: shape[shape.length - 1] };
  };
  return {
    ...rest,
    weights: Object.fromEntries(Object.entries(weights).map(([name, plain]) => [name, decode(plain)])),
  };
}
