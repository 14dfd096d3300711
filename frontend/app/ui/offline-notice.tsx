/** Says so while the server does not answer. The region is always there, so that screen readers notice a change in it. */
export function OfflineNotice({ reachable }: { reachable: boolean }) {
  return (
    <div role="status" className="sticky top-0 z-20">
      {!reachable && (
        <p className="animate-enter bg-warm-soft px-4 py-2.5 text-center text-sm text-warm">
          <strong className="font-semibold">You’re offline.</strong> What you change is kept on this page and sent when
          Dayloom answers again.
        </p>
      )}
    </div>
  )
}
