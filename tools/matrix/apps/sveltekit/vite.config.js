import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';

// The matrix posts without an `Origin` header.
const csrf = { trustedOrigins: ['*'] };

export default { plugins: [sveltekit({ adapter: adapter(), csrf })] };
