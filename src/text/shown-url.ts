/** Names of parameters whose values are credentials, and values that are too long to be anything else. */
const credential = /auth|token|key|secret|sig|pass|code/i;
const longest = 20;

/**
 * A URL for messages and reports: without its user name and password, and without those values of its query that may be
 * credentials, `?token=[redacted]`.
 */
export function shownUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1[redacted]@")
    .replace(/([?&])([^=&#]*)=([^&#]*)/g, (whole, mark: string, name: string, value: string) =>
      credential.test(name) || value.length > longest ? `${mark}${name}=[redacted]` : whole,
    );
}
