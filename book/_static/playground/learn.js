// A small classifier that learns in the page "Playground": the forward pass, the gradients by hand, the optimiser, and
// the loop. It reads on from attention.js, whose tools it uses: dot, softmax, weightedSum, patches, sineWave. A test
// holds every gradient against PyTorch, in float64.
"use strict";

const LEARN = { patch_size: 20, units: 16, batch: 32, held: 200, every: 10, slope: 20, goal: 0.95 };

// ---- The model -----------------------------------------------------------------------------------------------------
//
//   x_p            patch p, 20 neighbouring samples (with the slope channel, 40 numbers)
//   g_p            tanh(V x_p + a)          first learned layer
//   h_p            tanh(W g_p + b)          second learned layer
//   e_p            q . h_p                  score of the patch, of attention alone
//   alpha_p        softmax of the scores    weight of the patch
//   c              sum of alpha_p h_p       context; or the mean over the patches, or each unit's largest value
//   z              u . c + d                logit: positive says "flat stretch"

// Random initial weights. The rows of V have mean 0, so that in the beginning a unit answers to the shape of a patch
// and not to how high it lies; and they are large, because a patch differs little from a flat one.
function initialWeights(seed, inputs) {
  const uniform = uniformNumbers(seed);
  const matrix = (rows, columns, size) => {
    const draw = () => (size / Math.sqrt(columns)) * normal(uniform);
    return { numbers: Float64Array.from({ length: rows * columns }, draw), columns };
  };
  const H = LEARN.units;
  const weights = {
    V: matrix(H, inputs, 8),
    a: matrix(1, H, 0),
    W: matrix(H, H, 1),
    b: matrix(1, H, 0),
    q: matrix(1, H, 1),
    u: matrix(1, H, 1),
    d: matrix(1, 1, 0),
  };
  for (let r = 0; r < H; r++) {
    const row = weights.V.numbers.subarray(r * inputs, (r + 1) * inputs);
    const mean = row.reduce((sum, value) => sum + value, 0) / inputs;
    row.forEach((value, k) => (row[k] = value - mean));
  }
  return weights;
}

const layer = (kernel, bias, vectors) =>
  vectors.map((vector) => bias.numbers.map((shift, r) => Math.tanh(dot(kernel, r, vector) + shift)));

// From patches to the logit. Everything on the way is kept, because the way back needs it.
function forward(weights, x, pooling) {
  const { V, a, W, b, q, u, d } = weights;
  const g = layer(V, a, x);
  const h = layer(W, b, g);
  const P = h.length;
  let alpha = h.map(() => 1 / P);
  let c;
  let winners = null; // max pooling: the patch that each unit takes
  if (pooling === "max") {
    winners = Array.from(h[0], (_, k) => h.reduce((best, row, p) => (row[k] > h[best][k] ? p : best), 0));
    c = winners.map((p, k) => h[p][k]);
    alpha = h.map((_, p) => winners.filter((winner) => winner === p).length / winners.length);
  } else {
    if (pooling === "attention") alpha = softmax(h.map((row) => dot(q, 0, row)));
    c = weightedSum(alpha, h);
  }
  return { x, g, h, alpha, winners, c, logit: dot(u, 0, c) + d.numbers[0] };
}

// The loss of one wave: minus the logarithm of the probability that the model gives to what the wave is (y is 1 with a
// flat stretch, 0 without).
const loss = (logit, y) => Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(logit, 0) - y * logit;

// ---- The way back --------------------------------------------------------------------------------------------------

// gradient += factor * vector as row r of a matrix.
function addRow({ numbers, columns }, r, factor, vector) {
  for (let k = 0, at = r * columns; k < columns; k++, at++) numbers[at] += factor * vector[k];
}

// The chain rule, from the loss to the patches. Adds to `gradient`, which is shaped like the weights; dX stands for
// the derivative of the loss by X.
function backward(weights, pass, pooling, y, gradient) {
  const { W, q, u } = weights;
  const { x, g, h, alpha, winners, c, logit } = pass;
  const H = c.length;
  const dz = sigmoid(logit) - y;
  addRow(gradient.u, 0, dz, c);
  gradient.d.numbers[0] += dz;
  const dc = u.numbers.map((value) => dz * value);

  // The pooling. Attention passes dc on in two ways: to the states that it averages, and to the scores that say how.
  const along = h.map((row) => row.reduce((sum, value, k) => sum + value * dc[k], 0)); // dc . h_p, by alpha_p
  const middle = along.reduce((sum, value, p) => sum + alpha[p] * value, 0);
  for (let p = 0; p < h.length; p++) {
    const de = pooling === "attention" ? alpha[p] * (along[p] - middle) : 0; // the derivative of the softmax
    if (de) addRow(gradient.q, 0, de, h[p]);

    // The two layers. The derivative of tanh is 1 - tanh^2.
    const dg = new Float64Array(H);
    for (let k = 0; k < H; k++) {
      const dh = winners ? (winners[k] === p ? dc[k] : 0) : alpha[p] * dc[k] + de * q.numbers[k];
      const inside = dh * (1 - h[p][k] ** 2);
      if (!inside) continue;
      addRow(gradient.W, k, inside, g[p]);
      gradient.b.numbers[k] += inside;
      for (let j = 0, at = k * H; j < H; j++, at++) dg[j] += inside * W.numbers[at]; // W transposed
    }
    for (let k = 0; k < H; k++) {
      const inside = dg[k] * (1 - g[p][k] ** 2);
      addRow(gradient.V, k, inside, x[p]);
      gradient.a.numbers[k] += inside;
    }
  }
}

