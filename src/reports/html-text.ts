/** Text as it may stand in an element or in a quoted attribute. */
export function html(text: string): string {
  return text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}
