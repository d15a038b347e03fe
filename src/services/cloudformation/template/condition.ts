import { evaluate, type Scope } from './intrinsic.ts';
import { formatError, templateError } from './template.ts';
import { canonicalJson, isList, isMap, type Value, type ValueMap } from './value.ts';

/**
 * Evaluates the Conditions section.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
 * @param scope knows parameters, pseudo parameters and mappings; conditions may use nothing else
 */
export function evaluateConditions(
  conditions: ValueMap,
  scope: Omit<Scope, 'condition'>,
): ReadonlyMap<string, boolean> {
  const done = new Map<string, boolean>();
  const underWay = new Set<string>();

  function named(name: string): boolean {
    const known = done.get(name);
    if (known !== undefined) return known;
    const expression = conditions[name];
    if (expression === undefined) {
      throw templateError(`Unresolved condition dependency ${name} in the Conditions block of the template`);
    }
    if (underWay.has(name)) throw formatError('Found circular condition dependency between conditions');
    underWay.add(name);
    const value = boolean(expression);
    done.set(name, value);
    return value;
  }

  function boolean(expression: Value): boolean {
    if (!isMap(expression) || Object.keys(expression).length !== 1) throw notBoolean();
    const [name = ''] = Object.keys(expression);
    const argument = expression[name] ?? null;
    switch (name) {
      case 'Condition':
        if (typeof argument !== 'string') throw notBoolean();
        return named(argument);
      case 'Fn::Not':
        if (!isList(argument) || argument.length !== 1) {
          throw templateError('every Fn::Not object requires a list of 1 condition.');
        }
        return !boolean(argument[0] ?? null);
      case 'Fn::And':
      case 'Fn::Or':
        if (!isList(argument) || argument.length < 2 || argument.length > 10) {
          throw templateError(
            `every ${name} object requires a list of at least 2 and at most 10 boolean parameters.`,
          );
        }
        return name === 'Fn::And' ? argument.every(boolean) : argument.some(boolean);
      case 'Fn::Equals': {
        if (!isList(argument) || argument.length !== 2) {
          throw templateError('every Fn::Equals object requires a list of 2 string parameters.');
        }
        const [left, right] = argument.map((side) =>
          comparable(evaluate(side, { ...scope, condition: named })),
        );
        return left === right;
      }
      default:
        throw notBoolean();
    }
  }

  for (const name of Object.keys(conditions)) named(name);
  return done;
}

/** `true` equals `"true"` and 1 equals `"1"`: scalars are text to CloudFormation. */
function comparable(value: Value | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'object' ? canonicalJson(value) : String(value);
}

function notBoolean() {
  return formatError('Conditions can only be boolean operations on parameters and other conditions');
}
