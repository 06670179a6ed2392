import { expect, test } from 'vitest';
import { KnownTexts } from '../../../src/gateway/otlp/known-texts.js';
import { seededRandom } from '../../support/seed.js';

test('a text is what its bytes say, whatever came before', () => {
  const random = seededRandom();
  const texts = new KnownTexts();
  const pool = Array.from({ length: 6000 }, (_, i) => {
    const bytes = Buffer.alloc(Math.floor(random() ** 3 * 300));
    // ASCII mostly, so that it is remembered; some that UTF-8 does not allow.
    for (let at = 0; at < bytes.length; at++) bytes[at] = random() * (i % 5 === 0 ? 256 : 128);
    return bytes;
  });
  pool.push(
    ...['', 'é', '\ufeffbom', '😀', 'http.route', 'http.routf'].map((text) => Buffer.from(text)),
  );
  for (const bytes of [...pool, ...pool]) {
    const body = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]);
    expect(texts.read(body, 6, 6 + bytes.length)).toBe(bytes.toString('utf8'));
  }
});
