// A preload that removes WebAssembly, as a sandbox does. Node.js 24 has no flag for that.
delete globalThis.WebAssembly;
