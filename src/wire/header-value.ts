/** Splits a header that holds a list: by commas, but not those inside double quotes, whose `\"` is a quote. */
export function splitHeaderList(value: string): string[] {
  const items: string[] = [];
  let at = 0;
  for (;;) {
    while (value[at] === ' ' || value[at] === '\t') at += 1;
    if (at >= value.length) break;
    let item = '';
    if (value[at] === '"') {
      for (at += 1; at < value.length && value[at] !== '"'; at += 1) {
        if (value[at] === '\\' && at + 1 < value.length) at += 1;
        item += value[at];
      }
      at = after(value, ',', at);
    } else {
      const end = after(value, ',', at);
      item = value.slice(at, end).trimEnd();
      at = end;
    }
    items.push(item);
    at += 1;
  }
  return items;
}

function after(value: string, character: string, from: number): number {
  const found = value.indexOf(character, from);
  return found < 0 ? value.length : found;
}

export function quoteHeaderItem(item: string): string {
  return /[",]/.test(item) ? `"${item.replace(/["\\]/g, '\\$&')}"` : item;
}

/** A value as a header can carry it: UTF-8 bytes where it is not Latin-1's printable part, no line ends. */
export function headerText(value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  return Buffer.from(value.replace(/(?!\t)\p{Cc}/gu, ' '), 'utf8').toString('latin1');
}
