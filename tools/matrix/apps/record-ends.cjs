// Preloaded: writes when each span ends, by the monotonic clock and in which turn of the event loop, to the file that SPAN_ENDS
// names.
const { appendFileSync } = require('node:fs');
const Module = require('node:module');

const WRITE_MILLIS = 100;
const SPAN_FILE = /[\\/]sdk-trace(?:-base)?[\\/]build[\\/]src[\\/]Span\.js$/;
let lines = [];
let turn = 0;
let isTurnCounted = false;

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, filename, ...rest) {
  const result = compile.call(this, content, filename, ...rest);
  if (SPAN_FILE.test(filename)) {
    for (const exported of Object.values(this.exports)) wrapEnd(exported.prototype);
  }
  return result;
};

function wrapEnd(prototype) {
  const { end } = prototype;
  prototype.end = function (...given) {
    if (!this.ended) record(this);
    return end.apply(this, given);
  };
}

function record(span) {
  const millis = performance.now();
  const { traceId, spanId } = span.spanContext();
  const parent = span.parentSpanContext?.spanId ?? span.parentSpanId;
  const { kind, name } = span;
  lines.push(JSON.stringify({ millis, turn, traceId, spanId, parent, kind, name }));
  if (isTurnCounted) return;
  isTurnCounted = true;
  setImmediate(() => {
    turn += 1;
    isTurnCounted = false;
  });
}

setInterval(() => {
  if (lines.length > 0) appendFileSync(process.env.SPAN_ENDS, `${lines.join('\n')}\n`);
  lines = [];
}, WRITE_MILLIS).unref();
