/** An endpoint's URL for logs, mail and the activity log: what stands behind its path may be a secret. */
export function shownUrl(url: string): string {
  return url.replace(/\?.*$/s, "?…");
}
