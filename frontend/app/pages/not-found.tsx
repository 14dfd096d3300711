import { Link } from 'wouter'

export function NotFoundPage() {
  return (
    <main className="mx-auto max-w-sm px-5 py-24 text-center">
      <title>Not found · Dayloom</title>
      <h1 className="text-2xl font-semibold tracking-tight">Nothing here</h1>
      <p className="mt-2 text-muted">This address leads nowhere.</p>
      <Link to="/" className="mt-6 inline-block font-medium text-accent underline-offset-4 hover:underline">
        To your tasks
      </Link>
    </main>
  )
}
