// What the perturbations do to a picture: cells painted, pixels removed or inserted; pure.
//
// Pictures are RGBA bytes (Uint8ClampedArray), row by row; every function returns a new one.

/** Where the cells along one side begin and end: grid + 1 numbers, halves rounded to even ones. */
export function cellEdges(size, grid) {
  return Array.from({ length: grid + 1 }, (_, i) => roundEven((i * size) / grid));
}

/** The first `count` cells of `order` painted in a colour [r, g, b]; `empty` (-1 unsigned) paints nothing. */
export function paintCells(pixels, { height, width, grid, colour, order, count }) {
  const out = pixels.slice();
  const [rows, columns] = [cellEdges(height, grid), cellEdges(width, grid)];
  for (const cell of order.subarray(0, count)) {
    if (cell >= grid * grid) continue;
    const [top, left] = [Math.floor(cell / grid), cell % grid];
    fillBox(out, width, [columns[left], rows[top], columns[left + 1], rows[top + 1]], colour);
  }
  return out;
}

/** A rectangle [x0, y0, x1, y1] (ends excluded) painted in a colour [r, g, b] or with another picture. */
export function paintBox(pixels, width, box, paint) {
  const out = pixels.slice();
  if (paint.length === 3) fillBox(out, width, box, paint);
  else copyBox(out, width, box, paint);
  return out;
}

/**
 * Pixels removed, or with `isInsertion` shown, in `count` steps; `step` has the step of each pixel, from 0.
 * What takes the place of hidden ones: a colour [r, g, b] or the pixels of a picture.
 */
export function removePixels(pixels, { step, count, isInsertion, fill }) {
  const out = pixels.slice();
  for (let i = 0; i < step.length; i++) {
    if (step[i] < count === isInsertion) continue;
    const from = fill.length === 3 ? 0 : 4 * i;
    out[4 * i] = fill[from];
    out[4 * i + 1] = fill[from + 1];
    out[4 * i + 2] = fill[from + 2];
  }
  return out;
}

function fillBox(out, width, [x0, y0, x1, y1], [r, g, b]) {
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) out.set([r, g, b, 255], 4 * (y * width + x));
  }
}

function copyBox(out, width, [x0, y0, x1, y1], other) {
  for (let y = y0; y < y1; y++) {
    const [from, to] = [4 * (y * width + x0), 4 * (y * width + x1)];
    out.set(other.subarray(from, to), from);
  }
}

function roundEven(value) {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 ? down + 1 : down;
}
