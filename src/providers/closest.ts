/** The most that may differ between a name and one that is offered instead. */
const maxDistance = 3;

/** The candidates a name was likely meant as: the closest, at most three where several are equally close. */
export function closest(name: string, candidates: Iterable<string>): string[] {
  const allowed = Math.min(maxDistance, Math.max(1, Math.floor(name.length / 3)));
  const near = [...new Set(candidates)]
    .filter((candidate) => Math.abs(candidate.length - name.length) <= allowed)
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  const least = Math.min(allowed, ...near.map(({ distance }) => distance));
  return near
    .filter(({ distance }) => distance === least)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's: how many characters have to be added, dropped or changed. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
