export const loader = () => ({ ok: true });

export default function User() {
  return <p>ok</p>;
}
