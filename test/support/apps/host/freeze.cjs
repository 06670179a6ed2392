// A preload that freezes all intrinsics and their prototypes, as applications do against pollution: at once, or with FREEZE=after when it
// listens. FREEZE_GLOBAL: the global object as well.
const { subscribe } = require('node:diagnostics_channel');

const HIDDEN = [
  function* () {},
  async () => undefined,
  async function* () {},
  new Uint8Array(),
  [][Symbol.iterator](),
  new Map()[Symbol.iterator](),
  new Set()[Symbol.iterator](),
  ''[Symbol.iterator](),
  'a'.matchAll(/a/g),
];

function freezeAll() {
  // Those of Node.js are no intrinsics, and Node.js itself does not work if, say, `EventTarget` is frozen.
  const names = Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name));
  for (const name of names.filter((each) => isIntrinsic(globalThis[each]))) {
    const value = globalThis[name];
    if (value.prototype) Object.freeze(value.prototype);
    Object.freeze(value);
  }
  for (const value of HIDDEN) {
    for (let each = Object.getPrototypeOf(value); each; each = Object.getPrototypeOf(each)) {
      Object.freeze(each.constructor);
      Object.freeze(each);
    }
  }
  if (process.env.FREEZE_GLOBAL) Object.freeze(globalThis);
}

function isIntrinsic(value) {
  const isCode = typeof value === 'function' || typeof value === 'object';
  if (!isCode || value === null || value === globalThis) return false;
  return (
    typeof value === 'object' || /\[native code\]/.test(Function.prototype.toString.call(value))
  );
}

if (process.env.FREEZE === 'after') {
  subscribe('tracing:net.server.listen:asyncStart', () => setImmediate(freezeAll));
} else freezeAll();
