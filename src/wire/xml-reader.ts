/** An element of a parsed document. Names have lost their namespace prefix; those of attributes keep it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  /** Character data directly inside, concatenated. */
  text: string;
}

const MAX_DEPTH = 100;
const NAME = /[A-Za-z_:\u0080-\uffff][-.\w:\u0080-\uffff]*/y;
const SPACE = /[ \t\r\n]*/y;
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(\w{1,8}));/y;
/** Control characters but tab and line ends have no place in XML. */
const FORBIDDEN = /(?![\t\n\r\u007f-\u009f])\p{Cc}|[\ufffe\uffff]/u;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Parses a document; undefined when it is not well-formed, nests deeper than 100 elements or has a document type,
 * which no AWS protocol uses and which is how entities expand without end.
 */
export function parseXml(source: string): XmlElement | undefined {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  if (FORBIDDEN.test(text)) return undefined;
  return new Reader(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text).document();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): XmlElement | undefined {
    let root: XmlElement | undefined;
    const open: { readonly element: XmlElement; readonly tag: string }[] = [];
    while (this.#at < this.#text.length) {
      const inside = open.at(-1);
      if (this.#text[this.#at] !== '<') {
        const data = this.#characterData('<');
        if (data === undefined) return undefined;
        if (inside) inside.element.text += data;
        else if (data.trim() !== '') return undefined;
      } else if (this.#starts('<!--')) {
        if (this.#until('-->') === undefined) return undefined;
      } else if (this.#starts('<?')) {
        if (this.#until('?>') === undefined) return undefined;
      } else if (this.#starts('<![CDATA[')) {
        const data = this.#until(']]>');
        if (data === undefined || !inside) return undefined;
        inside.element.text += data;
      } else if (this.#starts('</')) {
        const tag = this.#token(NAME);
        this.#token(SPACE);
        if (!inside || tag !== inside.tag || !this.#starts('>')) return undefined;
        open.pop();
      } else {
        const started = this.#startTag();
        if (!started || (!inside && root) || open.length >= MAX_DEPTH) return undefined;
        if (inside) inside.element.children.push(started.element);
        else root = started.element;
        if (!started.closed) open.push(started);
      }
    }
    return open.length === 0 ? root : undefined;
  }

  #startTag(): { element: XmlElement; tag: string; closed: boolean } | undefined {
    this.#at += 1;
    const tag = this.#token(NAME);
    if (tag === undefined) return undefined;
    let attributes: Map<string, string> | undefined;
    for (;;) {
      const space = this.#token(SPACE);
      if (this.#starts('/>')) return { element: elementOf(tag, attributes), tag, closed: true };
      if (this.#starts('>')) return { element: elementOf(tag, attributes), tag, closed: false };
      const name = space === '' ? undefined : this.#token(NAME);
      if (name === undefined || attributes?.has(name)) return undefined;
      this.#token(SPACE);
      if (!this.#starts('=')) return undefined;
      this.#token(SPACE);
      const quote = this.#text[this.#at];
      if (quote !== '"' && quote !== "'") return undefined;
      this.#at += 1;
      const bracket = this.#text.indexOf('<', this.#at);
      const value = this.#characterData(quote);
      if (value === undefined || !this.#starts(quote)) return undefined;
      if (bracket >= 0 && bracket < this.#at) return undefined;
      attributes ??= new Map();
      attributes.set(name, value);
    }
  }

  /** Text up to `end`, which is not taken, or to the end of the document; its references resolved. */
  #characterData(end: string): string | undefined {
    const found = this.#text.indexOf(end, this.#at);
    const stop = found < 0 ? this.#text.length : found;
    const raw = this.#text.slice(this.#at, stop);
    const from = this.#at;
    this.#at = stop;
    let ampersand = raw.indexOf('&');
    if (ampersand < 0) return raw;
    let data = '';
    let done = 0;
    for (; ampersand >= 0; ampersand = raw.indexOf('&', done)) {
      data += raw.slice(done, ampersand);
      REFERENCE.lastIndex = from + ampersand;
      const match = REFERENCE.exec(this.#text);
      const character = match && referenced(match);
      if (!match || character === undefined) return undefined;
      data += character;
      done = ampersand + match[0].length;
    }
    return data + raw.slice(done);
  }

  #starts(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #until(end: string): string | undefined {
    const found = this.#text.indexOf(end, this.#at);
    if (found < 0) return undefined;
    const between = this.#text.slice(this.#at, found);
    this.#at = found + end.length;
    return between;
  }

  #token(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    this.#at += token?.length ?? 0;
    return token;
  }
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

function elementOf(tag: string, attributes = NO_ATTRIBUTES): XmlElement {
  return { name: tag.slice(tag.indexOf(':') + 1), attributes, children: [], text: '' };
}

function referenced([, decimal, hexadecimal, name]: RegExpExecArray): string | undefined {
  if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code === 0) return undefined;
  return String.fromCodePoint(code);
}
