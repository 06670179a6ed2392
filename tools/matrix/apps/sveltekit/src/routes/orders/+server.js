export const POST = () => new Response('ok', { status: 201 });
