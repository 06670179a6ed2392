import { route } from '@react-router/dev/routes';

export default [
  route('users/:id', './routes/user.jsx'),
  route('orders', './routes/orders.js'),
  route('fails', './routes/fails.js'),
];
