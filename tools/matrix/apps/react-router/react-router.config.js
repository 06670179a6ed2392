// React Router 8 has middleware by itself, and refuses the flag of version 7.
export default process.env.MIDDLEWARE_FLAG ? { future: { v8_middleware: true } } : {};
