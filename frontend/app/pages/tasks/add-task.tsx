import { type FormEvent, useRef, useState } from 'react'

import { randomKey } from '../../api/random-key.ts'
import { useAddTask } from '../../api/use-tasks.ts'
import { PlusIcon } from '../../ui/icons.tsx'

/** Characters of a title at most, as the server counts them. */
const TITLE_CHARS_MAX = 200

/** One line to write a task down; it is ready for the next at once. */
export function AddTask({ userId }: { userId: string }) {
  const [title, setTitle] = useState('')
  const [due, setDue] = useState('')
  const input = useRef<HTMLInputElement>(null)
  const { mutate } = useAddTask(userId)
  const wanted = title.trim()

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    if (wanted === '') return
    const draft = {
      title: wanted,
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      ...(due !== '' && { due_date: due }),
    }
    setTitle('')
    setDue('')
    input.current?.focus()
    // Nothing that was written is lost, unless something else has been written since.
    mutate({ draft, key: randomKey() }, { onError: () => setTitle((since) => since || wanted) })
  }

  return (
    <form
      onSubmit={onSubmit}
      className="mt-6 flex flex-wrap items-center gap-x-2 rounded-2xl border border-line bg-surface p-1.5 shadow-card transition-colors focus-within:border-accent"
    >
      <label htmlFor="new-title" className="sr-only">
        New task
      </label>
      <input
        id="new-title"
        ref={input}
        value={title}
        maxLength={TITLE_CHARS_MAX}
        placeholder="What do you want to do?"
        autoComplete="off"
        enterKeyHint="done"
        className="min-h-11 min-w-0 flex-1 bg-transparent px-3 outline-none placeholder:text-muted"
        onChange={(event) => setTitle(event.target.value)}
      />
      <button
        type="submit"
        aria-label="Add task"
        disabled={wanted === ''}
        className="inline-flex size-11 items-center justify-center rounded-xl bg-accent text-on-accent transition hover:bg-accent-strong disabled:bg-sunken disabled:text-muted"
      >
        <PlusIcon />
      </button>
      {wanted !== '' && (
        <label className="flex w-full animate-enter items-center gap-2 border-t border-line px-3 pt-1.5 text-sm text-muted">
          Due
          <input
            type="date"
            value={due}
            className="min-h-10 rounded-lg bg-transparent px-1 text-ink"
            onChange={(event) => setDue(event.target.value)}
          />
        </label>
      )}
    </form>
  )
}
