/**
 * Reading what is published, inside a turn: an address from a table, and a word of what it points to.
 *
 *     dereference.js lull|plain
 *
 * One operation is one object read. `plain` is the control: the same words of the same heap as elements of an
 * Int32Array. The table and what it points to fit the first cache.
 */
import { Heap } from '../../src/index.js';
import { nanosPerOperation, serveRounds } from '../subject.js';

const OBJECTS = 256;
const OBJECT_BYTES = 32;
/** Word of the value in an object. */
const VALUE = 2;
const SUM = (OBJECTS * (OBJECTS - 1)) / 2;

const heap = Heap.create();
const words = heap.words;
const array = new Int32Array(heap.handle.buffer);
const table = heap.kmalloc(OBJECTS * Int32Array.BYTES_PER_ELEMENT);
for (let i = 0; i < OBJECTS; i++) {
  const object = heap.kmalloc(OBJECT_BYTES);
  words.storePlain(object + VALUE, i);
  words.store(table + i, object);
}

function readThroughWords(): number {
  let sum = 0;
  for (let i = 0; i < OBJECTS; i++) {
    sum = (sum + words.loadPlain(words.dereference(table + i) + VALUE)) | 0;
  }
  return sum;
}

function readElements(): number {
  let sum = 0;
  for (let i = 0; i < OBJECTS; i++) sum = (sum + array[array[table + i]! + VALUE]!) | 0;
  return sum;
}

const read = process.argv[2] === 'plain' ? readElements : readThroughWords;
await serveRounds((operations) => {
  const walks = new Int32Array(Math.ceil(operations / OBJECTS));
  const readOnce = (_: number, walk: number) => {
    walks[walk] = read();
  };
  const nanos = nanosPerOperation(walks.length * OBJECTS, () => {
    // A builtin calls the loop: it is compiled by itself, and the same way each time.
    heap.turn(() => walks.forEach(readOnce));
  });
  const wrong = walks.find((sum) => sum !== SUM);
  if (wrong !== undefined) throw new Error(`the values read add up to ${wrong}, expected ${SUM}`);
  return nanos;
});
