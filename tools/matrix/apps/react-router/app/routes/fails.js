export function loader() {
  throw new TypeError('no such luck');
}
