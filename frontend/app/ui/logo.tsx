/** The mark: two threads across two. Decorative; the name stands beside it. */
export function Logo({ className = 'size-7' }: { className?: string }) {
  return (
    <svg viewBox="0 0 64 64" className={className} aria-hidden="true">
      <rect width="64" height="64" rx="16" fill="#4f46b8" />
      <g fill="none" strokeLinecap="round" strokeWidth="5">
        <path d="M16 25h32M16 39h32" stroke="#c9c4ff" />
        <path d="M25 16v5.5M25 29v19M39 16v19M39 43v5" stroke="#ffd9a0" />
      </g>
    </svg>
  )
}
