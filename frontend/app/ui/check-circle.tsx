/** A checkbox drawn as a circle. It is a real one, so the keyboard and screen readers know it. */
export function CheckCircle({
  checked,
  disabled,
  onChange,
}: {
  checked: boolean
  disabled: boolean
  onChange: (checked: boolean) => void
}) {
  return (
    <span className="relative mt-px grid size-6 shrink-0 place-items-center">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        className="peer size-6 appearance-none rounded-full border-[1.75px] border-edge transition-colors checked:border-accent checked:bg-accent hover:border-accent"
        onChange={(event) => onChange(event.target.checked)}
      />
      <svg
        viewBox="0 0 24 24"
        aria-hidden="true"
        className="pointer-events-none absolute size-4 scale-50 text-on-accent opacity-0 transition ease-settle peer-checked:scale-100 peer-checked:opacity-100"
        fill="none"
        stroke="currentColor"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        <path d="m5 12.5 4.5 4.5L19 7.5" />
      </svg>
    </span>
  )
}
