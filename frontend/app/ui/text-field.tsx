import { type ComponentProps, useId } from 'react'

/** A labelled input. `error` is announced and tied to it; `hint` is shown while there is no error. */
export function TextField({
  label,
  error,
  hint,
  ...props
}: ComponentProps<'input'> & { label: string; error?: string | undefined; hint?: string }) {
  const id = useId()
  const note = error ?? hint
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {label}
      </label>
      <input
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        className="block min-h-11 w-full rounded-xl border border-edge bg-canvas px-3.5 text-base transition-colors placeholder:text-muted hover:border-ink aria-invalid:border-danger"
        {...props}
      />
      {note !== undefined && (
        <p
          id={`${id}-note`}
          role={error === undefined ? undefined : 'alert'}
          className={`mt-1.5 text-sm ${error === undefined ? 'text-muted' : 'text-danger'}`}
        >
          {note}
        </p>
      )}
    </div>
  )
}
