/**
 * Moves the focus out of a list item that is about to leave its place: to the same control (a CSS selector) of the next
 * item, or the one before, or to the page's heading. Without this, the keyboard would start at the top of the document.
 */
export function focusNeighbour(item: HTMLElement | null, control: string): void {
  const neighbour = item?.nextElementSibling ?? item?.previousElementSibling ?? null
  const target = neighbour?.querySelector<HTMLElement>(control) ?? item?.closest('main')?.querySelector('h1')
  target?.focus({ preventScroll: true })
}
