// After `register`: the transport is the one that Bun gets, and everything else is as on Node.js.
Object.defineProperty(process.versions, 'bun', { value: '1' });