// ---- The optimiser -------------------------------------------------------------------------------------------------

const like = (weights) =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { numbers, columns }]) => [
      name,
      { numbers: new Float64Array(numbers.length), columns },
    ]),
  );

// Adam (Kingma and Ba 2015): every number moves against its mean gradient, in units of its typical size.
function adam(weights, gradient, memory, rate) {
  memory.updates += 1;
  const [fade, fadeSquare] = [0.9, 0.999];
  for (const name of Object.keys(weights)) {
    const [value, slope] = [weights[name].numbers, gradient[name].numbers];
    const [mean, square] = [memory.mean[name].numbers, memory.square[name].numbers];
    for (let i = 0; i < value.length; i++) {
      mean[i] = fade * mean[i] + (1 - fade) * slope[i];
      square[i] = fadeSquare * square[i] + (1 - fadeSquare) * slope[i] ** 2;
      const unbiased = Math.sqrt(square[i] / (1 - fadeSquare ** memory.updates));
      value[i] -= (rate * mean[i]) / (1 - fade ** memory.updates) / (unbiased + 1e-8);
    }
  }
}

// ---- Data and loop -------------------------------------------------------------------------------------------------

// A wave as the generator of the book draws it: half have a flat stretch, and every parameter is equally often each of
// its values.
function drawWave(uniform, noise) {
  const pick = ({ min, max, step }) => min + step * Math.floor(uniform() * (Math.round((max - min) / step) + 1));
  const wave = { flat: uniform() >= 0.5, noise };
  for (const name of ["frequency", "amplitude", "start", "length"]) wave[name] = pick(PLAYGROUND.ranges[name]);
  const draw = noise ? Array.from({ length: PLAYGROUND.steps }, () => normal(uniform)) : null;
  return { ...sineWave(wave, draw, PLAYGROUND.steps), y: Number(wave.flat) };
}

function asPatches(x, slope) {
  return patches(x, { patch_size: LEARN.patch_size, slope: slope ? LEARN.slope : 0, normalise: true });
}

// A training. `work` deals with one wave at each call of next(), and says "update" after every update, so that the page
// decides how long it works before it draws again.
class Training {
  constructor({ seed, pooling, noise, slope, rate }) {
    Object.assign(this, { pooling, noise, slope, rate });
    this.weights = initialWeights(seed, LEARN.patch_size * (slope ? 2 : 1));
    this.memory = { updates: 0, mean: like(this.weights), square: like(this.weights) };
    this.losses = []; // of every update
    this.accuracies = []; // on the held-out waves, after every tenth
    this.work = this.#work(uniformNumbers(seed + 1e6), uniformNumbers(seed + 2e6)); // no wave is in both
  }

  says(x) {
    return forward(this.weights, asPatches(x, this.slope), this.pooling);
  }

  // The first update after which the held-out accuracy was above the goal, or 0.
  get reached() {
    return LEARN.every * (this.accuracies.findIndex((accuracy) => accuracy > LEARN.goal) + 1);
  }

  *#work(ofHeldOut, ofTraining) {
    const heldOut = [];
    while (heldOut.length < LEARN.held) {
      const { x, y } = drawWave(ofHeldOut, this.noise);
      heldOut.push({ x: asPatches(x, this.slope), y });
      yield;
    }
    for (;;) {
      const gradient = like(this.weights); // zeros
      let total = 0;
      for (let i = 0; i < LEARN.batch; i++) {
        const { x, y } = drawWave(ofTraining, this.noise);
        const pass = this.says(x);
        total += loss(pass.logit, y);
        backward(this.weights, pass, this.pooling, y, gradient);
        yield;
      }
      for (const { numbers } of Object.values(gradient)) numbers.forEach((sum, i) => (numbers[i] = sum / LEARN.batch));
      adam(this.weights, gradient, this.memory, this.rate);
      this.losses.push(total / LEARN.batch);
      if (this.losses.length % LEARN.every === 0) {
        let right = 0;
        for (const { x, y } of heldOut) {
          right += forward(this.weights, x, this.pooling).logit > 0 === (y === 1);
          yield;
        }
        this.accuracies.push(right / LEARN.held);
      }
      yield "update";
    }
  }
}
