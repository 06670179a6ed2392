export function POST() {
  globalThis.trackEvent?.('Orders', 'created');
  return new Response('ok', { status: 201 });
}
