export default function User() {
  return <p>ok</p>;
}
