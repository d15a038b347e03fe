import { checkAttributeName } from './attribute-value.ts';
import { invalid } from './fault.ts';

type Input = Readonly<Record<string, unknown>>;

/**
 * Throws when a request mixes expressions with the parameters they replaced, or brings names and values that no
 * expression could use. `expressions` and `legacy` name the operation's parameters.
 */
export function checkExpressionParameters(
  request: object,
  expressions: readonly string[],
  legacy: readonly string[],
): void {
  const input = request as Input;
  const given = expressions.filter((name) => input[name] !== undefined);
  if (given.length > 0) {
    const old = legacy.filter((name) => input[name] !== undefined);
    if (old.length > 0) {
      throw invalid(
        'Can not use both expression and non-expression parameters in the same request: ' +
          `Non-expression parameters: {${old.join(', ')}} Expression parameters: {${given.join(', ')}}`,
      );
    }
  }
  checkConditionalOperator(input);
  if (input['ExpressionAttributeNames'] !== undefined && given.length === 0) {
    throw invalid('ExpressionAttributeNames can only be specified when using expressions');
  }
  const withValues = expressions.filter((name) => name !== 'ProjectionExpression');
  if (
    input['ExpressionAttributeValues'] !== undefined &&
    withValues.every((name) => input[name] === undefined)
  ) {
    throw invalid(
      'ExpressionAttributeValues can only be specified when using expressions: ' +
        `${withValues.join(' and ')} ${withValues.length > 1 ? 'are' : 'is'} null`,
    );
  }
}

/** `ConditionalOperator` joins conditions: it needs at least two of the older kind. */
function checkConditionalOperator(input: Input): void {
  if (input['ConditionalOperator'] === undefined) return;
  const conditions = input['Expected'] ?? input['QueryFilter'] ?? input['ScanFilter'] ?? {};
  const count = Object.keys(conditions).length;
  if (count === 0) throw invalid('ConditionalOperator cannot be used without Filter or Expected');
  if (count === 1) {
    throw invalid('ConditionalOperator can only be used when Filter or Expected has two or more elements');
  }
}

/** Throws for a name listed twice, or empty. */
export function checkAttributesToGet(names: readonly string[] | undefined): void {
  if (names === undefined) return;
  const seen = new Set<string>();
  for (const name of names) {
    checkAttributeName(name);
    if (seen.has(name)) {
      throw invalid(`One or more parameter values were invalid: Duplicate value in attribute name: ${name}`);
    }
    seen.add(name);
  }
}
