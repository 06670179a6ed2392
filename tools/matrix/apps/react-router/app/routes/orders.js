export const action = () => new Response('ok', { status: 201 });
