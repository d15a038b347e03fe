import { type AttributeValue, base64 } from './attribute-value.ts';

/** A partition key's value as policies compare it in `dynamodb:LeadingKeys`. */
export function keyText(value: AttributeValue | undefined): readonly string[] {
  if (value === undefined) return [];
  if (value.S !== undefined) return [value.S];
  if (value.N !== undefined) return [value.N];
  return value.B === undefined ? [] : [base64(value.B)];
}
