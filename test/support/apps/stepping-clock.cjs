// The time of day stands still at `CLOCK` (epoch milliseconds), and moves when `advanceClock` is called.
let now = Number(process.env.CLOCK);
Date.now = () => now;
globalThis.advanceClock = (millis) => {
  now += millis;
};
