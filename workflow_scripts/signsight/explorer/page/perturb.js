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

/** A rectangle [x0, y0, x1, y1] (ends excluded) painted in a colour. */
export function paintBox(pixels, width, box, colour) {
  const out = pixels.slice();
  fillBox(out, width, box, colour);
  return out;
}

/**
 * Pixels removed (`deletion`) or inserted (`insertion`) after `count` steps; `step` has the step of each
 * pixel, from 0. Hidden pixels get the colour `fill`, or a hatching where the replacement is not one colour.
 */
export function removePixels(pixels, { width, step, count, insertion, fill }) {
  const out = pixels.slice();
  for (let i = 0; i < step.length; i++) {
    if (step[i] < count === insertion) continue;
    const hatched = ((i % width) + Math.floor(i / width)) % 4 < 2 ? HATCH[0] : HATCH[1];
    const [r, g, b] = Array.isArray(fill) ? fill : hatched;
    out[4 * i] = r;
    out[4 * i + 1] = g;
    out[4 * i + 2] = b;
  }
  return out;
}

const HATCH = [[150, 150, 150], [190, 190, 190]];

function fillBox(out, width, [x0, y0, x1, y1], [r, g, b]) {
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) out.set([r, g, b, 255], 4 * (y * width + x));
  }
}

function roundEven(value) {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 ? down + 1 : down;
}
