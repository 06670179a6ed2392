/** Colors if wanted, else plain text. */
export function createPaint(isWanted) {
  const code = (number) => (isWanted ? (text) => `\x1b[${number}m${text}\x1b[0m` : (text) => text);
  return { bold: code(1), dim: code(2), red: code(31), green: code(32), yellow: code(33) };
}

const BAR_WIDTH = 40;

/** Shows progress: a bar on a terminal, else a line for each quarter. */
export function createProgress(output, label, total) {
  let done = 0;

  function drawBar() {
    const filled = Math.round((done / total) * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    output.write(`\r${label}  ${bar}  ${done}/${total}`);
    if (done === total) output.write('\r\x1b[K');
  }

  function writeQuarter() {
    const quarter = (count) => Math.floor((count * 4) / total);
    if (quarter(done) !== quarter(done - 1)) output.write(`${label}: ${done} of ${total}\n`);
  }

  return function step() {
    done += 1;
    if (output.isTTY) drawBar();
    else writeQuarter();
  };
}
