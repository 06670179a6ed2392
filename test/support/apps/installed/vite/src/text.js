export const text = 'ok';
