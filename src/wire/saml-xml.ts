import { DOMParser, type Document, type Element } from '@xmldom/xmldom';

class MalformedXml extends Error {}

const STRICT = new DOMParser({
  errorHandler: (_level: string, message: unknown) => {
    throw new MalformedXml(String(message));
  },
});

/** Undefined for what is not well-formed, and for what has a document type: entities change what was signed. */
export function parseXml(text: string): Document | undefined {
  if (text.includes('<!DOCTYPE')) return undefined;
  try {
    return STRICT.parseFromString(text, 'text/xml');
  } catch (error) {
    if (error instanceof MalformedXml || (error as Error).name === 'ParseError') return undefined;
    throw error;
  }
}

export function childrenOf(parent: Element, namespace: string, name: string): readonly Element[] {
  return Array.from(parent.childNodes).filter(
    (node): node is Element =>
      node.nodeType === node.ELEMENT_NODE &&
      (node as Element).namespaceURI === namespace &&
      (node as Element).localName === name,
  );
}

export function descendantsOf(
  parent: Element | Document,
  namespace: string,
  name: string,
): readonly Element[] {
  return Array.from(parent.getElementsByTagNameNS(namespace, name));
}

/** The text of the only child of that name; undefined when there is none or more than one. */
export function textOf(parent: Element | undefined, namespace: string, name: string): string | undefined {
  const found = parent === undefined ? [] : childrenOf(parent, namespace, name);
  return found.length === 1 ? found[0]?.textContent?.trim() : undefined;
}
