import { invalidArgument } from './fault.ts';

const MOST = 1000;

/** How many entries a page of a list holds: as asked, at most 1,000. */
export function pageSize(asked: number | undefined, name: string): number {
  if (asked === undefined) return MOST;
  if (asked < 0 || asked > 2 ** 31 - 1) {
    throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, asked);
  }
  return Math.min(asked, MOST);
}

/** How a list spells names: as they are, or percent-encoded, since XML cannot hold every character of a key. */
export function encoder(encodingType: string | undefined): (name: string) => string {
  return encodingType === 'url' ? urlEncoded : (name) => name;
}

/** Encoded by bytes, all but letters, digits and `*-._/`; a space is `+`. */
function urlEncoded(name: string): string {
  return encodeURIComponent(name)
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+');
}
