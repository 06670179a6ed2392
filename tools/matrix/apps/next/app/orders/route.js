export function POST() {
  return new Response('ok', { status: 201 });
}
