// The large arrays of the page: base64 of gzip in script elements, unpacked at first use and then kept.

const TYPES = { int8: Int8Array, uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };
const done = new Map(); // number of the blob -> typed array
const running = new Map(); // number of the blob -> promise of it

/** The array of a reference {blob, dtype, shape, delta}, unpacked: a promise of a flat typed array. */
export function load(reference) {
  const key = reference.blob;
  if (done.has(key)) return Promise.resolve(done.get(key));
  if (!running.has(key)) {
    running.set(
      key,
      unpack(document.getElementById(`blob-${key}`).textContent, reference).then((array) => {
        done.set(key, array);
        running.delete(key);
        return array;
      }),
    );
  }
  return running.get(key);
}

/** Unpack base64 of gzip of little-endian numbers; `delta` undoes the differences along the last axis. */
export async function unpack(text, { dtype, shape, delta }) {
  const stream = new Blob([bytesOf(text.trim())]).stream().pipeThrough(new DecompressionStream("gzip"));
  const array = new TYPES[dtype](await new Response(stream).arrayBuffer());
  if (delta) runningSum(array, shape[shape.length - 1]);
  return array;
}

/** Replace each row of differences modulo 256 by its running sum, in place. */
export function runningSum(array, width) {
  for (let i = 0; i < array.length; i++) if (i % width) array[i] += array[i - 1];
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
