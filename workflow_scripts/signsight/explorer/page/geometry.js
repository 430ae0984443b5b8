// Turned and tilted pictures, exactly as signsight/perturbation/geometry.py warps them; pure.

const ONE = 256; // weights are 8-bit fixed point

/** 3 x 3, row by row: where a pixel (x, y, 1) of the picture comes to lie, for degrees of a transform. */
export function homography(transform, degrees, height, width) {
  const angle = degrees * (Math.PI / 180);
  const [cos, sin, focal] = [Math.cos(angle), Math.sin(angle), Math.hypot(width, height)];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const turn = {
    rotation: [cos, sin, 0, -sin, cos, 0, 0, 0, 1],
    perspective_vertical: [cos, 0, 0, 0, 1, 0, sin / focal, 0, 1],
    perspective_horizontal: [1, 0, 0, 0, cos, 0, 0, -sin / focal, 1],
  }[transform];
  return turn && times(times([1, 0, cx, 0, 1, cy, 0, 0, 1], turn), [1, 0, -cx, 0, 1, -cy, 0, 0, 1]);
}

/** Whether `warp` can draw a transform. */
export function isDrawable(transform) {
  return homography(transform, 0, 2, 2) !== undefined;
}

/** A picture (RGBA bytes) warped by a homography, bilinear; outside it is black, or its edge repeated. */
export function warp(pixels, matrix, height, width, fill = "black") {
  const out = new Uint8ClampedArray(pixels.length);
  for (let i = 3; i < out.length; i += 4) out[i] = 255;
  const back = inverse(matrix);
  if (!back) return out;
  const [source, weight] = [new Int32Array(4), new Int32Array(4)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      neighbours(back, x, y, height, width, fill, source, weight);
      const at = 4 * (y * width + x);
      if (!weight.some((w) => w)) continue;
      for (let c = 0; c < 3; c++) {
        let sum = ONE / 2;
        for (let k = 0; k < 4; k++) sum += pixels[4 * source[k] + c] * weight[k];
        out[at + c] = sum >> 8;
      }
    }
  }
  return out;
}

/** The four pixels that an output pixel is the weighted sum of, and their weights, into the two arrays. */
function neighbours(back, x, y, height, width, fill, source, weight) {
  const depth = back[6] * x + back[7] * y + back[8];
  const behind = !(depth > 1e-9);
  const [low, beyond] = fill === "black" ? [-2, 1] : [0, -1];
  const sx = behind ? -2 : clip((back[0] * x + back[1] * y + back[2]) / depth, low, width + beyond);
  const sy = behind ? -2 : clip((back[3] * x + back[4] * y + back[5]) / depth, low, height + beyond);
  const [left, top] = [Math.floor(sx + 1e-9), Math.floor(sy + 1e-9)];
  const [fx, fy] = [clip(sx - left, 0, 1), clip(sy - top, 0, 1)];
  const exact = [0, 0, 0, 0];
  for (let k = 0; k < 4; k++) {
    const [dy, dx] = [k >> 1, k & 1];
    const [row, column] = [top + dy, left + dx];
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    source[k] = inside ? row * width + column : 0;
    exact[k] = inside ? ONE * (dy ? fy : 1 - fy) * (dx ? fx : 1 - fx) : 0;
  }
  fixedPoint(exact, weight);
}

/** Round four weights so that their sum is that of the exact ones, rounded once. */
function fixedPoint(exact, weight) {
  let missing = Math.round(exact[0] + exact[1] + exact[2] + exact[3]);
  for (let k = 0; k < 4; k++) {
    weight[k] = Math.floor(exact[k]);
    missing -= weight[k];
  }
  const order = [0, 1, 2, 3].sort(
    (i, j) => exact[j] - Math.floor(exact[j]) - (exact[i] - Math.floor(exact[i])),
  );
  for (let k = 0; k < missing; k++) weight[order[k]]++;
}

function clip(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function times(a, b) {
  return Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3), i % 3];
    return [0, 1, 2].reduce((sum, k) => sum + a[3 * row + k] * b[3 * k + column], 0);
  });
}

/** Inverse of a 3 x 3 matrix, or null for one that flattens the plane to a line. */
function inverse([a, b, c, d, e, f, g, h, i]) {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (Math.abs(det) < 1e-9) return null;
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ].map((v) => v / det);
}
