import Link from 'next/link';

export default async function User({ params }) {
  const { id } = await params;
  return (
    <p>
      User {id} <Link href="/users/8">8</Link>
    </p>
  );
}
