import type { Node } from '@xmldom/xmldom';

/** The part of xml-crypto that is used; see `xmldom.d.ts` for why its own declarations are not. */
export interface Reference {
  readonly uri?: string;
  readonly transforms: readonly string[];
}

export interface NewReference {
  readonly xpath: string;
  readonly transforms: readonly string[];
  readonly digestAlgorithm: string;
}

export interface SignedXmlOptions {
  readonly privateKey?: string;
  readonly publicCert?: string;
  readonly signatureAlgorithm?: string;
  readonly canonicalizationAlgorithm?: string;
  readonly getCertFromKeyInfo?: () => string | null;
}

export class SignedXml {
  constructor(options?: SignedXmlOptions);
  /** Finds the signature to check; throws for what is none. */
  loadSignature(signature: Node | string): void;
  /** Whether the digests fit; throws when the signature does not. */
  checkSignature(text: string): boolean;
  getReferences(): readonly Reference[];
  /** What the good signature covers, in canonical form. */
  getSignedReferences(): readonly string[];
  addReference(reference: NewReference): void;
  computeSignature(
    text: string,
    options?: {
      readonly prefix?: string;
      readonly location?: { readonly reference: string; readonly action: 'after' | 'append' | 'prepend' };
    },
  ): void;
  getSignedXml(): string;
}
