export const dynamic = 'force-dynamic';

export async function GET() {
  await globalThis.flushTraces();
  return new Response('flushed');
}
