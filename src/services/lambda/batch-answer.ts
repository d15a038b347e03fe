/** What a function says of the records it failed: `{"batchItemFailures": [{"itemIdentifier": "…"}]}`. */
export interface BatchAnswer {
  readonly batchItemFailures?: readonly { readonly itemIdentifier?: unknown }[] | null;
}

/** What a function answered; undefined for what is no JSON, which a runtime of the user's own may send. */
export function readAnswer(payload: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(Buffer.from(payload).toString() || 'null') as unknown };
  } catch {
    return undefined;
  }
}

/**
 * The identifiers an answer names as failed, empty for none. Undefined when it cannot be understood or names what is not
 * of the batch: AWS takes that for a failure of all.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function failedItems(answer: unknown, known: ReadonlySet<string>): ReadonlySet<string> | undefined {
  if (answer === null || answer === undefined) return new Set();
  if (typeof answer !== 'object') return undefined;
  const failures = (answer as BatchAnswer).batchItemFailures ?? [];
  if (!Array.isArray(failures)) return undefined;
  const failed = new Set<string>();
  for (const failure of failures as readonly unknown[]) {
    const id = (failure as { readonly itemIdentifier?: unknown } | null)?.itemIdentifier;
    if (typeof id !== 'string' || !known.has(id)) return undefined;
    failed.add(id);
  }
  return failed;
}
