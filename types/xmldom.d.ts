/**
 * The part of @xmldom/xmldom that is used. Its own declarations bring along every global of a browser, which no code
 * here has.
 */
export interface Node {
  readonly nodeType: number;
  readonly ELEMENT_NODE: number;
  readonly localName: string | null;
  readonly namespaceURI: string | null;
  readonly parentNode: Node | null;
  readonly childNodes: ArrayLike<Node>;
  readonly textContent: string | null;
}

export interface Element extends Node {
  readonly tagName: string;
  getAttribute(name: string): string | null;
  getElementsByTagNameNS(namespace: string, localName: string): ArrayLike<Element>;
}

export interface Document extends Node {
  readonly documentElement: Element;
  getElementsByTagNameNS(namespace: string, localName: string): ArrayLike<Element>;
}

export class DOMParser {
  constructor(options?: { readonly errorHandler?: (level: string, message: unknown) => void });
  parseFromString(text: string, type: string): Document;
}
