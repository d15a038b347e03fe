import type { IamErrorName } from '../../model/gen/iam.ts';
import { MalformedPolicy } from '../../policy/document.ts';
import { type PolicyKind, validatePolicy } from '../../policy/validate.ts';
import { Fault, faults } from '../../service/faults.ts';

export const fault = faults<IamErrorName>();

/** A refusal is answered with 403. */
export function accessDenied(message: string): Fault {
  return new Fault('AccessDenied', message, {}, 403);
}

/** Checks a document as AWS does when it is stored. */
export function checkPolicy(document: string, kind: PolicyKind): void {
  try {
    validatePolicy(document, kind);
  } catch (error) {
    if (error instanceof MalformedPolicy) throw fault('MalformedPolicyDocument', error.message);
    throw error;
  }
}

/** Spaces do not count towards the size of a policy. */
export function sizeOf(document: string): number {
  return document.replace(/\s/g, '').length;
}

/** Policy documents are percent-encoded in IAM's answers, as RFC 3986 has it. */
export function encodeDocument(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
