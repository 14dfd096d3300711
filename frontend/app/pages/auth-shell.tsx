import type { ReactNode } from 'react'
import { Link } from 'wouter'

import { Logo } from '../ui/logo.tsx'

/** The frame of the pages of somebody who is not signed in. */
export function AuthShell({
  title,
  children,
  other,
}: {
  title: string
  children: ReactNode
  other: { text: string; label: string; to: string }
}) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center px-5 py-10">
      <title>{`${title} · Dayloom`}</title>
      <div className="mb-8 flex flex-col items-center text-center">
        <Logo className="size-14" />
        <h1 className="mt-5 text-2xl font-semibold tracking-tight">{title}</h1>
        <p className="mt-1.5 text-muted">A calm place for what you want to do.</p>
      </div>
      <div className="rounded-3xl border border-line bg-surface p-6 shadow-card">{children}</div>
      <p className="mt-6 text-center text-sm text-muted">
        {other.text}{' '}
        <Link to={other.to} className="font-medium text-accent underline-offset-4 hover:underline">
          {other.label}
        </Link>
      </p>
    </main>
  )
}
