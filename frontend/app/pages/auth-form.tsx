import { useMutation } from '@tanstack/react-query'
import type { FormEvent, ReactNode } from 'react'

import { ApiError, explain } from '../api/errors.ts'
import { announceSession } from '../services.ts'
import { Button } from '../ui/button.tsx'

/**
 * A form that ends in a session. `children` draws the fields, each with the server's complaint about it; a complaint
 * about none of them stands above the button.
 */
export function AuthForm({
  enter,
  submit,
  children,
}: {
  enter: (values: Record<string, string>) => Promise<void>
  submit: string
  children: (error: (field: string) => string | undefined) => ReactNode
}) {
  // Repeating a sign-in by itself would use up the attempts its owner has.
  const { mutate, error, isPending } = useMutation({
    mutationFn: enter,
    onSuccess: announceSession,
    retry: false,
    meta: { form: true },
  })
  const problem = error instanceof ApiError ? error : undefined
  const hasFieldErrors = (problem?.problem.errors?.length ?? 0) > 0

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const values = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)])
    mutate(Object.fromEntries(values) as Record<string, string>)
  }

  return (
    <form method="post" onSubmit={onSubmit} className="space-y-5">
      {children((field) => problem?.field(field))}
      {error && !hasFieldErrors && (
        <p role="alert" className="rounded-xl bg-danger-soft px-3.5 py-2.5 text-sm text-danger">
          {explain(error)}
        </p>
      )}
      <Button type="submit" className="w-full" disabled={isPending}>
        {isPending ? 'One moment…' : submit}
      </Button>
    </form>
  )
}
