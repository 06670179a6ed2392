export default () => {
  throw new TypeError('no such luck');
};
