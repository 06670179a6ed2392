export default () => new Response('ok', { status: 201 });
