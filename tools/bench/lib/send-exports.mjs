// Exports of spans as protobuf, to a receiver of OTLP over HTTP.
import { Pool } from 'undici';

/** Sends an export when the one before is answered. Resolves to the status of each answer. */
export async function sendExports(url, bodies) {
  const pool = new Pool(url, { connections: 1, pipelining: 1 });
  const statuses = [];
  for (const body of bodies) statuses.push(await postExport(pool, body));
  await pool.close();
  return statuses;
}

/** Resolves to the status of the answer. */
export async function postExport(pool, body) {
  const { statusCode, body: answer } = await pool.request({
    path: '/v1/traces',
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body,
  });
  await answer.dump();
  return statusCode;
}
