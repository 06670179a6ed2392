export function GET() {
  throw new TypeError('no such luck');
}
